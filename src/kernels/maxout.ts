/** Kernels of ops/maxout.ts: x (outer, channels, pieces, inner) → y (outer, channels, inner). */
import type { MaxoutGeometry } from "../shape/maxout.js";
import type { Operand } from "../tensor/storage.js";

export interface MaxoutKernels<A = Operand> {
  /** Overwrites y and winners. */
  forward(g: MaxoutGeometry, x: A, y: A, winners: Int32Array): void;
  /** Overwrites dx. */
  backward(winners: Int32Array, dy: A, dx: A): void;
}
