import { addProduct, dense, transpose } from "../../tensor/product.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { LinearKernels } from "../linear.js";

export const referenceLinear: LinearKernels<FloatArray> = {
  forward({ rows, inFeatures, outFeatures }, x, weight, bias, y, epilogue) {
    const sum = epilogue?.kernels.reference.keepSum(epilogue, y);
    if (!bias) y.fill(0);
    else for (let row = 0; row < rows; row++) y.set(bias, row * outFeatures);
    const w = transpose(dense(weight, outFeatures, inFeatures));
    addProduct(dense(x, rows, inFeatures), w, dense(y, rows, outFeatures));
    epilogue?.kernels.reference.apply(epilogue, sum, outFeatures, 1, y);
  },

  inputGradient({ rows, inFeatures, outFeatures }, dy, weight, dx) {
    dx.fill(0);
    const w = dense(weight, outFeatures, inFeatures);
    addProduct(dense(dy, rows, outFeatures), w, dense(dx, rows, inFeatures));
  },

  weightGradient({ rows, inFeatures, outFeatures }, x, dy, dweight) {
    const dout = transpose(dense(dy, rows, outFeatures));
    addProduct(dout, dense(x, rows, inFeatures), dense(dweight, outFeatures, inFeatures));
  },
};
