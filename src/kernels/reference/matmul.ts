import { addProduct, dense, type Matrix, transpose } from "../../tensor/product.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { MatmulKernels } from "../matmul.js";

export const referenceMatmul: MatmulKernels<FloatArray> = {
  multiply({ rows, depth, columns, aTransposed, bTransposed, as, bs, cs, add }, a, b, c) {
    if (!add) c.fill(0);
    const left = matrix(a, rows, depth, aTransposed);
    const right = matrix(b, depth, columns, bTransposed);
    const result = dense(c, rows, columns);
    for (let i = 0; i < cs.length; i++) {
      left.at = as[i]! * rows * depth;
      right.at = bs[i]! * depth * columns;
      result.at = cs[i]! * rows * columns;
      addProduct(left, right, result);
    }
  },
};

function matrix(data: FloatArray, rows: number, columns: number, isTransposed: boolean): Matrix {
  return isTransposed ? transpose(dense(data, columns, rows)) : dense(data, rows, columns);
}
