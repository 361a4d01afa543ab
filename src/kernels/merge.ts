/** Kernels of ops/merge.ts. */
import type { Operand } from "../tensor/storage.js";

export interface MergeKernels<A = Operand> {
  /** Overwrites y. */
  add(a: A, b: A, y: A, relu?: boolean): void;
  /**
   * Copies blocks from one array to another: for each o < outer, to[toAt + o·toStride + i] = from[fromAt + o·fromStride + i], i < block.
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
