import { add, mul, sub } from "../kernels/wasm/assembler/f32x4.js";
import * as vector from "../kernels/wasm/elementwise/math.js";
import * as math from "../tensor/math.js";
import { activationFunction } from "./activation.js";

/** (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), f′ = 1 − y² = (1 − y)(1 + y), whose first factor is exact near y = 1 also in float32. */
export const tanh = /* @__PURE__ */ activationFunction({
  readsOutput: true,
  f: (x) => math.tanh(x),
  df: (y, dy) => dy * (1 - y * y),
  simd: {
    f: (x) => vector.tanh(x),
    df: (y, dy) => mul(dy, mul(sub(1, y), add(y, 1))),
  },
});
