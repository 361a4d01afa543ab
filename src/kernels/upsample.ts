/** Kernels of ops/upsample.ts, for one dimension: x (outer, size, inner) → y (outer, out, inner). */
import type { ResizedDim } from "../shape/upsample.js";
import type { Operand } from "../tensor/storage.js";

export interface UpsampleKernels<A = Operand> {
  /** y[o, i, p] = Σₖ weight[i, k] · x[o, index[i, k], p]. Overwrites y. */
  forward(dim: ResizedDim, outer: number, inner: number, x: A, y: A): void;
  /** dx[o, index[i, k], p] += weight[i, k] · dy[o, i, p]. Overwrites dx. */
  backward(dim: ResizedDim, outer: number, inner: number, dy: A, dx: A): void;
}
