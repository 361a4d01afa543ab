/** Kernels of ops/gradient.ts. */
import type { Operand } from "../tensor/storage.js";

export interface GradientKernels<A = Operand> {
  powerSum(g: A, exponent: number): number;
  maxAbs(g: A): number;
  /** In place. */
  scale(g: A, factor: number): void;
  /** In place. */
  clamp(g: A, limit: number): void;
}
