/** Kernels of ops/softmax.ts along the middle dimension of x (outer, size, inner); every line of it is one distribution. */
import type { DimGeometry } from "../shape/dim.js";
import type { Operand } from "../tensor/storage.js";

export interface SoftmaxKernels<A = Operand> {
  /** Overwrites y. */
  forward(g: DimGeometry, x: A, y: A): void;
  /** Overwrites dx. */
  backward(g: DimGeometry, y: A, dy: A, dx: A): void;
  /** Overwrites y. */
  logForward(g: DimGeometry, x: A, y: A): void;
  /** Overwrites dx. */
  logBackward(g: DimGeometry, y: A, dy: A, dx: A): void;
}
