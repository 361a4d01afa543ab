/** Normalisation: subtract a mean, divide by a standard deviation, scale and shift; one pair for every such layer. */
import { kernelsFor } from "../kernels/backend.js";
import { normKernels } from "../kernels/norm.js";
import type { NormGeometry } from "../shape/norm.js";
import { arrayOf } from "../tensor/storage.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

/** The mean and variance of each group, in double precision, so that an offset of x costs no digits of its deviations. */
export interface Moments {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  /** Whether they are constants (running statistics) rather than functions of the input. */
  readonly frozen: boolean;
}

/** What a normalisation scales and shifts by; undefined counts as 1 and 0. */
export interface Affine {
  readonly weight: Tensor | undefined;
  readonly bias: Tensor | undefined;
}

/** The input's own statistics: mean[s] = Σ x / m, variance[s] = Σ (x − mean[s])² / m (biased, as torch normalises). */
export function momentsOf(g: NormGeometry, x: Tensor): Moments {
  const mean = new Float64Array(g.groups);
  const variance = new Float64Array(g.groups);
  kernelsFor(normKernels, x.dtype).moments(g, x.operand(x.size), mean, variance);
  return { mean, variance, frozen: false };
}

/** Statistics that do not depend on the input; copied, so that a later update does not reach a backward that waits. */
export function frozenMoments(channels: number, mean: Tensor, variance: Tensor): Moments {
  const copy = (running: Tensor) => new Float64Array(arrayOf(running.operand(channels)));
  return { mean: copy(mean), variance: copy(variance), frozen: true };
}

/**
 * running = (1 − factor) · running + factor · now, where the variance of now is the unbiased Σ (x − mean)² / (m − 1),
 * as torch keeps it. Groups of the same channel (instance norm) are averaged.
 */
export function trackMoments(
  g: NormGeometry,
  now: Moments,
  factor: number,
  running: { readonly mean: Tensor; readonly variance: Tensor },
): void {
  const count = g.segments * g.channelsPerGroup * g.inner;
  const kernels = kernelsFor(normKernels, running.mean.dtype);
  kernels.track(g, now.mean, 1, factor, running.mean.operand(g.channels));
  kernels.track(g, now.variance, count / (count - 1), factor, running.variance.operand(g.channels));
}

/** y = x̂ · weight + bias with x̂ = (x − mean) / √(variance + eps), or max(y, 0) with `relu`, written to `y`, which may be x. */
export function normalise(
  g: NormGeometry,
  x: Tensor,
  { mean, variance }: Moments,
  eps: number,
  { weight, bias }: Affine,
  relu = false,
  y: Tensor = allocateUnset(x.shape, x.dtype),
): Tensor {
  kernelsFor(normKernels, x.dtype).forward(
    g,
    eps,
    x.operand(y.size),
    mean,
    variance,
    weight?.operand(g.channels),
    bias?.operand(g.channels),
    y.operand(y.size),
    relu,
  );
  return y;
}

/**
 * dx = (dŷ − mean(dŷ) − x̂ · mean(dŷ · x̂)) / √(variance + eps) with dŷ = dy · weight, the means over a group;
 * dweight += Σ dy · x̂ and dbias += Σ dy. Of frozen statistics dx = dŷ / √(variance + eps) alone: y is then linear in
 * x, and its adjoint is y itself without mean and bias.
 *
 * @param gradients where weight's and bias's gradients are added; undefined where nobody wants them
 * @returns dx, or undefined without `inputGradient`
 */
export function normaliseBackward(
  g: NormGeometry,
  x: Tensor,
  { mean, variance, frozen }: Moments,
  eps: number,
  weight: Tensor | undefined,
  dy: Tensor,
  gradients: Affine,
  inputGradient: boolean,
): Tensor | undefined {
  const kernels = kernelsFor(normKernels, x.dtype);
  const dx = inputGradient ? allocateUnset(x.shape, x.dtype) : undefined;
  const dweight = gradients.weight?.operand(g.channels);
  const dbias = gradients.bias?.operand(g.channels);
  const through = frozen ? undefined : dx;
  if (through || dweight || dbias) {
    kernels.backward(
      g,
      eps,
      x.operand(x.size),
      mean,
      variance,
      weight?.operand(g.channels),
      dy.operand(x.size),
      through?.operand(x.size),
      dweight,
      dbias,
    );
  }
  if (frozen && dx) {
    kernels.forward(
      g,
      eps,
      dy.operand(x.size),
      new Float64Array(g.groups),
      variance,
      weight?.operand(g.channels),
      undefined,
      dx.operand(x.size),
    );
  }
  return dx;
}
