/** Kernels of sums of branches. */
import type { Operand } from "../tensor/storage.js";

export interface MergeKernels<A = Operand> {
  /** y[i] = a[i] + b[i], or max(a[i] + b[i], 0) with `relu`. Overwrites y. */
  add(a: A, b: A, y: A, relu?: boolean): void;
}
