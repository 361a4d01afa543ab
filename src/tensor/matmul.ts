/** Products of vectors, matrices and batches of matrices. */
import { matmulGeometry } from "../shape/broadcast.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import { broadcastStrides } from "./broadcast.js";
import { gather } from "./layout.js";
import { dtypeOf, type FloatArray, floats, type TensorLike } from "./storage.js";

/** y[…, i, j] = Σₚ a[…, i, p] · b[…, p, j], where leading axes broadcast. @throws as {@link matmulGeometry}. */
export function matmul(who: string, a: TensorLike, b: TensorLike): TensorLike {
  const { leftBatch, rightBatch, batch, m, k, n, shape } = matmulGeometry(who, a.shape, b.shape);
  const data = floats(sizeOf(shape), dtypeOf(a, b));
  const lefts = matrixOf(leftBatch, batch);
  const rights = matrixOf(rightBatch, batch);
  const sums = new Float64Array(n);
  for (let i = 0; i < lefts.length; i++) {
    product(m, k, n, a.data, lefts[i]! * m * k, b.data, rights[i]! * k * n, data, i * m * n, sums);
  }
  return { data, shape };
}

/** Which of the `own` matrices each matrix of the broadcast batch is. */
function matrixOf(own: Shape, batch: Shape): FloatArray {
  const numbers = Float64Array.from({ length: sizeOf(own) }, (_, i) => i);
  return gather(numbers, 0, batch, broadcastStrides(own, batch), new Float64Array(sizeOf(batch)));
}

/** y (m × n) = a (m × k) · b (k × n). Row by row, so that b is read in memory order; sums over p in double precision. */
function product(
  m: number,
  k: number,
  n: number,
  a: FloatArray,
  aAt: number,
  b: FloatArray,
  bAt: number,
  y: FloatArray,
  yAt: number,
  sums: Float64Array,
): void {
  for (let i = 0; i < m; i++) {
    sums.fill(0);
    let q = bAt;
    for (let p = 0; p < k; p++) {
      const left = a[aAt++]!;
      for (let j = 0; j < n; j++) sums[j]! += left * b[q++]!;
    }
    for (let j = 0; j < n; j++) y[yAt++] = sums[j]!;
  }
}
