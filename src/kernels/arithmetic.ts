/** Kernels of two operands that broadcast. */
import type { Loops } from "../tensor/loops.js";
import type { Operand } from "../tensor/storage.js";

export type Operation = "add" | "subtract" | "multiply" | "divide";

export interface ArithmeticKernels<A = Operand> {
  /**
   * y = a ∘ b for every round of the loops, whose strides are those of a and b: 0 where an operand is repeated, and in the
   * innermost loop 0 or 1. y is dense, so that neighboring elements of it are neighboring rounds. Overwrites y.
   */
  combine(operation: Operation, loops: Loops, a: A, b: A, y: A): void;
}
