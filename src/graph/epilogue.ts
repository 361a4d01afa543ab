/** What happens to a layer's results before they are stored, in this order: a norm, a sum, an activation. */
import type { FloatArray, Tensor } from "../tensor/tensor.js";

/** Normalization of each channel by constants. */
export interface Norm {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly eps: number;
  readonly weight: FloatArray | undefined;
  readonly bias: FloatArray | undefined;
}

/** min(max(y · (y > 0 ? 1 : slope), min), max) */
export interface PiecewiseLinear {
  readonly slope: number;
  readonly min: number;
  readonly max: number;
}

/** What a layer is asked to do to its results. */
export interface Epilogue {
  readonly norm?: Norm;
  /** Added to the results. */
  readonly sum?: Tensor;
  /** Whether the results may take the place of `sum`. */
  readonly inPlace?: boolean;
  readonly activation?: PiecewiseLinear;
}

/** A piecewise linear activation of which the rest is as if it were not there. */
export function piecewiseLinear({ slope = 1, min = -Infinity, max = Infinity }: Partial<PiecewiseLinear>) {
  return { slope, min, max };
}

export const RELU: PiecewiseLinear = /* @__PURE__ */ piecewiseLinear({ min: 0 });

export function isRelu(activation: PiecewiseLinear | undefined): boolean {
  return activation?.slope === 1 && activation.min === 0 && activation.max === Infinity;
}
