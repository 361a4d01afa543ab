import type { FloatArray } from "../../tensor/tensor.js";
import type { BiasKernels } from "../bias.js";

export const referenceBias: BiasKernels<FloatArray> = {
  add(outer, channels, inner, bias, y) {
    let at = 0;
    for (let n = 0; n < outer; n++) {
      for (let c = 0; c < channels; c++) {
        const b = bias[c]!;
        for (let p = 0; p < inner; p++) y[at++]! += b;
      }
    }
  },

  gradient(outer, channels, inner, dy, dbias) {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let n = 0; n < outer; n++) {
        const at = (n * channels + c) * inner;
        for (let p = 0; p < inner; p++) sum += dy[at + p]!;
      }
      dbias[c]! += sum;
    }
  },
};
