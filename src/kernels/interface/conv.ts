/**
 * Kernels of the convolutions, one geometry for all three directions.
 *
 *     x (N, C, H, W)   weight (O, C/groups, kernelHeight, kernelWidth)   bias (O)   y (N, O, H′, W′)
 *
 * Taps that fall outside the input read 0.
 */
import type { ConvGeometry } from "../../shape/conv.js";
import type { FloatArray } from "../../tensor/tensor.js";

export type Direction = keyof ConvKernels;

export interface ConvKernels {
  /** y = weight ⋆ x + bias, or max(y, 0) with `relu`. Overwrites y; a bias that is undefined counts as 0. */
  forward(
    g: ConvGeometry,
    x: FloatArray,
    weight: FloatArray,
    bias: FloatArray | undefined,
    y: FloatArray,
    relu?: boolean,
  ): void;
  /** dx = the adjoint of {@link forward} in x, applied to dy. Overwrites dx. */
  inputGradient(g: ConvGeometry, dy: FloatArray, weight: FloatArray, dx: FloatArray): void;
  /** dweight += the adjoint of {@link forward} in weight, applied to dy. */
  weightGradient(g: ConvGeometry, x: FloatArray, dy: FloatArray, dweight: FloatArray): void;
}
