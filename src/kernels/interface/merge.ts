/** Kernels that join and part branches. */
import type { Operand } from "../../tensor/storage.js";

export interface MergeKernels<A = Operand> {
  /** y[i] = a[i] + b[i], or max(a[i] + b[i], 0) with `relu`. Overwrites y. */
  add(a: A, b: A, y: A, relu?: boolean): void;
  /**
   * Copies blocks between strided places: for each o < outer, to[toAt + o·toStride + i] = from[fromAt + o·fromStride + i], i < block.
   * Joins branches along an axis and parts them again.
   */
  copy(
    outer: number,
    block: number,
    from: A,
    fromAt: number,
    fromStride: number,
    to: A,
    toAt: number,
    toStride: number,
  ): void;
}
