/** Kernels that measure and bound gradients. */
import type { FloatArray } from "../../tensor/tensor.js";

export interface GradientKernels {
  /** Σ |g|^exponent */
  powerSum(g: FloatArray, exponent: number): number;
  /** max |g|, 0 of nothing; NaN as soon as there is one */
  maxAbs(g: FloatArray): number;
  /** g ← factor·g */
  scale(g: FloatArray, factor: number): void;
  /** g ← min(max(g, −limit), limit); NaN stays NaN */
  clamp(g: FloatArray, limit: number): void;
}
