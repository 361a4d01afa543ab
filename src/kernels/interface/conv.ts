/**
 * Kernels of the convolutions, one geometry for all three directions.
 *
 *     x (N, C, H, W)   weight (O, C/groups, kernelHeight, kernelWidth)   bias (O)   y (N, O, H′, W′)
 *
 * Taps that fall outside the input read 0.
 */
import type { ConvGeometry } from "../../shape/conv.js";
import type { FloatArray, Operand } from "../../tensor/storage.js";

export type Direction = "forward" | "inputGradient" | "weightGradient";

/** What follows a convolution: normalisation of each output channel by constants, then a piecewise linear activation. */
export interface Finish {
  readonly norm?: {
    readonly mean: Float64Array;
    readonly variance: Float64Array;
    readonly eps: number;
    readonly weight: FloatArray | undefined;
    readonly bias: FloatArray | undefined;
  };
  /** Negative results are multiplied by it: 1 where they stay. */
  readonly slope: number;
  /** Results are at least and at most so large: −∞ and ∞ where they stay. */
  readonly least: number;
  readonly most: number;
}

export interface ConvKernels<A = Operand> {
  /** y = weight ⋆ x + bias, or max(y, 0) with `relu`. Overwrites y; a bias that is undefined counts as 0. */
  forward(g: ConvGeometry, x: A, weight: A, bias: A | undefined, y: A, relu?: boolean): void;
  /** {@link forward} and what follows it, in one pass over y; where a backend lacks it, the layers do it one by one. */
  forwardFinished?(g: ConvGeometry, x: A, weight: A, bias: A | undefined, y: A, finish: Finish): void;
  /** dx = the adjoint of {@link forward} in x, applied to dy. Overwrites dx. */
  inputGradient(g: ConvGeometry, dy: A, weight: A, dx: A): void;
  /** dweight += the adjoint of {@link forward} in weight, applied to dy. */
  weightGradient(g: ConvGeometry, x: A, dy: A, dweight: A): void;
}
