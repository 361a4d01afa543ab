/** Non-maximum suppression: of boxes that cover the same object, the best one stays. */

import { checkInteger, checkNumbers, checkOneOf, checkPositive, checkRange, readOptions } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { exp } from "../tensor/math.js";
import { type Box, checkBoxes, overlapOf } from "./box.js";

export interface NmsOptions {
  /** A box that overlaps a better one by more than this (as {@link iou}) is dropped. Default 0.5. */
  readonly iouThreshold?: number;
  /** One class a box: then only boxes of the same class suppress each other. */
  readonly labels?: ArrayLike<number>;
  /** Boxes with a lower score are dropped at once. Default: none. */
  readonly scoreThreshold?: number;
  /** The most boxes to keep. Default: all. */
  readonly maxDetections?: number;
}

/**
 * Greedy non-maximum suppression: goes through the boxes from the highest score to the lowest (ties: the first one
 * first) and keeps each that overlaps no kept box (of its class, with `labels`) by more than `iouThreshold`.
 *
 * @returns the kept boxes' places, best first
 * @throws ArgumentError for a number of scores or labels other than the boxes', scores that are NaN, boxes with a NaN or a
 *   negative size, or options out of range.
 * Source: https://pytorch.org/vision/stable/generated/torchvision.ops.nms.html (with `labels`, its batched_nms)
 *
 * @example
 * const kept = nms(boxes, scores, { iouThreshold: 0.5, labels });
 * const detections = kept.map((i) => boxes[i]);
 */
export function nms(boxes: readonly Box[], scores: ArrayLike<number>, options: NmsOptions = {}): number[] {
  const { iouThreshold, labels, scoreThreshold, maxDetections } = readOptions("nms", options, {
    iouThreshold: 0.5,
    labels: undefined,
    scoreThreshold: -Infinity,
    maxDetections: Number.MAX_SAFE_INTEGER,
  });
  checkRange("nms", "iouThreshold", iouThreshold, 0, 1);
  checkRange("nms", "scoreThreshold", scoreThreshold, -Infinity, Infinity);
  checkInteger("nms", "maxDetections", maxDetections, 0);
  checkBoxes("nms", boxes);
  checkScores("nms", boxes, scores);
  if (labels !== undefined) checkCount("nms", "label", boxes, labels);
  const order = boxes
    .map((box, index) => ({ box, index, score: scores[index] ?? Number.NaN, label: labels?.[index] }))
    .filter(({ score }) => score >= scoreThreshold)
    .sort((a, b) => (a.score === b.score ? a.index - b.index : b.score > a.score ? 1 : -1));
  const kept: typeof order = [];
  for (const next of order) {
    if (kept.length >= maxDetections) break;
    const doubled = kept.some(({ box, label }) => label === next.label && overlapOf(box, next.box) > iouThreshold);
    if (!doubled) kept.push(next);
  }
  return kept.map(({ index }) => index);
}

export interface SoftNmsOptions {
  /** How scores fall with the overlap: `"gaussian"` (default) or `"linear"`. */
  readonly method?: "gaussian" | "linear";
  /** Of `"gaussian"`: the larger, the less a score falls. Default 0.5. */
  readonly sigma?: number;
  /** Of `"linear"`: overlaps up to this leave the score alone. Default 0.3. */
  readonly iouThreshold?: number;
  /** One class a box: then only boxes of the same class lower each other's scores. */
  readonly labels?: ArrayLike<number>;
  /** Boxes whose score falls below it are dropped. Default 0.001. */
  readonly scoreThreshold?: number;
}

/** A box that {@link softNms} kept. */
export interface SoftNmsDetection {
  /** Its place among the boxes given. */
  readonly index: number;
  /** What is left of its score. */
  readonly score: number;
}

/**
 * Soft non-maximum suppression: a box that overlaps a better one loses score instead of being dropped, so that two
 * objects that cover each other can both stay. From the best of the remaining boxes M to the last, every other score
 * falls to
 *
 *     gaussian  s · exp(−iou(M, b)² / σ)
 *     linear    s · (1 − iou(M, b)) where iou(M, b) > iouThreshold, else s
 *
 * @returns the places of the boxes and their lowered scores, highest first (ties: the first box first)
 * @throws ArgumentError as {@link nms}, for scores that are not from 0 to 1, and for a `sigma` that is not above 0.
 * Source: Bodla et al. 2017, https://arxiv.org/abs/1704.04503
 *
 * @example
 * for (const { index, score } of softNms(boxes, scores, { method: "linear" })) console.log(boxes[index], score);
 */
export function softNms(
  boxes: readonly Box[],
  scores: ArrayLike<number>,
  options: SoftNmsOptions = {},
): SoftNmsDetection[] {
  const { method, sigma, iouThreshold, labels, scoreThreshold } = readOptions("softNms", options, {
    method: "gaussian",
    sigma: 0.5,
    iouThreshold: 0.3,
    labels: undefined,
    scoreThreshold: 0.001,
  });
  checkOneOf("softNms", "method", method, ["gaussian", "linear"]);
  checkPositive("softNms", "sigma", sigma);
  checkRange("softNms", "iouThreshold", iouThreshold, 0, 1);
  checkRange("softNms", "scoreThreshold", scoreThreshold, 0, 1);
  checkBoxes("softNms", boxes);
  checkScores("softNms", boxes, scores, true);
  if (labels !== undefined) checkCount("softNms", "label", boxes, labels);
  const decay =
    method === "gaussian"
      ? (overlap: number) => exp((-overlap * overlap) / sigma)
      : (overlap: number) => (overlap > iouThreshold ? 1 - overlap : 1);
  let remaining = boxes.map((box, index) => ({ box, index, score: scores[index] ?? Number.NaN }));
  const kept: SoftNmsDetection[] = [];
  while (remaining.length > 0) {
    const best = remaining.reduce((a, b) => (b.score > a.score ? b : a));
    if (best.score < scoreThreshold) break;
    kept.push({ index: best.index, score: best.score });
    remaining = remaining
      .filter((other) => other !== best)
      .map((other) => {
        if (labels?.[other.index] !== labels?.[best.index]) return other;
        return { ...other, score: other.score * decay(overlapOf(best.box, other.box)) };
      });
  }
  return kept;
}

/** Refuses scores that cannot be put in order, or lowered. */
function checkScores(who: string, boxes: readonly Box[], scores: ArrayLike<number>, probabilities = false): void {
  checkCount(who, "score", boxes, scores);
  const [low, high] = probabilities ? [0, 1] : [-Infinity, Infinity];
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] ?? Number.NaN;
    if (score >= low && score <= high) continue;
    throw new ArgumentError(
      `${who} expects scores ${probabilities ? "from 0 to 1" : "that are numbers"}, but score ${i} is ${score}. Usual cause: ${Number.isNaN(score) ? "a network whose output is NaN" : "logits instead of probabilities"}.`,
    );
  }
}

function checkCount(who: string, kind: string, { length: boxes }: readonly Box[], values: ArrayLike<number>): void {
  checkNumbers(who, `${kind}s`, values);
  if (kind === "label") for (let i = 0; i < values.length; i++) checkInteger(who, "a label", values[i] ?? 0, -Infinity);
  const got = values.length;
  if (got === boxes) return;
  throw new ArgumentError(
    `${who} expects one ${kind} per box, but got ${boxes} boxes and ${got} ${kind}s. Usual cause: boxes that were filtered without their ${kind}s.`,
  );
}
