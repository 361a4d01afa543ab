/** What the losses of class labels share: a weight a class, a label to ignore, and what the mean divides by. */
import { checkInteger, refuse } from "../../shape/check.js";
import { type ClassGeometry, classGeometry, type LabelsFit } from "../../shape/classes.js";
import { inputMismatch, ShapeError } from "../../shape/errors.js";
import { showShape } from "../../shape/shape.js";
import { arrayOf, type Operand } from "../../tensor/storage.js";
import { Tensor } from "../../tensor/tensor.js";
import { IGNORE_INDEX, type Labels, readLabels, SWAPPED } from "../labels.js";
import { Loss, type LossOptions, type LossValue, type Reduction } from "../loss.js";
import { type Weights, weightTensor } from "./weights.js";

/** Options of losses of class labels. */
export interface ClassLossOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** One factor a class, `[C]`; the mean then divides by the sum of the labels' weights. Default: all 1. */
  readonly weight?: Weights;
  /** Rows or pixels with this label add nothing to the loss, its mean and its gradient. Default −100. */
  readonly ignoreIndex?: number;
}

/** The defaults of what all losses of labels take. */
export const CLASS_LOSS_DEFAULTS = { reduction: undefined, weight: undefined, ignoreIndex: IGNORE_INDEX };

/** Labels that were checked, the class weights in the prediction's precision, and what the mean divides by. */
export interface CheckedLabels {
  readonly geometry: ClassGeometry;
  readonly labels: Int32Array;
  readonly weight: Operand | undefined;
  readonly divisor: number;
}

export abstract class ClassLoss<Name extends string, R extends Reduction> extends Loss<Labels, R> {
  readonly weight: Tensor | undefined;
  readonly ignoreIndex: number;

  constructor(name: string, options: ClassLossOptions<R>) {
    super(name, options);
    this.weight = weightTensor(name, "weight", options.weight);
    if (this.weight && this.weight.shape.length !== 1) {
      throw new ShapeError(
        `${name} expects weight to have one dimension, [classes], but got ${showShape(this.weight.shape)}. Usual cause: one weight a pixel, which reduction "none" and a product are for.`,
      );
    }
    this.ignoreIndex = checkInteger(name, "ignoreIndex", options.ignoreIndex ?? IGNORE_INDEX, -Infinity);
  }

  override forward<P extends Tensor, T extends Labels>(
    prediction: P,
    target: T & LabelsFit<Name, P["shape"], T>,
  ): LossValue<R> {
    if (!(prediction instanceof Tensor) && target instanceof Tensor && target.rank > 1) {
      refuse(`${this.name}.forward`, "its prediction", "a Tensor", prediction, SWAPPED);
    }
    return super.forward(prediction, target);
  }

  /** How the prediction lies. @throws ShapeError for a scalar, or when the weights are of another number of classes. */
  protected geometry({ shape }: Tensor): ClassGeometry {
    const geometry = classGeometry(this.name, shape);
    const { classes } = geometry;
    if (this.weight && this.weight.size !== classes) {
      const mismatch = {
        layer: this.name,
        expected: `${this.weight.size} classes, one for each weight`,
        got: String(classes),
        cause: "weights of another data set, or classes that are not on dim 1",
      };
      throw inputMismatch(mismatch, shape);
    }
    return geometry;
  }

  protected checkLabels(prediction: Tensor, target: Labels): CheckedLabels {
    const geometry = this.geometry(prediction);
    const labels = readLabels(this.name, target, prediction.shape, geometry.classes, this.ignoreIndex);
    const weight = this.weight?.to(prediction.dtype).operand(geometry.classes);
    const divisor = this.reduction === "mean" ? totalWeight(labels, this.ignoreIndex, weight) : 1;
    return { geometry, labels, weight, divisor };
  }
}

/** Σ weight[label] over the labels that are not `ignoreIndex`. */
function totalWeight(labels: Int32Array, ignoreIndex: number, weight: Operand | undefined): number {
  const weights = weight && arrayOf(weight);
  let total = 0;
  for (const label of labels) {
    if (label !== ignoreIndex) total += weights?.[label] ?? 1;
  }
  return total;
}
