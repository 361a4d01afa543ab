/** Class labels: whole numbers from 0, one a row of scores or, for `[N, C, H, W]`, one a pixel. */
import { labelShape } from "../shape/classes.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { type Shape, sameShape, showShape, sizeOf } from "../shape/shape.js";
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
  const flat = labels instanceof Tensor ? labels.view() : labels;
  if (!Array.isArray(flat) && !ArrayBuffer.isView(flat)) {
    throw new ArgumentError(
      `${who} expects labels as an array of integers, an Int32Array, a Uint8Array or a Tensor, but got ${flat === null ? "null" : typeof flat}. Usual cause: a single label: put it in an array.`,
    );
  }
  const fits = labels instanceof Tensor ? fitsShape(labels.shape, expected, count) : flat.length === count;
  if (!fits) {
    const got = labels instanceof Tensor ? `labels of shape ${showShape(labels.shape)}` : `${flat.length}`;
    throw new ShapeError(
      `${who} expects ${count} labels ${showShape(expected)} for the scores ${showShape(scores)}, but got ${got}. Usual cause: labels of another batch, or one-hot labels, which need the shape of the scores.`,
    );
  }
  const checked = flat instanceof Int32Array ? flat : new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const label = flat[i] ?? Number.NaN;
    if (label !== ignoreIndex && !(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new ArgumentError(
        `${who} expects labels that are integers from 0 to ${classes - 1}, but label ${i} is ${label}. Usual cause: classes counted from 1, or a model with fewer outputs than classes.`,
      );
    }
    checked[i] = label;
  }
  return checked;
}

function fitsShape(shape: Shape, expected: Shape, count: number): boolean {
  return sameShape(shape, expected) || (shape.length === 1 && shape[0] === count);
}
