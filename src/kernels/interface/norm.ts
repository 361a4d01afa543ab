/**
 * Kernels of every normalisation, over groups of elements that share a mean and a variance ({@link NormGeometry}).
 * Below, s is an element's group, c its channel (which weight it has), m the number of elements in a group,
 * σ[s] = √(variance[s] + eps). Means and variances are always in double precision; a weight that is undefined counts
 * as 1, a bias as 0.
 */
import type { NormGeometry } from "../../shape/norm.js";
import type { Operand } from "../../tensor/storage.js";

export interface NormKernels<A = Operand> {
  /** mean[s] = Σ x / m and variance[s] = Σ (x − mean[s])² / m, over the elements of group s. */
  moments(g: NormGeometry, x: A, mean: Float64Array, variance: Float64Array): void;

  /** y = (x − mean[s]) / σ[s] · weight[c] + bias[c], or max(y, 0) with `relu`. Overwrites y, which may be x. */
  forward(
    g: NormGeometry,
    eps: number,
    x: A,
    mean: Float64Array,
    variance: Float64Array,
    weight: A | undefined,
    bias: A | undefined,
    y: A,
    relu?: boolean,
  ): void;

  /**
   * The adjoint of {@link forward} after {@link moments}, with x̂ = (x − mean[s]) / σ[s]:
   *
   *     dweight[c] += Σ dy · x̂,   dbias[c] += Σ dy
   *     dx = (dŷ − Σ dŷ / m − x̂ · Σ dŷ·x̂ / m) / σ[s],   dŷ = dy · weight[c]
   *
   * The two means are what flows through the statistics: dx lies across both 1 and x̂. Overwrites dx. Gradients that
   * are undefined are not computed.
   */
  backward(
    g: NormGeometry,
    eps: number,
    x: A,
    mean: Float64Array,
    variance: Float64Array,
    weight: A | undefined,
    dy: A,
    dx: A | undefined,
    dweight: A | undefined,
    dbias: A | undefined,
  ): void;

  /**
   * running[c] = (1 − factor) · running[c] + factor · scale · (average of now[s] over the groups of channel c).
   * Only for geometries where a group belongs to one channel.
   */
  track(g: NormGeometry, now: Float64Array, scale: number, factor: number, running: A): void;
}
