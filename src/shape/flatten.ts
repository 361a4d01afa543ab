/** Shape rules of Flatten and Unflatten. */
import type { IsKnown, ProductOf } from "./arithmetic.js";
import { resolveAxis } from "./axis.js";
import { checkInteger } from "./check.js";
import { ArgumentError, ShapeError } from "./errors.js";
import type { Differs, HasRank, Mistake, Option, ShapeRule, Show } from "./rule.js";
import { type Shape, showShape, sizeOf } from "./shape.js";

/**
 * The axes from `startDim` to `endDim`, both included, become one.
 * @throws ShapeError for an axis that the input does not have, or a start after the end.
 */
export function flattenShape(layer: string, input: Shape, startDim: number, endDim: number): number[] {
  const sizes = input.length > 0 ? input : [1]; // torch reads a scalar as one axis
  const start = resolveAxis(layer, startDim, sizes);
  const end = resolveAxis(layer, endDim, sizes);
  if (start > end) {
    throw new ShapeError(
      `${layer} expects startDim to come before endDim, but they are axes ${start} and ${end} of the input ${showShape(input)}. Usual cause: an input without its batch axis.`,
    );
  }
  return [...sizes.slice(0, start), sizeOf(sizes.slice(start, end + 1)), ...sizes.slice(end + 1)];
}

/** Checks the sizes that one axis is split into: positive integers, of which one may be −1 for "whatever remains". */
export function checkUnflattened(layer: string, sizes: Shape): Shape {
  if (!Array.isArray(sizes) || sizes.length === 0) {
    throw new ArgumentError(
      `${layer} expects unflattenedSize to be a list of sizes such as [2, 3], but got ${Array.isArray(sizes) ? "[]" : String(sizes)}.`,
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
 * The axis `dim` becomes the axes `sizes`.
 * @throws ShapeError for an axis that the input does not have, or sizes whose product is another number.
 */
export function unflattenShape(layer: string, input: Shape, dim: number, sizes: Shape): number[] {
  const axis = resolveAxis(layer, dim, input);
  const extent = input[axis] ?? 1;
  const known = sizeOf(sizes.filter((size) => size !== -1));
  const resolved = sizes.map((size) => (size === -1 ? extent / known : size));
  if (sizeOf(resolved) !== extent || resolved.some((size) => !Number.isInteger(size))) {
    throw new ShapeError(
      `${layer} expects axis ${axis} to be ${sizes.includes(-1) ? `a multiple of ${known}` : known} to split it into ${showShape(sizes)}, but its input ${showShape(input)} has ${extent}. Usual cause: sizes that belong to another layer's output.`,
    );
  }
  return [...input.slice(0, axis), ...resolved, ...input.slice(axis + 1)];
}

/** The rule of Flatten: {@link flattenShape} as a type, for axes counted from the front and for −1, the last. */
export interface FlattenRule<O> extends ShapeRule {
  /** Tells a Sequential to show the factors of a size that a Linear refuses. */
  readonly flattens: true;
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : Flattened<this["in"], Option<O, "startDim", 1>, Option<O, "endDim", -1>>;
}

type Flattened<S, Start, End> = S extends Shape
  ? [End] extends [-1]
    ? Split<S, Start> extends { readonly front: infer Front extends Shape; readonly back: infer Back extends Shape }
      ? Back extends readonly []
        ? Shape
        : readonly [...Front, ProductOf<Back>]
      : Shape
    : Shape
  : Shape;

/** The first `At` sizes and the others. */
type Split<S extends Shape, At, Front extends Shape = []> =
  IsKnown<At> extends true
    ? Front["length"] extends At
      ? { readonly front: Front; readonly back: S }
      : S extends readonly [infer First extends number, ...infer Rest extends Shape]
        ? Split<Rest, At, [...Front, First]>
        : never
    : never;

/** The rule of Unflatten: {@link unflattenShape} as a type, for axes counted from the front. */
export interface UnflattenRule<Dim, Sizes> extends ShapeRule {
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : HasRank<Sizes> extends false
      ? Shape
      : this["in"] extends Shape
        ? Split<this["in"], Dim> extends {
            readonly front: infer Front extends Shape;
            readonly back: readonly [infer Extent extends number, ...infer Rest extends Shape];
          }
          ? Sizes extends Shape
            ? Unflattened<Front, Extent, Rest, Sizes, this["in"], Dim>
            : Shape
          : Shape
        : Shape;
}

type Unflattened<
  Front extends Shape,
  Extent extends number,
  Rest extends Shape,
  Sizes extends Shape,
  Input,
  Dim,
> = -1 extends Sizes[number]
  ? readonly [...Front, ...{ [I in keyof Sizes]: Sizes[I] extends -1 ? number : Sizes[I] }, ...Rest]
  : Differs<ProductOf<Sizes>, Extent> extends true
    ? Mistake<`Unflatten expects axis ${Dim & number} to be ${ProductOf<Sizes>} to split it into ${Show<Sizes>}, but its input ${Show<Input>} has ${Extent}`>
    : readonly [...Front, ...Sizes, ...Rest];
