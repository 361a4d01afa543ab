/**
 * Kernels of the poolings: x (planes, H, W) → y (planes, H′, W′), where window (i, j) of a plane covers the pixels of
 * `rows` window i and `columns` window j.
 */
import type { PoolGeometry } from "../../shape/pool.js";
import type { FloatArray } from "../../tensor/tensor.js";

export interface MaxPoolKernels {
  /**
   * y[n, i, j] = the largest x of the window; argmax[n, i, j] = its position r·W + c in the plane. Overwrites both.
   * Of equal maxima the first in row-major order wins; NaN beats every number, and of several NaN the last one wins.
   * A window without a pixel (its dilation steps over the whole input) gives −∞ and position −1.
   */
  maxForward(g: PoolGeometry, x: FloatArray, y: FloatArray, argmax: Int32Array): void;
  /** dx[n, argmax[n, i, j]] += dy[n, i, j], nothing where it is −1. Overwrites dx. */
  maxBackward(g: PoolGeometry, dy: FloatArray, argmax: Int32Array, dx: FloatArray): void;
}

export interface AveragePoolKernels {
  /** y[n, i, j] = Σ x of the window / (rows.count[i] · columns.count[j]). Overwrites y. */
  averageForward(g: PoolGeometry, x: FloatArray, y: FloatArray): void;
  /** dx of every pixel = Σ dy[n, i, j] / (rows.count[i] · columns.count[j]) over its windows. Overwrites dx. */
  averageBackward(g: PoolGeometry, dy: FloatArray, dx: FloatArray): void;
}
