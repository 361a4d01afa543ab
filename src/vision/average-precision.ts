/** Average precision: how well regions with scores, boxes or masks, find the true ones. */
import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkList,
  checkNumber,
  checkNumbers,
  checkObject,
  checkRange,
  readOptions,
} from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";

/** An object of a picture: its class and where it is, as a box or a mask. */
export interface Region<R> {
  readonly label: number;
  readonly region: R;
}

/** A predicted object. */
export interface ScoredRegion<R> extends Region<R> {
  /** How sure the prediction is of it: any scale, higher is surer. */
  readonly score: number;
}

/** What was predicted of one picture, and what is there. */
export interface Picture<R> {
  readonly predictions: readonly ScoredRegion<R>[];
  readonly truths: readonly Region<R>[];
}

/**
 * Average precision of predictions with scores: the area under the curve of precision over recall that one gets by going
 * through them from the surest on, where the precision at a recall is the best one at that recall or a higher one.
 * Predictions with equal scores are taken together, so that their order does not matter.
 *
 * @param scores of all predictions
 * @param hits whether each is right
 * @param truths how many there were to find
 * @returns from 0 to 1; NaN when there was nothing to find
 * @throws ArgumentError for another number of hits than scores, a score that is NaN, or fewer truths than hits.
 * Source: Everingham et al. 2010, https://doi.org/10.1007/s11263-009-0275-4 (all recall points, as VOC since 2010)
 *
 * @example
 * averagePrecision([0.9, 0.8, 0.7], [true, false, true], 2); // ½ · 1 + ½ · ⅔
 */
export function averagePrecision(scores: readonly number[], hits: readonly boolean[], truths: number): number {
  checkNumbers("averagePrecision", "scores", scores);
  checkList("averagePrecision", "hits", hits);
  for (const hit of hits) checkBoolean("averagePrecision", "a hit", hit);
  checkInteger("averagePrecision", "truths", truths, 0);
  const found = hits.filter(Boolean).length;
  if (scores.length !== hits.length || scores.some(Number.isNaN) || truths < found) {
    throw new ArgumentError(
      `averagePrecision expects one score and one hit per prediction and no more hits than truths, but got ${scores.length} scores, ${scores.filter(Number.isNaN).length} of them NaN, and ${found} hits among ${hits.length} for ${truths} truths. Usual cause: two predictions that both count as a hit of one object.`,
    );
  }
  if (truths === 0) return Number.NaN;
  const order = [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  const points: { readonly recall: number; readonly precision: number }[] = [];
  let right = 0;
  for (const [i, at] of order.entries()) {
    if (hits[at]) right++;
    if (scores[order[i + 1] ?? -1] !== scores[at]) points.push({ recall: right / truths, precision: right / (i + 1) });
  }
  let area = 0;
  let best = 0;
  for (const [i, { recall, precision }] of [...points.entries()].reverse()) {
    best = Math.max(best, precision);
    area += (recall - (points[i - 1]?.recall ?? 0)) * best;
  }
  return area;
}

export interface AveragePrecisionOptions {
  /** Overlap from which on a prediction has found an object; of several, the result is the mean. Default 0.5. */
  readonly iouThreshold?: number | readonly number[];
}

/**
 * Mean over the classes of the {@link averagePrecision} of their predictions in all pictures (mAP). In each picture, from
 * the surest prediction on (ties: the first one first), a prediction is a hit if its overlap with the truth of its class
 * that nobody has taken yet and that it overlaps most is at least `iouThreshold`; it takes that truth then.
 *
 * @param overlap how much two regions overlap, from 0 to 1: `iou` for boxes, `maskIou` for masks
 * @returns from 0 to 1; NaN without any truth. Classes without a truth are left out of the mean.
 * @throws ArgumentError for a threshold that is not from 0 to 1, or a score that is NaN.
 * Source: https://cocodataset.org/#detection-eval, which averages over 0.5, 0.55, …, 0.95
 *
 * @example
 * const predictions = [{ label: 3, score: 0.9, region: mask }];
 * meanAveragePrecision([{ predictions, truths: [{ label: 3, region: trueMask }] }], maskIou, { iouThreshold: 0.75 });
 */
export function meanAveragePrecision<R>(
  pictures: readonly Picture<R>[],
  overlap: (a: R, b: R) => number,
  options: AveragePrecisionOptions = {},
): number {
  const thresholds = [readOptions("meanAveragePrecision", options, { iouThreshold: 0.5 }).iouThreshold].flat();
  for (const threshold of thresholds) checkRange("meanAveragePrecision", "iouThreshold", threshold, 0, 1);
  checkPictures(pictures);
  checkFunction("meanAveragePrecision", "overlap", overlap);
  const labels = new Set(pictures.flatMap(({ truths }) => truths.map(({ label }) => label)));
  const values = [...labels].flatMap((label) => {
    const ofClass = pictures.map((picture) => candidatesOf(picture, label, overlap));
    const scores = ofClass.flatMap(({ candidates }) => candidates.map(({ score }) => score));
    const truths = ofClass.reduce((sum, picture) => sum + picture.truths, 0);
    return thresholds.map((threshold) => {
      const hits = ofClass.flatMap(({ candidates }) => hitsOf(candidates, threshold));
      return averagePrecision(scores, hits, truths);
    });
  });
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function checkPictures(pictures: readonly Picture<unknown>[]): void {
  const who = "meanAveragePrecision";
  checkList(who, "pictures", pictures);
  for (const picture of pictures) {
    checkObject(who, "a picture", "{ predictions, truths }", picture);
    for (const kind of ["predictions", "truths"] as const) {
      checkList(who, kind, picture[kind]);
      for (const each of picture[kind]) {
        checkObject(who, `each of its ${kind}`, "{ label, region }", each);
        checkInteger(who, "a label", each.label, -Infinity);
      }
    }
    for (const { score } of picture.predictions) checkNumber(who, "a score", score);
  }
}

interface Candidate {
  readonly score: number;
  /** With each truth of its class. */
  readonly overlaps: readonly number[];
}

/** The predictions of one class, the surest first, and how they overlap its truths. */
function candidatesOf<R>({ predictions, truths }: Picture<R>, label: number, overlap: (a: R, b: R) => number) {
  const own = truths.filter((truth) => truth.label === label);
  const candidates = predictions
    .filter((prediction) => prediction.label === label)
    .sort((a, b) => b.score - a.score)
    .map(({ score, region }): Candidate => ({ score, overlaps: own.map((truth) => overlap(region, truth.region)) }));
  return { candidates, truths: own.length };
}

/** Which of them find a truth that none before them has found. */
function hitsOf(candidates: readonly Candidate[], threshold: number): boolean[] {
  const taken = new Set<number>();
  return candidates.map(({ overlaps }) => {
    const free = [...overlaps.keys()].filter((truth) => !taken.has(truth));
    const at = (truth: number) => overlaps[truth] ?? 0;
    const best = free.reduce((a, b) => (at(b) > at(a) ? b : a), free[0] ?? -1);
    if (best < 0 || !(at(best) >= threshold)) return false;
    taken.add(best);
    return true;
  });
}
