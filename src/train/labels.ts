/** Class labels: whole numbers from 0, one a row of scores or, for `[N, C, H, W]`, one a pixel. */

import { refuseForeign } from "../shape/brand.js";
import { labelShape } from "../shape/classes.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { type Shape, sameShape, showShape, sizeOf } from "../shape/shape.js";
import { show } from "../shape/show.js";
import { Tensor } from "../tensor/tensor.js";

/** Labels in row-major order: N of them, or N·H·W for one a pixel. */
export type Labels = readonly number[] | Int32Array | Uint8Array | Tensor;

/** The label that losses leave out, unless `ignoreIndex` says another. */
export const IGNORE_INDEX = -100;

/**
 * The labels of `scores`, checked: as many as rows or pixels, whole, and below the number of classes or `ignoreIndex`.
 * @param who the loss or metric, for messages
 * @throws ShapeError for a wrong count or shape, ArgumentError for a label that is no class.
 */
export function readLabels(
  who: string,
  labels: Labels,
  scores: Shape,
  classes: number,
  ignoreIndex: number,
): Int32Array {
  const expected = labelShape(scores);
  const count = sizeOf(expected);
  refuseForeign(who, labels);
  const flat = labels instanceof Tensor ? labels.view() : labels;
  if (!Array.isArray(flat) && !isNumbers(flat)) {
    const cause = typeof flat === "number" ? "a single label: put it in an array" : `${causeOfType(flat)}`;
    throw new ArgumentError(
      `${who} expects labels as an array of integers, an Int32Array, a Uint8Array or a Tensor, but got ${show(flat)}. Usual cause: ${cause}.`,
    );
  }
  const fits = labels instanceof Tensor ? fitsShape(labels.shape, expected, count) : flat.length === count;
  if (!fits) {
    const got = labels instanceof Tensor ? `labels of shape ${showShape(labels.shape)}` : `${flat.length}`;
    throw new ShapeError(
      `${who} expects ${count} labels ${showShape(expected)} for the scores ${showShape(scores)}, but got ${got}. Usual cause: ${causeOfShape(scores, labels, flat, classes)}.`,
    );
  }
  const checked = flat instanceof Int32Array ? flat : new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const label = flat[i] ?? Number.NaN;
    if (label !== ignoreIndex && !(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new ArgumentError(
        `${who} expects labels that are integers from 0 to ${classes - 1}, but label ${i} is ${show(label)}. Usual cause: ${causeOfLabel(label, flat, classes)}.`,
      );
    }
    checked[i] = label;
  }
  return checked;
}

function fitsShape(shape: Shape, expected: Shape, count: number): boolean {
  return sameShape(shape, expected) || (shape.length === 1 && shape[0] === count);
}

/** Typed arrays of numbers; those of 64-bit integers hold BigInts. */
function isNumbers(value: unknown): value is ArrayLike<number> {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && !isBigInts(value);
}

export function isBigInts(value: unknown): boolean {
  return value instanceof BigInt64Array || value instanceof BigUint64Array;
}

export const BIGINTS = "BigInts, as 64-bit labels of numpy are read: Int32Array.from(labels, Number)";

function causeOfType(labels: unknown): string {
  if (isBigInts(labels) || typeof labels === "bigint") return BIGINTS;
  if (labels instanceof Promise) return "a missing await";
  if (typeof labels === "string") return "a class's name: its place in the list of classes is its label";
  if (labels === undefined || labels === null) return "targets that are missing, or have another name";
  return "what holds the labels, where the labels themselves are meant";
}

/** Why the number of labels or their shape is another one, as far as the two shapes tell. */
function causeOfShape(scores: Shape, labels: Labels, flat: ArrayLike<unknown>, classes: number): string {
  const shape = labels instanceof Tensor ? labels.shape : [flat.length];
  const [batch = 1, second = 1, ...pixels] = scores;
  const rows = shape[0] ?? 1;
  if (labels instanceof Tensor && shape.length === scores.length + 1 && rows === batch) return SWAPPED;
  if (scores.length === 1)
    return "scores without a batch dimension: the model was given a single sample; unsqueeze(0) adds the dimension";
  if (Array.isArray(labels) && labels.some((label) => Array.isArray(label) || ArrayBuffer.isView(label)))
    return ONE_HOT_LISTS;
  if (labels instanceof Tensor && shape.length === scores.length && rows === batch && shape[1] === classes)
    return ONE_HOT;
  if (labels instanceof Tensor && shape.length === 2 && rows === batch && shape[1] === 1)
    return "labels in a column [N, 1]: squeeze(1) makes them [N]";
  if (!(labels instanceof Tensor) && flat.length === batch * classes && pixels.length === 0)
    return "one-hot labels in a row: a Tensor of the shape of the scores is read as probabilities, a list as class numbers";
  if (pixels.length > 0 && flat.length === batch) {
    return sizeOf(pixels) === 1
      ? "a missing Flatten"
      : "a model without Flatten or global pooling, which gives one score a pixel";
  }
  if (pixels.length > 0 && second !== classes) return "classes that are not on dim 1";
  return "labels of another batch, or a last batch that is smaller than the others";
}

/** Why scores are none. */
export const SWAPPED = "predictions and labels swapped";
const ONE_HOT = "one-hot labels: give the class numbers, labels.argmax(1)";
const ONE_HOT_LISTS =
  "one-hot labels: give the number of each class, or tensor(labels), which is read as probabilities";

/** Why one label is no class. */
function causeOfLabel(label: unknown, labels: ArrayLike<unknown>, classes: number): string {
  if (typeof label === "bigint") return BIGINTS;
  if (typeof label === "string" && label.trim() !== "" && Number.isInteger(Number(label)))
    return "numbers that are still text: labels.map(Number)";
  if (typeof label === "string") return "the classes' names: each one's place in the list of classes is its label";
  if (Array.isArray(label) || ArrayBuffer.isView(label)) return ONE_HOT_LISTS;
  if (typeof label === "boolean") return "true and false, where 1 and 0 are meant";
  const all = Array.from(labels);
  if (label === classes && all.every((other) => typeof other === "number" && other >= 1 && other <= classes))
    return "classes counted from 1";
  if (Number.isNaN(label)) return "an entry that is missing, or text that Number could not read";
  if (typeof label === "number" && !Number.isInteger(label))
    return "probabilities or measured values, where the numbers of the classes are meant";
  if (typeof label === "number" && (label < 0 || label === 255))
    return "a mark for what is to be left out: ignoreIndex says which";
  return "a model with fewer outputs than classes";
}
