/**
 * Elementary functions in double precision from +, −, ×, ÷ and powers of two alone, so that they give the same bits on
 * every engine; Math.exp, Math.pow and their like do not. log is in tensor/log.ts.
 */
import { log } from "./log.js";
import { POWERS_OF_TWO, ZEROTH } from "./powers.js";

const LN2_HIGH = 0.6931471803691238; // ln 2 with its last 21 bits zero: k · LN2_HIGH is exact
const LN2_LOW = 1.9082149292705877e-10;
const TWO_OVER_ROOT_PI = 1.1283791670955126;
/** Adding and subtracting 1.5 · 2⁵² rounds a double of moderate size to the nearest integer. */
const ROUND = 6755399441055744;

/**
 * S(r²) = r·coth(r/2) − 2 = r²/6 − r⁴/360 + r⁶/15120 − …, the series of Bernoulli numbers 2·B₂ₙ·r²ⁿ/(2n)!;
 * `rest` is what follows the sixth term, divided by r¹².
 */
function cothSeries(z: number, rest: number): number {
  const far = 1 / 15120 + z * (-1 / 604800 + z * (1 / 23950080 + z * (-691 / 653837184000 + rest)));
  return z * (1 / 6 + z * (-1 / 360 + z * far));
}

/** eʳ − 1 − r for |r| ≤ 0.35: eʳ = 1 + 2r/(2 + S − r). What six terms of S leave out changes eʳ by less than 2·10⁻¹⁸. */
function expTail(r: number): number {
  const s = cothSeries(r * r, 0);
  return (r * (r - s)) / (2 + s - r);
}

/** eˣ = 2ᵏ · eʳ with x = k·ln 2 + r, |r| ≤ ½ ln 2. Error ≤ 1 unit in the last place (ulp). */
export function exp(x: number): number {
  if (!(x < 709.7827128933841)) return x > 0 ? Infinity : x;
  if (x < -745.14) return 0;
  const k = x * Math.LOG2E + ROUND - ROUND;
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const y = 1 + (high - (low - expTail(high - low)));
  if (k > 1023) return y * POWERS_OF_TWO[ZEROTH + 1023]! * 2;
  if (k < -1022) return y * POWERS_OF_TWO[(ZEROTH + k + 100) | 0]! * POWERS_OF_TWO[ZEROTH - 100]!;
  return y * POWERS_OF_TWO[(ZEROTH + k) | 0]!;
}

/** eˣ − 1 without cancellation near 0: (2ᵏ − 1) + 2ᵏ·(eʳ − 1), reduced as in {@link exp}. Error ≤ 1.5 ulp. */
export function expm1(x: number): number {
  if (!(x < 40)) return exp(x);
  if (x < -40) return -1;
  if (x > -1e-20 && x < 1e-20) return x; // keeps −0
  const k = x * Math.LOG2E + ROUND - ROUND;
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const power = POWERS_OF_TWO[(ZEROTH + k) | 0]!;
  return power - 1 + power * r + power * (high - r - low + expTail(r));
}

/** log(1 + x): log(u) for u = 1 + x rounded, plus what the rounding lost, to first order. Error ≤ 1.5 ulp. */
export function log1p(x: number): number {
  const u = 1 + x;
  if (u === 1) return x;
  if (!(x > -1 && x < Infinity)) return log(u);
  return log(u) + (x - (u - 1)) / u;
}

/**
 * tanh x = x / (1 + S(4x²)/2) near 0, 1 − 2/(e²ˣ + 1) from where that cancels nothing. Error ≤ 2 ulp.
 * At 0.55 the seventh to eleventh term of S are needed; what follows them changes tanh x by less than 2·10⁻¹⁸.
 */
export function tanh(x: number): number {
  const size = x < 0 ? -x : x;
  if (size < 0.55) {
    const z = 4 * x * x;
    const far = 1.717212411255569e-14 + z * (-4.349737397112124e-16 + z * 1.101800565672046e-17);
    const s = cothSeries(z, z * (1 / 37362124800 + z * (-6.779360592645166e-13 + z * far)));
    return x / (1 + 0.5 * s);
  }
  const y = 1 - 2 / (exp(2 * size) + 1);
  return x < 0 ? -y : y;
}

