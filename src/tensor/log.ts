/**
 * Natural logarithm in double precision from +, −, ×, ÷ alone, so that it gives the same bits on every engine.
 *
 *     x = m · 2^e with m in [√½, √2),  log x = e·ln 2 + 2·atanh(s),  s = (m − 1)/(m + 1)
 *
 * The odd series of atanh converges by |s|² ≤ 0.0295 a term; eleven terms leave an error below 2⁻⁵⁵.
 * Error against the true logarithm: at most 2 units in the last place (tested against Math.log).
 */
import { POWERS_OF_TWO, ZEROTH } from "./powers.js";

const LN2_HIGH = 0.6931471803691238; // ln 2 with its last 21 bits zero: e · LN2_HIGH is exact
const LN2_LOW = 1.9082149292705877e-10;

const ROOT_HALF = 0x3fe6a09e; // the upper 32 bits of √½: what is subtracted so that m does not fall below it

const double = /* @__PURE__ */ new Float64Array(1);
const words = /* @__PURE__ */ wordsOf(double);
// Which of a double's two words is the upper one.
const HIGH = /* @__PURE__ */ Number(/* @__PURE__ */ hostIsLittleEndian());

export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : Number.NaN;
  if (x === Infinity) return x;
  let exponent = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 2 ** 54;
    exponent = -54;
  }
  double[0] = x;
  const shift = (words[HIGH]! - ROOT_HALF) >> 20;
  exponent += shift;
  const f = x * POWERS_OF_TWO[ZEROTH - shift]! - 1;
  const s = f / (2 + f);
  const z = s * s;
  const far = 2 / 13 + z * (2 / 15 + z * (2 / 17 + z * (2 / 19 + z * (2 / 21 + z * (2 / 23)))));
  const series = 2 / 3 + z * (2 / 5 + z * (2 / 7 + z * (2 / 9 + z * (2 / 11 + z * far))));
  // log m = 2s + s·z·series = f − s·(f − z·series): the leading f is exact.
  return exponent * LN2_HIGH - (s * (f - z * series) - exponent * LN2_LOW - f);
}

function wordsOf({ buffer }: Float64Array): Uint32Array {
  return new Uint32Array(buffer);
}

/** Whether this machine stores the lower bytes of a number first. */
export function hostIsLittleEndian(): boolean {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}
