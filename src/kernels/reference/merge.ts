import type { FloatArray } from "../../tensor/tensor.js";
import type { MergeKernels } from "../merge.js";
import { rectify } from "./select.js";

export const referenceMerge: MergeKernels<FloatArray> = {
  add(a, b, y, relu) {
    for (let i = 0; i < y.length; i++) y[i] = a[i]! + b[i]!;
    if (relu) rectify(y);
  },
};
