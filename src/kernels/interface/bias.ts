/** Kernels that add one number to each channel and sum each channel, over arrays (outer, channels, inner). */
import type { Operand } from "../../tensor/storage.js";

export interface BiasKernels<A = Operand> {
  /** y[n, c, p] += bias[c] */
  add(outer: number, channels: number, inner: number, bias: A, y: A): void;
  /** dbias[c] += Σₙₚ dy[n, c, p] */
  gradient(outer: number, channels: number, inner: number, dy: A, dbias: A): void;
}
