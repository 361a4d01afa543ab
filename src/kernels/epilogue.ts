/**
 * What happens to the results of a convolution or of Linear before they are stored, in this order; the bits are those of
 * the layers one by one. The channel of a result is its output channel, or its output feature.
 */
import type { FloatArray, Operand } from "../tensor/storage.js";

export interface Epilogue<A = Operand> {
  readonly norm?: FrozenNorm | undefined;
  /** It is added. It has y's shape, and is y itself or shares no memory with it. */
  readonly sum?: A | undefined;
  readonly activation?: PiecewiseLinear | undefined;
}

/** Normalization of each channel by constants: (y − mean) / √(variance + eps) · weight + bias. */
export interface FrozenNorm {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly eps: number;
  readonly weight: FloatArray | undefined;
  readonly bias: FloatArray | undefined;
}

/** min(max(slope · y, min), max) for y ≤ 0 and NaN, else the same without the slope. */
export interface PiecewiseLinear {
  /** 1 where negative results stay. */
  readonly slope: number;
  /** −∞ and ∞ where there is no bound. */
  readonly min: number;
  readonly max: number;
}

export const RELU: PiecewiseLinear = { slope: 1, min: 0, max: Infinity };
