/** Kernels that join and part branches. */
import type { FloatArray } from "../../tensor/tensor.js";

export interface MergeKernels {
  /** y[i] = a[i] + b[i], or max(a[i] + b[i], 0) with `relu`. Overwrites y. */
  add(a: FloatArray, b: FloatArray, y: FloatArray, relu?: boolean): void;
  /**
   * Copies blocks between strided places: for each o < outer, to[toAt + o·toStride + i] = from[fromAt + o·fromStride + i], i < block.
   * Joins branches along an axis and parts them again.
   */
  copy(
    outer: number,
    block: number,
    from: FloatArray,
    fromAt: number,
    fromStride: number,
    to: FloatArray,
    toAt: number,
    toStride: number,
  ): void;
}
