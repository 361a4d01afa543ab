/** Batches of matrix products, one after another by Linear's product. A left operand that lies transposed is copied row by row first. */
import type { MatmulKernels } from "../matmul.js";
import type { Simd } from "./assembler/simd.js";
import * as gemm from "./gemm/kernels.js";
import { product } from "./linear.js";
import { addressesOf, kernelCall, scratch } from "./memory.js";
import { runAll } from "./task.js";

export function wasmMatmul(simd: Simd): MatmulKernels {
  return {
    multiply({ rows, depth, columns, aTransposed, bTransposed, as, bs, cs, add }, a, b, c) {
      if (rows === 0 || columns === 0) return;
      const [left, right, result] = addressesOf(a, b, c);
      for (let i = 0; i < cs.length; i++) {
        kernelCall(() => {
          const matrix = left + 4 * as[i]! * rows * depth;
          const to = aTransposed ? scratch(4 * rows * depth) : matrix;
          if (aTransposed) {
            gemm.transpose({ at: matrix, row: 4 * rows }, { at: to, row: 4 * depth }, rows, depth);
          }
          const [column, entry] = bTransposed ? [4 * depth, 4] : [4, 4 * columns];
          const b = { at: right + 4 * bs[i]! * depth * columns, column, entry };
          const c = result + 4 * cs[i]! * rows * columns;
          runAll(product(simd, { rows, columns, depth, a: to, b, c, add }));
        });
      }
    },
  };
}
