/** Kernels that add one number to each channel and sum each channel, over arrays (outer, channels, inner). */
import type { FloatArray } from "../../tensor/tensor.js";

export interface BiasKernels {
  /** y[n, c, p] += bias[c] */
  add(outer: number, channels: number, inner: number, bias: FloatArray, y: FloatArray): void;
  /** dbias[c] += Σₙₚ dy[n, c, p] */
  gradient(outer: number, channels: number, inner: number, dy: FloatArray, dbias: FloatArray): void;
}
