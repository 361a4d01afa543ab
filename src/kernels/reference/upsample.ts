import type { FloatArray } from "../../tensor/tensor.js";
import type { UpsampleKernels } from "../upsample.js";

/** So many times more pixels than there were, and a pixel's sum is one of doubles. */
export const MANY = 1 << 10;

export const referenceUpsample: UpsampleKernels<FloatArray> = {
  forward({ size, out, taps, index, weight }, outer, inner, x, y) {
    let to = 0;
    for (let o = 0; o < outer; o++) {
      const slab = o * size * inner;
      for (let i = 0; i < out; i++) {
        const from = i * taps;
        for (let p = 0; p < inner; p++) {
          let sum = weight[from]! * x[slab + index[from]! * inner + p]!;
          for (let k = from + 1; k < from + taps; k++) sum += weight[k]! * x[slab + index[k]! * inner + p]!;
          y[to++] = sum;
        }
      }
    }
  },

  backward({ size, out, taps, index, weight }, outer, inner, dy, dx) {
    dx.fill(0);
    // Very many pixels from one are added up in double precision: in float32 the sum might stop at 2²⁴.
    const sums = out > MANY * size ? new Float64Array(dx.length) : dx;
    let from = 0;
    for (let o = 0; o < outer; o++) {
      const slab = o * size * inner;
      for (let i = 0; i < out; i++) {
        for (let p = 0; p < inner; p++) {
          const d = dy[from++]!;
          for (let k = i * taps; k < (i + 1) * taps; k++) sums[slab + index[k]! * inner + p]! += weight[k]! * d;
        }
      }
    }
    if (sums !== dx) dx.set(sums);
  },
};
