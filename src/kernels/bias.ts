/** Kernels of ops/bias.ts. */
import type { Operand } from "../tensor/storage.js";

export interface BiasKernels<A = Operand> {
  /** Adds to y. */
  add(outer: number, channels: number, inner: number, bias: A, y: A): void;
  /** Adds to dbias. */
  gradient(outer: number, channels: number, inner: number, dy: A, dbias: A): void;
}
