/**
 * Kernels of Linear, one geometry for all three directions.
 *
 *     x (rows, inFeatures)   weight (outFeatures, inFeatures)   bias (outFeatures)   y (rows, outFeatures)
 */
import type { LinearGeometry } from "../shape/linear.js";
import type { Operand } from "../tensor/storage.js";
import type { Epilogue } from "./epilogue.js";

export interface LinearKernels<A = Operand> {
  /** y = x · weightᵀ + bias, and then the epilogue. Overwrites y; a bias that is undefined counts as 0. */
  forward(g: LinearGeometry, x: A, weight: A, bias: A | undefined, y: A, epilogue?: Epilogue<A>): void;
  /** dx = dy · weight. Overwrites dx. */
  inputGradient(g: LinearGeometry, dy: A, weight: A, dx: A): void;
  /** dweight += dyᵀ · x */
  weightGradient(g: LinearGeometry, x: A, dy: A, dweight: A): void;
}
