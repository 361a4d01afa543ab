/** Kernels of ops/softmax.ts along the middle axis of x (outer, size, inner); every line of it is one distribution. */
import type { AxisGeometry } from "../shape/dim.js";
import type { Operand } from "../tensor/storage.js";

export interface SoftmaxKernels<A = Operand> {
  /** Overwrites y. */
  forward(g: AxisGeometry, x: A, y: A): void;
  /** Overwrites dx. */
  backward(g: AxisGeometry, y: A, dy: A, dx: A): void;
  /** Overwrites y. */
  logForward(g: AxisGeometry, x: A, y: A): void;
  /** Overwrites dx. */
  logBackward(g: AxisGeometry, y: A, dy: A, dx: A): void;
}
