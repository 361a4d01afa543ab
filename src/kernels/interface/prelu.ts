/**
 * Kernels of PReLU, whose slope is learned: one for each channel, the axis in the middle of the geometry.
 *
 *     x (outer, size, inner)   weight (size)   y (outer, size, inner)
 */
import type { AxisGeometry } from "../../shape/axis.js";
import type { Operand } from "../../tensor/storage.js";

export interface PReLUKernels<A = Operand> {
  /** y[o, c, i] = x[o, c, i] where that is > 0, else weight[c] · x[o, c, i]. Overwrites y. */
  forward(g: AxisGeometry, x: A, weight: A, y: A): void;
  /** dx[o, c, i] = dy[o, c, i] where x[o, c, i] > 0, else weight[c] · dy[o, c, i]. Overwrites dx. */
  inputGradient(g: AxisGeometry, x: A, weight: A, dy: A, dx: A): void;
  /** dweight[c] += Σ x[o, c, i] · dy[o, c, i] over all o, i with x[o, c, i] ≤ 0 or NaN */
  weightGradient(g: AxisGeometry, x: A, dy: A, dweight: A): void;
}
