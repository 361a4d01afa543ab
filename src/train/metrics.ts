/** How often a classifier is right. */
import { refuseForeign } from "../shape/brand.js";
import { checkInteger, readOptions } from "../shape/check.js";
import { classGeometry } from "../shape/classes.js";
import { ArgumentError } from "../shape/errors.js";
import { Tensor } from "../tensor/tensor.js";
import { IGNORE_INDEX, type Labels, readLabels, SWAPPED } from "./labels.js";

export interface MetricOptions {
  /** Rows or pixels with this label are left out. Default −100. */
  readonly ignoreIndex?: number;
}

/**
 * Share of rows (or pixels) whose highest score is that of their label, from 0 to 1; NaN when there are none.
 * Scores `[N, C]`, `[N, C, H, W]` or `[C]`, with labels as for `CrossEntropyLoss`. Of equal scores the first counts as
 * the highest; NaN is higher than any number.
 *
 * @throws ShapeError for a wrong count of labels, ArgumentError for a label that is no class.
 * @example accuracy(model.forward(images), labels) // 0.983 after an epoch of MNIST
 */
export function accuracy(scores: Tensor, labels: Labels, options: MetricOptions = {}): number {
  return shareWithin("accuracy", scores, labels, 1, options);
}

/**
 * Share of rows (or pixels) whose label is among the `k` highest scores, from 0 to 1. Otherwise as {@link accuracy}.
 *
 * @throws ArgumentError for a `k` below 1 or above the number of classes, and as {@link accuracy}.
 * @example topKAccuracy(model.forward(images), labels, 5)
 */
export function topKAccuracy(scores: Tensor, labels: Labels, k: number, options: MetricOptions = {}): number {
  checkInteger("topKAccuracy", "k", k, 1);
  return shareWithin("topKAccuracy", scores, labels, k, options);
}

function shareWithin(who: string, scores: Tensor, labels: Labels, k: number, options: MetricOptions): number {
  const { ignoreIndex } = readOptions(who, options, { ignoreIndex: IGNORE_INDEX });
  checkInteger(who, "ignoreIndex", ignoreIndex, -Infinity);
  refuseForeign(who, scores);
  if (!(scores instanceof Tensor)) {
    const isSwapped = labels instanceof Tensor && labels.rank > 1;
    const cause = isSwapped ? SWAPPED : "predicted classes, where the model's output is meant";
    throw new ArgumentError(`${who} expects its scores to be a Tensor. Usual cause: ${cause}.`);
  }
  const { classes, inner } = classGeometry(who, scores.shape);
  if (k > classes) {
    throw new ArgumentError(
      `${who} expects k to be at most the number of classes, ${classes}, but got ${k}. Usual cause: k = 5 with a handful of classes.`,
    );
  }
  const checked = readLabels(who, labels, scores.shape, classes, ignoreIndex);
  let right = 0;
  let counted = 0;
  checked.forEach((label, row) => {
    if (label === ignoreIndex) return;
    const pixel = row % inner;
    counted++;
    if (rank(scores.view(), (row - pixel) * classes + pixel, inner, classes, label) < k) right++;
  });
  return right / counted;
}

/** How many classes of a row come before class `label` in descending order of their scores. */
function rank(scores: Float32Array, start: number, step: number, classes: number, label: number): number {
  const own = scores[start + label * step] ?? Number.NaN;
  let before = 0;
  for (let c = 0; c < classes; c++) {
    const score = scores[start + c * step] ?? Number.NaN;
    const equal = score === own || (Number.isNaN(score) && Number.isNaN(own));
    if (equal ? c < label : score > own || (Number.isNaN(score) && !Number.isNaN(own))) before++;
  }
  return before;
}
