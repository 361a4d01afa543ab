import { copyLoops } from "../../tensor/layout.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { LayoutKernels } from "../layout.js";

export const referenceLayout: LayoutKernels<FloatArray> = {
  copy: copyLoops,
  fill(y, value) {
    y.fill(value);
  },
};
