/** Kernels of Maxout: x (outer, channels, pieces, inner) → y (outer, channels, inner). */
import type { MaxoutGeometry } from "../../shape/maxout.js";
import type { FloatArray } from "../../tensor/tensor.js";

export interface MaxoutKernels {
  /**
   * y[o, c, i] = maxₖ x[o, c, k, i]; the first NaN wins, else the first maximum.
   * `winners` gets the winner's place in x. Overwrites y and winners.
   */
  forward(g: MaxoutGeometry, x: FloatArray, y: FloatArray, winners: Int32Array): void;
  /** dx is dy at every winner, 0 elsewhere. Overwrites dx. */
  backward(winners: Int32Array, dy: FloatArray, dx: FloatArray): void;
}
