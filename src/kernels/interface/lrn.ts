/** Kernels of local response normalisation, over x (outer, channels, inner). W(c) are the channels that c sees. */
import type { LrnGeometry } from "../../shape/lrn.js";
import type { Operand } from "../../tensor/storage.js";

export interface LrnSettings {
  /** α / size: the window's divisor counts channels that do not exist too. */
  readonly scale: number;
  readonly beta: number;
  readonly k: number;
}

export interface LrnKernels<A = Operand> {
  /** base[n, c, p] = k + scale · Σ_{j ∈ W(c)} x[n, j, p]² and y = x / base^β. Overwrites both. */
  forward(g: LrnGeometry, settings: LrnSettings, x: A, base: A, y: A): void;
  /**
   * dx[n, j, p] = dy / base^β − 2·β·scale · x · Σ_{c : j ∈ W(c)} dy[n, c, p] · x[n, c, p] / base[n, c, p]^(β+1):
   * the adjoint of {@link forward}. Overwrites dx.
   */
  backward(g: LrnGeometry, settings: LrnSettings, x: A, base: A, dy: A, dx: A): void;
}
