/** Kernels that only move numbers. */
import type { Loops } from "../tensor/loops.js";
import type { Operand } from "../tensor/storage.js";

export interface LayoutKernels<A = Operand> {
  /** to[toAt + …] = from[fromAt + …] for every round of the loops, whose strides are those of `from` and `to`. */
  copy(loops: Loops, from: A, fromAt: number, to: A, toAt: number): void;
  /** y[i] = value. Overwrites y. */
  fill(y: A, value: number): void;
}
