/** What happens to a layer's results before they are stored, as a plan asks for it. */
import type { Epilogue as Numbers, PiecewiseLinear } from "../kernels/epilogue.js";
import type { Tensor } from "../tensor/tensor.js";

export interface Epilogue extends Numbers<Tensor> {
  /** Whether the results may take the place of the sum. */
  readonly inPlace?: boolean;
}

/** A piecewise linear activation. What is missing is as if it were not there. */
export function piecewiseLinear({ slope = 1, min = -Infinity, max = Infinity }: Partial<PiecewiseLinear>) {
  return { slope, min, max };
}

export function isRelu(activation: PiecewiseLinear | undefined): boolean {
  return activation?.slope === 1 && activation.min === 0 && activation.max === Infinity;
}

export { type FrozenNorm, type PiecewiseLinear, RELU } from "../kernels/epilogue.js";
