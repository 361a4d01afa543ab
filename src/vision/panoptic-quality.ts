import { Branded } from "../shape/brand.js";
import { checkInteger, checkList, checkNumbers, checkObject, checkRange } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { show } from "../shape/show.js";
import { checkSameSize } from "./label-map.js";
import type { PanopticMap } from "./panoptic.js";

/** How well the segments of a class, or of several on average, were found; all from 0 to 1. */
export interface PanopticScores {
  /** Panoptic quality: sq · rq. */
  readonly pq: number;
  /** Segmentation quality: the mean IoU of the segments that were found; 0 where none was. */
  readonly sq: number;
  /** Recognition quality: the F₁ score of finding segments. */
  readonly rq: number;
}

/** More than any data set has. */
const MAX_CLASSES = 2 ** 20;

/** What was counted of a class. */
interface Tally {
  iou: number;
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
}

/**
 * Panoptic quality, gathered over pictures. A predicted segment p and a true segment g of the same class match when
 * their IoU is above ½ (no segment can then match two); unmatched ones are false positives and false negatives.
 *
 *     PQ = Σ IoU(p, g) / TP  ·  TP / (TP + ½ FP + ½ FN)
 *              = SQ          ·          = RQ
 *
 * for each class, over all pictures; the quality of several classes is their mean. What the truth leaves void does not
 * count: its pixels are taken from the predicted segments, and an unmatched segment that is void by more than half is not a
 * false positive. Crowds are best left void.
 *
 * Source: Kirillov et al. 2019, https://arxiv.org/abs/1801.00868
 *
 * @example
 * const quality = new PanopticQuality(11);
 * for (const { prediction, truth } of scenes) quality.update(prediction, truth);
 * console.log(quality.mean().pq, quality.of(3).pq);
 */
export class PanopticQuality extends Branded {
  readonly #tallies: readonly Tally[];

