/** Kernels of ops/pad2d.ts: x (planes, H, W) → y (planes, H + top + bottom, W + left + right). */
import type { Operand } from "../tensor/storage.js";

/** Which input row each output row shows, and which input column each output column. */
export interface PadGeometry {
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

export interface PadKernels<A = Operand> {
  /** y[n, i, j] = x[n, rows[i], columns[j]]. Overwrites y. */
  forward(g: PadGeometry, x: A, y: A): void;
  /** dx[n, rows[i], columns[j]] += dy[n, i, j]: the adjoint of {@link forward}. Adds to dx. */
  backward(g: PadGeometry, dy: A, dx: A): void;
}
