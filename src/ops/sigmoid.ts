import { mul, sub } from "../kernels/wasm/assembler/f32x4.js";
import * as vector from "../kernels/wasm/elementwise/math.js";
import * as math from "../tensor/math.js";
import { activationFunction } from "./activation.js";

/** 1 / (1 + e⁻ˣ), f′ = y (1 − y) */
export const sigmoid = /* @__PURE__ */ activationFunction({
  readsOutput: true,
  f: (x) => math.sigmoid(x),
  df: (y, dy) => dy * (1 - y) * y,
  simd: {
    f: (x) => vector.sigmoid(x).value,
    df: (y, dy) => mul(mul(dy, sub(1, y)), y),
  },
});
