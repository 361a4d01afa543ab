import { Branded, refuseForeign } from "../shape/brand.js";
import { checkInteger, readOptions, refuse } from "../shape/check.js";
import { classGeometry } from "../shape/classes.js";
import { ArgumentError, inputMismatch } from "../shape/errors.js";
import { Tensor } from "../tensor/tensor.js";
import { IGNORE_INDEX, type Labels, readLabels } from "./labels.js";
import type { MetricOptions } from "./metrics.js";

/** A square of counts has to fit in memory: this many classes are half a gigabyte. */
const MAX_CLASSES = 8192;

/** Of the printed table. */
const LINE_WIDTH = 80;
const MAX_LETTERS = 24;

/**
 * Counts how often each class was taken for each: rows are the true classes, columns the predicted ones.
 *
 * @example
 * const confusion = new ConfusionMatrix(10);
 * confusion.update(model.forward(images), labels); console.log(String(confusion));
 */
export class ConfusionMatrix extends Branded {
  /** Names of the classes, as the table shows them. */
  readonly classes: readonly string[];
  readonly #counts: Float64Array;

  /**
   * @param classes the number of classes, or their names
   * @throws ArgumentError when there are none, or more than 8192.
   */
  constructor(classes: number | readonly string[]) {
    super();
    if (typeof classes !== "number" && !Array.isArray(classes)) {
      refuse("ConfusionMatrix", "classes", "their number or an array of their names", classes);
    }
    const count = checkInteger("ConfusionMatrix", "classes", typeof classes === "number" ? classes : classes.length, 1);
    if (count > MAX_CLASSES) {
      refuse(
        "ConfusionMatrix",
        "classes",
        `at most ${MAX_CLASSES}`,
        count,
        "samples or pixels, where classes are meant",
      );
    }
    this.classes = typeof classes === "number" ? Array.from({ length: count }, (_, c) => String(c)) : [...classes];
    this.#counts = new Float64Array(count * count);
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.ConfusionMatrix";
  }

  /**
   * Adds a batch: scores as for {@link accuracy}, or the predicted classes themselves as an array.
   * @throws ShapeError for a wrong count of labels or classes, ArgumentError for a label that is no class; nothing has
   * been counted then.
   */
  update(predictions: Tensor | Exclude<Labels, Tensor>, labels: Labels, options: MetricOptions = {}): this {
    const { ignoreIndex } = readOptions("ConfusionMatrix.update", options, { ignoreIndex: IGNORE_INDEX });
    checkInteger("ConfusionMatrix.update", "ignoreIndex", ignoreIndex, -Infinity);
    const classes = this.classes.length;
    refuseForeign("ConfusionMatrix", predictions);
    const predicted = predictions instanceof Tensor ? this.ownSelf.#best(predictions) : predictions;
    const scores = predictions instanceof Tensor ? predictions.shape : [predicted.length, classes];
    const actual = readLabels("ConfusionMatrix", labels, scores, classes, ignoreIndex);
    const checked = readLabels("ConfusionMatrix", predicted, scores, classes, Number.NaN);
    actual.forEach((label, i) => {
      if (label === ignoreIndex) return;
      const at = label * classes + (checked[i] ?? 0);
      this.ownSelf.#counts[at] = (this.ownSelf.#counts[at] ?? 0) + 1;
    });
    return this;
  }

