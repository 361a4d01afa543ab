/**
 * Kernels of ops/pool2d.ts: x (planes, H, W) → y (planes, H′, W′), where window (i, j) of a plane covers the pixels of
 * `rows` window i and `columns` window j.
 */
import type { PoolGeometry } from "../shape/pool.js";
import type { Operand } from "../tensor/storage.js";

export interface MaxPoolKernels<A = Operand> {
  /** Overwrites y and argmax. */
  maxForward(g: PoolGeometry, x: A, y: A, argmax: Int32Array | A): void;
  /** Overwrites dx. */
  maxBackward(g: PoolGeometry, dy: A, argmax: Int32Array | A, dx: A): void;
}

export interface AveragePoolKernels<A = Operand> {
  /** Overwrites y. */
  averageForward(g: PoolGeometry, x: A, y: A): void;
  /** Overwrites dx. */
  averageBackward(g: PoolGeometry, dy: A, dx: A): void;
}