  /**
   * @param classes the number of classes
   * @throws ArgumentError when it is not a positive integer.
   */
  constructor(classes: number) {
    super();
    checkInteger("PanopticQuality", "classes", classes, 1);
    checkRange("PanopticQuality", "classes", classes, 1, MAX_CLASSES);
    this.#tallies = Array.from({ length: classes }, () => ({
      iou: 0,
      truePositives: 0,
      falsePositives: 0,
      falseNegatives: 0,
    }));
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.PanopticQuality";
  }

  /** Its classes and their mean: `PanopticQuality(11 classes, pq=0.5)`. */
  override toString(): string {
    const classes = this.ownSelf.#tallies.length;
    return `PanopticQuality(${classes} classes, pq=${this.mean().pq})`;
  }

  /** What was counted of each class, for JSON. */
  toJSON(): Readonly<Record<"iou" | "truePositives" | "falsePositives" | "falseNegatives", number>>[] {
    return this.ownSelf.#tallies.map((tally) => ({ ...tally }));
  }

  /**
   * Counts one picture.
   * @throws ShapeError for maps of different sizes; ArgumentError for a map that shows other segments than it lists, and
   *   for a label that is not a class. Nothing has been counted then.
   */
  update(prediction: PanopticMap, truth: PanopticMap): this {
    checkSameSize("PanopticQuality", prediction, truth);
    const predicted = this.ownSelf.#indices("prediction", prediction);
    const actual = this.ownSelf.#indices("truth", truth);
    // shared[p][t]: the pixels of predicted segment p and true segment t; place 0 is void.
    const shared = Array.from({ length: predicted.size }, () => new Float64Array(actual.size));
    for (const [pixel, id] of prediction.data.entries()) {
      const row = shared[predicted.get(id) ?? 0];
      const t = actual.get(truth.data[pixel] ?? 0) ?? 0;
      if (row) row[t] = (row[t] ?? 0) + 1;
    }
    const trueAreas = Array.from({ length: actual.size }, (_, t) =>
      shared.reduce((sum, row) => sum + (row[t] ?? 0), 0),
    );

    const found = new Set<number>();
    for (const [p, { label }] of prediction.segments.entries()) {
      const row = shared[p + 1] ?? new Float64Array();
      const area = row.reduce((sum, pixels) => sum + pixels, 0);
      const outsideVoid = area - (row[0] ?? 0);
      const tally = this.ownSelf.#tally(label);
      const iou = (t: number) => (row[t] ?? 0) / (outsideVoid + (trueAreas[t] ?? 0) - (row[t] ?? 0));
      const match = truth.segments.findIndex((segment, t) => segment.label === label && iou(t + 1) > 0.5);
      if (match >= 0) {
        found.add(match);
        tally.truePositives++;
        tally.iou += iou(match + 1);
      } else if (outsideVoid >= area / 2) {
        tally.falsePositives++;
      }
    }
    for (const [t, { label }] of truth.segments.entries()) {
      if (!found.has(t)) this.ownSelf.#tally(label).falseNegatives++;
    }
    return this;
  }

  /**
   * The quality of one class; NaN of a class that was neither there nor predicted.
   * @throws ArgumentError for a number that is not a class.
   */
  of(c: number): PanopticScores {
    const { iou, truePositives, falsePositives, falseNegatives } = this.ownSelf.#tally(c);
    const segments = truePositives + falsePositives / 2 + falseNegatives / 2;
    if (segments === 0) return { pq: Number.NaN, sq: Number.NaN, rq: Number.NaN };
    return { pq: iou / segments, sq: truePositives === 0 ? 0 : iou / truePositives, rq: truePositives / segments };
  }

  /**
   * The mean quality of these classes (default: all) that were there or were predicted; NaN when none was.
   * @throws ArgumentError for a number that is not a class.
   */
  mean(classes: readonly number[] = this.ownSelf.#tallies.map((_, c) => c)): PanopticScores {
    checkNumbers("PanopticQuality.mean", "classes", classes);
    const scores = classes.map((c) => this.of(c)).filter(({ pq }) => !Number.isNaN(pq));
    const mean = (part: keyof PanopticScores) => scores.reduce((sum, score) => sum + score[part], 0) / scores.length;
    return { pq: mean("pq"), sq: mean("sq"), rq: mean("rq") };
  }

  /** The place of each segment, from 1, by its id; void's is 0. Refuses a map that does not show what it lists. */
  #indices(kind: "prediction" | "truth", { data, segments }: PanopticMap): Map<number, number> {
    checkList("PanopticQuality", `a ${kind}'s segments`, segments);
    for (const segment of segments) {
      checkObject("PanopticQuality", "a segment", "{ id, label }", segment);
      checkInteger("PanopticQuality", "a segment's id", segment.id, -Infinity);
    }
    const indices = new Map([[0, 0], ...segments.map(({ id }, i) => [id, i + 1] as const)]);
    const shown = new Set(data);
    shown.delete(0);
    if (
      indices.size !== segments.length + 1 ||
      shown.size !== segments.length ||
      ![...shown].every((id) => indices.has(id))
    ) {
      const list = (ids: Iterable<number>) => [...ids].sort((a, b) => a - b).join(", ") || "none";
      throw new ArgumentError(
        `PanopticQuality expects a ${kind} that shows each segment it lists, and no other, but it lists ${list(segments.map(({ id }) => id))} and shows ${list(shown)}. Usual cause: a segment that others cover entirely, or 0, which is void, as an id.`,
      );
    }
    for (const { label } of segments) this.#tally(label);
    return indices;
  }

  #tally(label: number): Tally {
    const tally = Number.isInteger(label) ? this.#tallies[label] : undefined;
    if (tally) return tally;
    throw new ArgumentError(
      `PanopticQuality expects a class from 0 to ${this.#tallies.length - 1}, but got ${show(label)}. Usual cause: classes counted from 1.`,
    );
  }
}
