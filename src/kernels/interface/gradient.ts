/** Kernels that measure and bound gradients. */
import type { Operand } from "../../tensor/storage.js";

export interface GradientKernels<A = Operand> {
  /** Σ |g|^exponent */
  powerSum(g: A, exponent: number): number;
  /** max |g|, 0 of nothing; NaN as soon as there is one */
  maxAbs(g: A): number;
  /** g ← factor·g */
  scale(g: A, factor: number): void;
  /** g ← min(max(g, −limit), limit); NaN stays NaN */
  clamp(g: A, limit: number): void;
}
