/** The kernel of ops/dropout.ts: x (outer, inner), where all of a row is kept or dropped together. */
import type { Operand } from "../tensor/storage.js";

export interface DropoutKernels<A = Operand> {
  /** y[i, j] = x[i, j] · mask[i]. Its adjoint is the same kernel applied to dy. Overwrites y. */
  scaleRows(outer: number, inner: number, mask: A, x: A, y: A): void;
}
