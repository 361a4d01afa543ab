/**
 * Kernels of Linear, one geometry for all three directions.
 *
 *     x (rows, inFeatures)   weight (outFeatures, inFeatures)   bias (outFeatures)   y (rows, outFeatures)
 */
import type { LinearGeometry } from "../../shape/linear.js";
import type { FloatArray } from "../../tensor/tensor.js";

export interface LinearKernels {
  /** y = x · weightᵀ + bias. Overwrites y; a bias that is undefined counts as 0. */
  forward(g: LinearGeometry, x: FloatArray, weight: FloatArray, bias: FloatArray | undefined, y: FloatArray): void;
  /** dx = dy · weight. Overwrites dx. */
  inputGradient(g: LinearGeometry, dy: FloatArray, weight: FloatArray, dx: FloatArray): void;
  /** dweight += dyᵀ · x */
  weightGradient(g: LinearGeometry, x: FloatArray, dy: FloatArray, dweight: FloatArray): void;
}
