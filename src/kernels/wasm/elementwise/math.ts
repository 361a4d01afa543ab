/**
 * Elementary functions of four float32 lanes from +, −, ×, ÷ and bit operations alone, the same bits on every machine:
 * nothing relaxed, nothing fused. Each is a piece of the function that is being written and evaluates its argument once.
 * Errors, in units in the last place of float32, are those that test/kernels/wasm-math.test.ts finds over a dense sample
 * of all float32 numbers. Polynomials are minimax fits (Remez) of relative error below 1e-8.
 */
import { type Expr, type Local, local, type Operand } from "../assembler/expression.js";
import * as f32x4 from "../assembler/f32x4.js";
import { abs, add, div, eq, gt, lt, mul, pmax, pmin, sqrt, sub } from "../assembler/f32x4.js";
import * as i32x4 from "../assembler/i32x4.js";
import * as v128 from "../assembler/v128.js";

export type Vector = Expr<"v128">;

/** ln 2 in two parts; the first has 16 bits, so that its product with an exponent is exact. */
const [LN2_HIGH, LN2_LOW] = [0.693145751953125, 1.428606765330187e-6] as const;
/** Adding 1.5 · 2²³ rounds a float of moderate size to the nearest integer, which is left in the low bits. */
const ROUND = 12582912;
const ROUND_BITS = 0x4b400000;
/** The sign bit of every lane. */
export const SIGN = 0x80000000;
/** Bits of √½: mantissas are taken from [√½, √2). */
const ROOT_HALF = 0x3f3504f3;
/** (eʳ − 1 − r) / r² for |r| ≤ ½ ln 2 */
const EXP = [0.4999999403953552, 0.1666651964187622, 0.04166839271783829, 0.008368780836462975, 0.0013814466074109077];
/** (2·artanh s − 2s) / s³ in s² for s = (m − 1) / (m + 1), √½ ≤ m ≤ √2 */
const LOG = [0.6666677594184875, 0.399774968624115, 0.298730731010437];
/** (tanh x − x) / x³ in x² for |x| ≤ 0.55 */
const TANH = [
  -0.33333319425582886, 0.13332599401474, -0.05385355278849602, 0.021076394245028496, -0.006280412897467613,
];
/** (Φ(x) − ½) / x in x² for |x| ≤ 0.6875 */
const CENTER = [
  0.3989422917366028, -0.06649027019739151, 0.009972335770726204, -0.001181631232611835, 0.00010355276026530191,
];
/** Φ(−a) · e^(a²/2) / t in t − ½ with t = 1 / (1 + 9a/32), 0.6875 ≤ a ≤ 14.5 */
const TAIL = [
  0.20975877344608307, 0.3211131691932678, 0.3645643889904022, 0.2788534164428711, 0.0970814898610115,
  -0.05033431947231293, -0.06280408054590225, 0.007625700440257788, 0.030460594221949577,
];

/** Evaluates a vector once. */
export function keep(value: Operand<"v128">): Local<"v128"> {
  return local("v128", value);
}

/** `then` in the lanes where the mask is set, else `otherwise`. */
export function where(mask: Vector, then: Operand<"v128">, otherwise: Operand<"v128">): Vector {
  return v128.bitselect(constant(then), constant(otherwise), mask);
}

/** x between low and high; NaN stays NaN. */
export function clamp(x: Vector, low: Operand<"v128">, high: Operand<"v128">): Vector {
  return pmax(pmin(x, high), low);
}

/** `value` where low < x < high, else 0. */
export function inside(x: Vector, low: Operand<"v128">, high: Operand<"v128">, value: Vector): Vector {
  return v128.and(value, v128.and(gt(x, low), lt(x, high)));
}

/** A number that stands for four float32 lanes also where an instruction on bits would read it as an integer. */
export function constant(value: Operand<"v128">): Vector {
  return typeof value === "number" ? f32x4.const(value, value, value, value) : value;
}

/** c₀ + c₁·x + c₂·x² + … */
function polynomial(x: Local<"v128">, coefficients: readonly number[]): Vector {
  return coefficients
    .slice(0, -1)
    .reduceRight<Operand<"v128">>((sum, c) => add(mul(sum, x), c), coefficients.at(-1) ?? 0) as Vector;
}

/** x + low = n·ln 2 + r with |r| ≤ ½ ln 2: the bits of n + {@link ROUND}, and z = eʳ − 1. */
function reduce(x: Vector, low?: Vector) {
  const whole = keep(x);
  const bits = keep(add(mul(whole, Math.LOG2E), ROUND));
  const n = keep(sub(bits, ROUND));
  const r = sub(sub(whole, mul(n, LN2_HIGH)), mul(n, LN2_LOW));
  const rest = keep(low ? add(r, low) : r);
  return { bits, z: add(rest, mul(mul(rest, rest), polynomial(rest, EXP))) };
}

/**
 * eˣ, or e^(x + low) where `low` is what x lacks in precision. Error ≤ 1 ulp over
 * all float32 numbers, also of denormal results.
 */
export function exp(x: Vector, low?: Vector): Vector {
  const { bits, z } = reduce(pmax(pmin(x, 89), -104), low);
  // 2ⁿ as two factors, for n reaches from −150 to 128.
  const n = keep(i32x4.sub(bits, ROUND_BITS));
  const half = keep(i32x4.shrS(n, 1));
  return mul(mul(add(z, 1), power(half)), power(i32x4.sub(n, half)));
}

/** eˣ for −87 < x < 88, where 2ⁿ is one factor. */
function normalExp(x: Vector): Vector {
  const { bits, z } = reduce(x);
  return mul(add(z, 1), power(bits));
}

