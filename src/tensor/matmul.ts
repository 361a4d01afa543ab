/** Products of vectors, matrices and batches of matrices. */
import { matmulGeometry } from "../shape/broadcast.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import { gather } from "./layout.js";
import { broadcastStrides } from "./loops.js";
import { dtypeOf, type FloatArray, floats, type TensorLike } from "./storage.js";

/** y[…, i, j] = Σₚ a[…, i, p] · b[…, p, j], where leading axes broadcast. @throws as {@link matmulGeometry}. */
export function matmul(who: string, a: TensorLike, b: TensorLike): TensorLike {
  const { leftBatch, rightBatch, batch, m, k, n, shape } = matmulGeometry(who, a.shape, b.shape);
  const data = floats(sizeOf(shape), dtypeOf(a, b));
  const lefts = matrixOf(leftBatch, batch);
  const rights = matrixOf(rightBatch, batch);
  for (let i = 0; i < lefts.length; i++) {
    product(m, k, n, a.data, lefts[i]! * m * k, b.data, rights[i]! * k * n, data, i * m * n);
  }
  return { data, shape };
}

/** Which of the `own` matrices each matrix of the broadcast batch is. */
function matrixOf(own: Shape, batch: Shape): FloatArray {
  const numbers = Float64Array.from({ length: sizeOf(own) }, (_, i) => i);
  return gather(numbers, 0, batch, broadcastStrides(own, batch), new Float64Array(sizeOf(batch)));
}

/** y (m × n) = a (m × k) · b (k × n). Four columns at a time keep their sums, in double precision, in registers. */
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
): void {
  const whole = n - (n % 4);
  for (let i = 0; i < m; i++) {
    const row = aAt + i * k;
    for (let j = 0; j < whole; j += 4) {
      let y0 = 0;
      let y1 = 0;
      let y2 = 0;
      let y3 = 0;
      for (let p = 0, q = bAt + j; p < k; p++, q += n) {
        const left = a[row + p]!;
        y0 += left * b[q]!;
        y1 += left * b[q + 1]!;
        y2 += left * b[q + 2]!;
        y3 += left * b[q + 3]!;
      }
      y[yAt++] = y0;
      y[yAt++] = y1;
      y[yAt++] = y2;
      y[yAt++] = y3;
    }
    for (let j = whole; j < n; j++) {
      let sum = 0;
      for (let p = 0, q = bAt + j; p < k; p++, q += n) sum += a[row + p]! * b[q]!;
      y[yAt++] = sum;
    }
  }
}
