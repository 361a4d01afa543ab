/** Products of vectors, matrices and batches of matrices. */
import { matmulGeometry } from "../shape/broadcast.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import { gather } from "./layout.js";
import { broadcastStrides } from "./loops.js";
import { addProduct, dense } from "./product.js";
import { dtypeOf, type FloatArray, floats, type TensorLike } from "./storage.js";

/** y[…, i, j] = Σₚ a[…, i, p] · b[…, p, j], where leading dimensions broadcast. @throws as {@link matmulGeometry}. */
export function matmul(who: string, a: TensorLike, b: TensorLike): TensorLike {
  const { leftBatch, rightBatch, batch, m, k, n, shape } = matmulGeometry(who, a.shape, b.shape);
  const data = floats(sizeOf(shape), dtypeOf(a, b));
  const lefts = matrixOf(leftBatch, batch);
  const rights = matrixOf(rightBatch, batch);
  const [left, right, y] = [dense(a.data, m, k), dense(b.data, k, n), dense(data, m, n)];
  for (let i = 0; i < lefts.length; i++) {
    left.at = lefts[i]! * m * k;
    right.at = rights[i]! * k * n;
    y.at = i * m * n;
    addProduct(left, right, y);
  }
  return { data, shape };
}

/** Which of the `own` matrices each matrix of the broadcast batch is. */
function matrixOf(own: Shape, batch: Shape): FloatArray {
  const numbers = Float64Array.from({ length: sizeOf(own) }, (_, i) => i);
  return gather(numbers, 0, batch, broadcastStrides(own, batch), new Float64Array(sizeOf(batch)));
}