/** eˣ − 1 for x < 80, without cancellation: 2ⁿ·z + (2ⁿ − 1). Error ≤ 1.6 ulp. */
export function expm1(x: Vector): Vector {
  const value = keep(x);
  const { bits, z } = reduce(pmax(value, -20));
  const scale = keep(power(bits));
  return v128.or(add(mul(z, scale), sub(scale, 1)), v128.and(value, SIGN)); // −0 lost its sign on the way
}

/** 2ⁿ for whole numbers n in the low 9 bits; the others, such as those of {@link ROUND}, are shifted out. */
function power(n: Vector): Vector {
  return i32x4.shl(i32x4.add(n, 127), 23);
}

/** Natural logarithm. Error ≤ 0.85 ulp, over all float32 numbers. */
export function log(x: Vector): Vector {
  const value = keep(x);
  const denormal = keep(lt(value, 2 ** -126));
  const y = logarithm(where(denormal, mul(value, 2 ** 23), value), where(denormal, 23, 0));
  // √x is ∞ for ∞ and NaN for NaN and what is below 0, as log x is.
  const special = where(eq(value, 0), Number.NEGATIVE_INFINITY, sqrt(value));
  return where(v128.and(gt(value, 0), lt(value, Number.POSITIVE_INFINITY)), y, special);
}

/**
 * log x − exponent·ln 2 of positive normal numbers x = m · 2^e with m in [√½, √2): with f = m − 1, s = f / (2 + f),
 *
 *     log m = f − (f²/2 − s·(f²/2 + R)),   R = s²·(⅔ + …) from artanh's series
 */
function logarithm(x: Vector, exponent: Operand<"v128">): Vector {
  const bits = keep(i32x4.sub(x, ROOT_HALF));
  const e = keep(sub(f32x4.convertI32x4S(i32x4.shrS(bits, 23)), exponent));
  const f = keep(sub(i32x4.add(v128.and(bits, 0x7fffff), ROOT_HALF), 1));
  const s = keep(div(f, add(f, 2)));
  const square = keep(mul(s, s));
  const half = keep(mul(mul(f, f), 0.5));
  const r = mul(square, polynomial(square, LOG));
  const inner = add(mul(s, add(half, r)), mul(e, LN2_LOW));
  return add(mul(e, LN2_HIGH), sub(f, sub(half, inner)));
}

/** log(1 + x) for −1 < x < ∞: log(u) for u = 1 + x rounded, plus what the rounding lost. NaN stays NaN. Error ≤ 1.5 ulp. */
export function log1p(x: Vector): Vector {
  const value = keep(x);
  const u = keep(add(value, 1));
  return add(logarithm(u, 0), div(sub(value, sub(u, 1)), u));
}

/**
 * tanh x = x + x³·P(x²) near 0, 1 − 2/(e²ˣ + 1) from where that cancels nothing. Error ≤ 1.5 ulp, over all
 * float32 numbers.
 */
export function tanh(x: Vector): Vector {
  const { value, bend, isNear, far } = tanhPieces(x);
  return v128.or(where(isNear, add(value, bend), far), v128.and(value, SIGN));
}

/** x − tanh x, which cancels nothing near 0 either. */
export function tanhshrink(x: Vector): Vector {
  const { value, bend, isNear, far } = tanhPieces(x);
  return where(isNear, sub(0, bend), sub(value, v128.or(far, v128.and(value, SIGN))));
}

function tanhPieces(x: Vector) {
  const value = keep(x);
  const square = keep(mul(value, value));
  const size = keep(pmin(abs(value), 9.1));
  return {
    value,
    bend: mul(mul(value, square), polynomial(square, TANH)),
    isNear: lt(size, 0.55),
    far: sub(1, div(2, add(normalExp(add(size, size)), 1))),
  };
}

/**
 * σ = 1 / (1 + e⁻ˣ) and its derivative σ·(1 − σ), both without cancellation, from t = e^−|x|. Errors ≤ 2.5 and 4.5 ulp.
 */
export function sigmoid(x: Vector): { readonly value: Vector; readonly slope: Vector } {
  const at = keep(x);
  const t = keep(exp(v128.or(at, SIGN)));
  const sum = keep(add(t, 1));
  return { value: div(where(lt(at, 0), t, 1), sum), slope: div(t, mul(sum, sum)) };
}

/** log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|) */
export function softplus(x: Vector): Vector {
  return add(pmax(x, 0), log1p(exp(v128.or(x, SIGN))));
}

/**
 * The normal distribution function Φ(x) = ½ (1 + erf(x/√2)) and its density φ(x). With a = |x|,
 *
 *     Φ(−a) = e^(−a²/2) · t · P(t − ½),   Φ(x) = ½ + x·P(x²) near 0
 *
 * with a² in two parts of 12 bits. Error of Φ ≤ 2.1 ulp for x ≥ −0.67, and ≤ 6.5 ulp on the left of it, where ½ (1 + erf)
 * in float32 soon has no digit that is right. Error of φ ≤ 2.5 ulp.
 */
export function normal(x: Vector): { readonly cdf: Vector; readonly density: Vector } {
  const at = keep(x);
  const a = keep(pmin(abs(at), 14.5));
  const high = keep(v128.and(a, 0xfffff000));
  const power = keep(exp(mul(mul(high, high), -0.5), mul(mul(sub(a, high), add(a, high)), -0.5)));
  const t = keep(div(1, add(mul(a, 0.28125), 1)));
  const tail = keep(mul(power, mul(t, polynomial(keep(sub(t, 0.5)), TAIL))));
  const square = keep(mul(at, at));
  const center = add(mul(at, polynomial(square, CENTER)), 0.5);
  const cdf = where(lt(a, 0.6875), center, where(lt(at, 0), tail, sub(1, tail)));
  return { cdf, density: mul(power, 0.3989422804014327) };
}
