/**
 * Kernels of the losses. Each computes the losses and their gradient in one pass:
 *
 *     returns Σ losses     losses = one number each, where an array is given     gradient = scale · ∂(Σ losses)/∂prediction
 *
 * `losses` and `gradient` are overwritten. A weight that is undefined counts as 1.
 * Elementwise losses: x, target, weights, losses and gradient hold one number for each element of the prediction.
 * Losses over classes: x and gradient (outer, classes, inner), labels and losses (outer, inner), weight (classes).
 */
import type { ClassGeometry } from "../../shape/classes.js";
import type { FloatArray } from "../../tensor/tensor.js";

type Losses = FloatArray | undefined;
type Weight = FloatArray | undefined;

export interface LossKernels {
  /** Σ weight[label] over the labels that are not `ignoreIndex`. */
  totalWeight(labels: Int32Array, ignoreIndex: number, weight: Weight): number;

  /**
   * Softmax and cross-entropy in one, with log p[c] = (x[c] − max x) − log Σ exp(x − max x), which no logit overflows:
   *
   *     q[c] = weight[c] · ((1 − smoothing)·[c = label] + smoothing/classes)
   *     loss = −Σ_c q[c] · log p[c]        ∂loss/∂x[c] = p[c] · Σ q − q[c]        both 0 where label = ignoreIndex
   */
  crossEntropy(
    g: ClassGeometry,
    x: FloatArray,
    labels: Int32Array,
    ignoreIndex: number,
    weight: Weight,
    smoothing: number,
    scale: number,
    losses: Losses,
    gradient: FloatArray,
  ): number;

  /** The same with q[c] = weight[c] · ((1 − smoothing)·target[c] + smoothing/classes); target (outer, classes, inner). */
  probabilityCrossEntropy(
    g: ClassGeometry,
    x: FloatArray,
    target: FloatArray,
    weight: Weight,
    smoothing: number,
    scale: number,
    losses: Losses,
    gradient: FloatArray,
  ): number;

  /** loss = −weight[label] · x[label], 0 where label = ignoreIndex; x holds log-probabilities. */
  negativeLogLikelihood(
    g: ClassGeometry,
    x: FloatArray,
    labels: Int32Array,
    ignoreIndex: number,
    weight: Weight,
    scale: number,
    losses: Losses,
    gradient: FloatArray,
  ): number;

  /** loss = (x − target)² */
  squaredError(x: FloatArray, target: FloatArray, scale: number, losses: Losses, gradient: FloatArray): number;

  /** loss = |x − target|, with derivative 0 where they are equal */
  absoluteError(x: FloatArray, target: FloatArray, scale: number, losses: Losses, gradient: FloatArray): number;

  /** With d = x − target: loss = slope·d²/(2·width) where |d| < width, else slope·(|d| − width/2). */
  huber(
    x: FloatArray,
    target: FloatArray,
    width: number,
    slope: number,
    scale: number,
    losses: Losses,
    gradient: FloatArray,
  ): number;

  /**
   * loss = −weight · (target·log x + (1 − target)·log(1 − x)), logarithms no less than −100
   * ∂loss/∂x = weight · (x − target) / max(x·(1 − x), 10⁻¹²)
   */
  binaryCrossEntropy(
    x: FloatArray,
    target: FloatArray,
    weight: Weight,
    scale: number,
    losses: Losses,
    gradient: FloatArray,
  ): number;

  /**
   * With k = 1 + (posWeight − 1)·target and softplus(−x) = max(−x, 0) + log(1 + exp(−|x|)), which no logit overflows:
   *
   *     loss = weight · ((1 − target)·x + k·softplus(−x))        ∂loss/∂x = weight · ((1 − target) − k·σ(−x))
   */
  binaryCrossEntropyWithLogits(
    x: FloatArray,
    target: FloatArray,
    weight: Weight,
    posWeight: Weight,
    scale: number,
    losses: Losses,
    gradient: FloatArray,
  ): number;

  /** loss = target·(log target − x), with 0·log 0 = 0; x holds log-probabilities */
  klDivergence(x: FloatArray, target: FloatArray, scale: number, losses: Losses, gradient: FloatArray): number;

  /** loss = exp(target)·(target − x); both hold log-probabilities */
  klDivergenceOfLogs(x: FloatArray, target: FloatArray, scale: number, losses: Losses, gradient: FloatArray): number;

  /** gradient[n, c, p] *= dy[n, p]: the chain rule behind losses that were not reduced. */
  chain(g: ClassGeometry, dy: FloatArray, gradient: FloatArray): void;
}
