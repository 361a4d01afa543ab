/** Shape rules of Flatten and Unflatten. */

import type { Add, FloorDivide, IsKnown, Less, Modulo, Multiply, ProductOf } from "./arithmetic.js";
import { checkInteger } from "./check.js";
import { type DimsOrMistake, type ResolvedDim, resolveDim } from "./dim.js";
import { ArgumentError, ShapeError } from "./errors.js";
import type { HasAnyRank, KnownShape } from "./known-shape.js";
import type {
  Differs,
  DimMistake,
  DimOf,
  HasRank,
  Mistake,
  Option,
  OptionsOf,
  ShapeRule,
  Show,
  ShowSize,
} from "./rule.js";
import { type Shape, showShape, sizeOf } from "./shape.js";
import { show } from "./show.js";

/**
 * The dimensions from `startDim` to `endDim`, both included, become one.
 * @throws ShapeError for a dimension that the input does not have, or a start after the end.
 */
export function flattenShape(layer: string, input: Shape, startDim: number, endDim: number): number[] {
  const sizes = input.length > 0 ? input : [1]; // torch reads a scalar as one dimension
  const start = resolveDim(layer, startDim, sizes);
  const end = resolveDim(layer, endDim, sizes);
  if (start > end) {
    throw new ShapeError(
      `${layer} expects startDim to come before endDim, but they are dims ${start} and ${end} of the input ${showShape(input)}. Usual cause: an input without its batch dimension.`,
    );
  }
  const flat = [...sizes];
  flat.splice(start, end - start + 1, sizeOf(sizes, start, end + 1));
  return flat;
}

/** Checks the sizes that one dimension is split into: positive integers; one may be −1 for "whatever remains". */
export function checkUnflattened(layer: string, sizes: Shape): Shape {
  if (!Array.isArray(sizes) || sizes.length === 0) {
    throw new ArgumentError(
      `${layer} expects unflattenedSize to be a list of sizes such as [2, 3], but got ${show(sizes)}.`,
    );
  }
  for (const size of sizes) if (size !== -1) checkInteger(layer, "unflattenedSize", size, 1);
  if (sizes.filter((size) => size === -1).length > 1) {
    throw new ArgumentError(
      `${layer} expects at most one −1 in unflattenedSize, but got ${showShape(sizes)}. Usual cause: only one size can follow from the others.`,
    );
  }
  return [...sizes];
}

/**
 * The dimension `dim` becomes the dimensions `sizes`.
 * @throws ShapeError for a dimension that the input does not have, or sizes whose product is another number.
 */
export function unflattenShape(layer: string, input: Shape, dim: number, sizes: Shape): number[] {
  const at = resolveDim(layer, dim, input);
  const extent = input[at] ?? 1;
  const known = sizeOf(sizes.filter((size) => size !== -1));
  const resolved = sizes.map((size) => (size === -1 ? Math.floor(extent / known) : size));
  if (sizeOf(resolved) !== extent) {
    throw new ShapeError(
      `${layer} expects dim ${at} to be ${sizes.includes(-1) ? `a multiple of ${known}` : known} to split it into ${showShape(sizes)}, but its input ${showShape(input)} has ${extent}. Usual cause: sizes that belong to another layer's output.`,
    );
  }
  return [...input.slice(0, at), ...resolved, ...input.slice(at + 1)];
}

/** {@link flattenShape} as a type. */
export type FlattenedDims<Who extends string, S extends Shape, Start, End> = MergedDims<
  Who,
  KnownShape<S> extends readonly [] ? readonly [1] : KnownShape<S>,
  Start,
  End
>;

type MergedDims<Who extends string, S extends Shape, Start, End> =
  HasAnyRank<S> extends true
    ? Shape
    : number extends ResolvedDim<S, Start> | ResolvedDim<S, End>
      ? Shape
      : unknown extends DimsOrMistake<Who, S, readonly [Start, End]>
        ? MergedFrom<S, ResolvedDim<S, Start>, ResolvedDim<S, End>> extends infer Result extends Shape
          ? Result
          : Mistake<`${Who} expects startDim to come before endDim, but they are dims ${ResolvedDim<S, Start>} and ${ResolvedDim<S, End>} of the input ${Show<S>}`>
        : DimsOrMistake<Who, S, readonly [Start, End]>;

/** `null` where the end comes before the start. */
type MergedFrom<S extends Shape, Start, End, Before extends Shape = []> = Before["length"] extends Start
  ? MergedUpTo<S, End, Before, Before>
  : S extends readonly [infer First extends number, ...infer Rest extends Shape]
    ? MergedFrom<Rest, Start, End, [...Before, First]>
    : null;

type MergedUpTo<
  S extends Shape,
  End,
  Before extends Shape,
  Passed extends Shape,
  Product extends number = 1,
