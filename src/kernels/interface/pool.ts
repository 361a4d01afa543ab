/**
 * Kernels of the poolings: x (planes, H, W) → y (planes, H′, W′), where window (i, j) of a plane covers the pixels of
 * `rows` window i and `columns` window j.
 */
import type { PoolGeometry } from "../../shape/pool.js";
import type { Operand } from "../../tensor/storage.js";

export interface MaxPoolKernels<A = Operand> {
  /**
   * y[n, i, j] = the largest x of the window; argmax[n, i, j] = its position r·W + c in the plane. Overwrites both.
   * Of equal maxima the first in row-major order wins; NaN beats every number, and of several NaN the last one wins.
   * A window without a pixel (its dilation steps over the whole input) gives −∞ and position −1.
   */
  maxForward(g: PoolGeometry, x: A, y: A, argmax: Int32Array | A): void;
  /** dx[n, argmax[n, i, j]] += dy[n, i, j], nothing where it is −1. Overwrites dx. */
  maxBackward(g: PoolGeometry, dy: A, argmax: Int32Array | A, dx: A): void;
}

export interface AveragePoolKernels<A = Operand> {
  /** y[n, i, j] = Σ x of the window / (rows.count[i] · columns.count[j]). Overwrites y. */
  averageForward(g: PoolGeometry, x: A, y: A): void;
  /** dx of every pixel = Σ dy[n, i, j] / (rows.count[i] · columns.count[j]) over its windows. Overwrites dx. */
  averageBackward(g: PoolGeometry, dy: A, dx: A): void;
}