/** 1 / (1 + e⁻ˣ). Error ≤ 2 ulp. */
export function sigmoid(x: number): number {
  return x < -40 ? exp(x) : 1 / (1 + exp(-x));
}

/** log(1 + eˣ), which is max(x, 0) + log(1 + e^−|x|). Error ≤ 2 ulp. */
export function softplus(x: number): number {
  return Math.max(x, 0) + log1p(exp(x > 0 ? -x : x));
}

/** Nodes of {@link erf} lie 1/8 apart, from 0 to 47/8; beyond the last one erf is 1 to the last bit. */
const NODES = 48;
const TERMS = 12;
/** Row i: the first Taylor coefficients of erf about i/8. At |h| ≤ 1/16 the first one left out adds less than 3·10⁻¹⁸. */
const ERF = /* @__PURE__ */ erfNodes();

/**
 * From f″ = −2x·f′ follows (n + 2)(n + 1)·cₙ₊₂ = −2x·(n + 1)·cₙ₊₁ − 2n·cₙ, with c₁ = 2/√π · e^−x².
 * c₀ adds up the steps from node to node, with what each addition lost carried along (Kahan).
 */
function erfNodes(): Float64Array {
  const rows = new Float64Array(NODES * TERMS);
  const c = new Float64Array(2 * TERMS);
  let value = 0;
  let lost = 0;
  for (let node = 0; node < NODES; node++) {
    const x = node / 8;
    c[0] = value;
    c[1] = TWO_OVER_ROOT_PI * exp(-x * x);
    for (let n = 0; n + 2 < c.length; n++) {
      c[n + 2] = (-2 * x * (n + 1) * c[n + 1]! - 2 * n * c[n]!) / ((n + 2) * (n + 1));
    }
    rows.set(c.subarray(0, TERMS), node * TERMS);
    let step = 0;
    for (let n = c.length - 1; n >= 1; n--) step = (step + c[n]!) / 8;
    step -= lost;
    const next = value + step;
    lost = next - value - step;
    value = next;
  }
  return rows;
}

/** 2/√π · ∫₀ˣ e^−t² dt, by Taylor's series about the nearest node. Error ≤ 2.5 ulp. */
export function erf(x: number): number {
  const size = x < 0 ? -x : x;
  if (!(size < 5.9375)) return x > 0 ? 1 : x < 0 ? -1 : x;
  if (size < 1e-10) return x * TWO_OVER_ROOT_PI; // keeps −0
  const node = size * 8 + ROUND - ROUND;
  const h = size - node / 8;
  const at = (node * TERMS) | 0;
  let y = ERF[at + 11]! * h + ERF[at + 10]!;
  y = ((y * h + ERF[at + 9]!) * h + ERF[at + 8]!) * h + ERF[at + 7]!;
  y = ((y * h + ERF[at + 6]!) * h + ERF[at + 5]!) * h + ERF[at + 4]!;
  y = ((y * h + ERF[at + 3]!) * h + ERF[at + 2]!) * h + ERF[at + 1]!;
  y = y * h + ERF[at]!;
  return x < 0 ? -y : y;
}

/** base to a whole exponent ≥ 0, by repeated squaring. */
export function wholePower(base: number, exponent: number): number {
  let result = 1;
  for (let n = exponent; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result *= base;
    base *= base;
  }
  return result;
}

/**
 * aᵇ as C and torch define it: 1 to any power is 1, also where JavaScript says NaN. By products for whole exponents up to
 * 64, then by roots for halves of them, else as e^(b·log a). Error ≤ 2⁻⁴¹ of the result.
 */
export function power(a: number, b: number): number {
  if (a === 1 || (a === -1 && Math.abs(b) === Infinity)) return 1;
  // JavaScript says exactly what these give, and leaves open how everything else is rounded.
  if (a === 0 || b === 0 || !Number.isFinite(a) || !Number.isFinite(b)) return a ** b;
  if (a < 0) {
    if (!Number.isInteger(b)) return Number.NaN;
    return Math.abs(b) % 2 === 1 ? -power(-a, b) : power(-a, b);
  }
  const exponent = Math.abs(b);
  if (exponent > 64 || !Number.isInteger(2 * exponent)) return exp(b * log(a));
  const whole = Math.floor(exponent);
  const y = wholePower(a, whole) * (whole === exponent ? 1 : Math.sqrt(a));
  return b < 0 ? 1 / y : y;
}
