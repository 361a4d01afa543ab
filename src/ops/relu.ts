import { select } from "../kernels/reference/select.js";
import { le, pmax } from "../kernels/wasm/assembler/f32x4.js";
import { andnot } from "../kernels/wasm/assembler/v128.js";
import { activationFunction } from "./activation.js";

/** max(x, 0). f′(0) = 0, f′(NaN) = 1, as torch 1.13 has them here and in the other files. */
export const relu = /* @__PURE__ */ activationFunction({
  readsOutput: true,
  f: (x) => select(x < 0, 0, x),
  df: (y, dy) => select(y <= 0, 0, dy),
  simd: {
    f: (x) => pmax(x, 0),
    df: (y, dy) => andnot(dy, le(y, 0)),
  },
});
