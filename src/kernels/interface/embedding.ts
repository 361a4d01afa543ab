/** Kernels that look rows up in a table: weight (entries, width), indices (count) → y (count, width). */
import type { FloatArray } from "../../tensor/tensor.js";

export interface EmbeddingKernels {
  /** y[i] = weight[indices[i]]. Overwrites y. */
  forward(width: number, indices: Int32Array, weight: FloatArray, y: FloatArray): void;
  /** dweight[indices[i]] += dy[i], except where the index is `skipped` (−1 skips none). */
  weightGradient(width: number, indices: Int32Array, dy: FloatArray, dweight: FloatArray, skipped: number): void;
}
