/** Losses of yes-or-no predictions, as probabilities or as logits. */
import type { LossKernels } from "../../kernels/loss.js";
import { readOptions } from "../../shape/check.js";
import { ArgumentError } from "../../shape/errors.js";
import type { Operand } from "../../tensor/storage.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { LossOptions, Reduction } from "../loss.js";
import { ElementwiseLoss, type Outputs } from "./elementwise.js";
import { broadcastWeights, type Weights, weightTensor } from "./weights.js";

export interface BCELossOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** One factor an element; broadcasts to the prediction. Default: all 1. */
  readonly weight?: Weights;
}

/**
 * Binary cross-entropy of probabilities: −(t·log x + (1 − t)·log(1 − x)), averaged over all elements.
 * Logarithms are no less than −100, so that a wrong certainty costs 100 and not infinity.
 * Prediction (from 0 to 1) and target (usually 0 or 1) have the same shape, any shape.
 *
 * Options: `weight` (one factor an element, broadcasts), `reduction` `"mean"` (default), `"sum"` or `"none"`.
 * Throws ShapeError when shapes differ, ArgumentError for a prediction outside 0 … 1.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.BCELoss.html
 *
 * @example
 * const loss = new BCELoss();
 * loss.forward(tensor([0.5], [1]), tensor([1], [1])); // 0.693
 */
export class BCELoss<R extends Reduction = "mean"> extends ElementwiseLoss<"BCELoss", R> {
  readonly weight: Tensor | undefined;

  constructor(options?: BCELossOptions<R> | BCELossOptions);
  constructor(options: BCELossOptions<R> = {}) {
    const { weight } = readOptions("BCELoss", options, { reduction: undefined, weight: undefined });
    super("BCELoss", options);
    this.weight = weightTensor("BCELoss", "weight", weight);
  }

  protected override check(prediction: Tensor): void {
    const data = prediction.view();
    const at = data.findIndex((p) => !(p >= 0 && p <= 1));
    if (at < 0) return;
    throw new ArgumentError(
      `BCELoss expects probabilities from 0 to 1, but element ${at} of the prediction is ${data[at]}. Usual cause: a missing Sigmoid; BCEWithLogitsLoss takes logits.`,
    );
  }

  protected override factors(x: Tensor) {
    return [this.weight && broadcastWeights("BCELoss", "weight", this.weight, x)];
  }

  /** @internal */
  protected sum(kernels: LossKernels, x: Operand, target: Operand, outputs: Outputs, weight?: Operand): number {
    return kernels.binaryCrossEntropy(x, target, weight, ...outputs);
  }
}

export interface BCEWithLogitsLossOptions<R extends Reduction = Reduction> extends BCELossOptions<R> {
  /** Factor of the positive part of each element, such as negatives/positives; broadcasts. Default: all 1. */
  readonly posWeight?: Weights;
}

/**
 * Sigmoid and binary cross-entropy in one, stable for logits of any size:
 * −(posWeight·t·log σ(x) + (1 − t)·log(1 − σ(x))), averaged over all elements.
 * Prediction (logits) and target (usually 0 or 1) have the same shape, any shape.
 *
 * Options: `weight` and `posWeight` (one factor an element, broadcast), `reduction` `"mean"` (default), `"sum"` or
 * `"none"`. Throws ShapeError when shapes differ or weights do not broadcast.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
 *
 * @example
 * const loss = new BCEWithLogitsLoss({ posWeight: [3] });
 * loss.forward(tensor([0], [1]), tensor([1], [1])); // 3 · 0.693
 */
export class BCEWithLogitsLoss<R extends Reduction = "mean"> extends ElementwiseLoss<"BCEWithLogitsLoss", R> {
  readonly weight: Tensor | undefined;
  readonly posWeight: Tensor | undefined;

  constructor(options?: BCEWithLogitsLossOptions<R> | BCEWithLogitsLossOptions);
  constructor(options: BCEWithLogitsLossOptions<R> = {}) {
    const defaults = { reduction: undefined, weight: undefined, posWeight: undefined };
    const { weight, posWeight } = readOptions("BCEWithLogitsLoss", options, defaults);
    super("BCEWithLogitsLoss", options);
    this.weight = weightTensor("BCEWithLogitsLoss", "weight", weight);
    this.posWeight = weightTensor("BCEWithLogitsLoss", "posWeight", posWeight);
  }

  protected override factors(x: Tensor) {
    return [
      this.weight && broadcastWeights(this.name, "weight", this.weight, x),
      this.posWeight && broadcastWeights(this.name, "posWeight", this.posWeight, x),
    ];
  }

  /** @internal */
  protected sum(
    kernels: LossKernels,
    x: Operand,
    target: Operand,
    outputs: Outputs,
    weight?: Operand,
    posWeight?: Operand,
  ): number {
    return kernels.binaryCrossEntropyWithLogits(x, target, weight, posWeight, ...outputs);
  }
}