  /** The class of the highest score of each row. */
  #best(scores: Tensor): Int32Array {
    const { classes } = classGeometry("ConfusionMatrix", scores.shape);
    if (classes !== this.classes.length) {
      const cause = "another number of classes than the matrix was made for";
      const mismatch = {
        layer: "ConfusionMatrix",
        expected: `${this.classes.length} classes`,
        got: `${classes}`,
        cause,
      };
      throw inputMismatch(mismatch, scores.shape);
    }
    return Int32Array.from(scores.argmax(scores.shape.length === 1 ? 0 : 1).view());
  }

  /** Sets all counts to 0. */
  reset(): void {
    this.ownSelf.#counts.fill(0);
  }

  /** How many of class `actual` were taken for class `predicted`. */
  count(actual: number, predicted: number): number {
    return (
      this.ownSelf.#counts[this.ownSelf.#class(actual) * this.classes.length + this.ownSelf.#class(predicted)] ?? 0
    );
  }

  /** All counts, row by row: `counts[actual][predicted]`. */
  get counts(): number[][] {
    return this.classes.map((_, actual) => this.classes.map((_, predicted) => this.count(actual, predicted)));
  }

  /** The names of the classes and all {@link counts}, for JSON. */
  toJSON(): { readonly classes: readonly string[]; readonly counts: number[][] } {
    return { classes: this.classes, counts: this.counts };
  }

  /** How many were counted. */
  get total(): number {
    return this.ownSelf.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** Share that was right; NaN before the first batch. */
  get accuracy(): number {
    return this.classes.reduce((sum, _, c) => sum + this.count(c, c), 0) / this.total;
  }

  /** Of all that were taken for this class, the share that is of it; NaN when there were none. */
  precision(c: number): number {
    return this.count(c, c) / this.classes.reduce((sum, _, actual) => sum + this.count(actual, c), 0);
  }

  /** Of all that are of this class, the share that was taken for it; NaN when there were none. */
  recall(c: number): number {
    return this.count(c, c) / this.classes.reduce((sum, _, predicted) => sum + this.count(c, predicted), 0);
  }

  /**
   * Intersection over union of a class: of all that are of it or were taken for it, the share that is both,
   * TP / (TP + FP + FN); NaN when there were none.
   */
  iou(c: number): number {
    const either = this.classes.reduce((sum, _, other) => sum + this.count(c, other) + this.count(other, c), 0);
    return this.count(c, c) / (either - this.count(c, c));
  }

  /**
   * Mean of {@link iou} over the classes that were there or were predicted, the usual measure of semantic segmentation;
   * NaN before the first batch.
   * Source: Long et al. 2015, https://arxiv.org/abs/1411.4038
   */
  get meanIou(): number {
    const ious = this.classes.map((_, c) => this.iou(c)).filter((iou) => !Number.isNaN(iou));
    return ious.reduce((sum, iou) => sum + iou, 0) / ious.length;
  }

  /**
   * A table for the console: a row for each true class with its recall, below the precisions, both in percent, and the
   * accuracy. What does not fit 80 columns follows below, as in pandas.
   */
  override toString(): string {
    const percent = (share: number) => (Number.isNaN(share) ? "–" : (100 * share).toFixed(share < 1 ? 1 : 0));
    const names = this.classes.map((name) => (name.length > MAX_LETTERS ? `${name.slice(0, MAX_LETTERS - 1)}…` : name));
    const columns = [
      ...this.classes.map((_, c) => [
        names[c] ?? "",
        ...this.classes.map((_, actual) => String(this.count(actual, c))),
        percent(this.precision(c)),
      ]),
      ["recall", ...this.classes.map((_, c) => percent(this.recall(c))), percent(this.accuracy)],
    ].map(aligned);
    const labels = aligned(["actual", ...names, "precision"]);
    const parts: string[][][] = [];
    let width = Infinity;
    for (const column of columns) {
      width += 2 + widthOf(column);
      if (width > LINE_WIDTH) {
        parts.push([labels]);
        width = widthOf(labels) + 2 + widthOf(column);
      }
      parts.at(-1)?.push(column);
    }
    const tables = parts.map((part) => labels.map((_, row) => part.map((column) => column[row]).join("  ")).join("\n"));
    return `${tables.join("\n\n")}\naccuracy ${percent(this.accuracy)}% of ${this.total}`;
  }

  #class(c: number): number {
    if (Number.isInteger(c) && c >= 0 && c < this.classes.length) return c;
    throw new ArgumentError(
      `ConfusionMatrix expects a class from 0 to ${this.classes.length - 1}, but got ${c}. Usual cause: classes counted from 1.`,
    );
  }
}

function widthOf(column: readonly string[]): number {
  return column.reduce((max, cell) => Math.max(max, cell.length), 0);
}

function aligned(column: readonly string[]): string[] {
  return column.map((cell) => cell.padStart(widthOf(column)));
}