> = S extends readonly [infer First extends number, ...infer Rest extends Shape]
  ? Passed["length"] extends End
    ? readonly [...Before, Multiply<Product, First>, ...Rest]
    : MergedUpTo<Rest, End, Before, [...Passed, First], Multiply<Product, First>>
  : null;

/** The rule of Flatten: {@link flattenShape} as a type. */
export interface FlattenRule<Options extends readonly unknown[]> extends ShapeRule {
  readonly of?: Options;
  /** Tells a Sequential to show the factors of a size that a Linear refuses. */
  readonly flattens: true;
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : (this["in"] extends readonly [] ? readonly [1] : this["in"]) extends infer S extends Shape
      ? Flattened<S, Option<OptionsOf<Options>, "startDim", 1>, Option<OptionsOf<Options>, "endDim", -1>>
      : Shape;
}

type Flattened<S extends Shape, Start, End> = [DimOf<S, Start>] extends [never]
  ? DimMistake<"Flatten", S, Start>
  : [DimOf<S, End>] extends [never]
    ? DimMistake<"Flatten", S, End>
    : Less<DimOf<S, End>, DimOf<S, Start>> extends true
      ? Mistake<`Flatten expects startDim to come before endDim, but they are dims ${DimOf<S, Start>} and ${DimOf<S, End>} of the input ${Show<S>}`>
      : Merged<S, DimOf<S, Start>, Add<DimOf<S, End>, 1>>;

/** The dimensions from `Start` up to `End`, which is not included, as one. */
type Merged<S extends Shape, Start extends number, End extends number> =
  Split<S, Start> extends Parts<infer Front, Shape>
    ? Split<S, End> extends Parts<readonly [...Front, ...infer Middle extends Shape], infer Back>
      ? readonly [...Front, ProductOf<Middle>, ...Back]
      : Shape
    : Shape;

interface Parts<Front extends Shape, Back extends Shape> {
  readonly front: Front;
  readonly back: Back;
}

/** The first `At` sizes and the others; `unknown` where `At` is not known. */
type Split<S extends Shape, At extends number, Front extends Shape = []> =
  IsKnown<At> extends true
    ? Front["length"] extends At
      ? Parts<Front, S>
      : S extends readonly [infer First extends number, ...infer Rest extends Shape]
        ? Split<Rest, At, [...Front, First]>
        : unknown
    : unknown;

/** The rule of Unflatten: {@link unflattenShape} as a type. */
export interface UnflattenRule<Dim, Sizes extends Shape> extends ShapeRule {
  readonly of?: readonly [Dim, Sizes];
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : HasRank<Sizes> extends false
      ? Shape
      : this["in"] extends Shape
        ? [DimOf<this["in"], Dim>] extends [never]
          ? DimMistake<"Unflatten", this["in"], Dim>
          : Unflattened<this["in"], DimOf<this["in"], Dim>, Sizes, Known<Sizes>>
        : Shape;
}

/** The product of all sizes but −1. */
type Known<Sizes extends Shape> = ProductOf<{ [I in keyof Sizes]: Sizes[I] extends -1 ? 1 : Sizes[I] }>;

type Unflattened<S extends Shape, Dim extends number, Sizes extends Shape, Product extends number> =
  Split<S, Dim> extends Parts<infer Front, readonly [infer Extent extends number, ...infer Back extends Shape]>
    ? -1 extends Sizes[number]
      ? Differs<Modulo<Extent, Product>, 0> extends true
        ? SplitMistake<S, Dim, Sizes, `a multiple of ${Product}`>
        : readonly [...Front, ...Filled<Sizes, FloorDivide<Extent, Product>>, ...Back]
      : Differs<Product, Extent> extends true
        ? SplitMistake<S, Dim, Sizes, `${Product}`>
        : readonly [...Front, ...Filled<Sizes, number>, ...Back]
    : Shape;

/** The sizes with `Free` for −1; what is not a size for sure is a number. */
type Filled<Sizes extends Shape, Free extends number> = {
  [I in keyof Sizes]: IsKnown<Sizes[I]> extends true
    ? Sizes[I]
    : number extends Sizes[I]
      ? number
      : Sizes[I] extends -1
        ? Free
        : number;
};

type SplitMistake<
  S extends Shape,
  Dim extends number,
  Sizes extends Shape,
  Expected extends string,
> = Mistake<`Unflatten expects dim ${Dim} to be ${Expected} to split it into ${ShowSizes<Sizes>}, but its input ${Show<S>} has ${S[Dim]}`>;

/** Sizes as they were written, −1 as well. */
type ShowSizes<Sizes extends Shape> = `[${Written<Sizes>}]`;

type Written<Sizes extends Shape> = Sizes extends readonly [infer First extends number, ...infer Rest extends Shape]
  ? `${First extends -1 ? "-1" : ShowSize<First>}${Rest extends readonly [] ? "" : `, ${Written<Rest>}`}`
  : "";
