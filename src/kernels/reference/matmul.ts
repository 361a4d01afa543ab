import type { FloatArray } from "../../tensor/tensor.js";
import type { MatmulKernels } from "../interface/matmul.js";
import { gemm } from "./gemm.js";

export const referenceMatmul: MatmulKernels<FloatArray> = {
  multiply({ rows, depth, columns, aTransposed, bTransposed, as, bs, cs, add }, a, b, c) {
    if (!add) c.fill(0);
    const [aRow, aColumn] = aTransposed ? [1, rows] : [depth, 1];
    const [bRow, bColumn] = bTransposed ? [1, depth] : [columns, 1];
    for (let i = 0; i < cs.length; i++) {
      const [aAt, bAt, cAt] = [as[i]! * rows * depth, bs[i]! * depth * columns, cs[i]! * rows * columns];
      gemm(rows, columns, depth, a, aAt, aRow, aColumn, b, bAt, bRow, bColumn, c, cAt);
    }
  },
};
