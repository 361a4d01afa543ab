/** Shape rule of scores for classes: `[N, C]`, `[N, C, d₁, …]` for one label per pixel, or `[C]` without a batch. */
import type { IsUnion, ProductOf } from "./arithmetic.js";
import { rankMismatch } from "./errors.js";
import type { Agreed, HasRank, Show, ShowSize } from "./rule.js";
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

/** The shape of the labels: that of the scores without the class dimension. */
export function labelShape(scores: Shape): number[] {
  return scores.length === 1 ? [] : scores.filter((_, dim) => dim !== 1);
}

/** {@link labelShape} as a type. */
type LabelShape<Scores extends Shape> = Scores extends readonly [number]
  ? readonly []
  : Scores extends readonly [infer N extends number, number, ...infer Pixels extends Shape]
    ? readonly [N, ...Pixels]
    : Shape;

/**
 * `unknown`, or the sentence about labels that do not fit the scores: a tensor of labels has the scores' shape without the
 * class dimension, or is one list. Of the scores' own shape it may hold probabilities, which some losses take.
 */
export type LabelsFit<Loss extends string, Scores extends Shape, Labels> =
  IsUnion<Labels> extends true
    ? unknown
    : Labels extends { readonly shape: infer S extends Shape }
      ? LabelShape<Scores> extends infer Wanted extends Shape
        ? [HasRank<S>, HasRank<Wanted>] extends [true, true]
          ? [Agreed<S, Wanted> | Agreed<S, readonly [ProductOf<Wanted>]> | Agreed<S, Scores>] extends [never]
            ? `${Loss} expects ${ShowSize<ProductOf<Wanted>>} labels ${Show<Wanted>} for the scores ${Show<Scores>}, but got labels of shape ${Show<S>}`
            : unknown
          : unknown
        : unknown
      : unknown;

/** `unknown`, or the sentence about a target of another shape than the prediction. */
export type TargetFits<Loss extends string, Prediction extends Shape, T extends Shape> = [
  HasRank<Prediction>,
  HasRank<T>,
] extends [true, true]
  ? [Agreed<Prediction, T>] extends [never]
    ? `${Loss} expects a target of the prediction's shape ${Show<Prediction>}, but got ${Show<T>}`
    : unknown
  : unknown;
