/** Kernels of ops/pad2d.ts: x (planes, H, W) → y (planes, H + top + bottom, W + left + right). */
import type { Operand } from "../tensor/storage.js";

/** Which input row each output row shows, and which input column each output column; −1 where the padding is zero. */
export interface PadGeometry {
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

export interface PadKernels<A = Operand> {
  /** Overwrites y. */
  forward(g: PadGeometry, x: A, y: A): void;
  /** Adds to dx. */
  backward(g: PadGeometry, dy: A, dx: A): void;
}
