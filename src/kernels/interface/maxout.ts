/** Kernels of Maxout: x (outer, channels, pieces, inner) → y (outer, channels, inner). */
import type { MaxoutGeometry } from "../../shape/maxout.js";
import type { Operand } from "../../tensor/storage.js";

export interface MaxoutKernels<A = Operand> {
  /**
   * y[o, c, i] = maxₖ x[o, c, k, i]; the first NaN wins, else the first maximum.
   * `winners` gets the winner's place in x. Overwrites y and winners.
   */
  forward(g: MaxoutGeometry, x: A, y: A, winners: Int32Array): void;
  /** dx is dy at every winner, 0 elsewhere. Overwrites dx. */
  backward(winners: Int32Array, dy: A, dx: A): void;
}
