import type { FloatArray } from "../../tensor/tensor.js";
import type { LinearKernels } from "../interface/linear.js";
import { applyEpilogue, keepSum } from "./epilogue.js";
import { gemm } from "./gemm.js";

export const referenceLinear: LinearKernels<FloatArray> = {
  forward({ rows, inFeatures, outFeatures }, x, weight, bias, y, epilogue) {
    const sum = keepSum(epilogue, y);
    if (!bias) y.fill(0);
    else for (let row = 0; row < rows; row++) y.set(bias, row * outFeatures);
    gemm(rows, outFeatures, inFeatures, x, 0, inFeatures, 1, weight, 0, 1, inFeatures, y, 0);
    if (epilogue) applyEpilogue(epilogue, sum, outFeatures, 1, y);
  },

  inputGradient({ rows, inFeatures, outFeatures }, dy, weight, dx) {
    dx.fill(0);
    gemm(rows, inFeatures, outFeatures, dy, 0, outFeatures, 1, weight, 0, inFeatures, 1, dx, 0);
  },

  weightGradient({ rows, inFeatures, outFeatures }, x, dy, dweight) {
    gemm(outFeatures, inFeatures, rows, dy, 0, 1, outFeatures, x, 0, inFeatures, 1, dweight, 0);
  },
};
