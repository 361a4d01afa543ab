import type { ActivationFunction } from "../kernels/activation.js";
import { referenceActivation } from "../kernels/reference/activation.js";
import { abs, add, div, gt, le, lt, max, min, mul, neg, sqrt } from "../kernels/wasm/assembler/f32x4.js";
import { and } from "../kernels/wasm/assembler/v128.js";
import * as vector from "../kernels/wasm/elementwise/math.js";
import { log } from "../tensor/log.js";
import * as math from "../tensor/math.js";
import { activationFunction } from "./activation.js";
import { sigmoid } from "./sigmoid.js";
import { tanh } from "./tanh.js";

/** Functions of one element that have no numbers of their own. Where f has an edge or a kink, f and f′ are torch's. */
export const FUNCTIONS = {
  sigmoid,
  tanh,
  // f′(0) = f′(NaN) = 0
  abs: /* @__PURE__ */ activationFunction({
    f: Math.abs,
    df: (x, dy) => (x > 0 ? dy : x < 0 ? -dy : 0),
    simd: { f: (x) => abs(x), df: (x, dy) => vector.where(gt(x, 0), dy, and(neg(dy), lt(x, 0))) },
  }),
  // f′ = 1 / (2·y), infinite at 0
  sqrt: /* @__PURE__ */ activationFunction({
    readsOutput: true,
    f: Math.sqrt,
    df: (y, dy) => dy / (y + y),
    simd: { f: (x) => sqrt(x), df: (y, dy) => div(dy, add(y, y)) },
  }),
  exp: /* @__PURE__ */ activationFunction({
    readsOutput: true,
    f: math.exp,
    df: (y, dy) => dy * y,
    simd: { f: (x) => vector.exp(x), df: (y, dy) => mul(dy, y) },
  }),
  // f(0) = −∞; f′ = 1 / x, also below 0
  log: /* @__PURE__ */ activationFunction({
    f: log,
    df: (x, dy) => dy / x,
    simd: { f: vector.log, df: (x, dy) => div(dy, x) },
  }),
};

/** min(max(x, low), high); f′(low) = f′(high) = 1, unlike hardtanh's, and f′(NaN) = 0. */
export const clip = /* @__PURE__ */ activationFunction({
  numbers: ["low", "high"],
  f: (x, { low, high }) => Math.min(Math.max(x, low), high),
  df: (x, dy, { low, high }) => (x >= low && x <= high ? dy : 0),
  simd: {
    f: (x, { low, high }) => min(max(x, low), high),
    df: (x, dy, { low, high }) => and(dy, and(le(low, x), le(x, high))),
  },
});

/** xᵇ; f′ = b·xᵇ⁻¹, and 0 everywhere for b = 0. The root has kernels, other powers run on the reference. */
export function powerOf(b: number): ActivationFunction {
  if (b === 0.5) return FUNCTIONS.sqrt;
  const reference = referenceActivation({
    f: (x) => math.power(x, b),
    df: (x, dy) => (b === 0 ? 0 : dy * (b * math.power(x, b - 1))),
  });
  return { reference, readsOutput: false };
}
