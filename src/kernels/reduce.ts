/** Kernels that make one number of all along the middle dimension: x (outer, size, inner) → y (outer, inner). */
import type { DimGeometry } from "../shape/dim.js";
import type { Operand } from "../tensor/storage.js";

export interface SumKernels<A = Operand> {
  /** y[o, i] = Σₖ x[o, k, i] / divisor, added up in double precision. Overwrites y. */
  sum(g: DimGeometry, x: A, y: A, divisor: number): void;
  /** y[o, i] = Σₖ a[o, k, i] · b[o, k, i], added up in double precision. Overwrites y. */
  sumProducts(g: DimGeometry, a: A, b: A, y: A): void;
}

export interface MaxKernels<A = Operand> {
  /**
   * y[o, i] = maxₖ x[o, k, i]; the first NaN wins, else the first maximum. `winners` gets its k, as a 32-bit integer.
   * `size` is at least 1. Overwrites y and winners.
   */
  forward(g: DimGeometry, x: A, y: A, winners: A): void;
  /** dx[o, k, i] = dy[o, i] at every winner, 0 elsewhere. Overwrites dx. */
  backward(g: DimGeometry, winners: A, dy: A, dx: A): void;
}
