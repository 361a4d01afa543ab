/**
 * Kernels of ops/prelu.ts: one slope for each channel, the dimension in the middle of the geometry.
 *
 *     x (outer, size, inner)   weight (size)   y (outer, size, inner)
 */
import type { DimGeometry } from "../shape/dim.js";
import type { Operand } from "../tensor/storage.js";

export interface PReLUKernels<A = Operand> {
  /** Overwrites y. */
  forward(g: DimGeometry, x: A, weight: A, y: A): void;
  /** Overwrites dx. */
  inputGradient(g: DimGeometry, x: A, weight: A, dy: A, dx: A): void;
  /** Adds to dweight. */
  weightGradient(g: DimGeometry, x: A, dy: A, dweight: A): void;
}
