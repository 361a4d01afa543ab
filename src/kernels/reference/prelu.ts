import type { FloatArray } from "../../tensor/tensor.js";
import type { PReLUKernels } from "../prelu.js";
import { select } from "./select.js";

export const referencePReLU: PReLUKernels<FloatArray> = {
  forward({ outer, size, inner }, x, weight, y) {
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (let c = 0; c < size; c++) {
        const slope = weight[c]!;
        for (const end = at + inner; at < end; at++) {
          const v = x[at]!;
          y[at] = v * select(v > 0, 1, slope);
        }
      }
    }
  },

  inputGradient({ outer, size, inner }, x, weight, dy, dx) {
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (let c = 0; c < size; c++) {
        const slope = weight[c]!;
        for (const end = at + inner; at < end; at++) dx[at] = dy[at]! * select(x[at]! > 0, 1, slope);
      }
    }
  },

  weightGradient({ outer, size, inner }, x, dy, dweight) {
    for (let c = 0; c < size; c++) {
      let sum = 0;
      for (let o = 0; o < outer; o++) {
        let at = (o * size + c) * inner;
        for (const end = at + inner; at < end; at++) {
          const v = x[at]!;
          sum += select(v > 0, 0, v * dy[at]!);
        }
      }
      dweight[c]! += sum;
    }
  },
};
