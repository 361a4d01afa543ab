/**
 * Kernels of ops/norm.ts, over groups of elements that share a mean and a variance ({@link NormGeometry}). A weight that is
 * undefined counts as 1, a bias as 0.
 */
import type { NormGeometry } from "../shape/norm.js";
import type { Operand } from "../tensor/storage.js";

export interface NormKernels<A = Operand> {
  /** Overwrites mean and variance. */
  moments(g: NormGeometry, x: A, mean: Float64Array, variance: Float64Array): void;

  /** Overwrites y, which may be x. */
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

  /** Overwrites dx and adds to dweight and dbias; those that are undefined are not computed. */
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
