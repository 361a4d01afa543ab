/**
 * Kernels of the losses. Each computes the losses and their gradient in one pass:
 *
 *     returns Σ losses     losses = one number each, where an array is given     gradient = scale · ∂(Σ losses)/∂prediction
 *
 * `losses` and `gradient` are overwritten. A weight that is undefined counts as 1.
 * Elementwise losses: x, target, weights, losses and gradient hold one number for each element of the prediction.
 * Losses over classes: x and gradient (outer, classes, inner), labels and losses (outer, inner), weight (classes).
 */
import type { ClassGeometry } from "../shape/classes.js";
import type { Operand } from "../tensor/storage.js";

export interface LossKernels<A = Operand> {
  /**
   * Softmax and cross-entropy in one, with log p[c] = (x[c] − max x) − log Σ exp(x − max x), which no logit overflows:
   *
   *     q[c] = weight[c] · ((1 − smoothing)·[c = label] + smoothing/classes)
   *     loss = −Σ_c q[c] · log p[c]        ∂loss/∂x[c] = p[c] · Σ q − q[c]        both 0 where label = ignoreIndex
   */
  crossEntropy(
    g: ClassGeometry,
    x: A,
    labels: Int32Array,
    ignoreIndex: number,
    weight: A | undefined,
    smoothing: number,
    scale: number,
    losses: A | undefined,
    gradient: A,
  ): number;

  /** The same with q[c] = weight[c] · ((1 − smoothing)·target[c] + smoothing/classes); target (outer, classes, inner). */
  probabilityCrossEntropy(
    g: ClassGeometry,
    x: A,
    target: A,
    weight: A | undefined,
    smoothing: number,
    scale: number,
    losses: A | undefined,
    gradient: A,
  ): number;

  /** loss = −weight[label] · x[label], 0 where label = ignoreIndex; x holds log-probabilities. */
  negativeLogLikelihood(
    g: ClassGeometry,
    x: A,
    labels: Int32Array,
    ignoreIndex: number,
    weight: A | undefined,
    scale: number,
    losses: A | undefined,
    gradient: A,
  ): number;

  /** loss = (x − target)² */
  squaredError(x: A, target: A, scale: number, losses: A | undefined, gradient: A): number;

  /** loss = |x − target|, with derivative 0 where they are equal */
  absoluteError(x: A, target: A, scale: number, losses: A | undefined, gradient: A): number;

  /** With d = x − target: loss = slope·d²/(2·width) where |d| < width, else slope·(|d| − width/2). */
  huber(x: A, target: A, width: number, slope: number, scale: number, losses: A | undefined, gradient: A): number;

  /**
   * loss = −weight · (target·log x + (1 − target)·log(1 − x)), logarithms no less than −100
   * ∂loss/∂x = weight · (x − target) / max(x·(1 − x), 10⁻¹²)
   */
  binaryCrossEntropy(x: A, target: A, weight: A | undefined, scale: number, losses: A | undefined, gradient: A): number;

  /**
   * With k = 1 + (posWeight − 1)·target and softplus(−x) = max(−x, 0) + log(1 + exp(−|x|)), which no logit overflows:
   *
   *     loss = weight · ((1 − target)·x + k·softplus(−x))        ∂loss/∂x = weight · ((1 − target) − k·σ(−x))
   */
  binaryCrossEntropyWithLogits(
    x: A,
    target: A,
    weight: A | undefined,
    posWeight: A | undefined,
    scale: number,
    losses: A | undefined,
    gradient: A,
  ): number;

  /** loss = target·(log target − x), with 0·log 0 = 0; x holds log-probabilities */
  klDivergence(x: A, target: A, scale: number, losses: A | undefined, gradient: A): number;

  /** loss = exp(target)·(target − x); both hold log-probabilities */
  klDivergenceOfLogs(x: A, target: A, scale: number, losses: A | undefined, gradient: A): number;

  /** gradient[n, c, p] *= dy[n, p]: the chain rule after losses that were not reduced. */
  chain(g: ClassGeometry, dy: A, gradient: A): void;
}
