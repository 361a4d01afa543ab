import type { FloatArray } from "../../tensor/tensor.js";
import type { DropoutKernels } from "../dropout.js";

export const referenceDropout: DropoutKernels<FloatArray> = {
  scaleRows(outer, inner, mask, x, y) {
    let at = 0;
    for (let i = 0; i < outer; i++) {
      const factor = mask[i]!;
      for (const end = at + inner; at < end; at++) y[at] = x[at]! * factor;
    }
  },
};
