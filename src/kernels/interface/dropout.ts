/** The kernel of dropout: x (outer, inner), where all of a row is kept or dropped together. */
import type { FloatArray } from "../../tensor/tensor.js";

export interface DropoutKernels {
  /** y[i, j] = x[i, j] · mask[i]. Its adjoint is the same kernel applied to dy. Overwrites y. */
  scaleRows(outer: number, inner: number, mask: FloatArray, x: FloatArray, y: FloatArray): void;
}
