/** Kernels of batches of matrix products. */
import type { Operand } from "../tensor/storage.js";

/** c[cs[i]] = or += a[as[i]] · b[bs[i]] for every i, where a, b and c are lists of matrices. */
export interface Products {
  /** a has rows × depth matrices, b depth × columns, c rows × columns; depth is at least 1. */
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
  /** Whether a's matrices lie as depth × rows, and b's as columns × depth. */
  readonly aTransposed: boolean;
  readonly bTransposed: boolean;
  readonly as: ArrayLike<number>;
  readonly bs: ArrayLike<number>;
  readonly cs: ArrayLike<number>;
  /** Whether the products are added to what c holds, as they are where several have the same c. */
  readonly add: boolean;
}

export interface MatmulKernels<A = Operand> {
  multiply(g: Products, a: A, b: A, c: A): void;
}
