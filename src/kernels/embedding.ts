/** Kernels of ops/embedding.ts: weight (entries, width), indices (count) → y (count, width). */
import type { Operand } from "../tensor/storage.js";

export interface EmbeddingKernels<A = Operand> {
  /** Overwrites y. */
  forward(width: number, indices: Int32Array, weight: A, y: A): void;
  /** Adds to dweight, except where the index is `skipped` (−1 skips none). */
  weightGradient(width: number, indices: Int32Array, dy: A, dweight: A, skipped: number): void;
}
