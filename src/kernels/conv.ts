/**
 * Kernels of the convolutions, one geometry for all three directions.
 *
 *     x (N, C, H, W)   weight (O, C/groups, kernelHeight, kernelWidth)   bias (O)   y (N, O, H′, W′)
 *
 * Taps that fall outside the input read 0.
 */
import type { ConvGeometry } from "../shape/conv.js";
import type { Operand } from "../tensor/storage.js";
import type { Epilogue } from "./epilogue.js";

/** Which of a convolution's three products. */
export type Direction = "forward" | "inputGradient" | "weightGradient";

export interface ConvKernels<A = Operand> {
  /** y = weight ⋆ x + bias, and then the epilogue. Overwrites y; a bias that is undefined counts as 0. */
  forward(g: ConvGeometry, x: A, weight: A, bias: A | undefined, y: A, epilogue?: Epilogue<A>): void;
  /** dx = the adjoint of weight ⋆ x in x, applied to dy. Overwrites dx. */
  inputGradient(g: ConvGeometry, dy: A, weight: A, dx: A): void;
  /** dweight += the adjoint of weight ⋆ x in weight, applied to dy. */
  weightGradient(g: ConvGeometry, x: A, dy: A, dweight: A): void;
}
