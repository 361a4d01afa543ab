/** Losses of class scores: cross-entropy of logits, and negative log-likelihood of log-probabilities. */
import { run } from "../../kernels/backend.js";
import { checkRange, readOptions } from "../../shape/check.js";
import { labelShape } from "../../shape/classes.js";
import { ArgumentError } from "../../shape/errors.js";
import { sameShape } from "../../shape/shape.js";
import { Tensor } from "../../tensor/tensor.js";
import type { Labels } from "../labels.js";
import { type LossResult, lossKernels, type Reduction } from "../loss.js";
import { CLASS_LOSS_DEFAULTS, ClassLoss, type ClassLossOptions } from "./class-loss.js";

export interface CrossEntropyLossOptions<R extends Reduction = Reduction> extends ClassLossOptions<R> {
  /** Share of the target that is spread evenly over all classes, from 0 to 1. Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * Cross-entropy between the softmax of logits and class labels: −log softmax(x)[label], averaged.
 * `LogSoftmax` and {@link NLLLoss} in one, stable for logits of any size.
 *
 * Logits `[N, C]` take labels `[N]`; logits `[N, C, H, W]` take one label a pixel, `[N, H, W]`; logits `[C]` take one
 * label. Labels are integers from 0 to C − 1 in a number[], Int32Array, Uint8Array or Tensor, in row-major order.
 * A Tensor of the logits' own shape is read as class probabilities instead.
 *
 * Options: `weight` (one factor a class), `ignoreIndex` (default −100), `labelSmoothing` (default 0: the target becomes
 * 1 − s for the label, plus s/C for every class), `reduction` `"mean"` (default), `"sum"` or `"none"`.
 * The mean divides by the sum of the labels' weights, of labels that are not ignored (NaN when all are); for class
 * probabilities, by the number of rows or pixels.
 *
 * Throws ShapeError for a wrong count of labels or weights, ArgumentError for a label that is no class.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
 *
 * @example
 * const loss = new CrossEntropyLoss();
 * loss.forward(model.forward(images), [3, 1, 4]); model.backward(loss.backward());
 */
export class CrossEntropyLoss<R extends Reduction = "mean"> extends ClassLoss<"CrossEntropyLoss", R> {
  readonly labelSmoothing: number;

  constructor(options?: CrossEntropyLossOptions<R> | CrossEntropyLossOptions);
  constructor(options: CrossEntropyLossOptions<R> = {}) {
    const defaults = { ...CLASS_LOSS_DEFAULTS, labelSmoothing: 0 };
    const { labelSmoothing } = readOptions("CrossEntropyLoss", options, defaults);
    super("CrossEntropyLoss", options);
    this.labelSmoothing = checkRange("CrossEntropyLoss", "labelSmoothing", labelSmoothing, 0, 1);
  }

  protected compute(logits: Tensor, target: Labels): LossResult {
    if (target instanceof Tensor && sameShape(target.shape, logits.shape))
      return this.ownSelf.#ofProbabilities(logits, target);
    const { ignoreIndex, labelSmoothing } = this;
    const { geometry, labels, weight, divisor } = this.checkLabels(logits, target);
    return this.reduce(logits, geometry, labelShape(logits.shape), divisor, (scale, losses, gradient) =>
      run(lossKernels, [logits, weight, losses, gradient], (kernels, x, weight, losses, gradient) =>
        kernels.crossEntropy(geometry, x, labels, ignoreIndex, weight, labelSmoothing, scale, losses, gradient),
      ),
    );
  }

  #ofProbabilities(logits: Tensor, target: Tensor): LossResult {
    if (this.ignoreIndex >= 0) {
      throw new ArgumentError(
        `CrossEntropyLoss expects class labels with ignoreIndex ${this.ignoreIndex}, but got class probabilities, of which none can be ignored. Usual cause: labels of the same shape as the logits.`,
      );
    }
    const geometry = this.geometry(logits);
    const weight = this.weight?.to(logits.dtype).operand(geometry.classes);
    const divisor = this.reduction === "mean" ? geometry.outer * geometry.inner : 1;
    const probabilities = target.to(logits.dtype).operand(logits.size);
    const { labelSmoothing } = this;
    return this.reduce(logits, geometry, labelShape(logits.shape), divisor, (scale, losses, gradient) =>
      run(
        lossKernels,
        [logits, probabilities, weight, losses, gradient],
        (kernels, x, target, weight, losses, gradient) =>
          kernels.probabilityCrossEntropy(geometry, x, target, weight, labelSmoothing, scale, losses, gradient),
      ),
    );
  }
}

/**
 * Negative log-likelihood: −x[label], averaged, where x are log-probabilities, such as `LogSoftmax` gives.
 *
 * Prediction `[N, C]`, `[N, C, H, W]` or `[C]`, with labels as for {@link CrossEntropyLoss}.
 * Options: `weight` (one factor a class), `ignoreIndex` (default −100), `reduction` `"mean"` (default), `"sum"` or
 * `"none"`. The mean divides by the sum of the labels' weights, of labels that are not ignored.
 *
 * Throws ShapeError for a wrong count of labels or weights, ArgumentError for a label that is no class.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html
 *
 * @example
 * const loss = new NLLLoss();
 * loss.forward(new LogSoftmax(1).forward(scores), [3, 1, 4]);
 */
export class NLLLoss<R extends Reduction = "mean"> extends ClassLoss<"NLLLoss", R> {
  constructor(options?: ClassLossOptions<R> | ClassLossOptions);
  constructor(options: ClassLossOptions<R> = {}) {
    readOptions("NLLLoss", options, CLASS_LOSS_DEFAULTS);
    super("NLLLoss", options);
  }

  protected compute(prediction: Tensor, target: Labels): LossResult {
    const { geometry, labels, weight, divisor } = this.checkLabels(prediction, target);
    return this.reduce(prediction, geometry, labelShape(prediction.shape), divisor, (scale, losses, gradient) =>
      run(lossKernels, [prediction, weight, losses, gradient], (kernels, x, weight, losses, gradient) =>
        kernels.negativeLogLikelihood(geometry, x, labels, this.ignoreIndex, weight, scale, losses, gradient),
      ),
    );
  }
}
