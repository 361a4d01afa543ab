/** Shape rule of scores for classes: `[N, C]`, `[N, C, d₁, …]` for one label a pixel, or `[C]` without a batch. */
import { rankMismatch } from "./errors.js";
import { type Shape, sizeOf } from "./shape.js";

/** Scores (outer, classes, inner) with one label for each of (outer, inner). */
export interface ClassGeometry {
  readonly outer: number;
  readonly classes: number;
  readonly inner: number;
}

/** @throws ShapeError for a scalar. */
export function classGeometry(who: string, scores: Shape): ClassGeometry {
  const [first, second, ...pixels] = scores;
  if (first === undefined) {
    throw rankMismatch(who, "[N, C], [N, C, d₁, …] or [C]", scores, "scores that were averaged already");
  }
  if (second === undefined) return { outer: 1, classes: first, inner: 1 };
  return { outer: first, classes: second, inner: sizeOf(pixels) };
}

/** The shape of the labels: that of the scores without the class axis. */
export function labelShape(scores: Shape): number[] {
  return scores.length === 1 ? [] : scores.filter((_, axis) => axis !== 1);
}
