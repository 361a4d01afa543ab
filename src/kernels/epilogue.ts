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
  readonly kernels: EpilogueKernels;
}

/** What takes results through an epilogue. It comes with it: a program of layers that no plan runs holds none. */
export interface EpilogueKernels {
  readonly reference: {
    /** What is added, as it is before y is written: a copy where it is y itself. */
    keepSum(epilogue: Epilogue<FloatArray>, y: FloatArray): FloatArray | undefined;
    /** Takes y (…, channels, inner) through the epilogue, whose sum `keepSum` kept. */
    apply(
      epilogue: Epilogue<FloatArray>,
      sum: FloatArray | undefined,
      channels: number,
      inner: number,
      y: FloatArray,
    ): void;
  };
  readonly wasm: {
    /** The steps of an epilogue of y, whose norm's `weight` and `bias` and whose `sum` lie there (0: none). */
    stepsOf(
      epilogue: Epilogue,
      channels: number,
      y: number,
      places: readonly [weight: number, bias: number, sum: number],
    ): Steps;
  };
}

/** An epilogue in the engine's memory. */
export interface Steps {
  /** Bits of `STEP` (wasm/elementwise/epilogue.ts). */
  readonly steps: number;
  /** Where the channels' constants lie, if norm or activation is a step. */
  readonly constants: number;
  /** Bytes from a result to what is added to it, if sum is a step. */
  readonly sum: number;
  /** Takes the steps as a pass of its own over y (rows, channels, inner). */
  readonly pass: ((y: number, rows: number, channels: number, inner: number, steps: Steps) => void) | undefined;
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
