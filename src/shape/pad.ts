/** Shape rule of padding, and which input pixel every padded pixel shows. */

import type { Add, Less, Multiply, Subtract } from "./arithmetic.js";
import { checkInteger, checkSize } from "./check.js";
import { ArgumentError, rankMismatch, ShapeError } from "./errors.js";
import type { IsLiteral, KnownShape, Unsized } from "./known-shape.js";
import type { HasRank, RankMistake, ShapeRule } from "./rule.js";
import { replaceLast, type Shape, showShape } from "./shape.js";
import { show } from "./show.js";

/** What padding holds: zeros, or the image's own pixels, mirrored, repeated at the edge or wrapped around. */
export type PaddingMode = "zeros" | "reflect" | "replicate" | "circular";

/** Padding by the image's own pixels. */
export type PixelMode = Exclude<PaddingMode, "zeros">;

/** `[left, right, top, bottom]`, as torch orders them; a negative number crops. */
export type Padding2d = readonly [left: number, right: number, top: number, bottom: number];

/**
 * The source index of every position along a padded dimension.
 *
 *     reflect: … 2 1 | 0 1 2 …    replicate: … 0 0 | 0 1 2 …    circular: … n−2 n−1 | 0 1 2 …
 */
export function padIndices(size: number, before: number, after: number, mode: PixelMode): Int32Array {
  return Int32Array.from({ length: size + before + after }, (_, i) => {
    const at = i - before;
    if (at >= 0 && at < size) return at;
    switch (mode) {
      case "reflect":
        return at < 0 ? -at : 2 * (size - 1) - at;
      case "replicate":
        return at < 0 ? 0 : size - 1;
      case "circular":
        return at < 0 ? at + size : at - size;
    }
  });
}

/**
 * The padded shape of `[…, H, W]`.
 * @throws ShapeError for fewer than two dimensions, a crop of everything, or padding wider than the image can fill.
 */
export function padShape(layer: string, input: Shape, padding: Padding2d, mode: PaddingMode = "zeros"): number[] {
  const height = input.at(-2);
  const width = input.at(-1);
  if (height === undefined || width === undefined) {
    throw rankMismatch(layer, "[…, H, W]", input, "images flattened too early");
  }
  const [left, right, top, bottom] = padding;
  return replaceLast(
    input,
    paddedSize(layer, input, height, top, bottom, mode),
    paddedSize(layer, input, width, left, right, mode),
  );
}

/** Size of one padded dimension. @throws ShapeError for a crop of everything, or more padding than `mode` can fill. */
export function paddedSize(
  layer: string,
  input: Shape,
  size: number,
  before: number,
  after: number,
  mode: PaddingMode,
): number {
  // Reflection does not repeat the edge, so it can show size − 1 pixels; circular padding wraps around once.
  const max = mode === "reflect" ? size - 1 : mode === "circular" ? size : Infinity;
  if (Math.max(before, after) > max) {
    throw new ShapeError(
      `${layer} expects "${mode}" padding of at most ${max} on each side of a dimension of ${size}, but got ${Math.max(before, after)} (input ${showShape(input)}). Usual cause: an input that earlier layers made too small.`,
    );
  }
  const padded = size + before + after;
  if (padded < 1 || Math.min(before, after) < -size) {
    throw new ShapeError(
      `${layer} expects to leave at least one of the ${size} elements of a dimension, but its padding is ${before} before and ${after} after (input ${showShape(input)}). Usual cause: a negative padding, which crops.`,
    );
  }
  return padded;
}

/**
 * What to add before and after each dimension, the first one first, of `padding` in torch's order: before and after the last
 * dimension, before and after the one before it, …
 * @throws ArgumentError unless `padding` is pairs of integers, ShapeError for more pairs than dimensions and as {@link paddedSize}.
 */
export function padSides(who: string, shape: Shape, padding: readonly number[], mode: PaddingMode): Sides {
  const rank = shape.length;
  if (!Array.isArray(padding) || padding.length % 2 > 0 || !padding.every(Number.isInteger)) {
    throw new ArgumentError(
      `${who} expects integers in pairs, before and after each dimension from the last one, but got ${show(padding)}.`,
    );
  }
  if (padding.length > 2 * rank) {
    throw new ShapeError(
      `${who} expects pairs for at most the ${rank} dimensions of ${showShape(shape)}, but got ${padding.length / 2} in ${showShape(padding)}.`,
    );
  }
  const sides = shape.map((_, dim) => {
    const pair = 2 * (rank - 1 - dim);
    return [padding[pair] ?? 0, padding[pair + 1] ?? 0] as const;
  });
  const sizes = sides.map(([before, after], dim) => paddedSize(who, shape, shape[dim] ?? 0, before, after, mode));
  checkSize(who, "an output", sizes);
  return sides;
}

/** What to add before and after each dimension; negative numbers crop. */
export type Sides = readonly (readonly [before: number, after: number])[];

/** The shape after padding by pairs from the last dimension (before, after, before, after, …), each as in {@link paddedSize}. */
export type Padded<S extends Shape, Padding extends readonly number[]> = number extends Padding["length"]
  ? Unsized<KnownShape<S>>
  : PaddedKnown<KnownShape<S>, Padding>;

type PaddedKnown<
  S extends Shape,
  Padding extends readonly number[],
  Done extends Shape = [],
> = Padding extends readonly [
  infer Before extends number,
  infer After extends number,
  ...infer Rest extends readonly number[],
]
  ? S extends readonly [...infer Outer extends Shape, infer Size extends number]
    ? PaddedKnown<Outer, Rest, [Extended<Extended<Size, Before>, After>, ...Done]>
    : Shape
  : Padding extends readonly []
    ? readonly [...S, ...Done]
    : Shape;

type Extended<Size extends number, By extends number> =
  IsLiteral<By> extends true
    ? `${By}` extends `-${infer Crop extends number}`
      ? Less<Size, Crop> extends false
        ? Subtract<Size, Crop>
        : number
      : Add<Size, By>
    : number;

/** Checks a padding option: one integer for all sides or `[left, right, top, bottom]`; negative numbers crop. */
export function checkPadding2d(layer: string, padding: number | Padding2d): Padding2d {
  const sides = typeof padding === "number" ? [padding, padding, padding, padding] : padding;
  if (!Array.isArray(sides) || sides.length !== 4) {
    throw new ArgumentError(
      `${layer} expects padding to be a number or [left, right, top, bottom], but got ${show(sides)}. Usual cause: [height, width], as convolutions take it.`,
    );
  }
  const [left, right, top, bottom] = sides.map((side) => checkInteger(layer, "padding", side, -Infinity));
  return [left ?? 0, right ?? 0, top ?? 0, bottom ?? 0];
}

/** The rule of ZeroPad2d: {@link padShape} as a type; a negative padding is left to run time. */
export interface ZeroPadRule<P> extends ShapeRule {
  readonly of?: P;
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : this["in"] extends readonly [...infer Leading extends Shape, infer H extends number, infer W extends number]
      ? [P] extends [
          readonly [infer L extends number, infer R extends number, infer T extends number, infer B extends number],
        ]
        ? readonly [...Leading, Add<H, Add<T, B>>, Add<W, Add<L, R>>]
        : [P] extends [number]
          ? readonly [...Leading, Add<H, Multiply<P, 2>>, Add<W, Multiply<P, 2>>]
          : readonly [...Leading, number, number]
      : RankMistake<"ZeroPad2d", "[…, H, W]", this["in"]>;
}
