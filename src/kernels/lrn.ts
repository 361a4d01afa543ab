/** Kernels of ops/lrn.ts, over x (outer, channels, inner). */
import type { LrnGeometry } from "../shape/lrn.js";
import type { Operand } from "../tensor/storage.js";

export interface LrnSettings {
  /** Channels in a window; those that do not exist count too. */
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly k: number;
}

export interface LrnKernels<A = Operand> {
  /** Overwrites base and y. */
  forward(g: LrnGeometry, settings: LrnSettings, x: A, base: A, y: A): void;
  /** Overwrites dx. */
  backward(g: LrnGeometry, settings: LrnSettings, x: A, base: A, dy: A, dx: A): void;
}
