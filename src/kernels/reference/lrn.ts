import { log } from "../../tensor/log.js";
import { exp } from "../../tensor/math.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { LrnKernels } from "../lrn.js";
import { scratch } from "./scratch.js";

/** base^β: by roots and products for the usual exponents (multiples of ¼), which is faster than exp(β · log base). */
function power(base: number, beta: number): number {
  let quarters = 4 * beta;
  if (!(quarters >= 0 && quarters <= 16 && Number.isInteger(quarters))) return exp(beta * log(base));
  const root = Math.sqrt(base);
  let y = quarters & 2 ? root : 1;
  if (quarters & 1) y *= Math.sqrt(root);
  for (; quarters >= 4; quarters -= 4) y *= base;
  return y;
}

export const referenceLrn: LrnKernels<FloatArray> = {
  forward({ outer, channels, inner, before, after }, { size, alpha, beta, k }, x, base, y) {
    const scale = alpha / size;
    for (let n = 0; n < outer; n++) {
      const sample = n * channels * inner;
      for (let c = 0; c < channels; c++) {
        const first = sample + Math.max(0, c - before) * inner;
        const last = sample + Math.min(channels - 1, c + after) * inner;
        const row = sample + c * inner;
        for (let p = 0; p < inner; p++) {
          let sum = 0;
          for (let at = first + p; at <= last + p; at += inner) sum += x[at]! * x[at]!;
          base[row + p] = k + scale * sum;
          y[row + p] = x[row + p]! / power(base[row + p]!, beta);
        }
      }
    }
  },

  backward({ outer, channels, inner, before, after }, { size, alpha, beta }, x, base, dy, dx) {
    const scale = alpha / size;
    // What each channel's divisor hands back to the channels that it saw, for one sample.
    const shares = scratch(dy, channels * inner);
    for (let n = 0; n < outer; n++) {
      const sample = n * channels * inner;
      for (let i = 0; i < channels * inner; i++) {
        const at = sample + i;
        const direct = dy[at]! / power(base[at]!, beta);
        dx[at] = direct;
        shares[i] = (direct * x[at]!) / base[at]!;
      }
      for (let j = 0; j < channels; j++) {
        // j ∈ W(c) for c from j − after to j + before.
        const first = Math.max(0, j - after) * inner;
        const last = Math.min(channels - 1, j + before) * inner;
        const row = sample + j * inner;
        for (let p = 0; p < inner; p++) {
          let sum = 0;
          for (let i = first + p; i <= last + p; i += inner) sum += shares[i]!;
          dx[row + p]! -= 2 * beta * scale * x[row + p]! * sum;
        }
      }
    }
  },
};
