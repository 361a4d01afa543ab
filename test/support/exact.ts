/**
 * Elementary functions to 60 digits by their defining series, in integers scaled by 2²⁴⁰: what the double-precision
 * ones are held against. Nothing here is shared with them.
 */
const BITS = 240n;
const ONE = 1n << BITS;
/** 2/√π to 69 digits. */
const TWO_OVER_ROOT_PI = (1128379167095512573896158903121545171688101258657997713688171443421285n * ONE) / 10n ** 69n;

const times = (a: bigint, b: bigint) => (a * b) >> BITS;
const over = (a: bigint, b: bigint) => (a << BITS) / b;

/** A double, exactly: its lowest bit must not be below 2⁻²⁴⁰. */
function fromDouble(x: number): bigint {
  let exponent = 0n;
  while (!Number.isInteger(x)) {
    x *= 2 ** 20; // exact: a power of two
    exponent += 20n;
  }
  return (BigInt(x) << BITS) >> exponent;
}

/** eˣ = (e^(x/2¹⁶))^(2¹⁶) with Σ xⁿ/n! for the inner power. */
function exp(x: bigint): bigint {
  const small = x >> 16n;
  let sum = ONE;
  let term = ONE;
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    term = times(term, small) / n;
    sum += term;
  }
  for (let i = 0; i < 16; i++) sum = times(sum, sum);
  return sum;
}

/** log x by three of Newton's steps from a double. */
function log(x: bigint): bigint {
  let y = fromDouble(Math.log(Number(x >> (BITS - 60n)) / 2 ** 60));
  for (let i = 0; i < 3; i++) y += over(x, exp(y)) - ONE;
  return y;
}

/** 2/√π · Σ (−1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)) */
function erf(x: bigint): bigint {
  const square = times(x, x);
  let power = x;
  let sum = 0n;
  for (let n = 0n; power !== 0n && power !== -1n; n++) {
    sum += power / (2n * n + 1n);
    power = -times(power, square) / (n + 1n);
  }
  return times(sum, TWO_OVER_ROOT_PI);
}

function tanh(x: bigint): bigint {
  const square = exp(2n * x);
  return over(square - ONE, square + ONE);
}

export const exact = {
  exp,
  expm1: (x: bigint) => exp(x) - ONE,
  log,
  log1p: (x: bigint) => log(ONE + x),
  tanh,
  sigmoid: (x: bigint) => over(ONE, ONE + exp(-x)),
  softplus: (x: bigint) => log(ONE + exp(x)),
  erf,
};

/** How far `got` is from the exact value at x, in units in the last place of the nearest double. */
export function ulpsFrom(exactly: (x: bigint) => bigint, x: number, got: number): number {
  const want = exactly(fromDouble(x));
  const error = Math.abs(Number(fromDouble(got) - want) / Number(ONE));
  if (error === 0) return 0;
  const magnitude = Math.abs(Number(want) / Number(ONE));
  const ulp = 2 ** (Math.floor(Math.log2(magnitude)) - 52);
  return error / ulp;
}
