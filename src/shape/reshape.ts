/** What a shape may be, and the rules of `reshape` and `as`. */

import type { FloorDivide, IsKnown, Multiply, ProductOf } from "./arithmetic.js";
import type { InputSize } from "./chain.js";
import { causeOfNumbers, checkSize, MAX_ELEMENTS, refuse } from "./check.js";
import { ArgumentError, ShapeError } from "./errors.js";
import type { HasAnyRank, IsLiteral, KnownShape, ShowList } from "./known-shape.js";
import type { OneName } from "./named.js";
import type { Agreed, Differs, Mistake, Show, ShowSize } from "./rule.js";
import { type Shape, showShape, sizeOf } from "./shape.js";
import { show } from "./show.js";

/** NumPy's limit, and torch's. */
export const MAX_DIMS = 64;

/**
 * Positions before a dimension of size 0, and before and after it: they take no memory, but whoever loops over the ones, or
 * reduces along that dimension and so allocates the others, would take time and memory without end.
 */
const MAX_BEFORE = 2 ** 22;
const MAX_AROUND = 2 ** 28;

/** What a shape of integers ≥ 0 would have to be for a tensor to have it; undefined where one can. */
export function shapeFlaw(shape: Shape): string | undefined {
  if (shape.length > MAX_DIMS) return `at most ${MAX_DIMS} dimensions`;
  if (sizeOf(shape) > MAX_ELEMENTS) return `at most ${MAX_ELEMENTS} elements`;
  const empty = shape.indexOf(0);
  const before = sizeOf(shape, 0, empty);
  if (empty < 0 || (before <= MAX_BEFORE && sizeOf(shape.filter(Boolean)) <= MAX_AROUND)) return undefined;
  return `at most ${MAX_BEFORE} positions before a dimension of size 0 and ${MAX_AROUND} around it`;
}

/**
 * Refuses a shape that no tensor can have.
 * @throws ArgumentError for anything but an array of at most 64 integers ≥ 0 with fewer than 2³¹ elements in all, and
 *   where there are none, at most 2²² positions before the dimension of size 0 and 2²⁸ around it.
 */
export function checkShape(who: string, shape: Shape): void {
  if (isOrdinary(shape)) return;
  checkExtents(who, shape);
  checkSize(who, "a shape", shape);
  const flaw = shapeFlaw(shape);
  if (flaw) throw new ArgumentError(`${who} expects a shape of ${flaw}, but got ${showShape(shape)}.`);
}

/** Whether there is nothing to ask, as of nearly all shapes: every tensor that is made asks, dozens in a step of training. */
function isOrdinary(shape: Shape): boolean {
  if (!Array.isArray(shape) || shape.length > MAX_DIMS) return false;
  let size = 1;
  for (let dim = 0; dim < shape.length; dim++) {
    const extent: number = shape[dim];
    if (!Number.isInteger(extent) || extent < 1) return false;
    size *= extent;
  }
  return size <= MAX_ELEMENTS;
}

/** Refuses what is not a shape at all, of a tensor or of one that is only thought of. @throws ArgumentError. */
export function checkExtents(who: string, shape: Shape): void {
  if (isOrdinary(shape)) return;
  if (!Array.isArray(shape)) {
    throw new ArgumentError(
      `${who} expects a shape as an array, but got ${show(shape)}. Usual cause: sizes given one by one; write [2, 3].`,
    );
  }
  if (!shape.every((extent) => Number.isInteger(extent) && extent >= 0)) {
    refuse(who, "", "a shape of integers ≥ 0", shape, causeOfNumbers(...shape));
  }
}

/**
 * The shape that `shape` means for as many elements as `from` has: one −1 stands for whatever makes the sizes fit.
 * @throws ArgumentError for two −1 or sizes that are not integers, ShapeError when the number of elements differs.
 */
export function reshapeShape(who: string, from: Shape, shape: Shape): number[] {
  const free = Array.isArray(shape) ? shape.indexOf(-1) : -1;
  if (free < 0) checkShape(who, shape);
  if (free >= 0 && shape.indexOf(-1, free + 1) >= 0) {
    throw new ArgumentError(`${who} expects at most one −1, but got ${showShape(shape)}.`);
  }
  const sizes = [...shape];
  if (free >= 0) {
    sizes[free] = 1;
    checkShape(who, sizes);
    sizes[free] = sizeOf(from) / sizeOf(sizes);
  }
  if (sizeOf(sizes) !== sizeOf(from) || !sizes.every(Number.isInteger)) {
    const expected = free < 0 ? `${sizeOf(from)} elements` : `sizes that divide ${sizeOf(from)} elements`;
    throw new ShapeError(
      `${who} expects a shape of ${expected}, the size of ${showShape(from)}, but got ${showShape(shape)}. Usual cause: a missing batch dimension, or an input of another size than planned.`,
    );
  }
  return sizes;
}

/** {@link reshapeShape} as a type: −1 becomes a literal where both shapes are known, otherwise `number`. */
export type Reshape<Who extends string, From extends Shape, To extends Shape> = Refilled<
  Who,
  KnownShape<From>,
  KnownShape<To>
>;

type Refilled<Who extends string, From extends Shape, To extends Shape> =
  HasAnyRank<To> extends true
    ? Shape
    : AroundFree<To> extends infer Free
      ? Free extends { readonly before: infer Before extends Shape; readonly after: infer After extends Shape }
        ? AroundFree<After> extends null
          ? Quotient<From, [...Before, ...After]> extends infer Rest extends number
            ? Sizes<readonly [...Before, Rest, ...After]>
            : Misfit<Who, `sizes that divide ${ProductOf<From>} elements`, From, To>
          : Mistake<`${Who} expects at most one −1, but got ${ShowList<To>}`>
        : ProductOf<From> extends infer Count extends number
          ? number extends Count
            ? Sizes<To>
            : Differs<Count, ProductOf<To>> extends true
              ? Misfit<Who, `${Count} elements`, From, To>
              : Sizes<To>
          : never
      : never;

/** The sizes before and after the first −1, or null where there is none. */
type AroundFree<To extends Shape, Before extends Shape = []> = To extends readonly [
  infer Size extends number,
  ...infer Rest extends Shape,
]
  ? IsLiteral<Size> extends true
    ? Size extends -1
      ? { readonly before: Before; readonly after: Rest }
      : AroundFree<Rest, [...Before, Size]>
    : AroundFree<Rest, [...Before, number]>
  : null;

/** The product of `From` divided by that of `To`, without the sizes that they share; null where it has a remainder. */
type Quotient<From extends Shape, To extends Shape, Left extends Shape = []> = To extends readonly [
  infer First extends number,
  ...infer Rest extends Shape,
]
  ? TakenOut<From, First> extends infer Others extends Shape
    ? Quotient<Others, Rest, Left>
    : Quotient<From, Rest, [...Left, First]>
  : Left extends readonly []
    ? ProductOf<From>
    : Whole<ProductOf<From>, ProductOf<Left>>;

/** `S` without one `Size`, or null where that is not in it, not known, or 0, which does not cancel. */
type TakenOut<S extends Shape, Size extends number, Front extends Shape = []> = S extends readonly [
  infer First extends number,
  ...infer Rest extends Shape,
]
  ? [First, IsKnown<Size>] extends [Size, true]
    ? First extends 0
      ? null
      : readonly [...Front, ...Rest]
    : TakenOut<Rest, Size, [...Front, First]>
  : null;

type Whole<Count extends number, By extends number> = number extends Count
  ? number
  : FloorDivide<Count, By> extends infer Result extends number
    ? Differs<Multiply<Result, By>, Count> extends true
      ? null
      : Result
    : never;

type Misfit<
  Who extends string,
  Expected extends string,
  From extends Shape,
  To extends Shape,
> = Mistake<`${Who} expects a shape of ${Expected}, the size of ${Show<From>}, but got ${ShowList<To>}`>;

/** What is not a size for sure, such as a union with −1 in it, is a `number`. */
type Sizes<To extends Shape> = { readonly [I in keyof To]: IsKnown<To[I]> extends true ? To[I] : OneName<To[I]> };

/** @throws ShapeError unless `shape` is what `expected` says; `"N"` stands for any size. */
export function assertShape(who: string, shape: Shape, expected: readonly InputSize[]): void {
  if (!Array.isArray(expected)) {
    throw new ArgumentError(
      `${who} expects a shape as an array, but got ${show(expected)}. Usual cause: sizes given one by one; write [2, 3].`,
    );
  }
  if (expected.length !== shape.length || !expected.every((size, dim) => size === "N" || size === shape[dim])) {
    throw new ShapeError(
      `${who} expects the shape [${expected.map((size) => (size === "N" ? size : show(size))).join(", ")}], but got ${showShape(shape)}. Usual cause: data of another size than planned, or a missing batch dimension.`,
    );
  }
}

/** {@link assertShape} as a type: the shape that is asserted, with `number` for `"N"`. */
export type Asserted<Who extends string, S extends Shape, Expected extends readonly InputSize[]> =
  Unnamed<Expected> extends infer T extends Shape
    ? HasAnyRank<KnownShape<S>> extends true
      ? KnownShape<T>
      : HasAnyRank<KnownShape<T>> extends true
        ? Shape
        : [Agreed<S, T>] extends [never]
          ? Mistake<`${Who} expects the shape ${ShowNamed<Expected>}, but got ${Show<S>}`>
          : T
    : Shape;

type Unnamed<Expected extends readonly InputSize[]> = {
  readonly [I in keyof Expected]: Expected[I] extends number ? Expected[I] : number;
};

type ShowNamed<Expected extends readonly InputSize[]> = `[${Named<Expected>}]`;

type Named<Expected extends readonly InputSize[]> = Expected extends readonly [
  infer First extends InputSize,
  ...infer Rest extends readonly InputSize[],
]
  ? `${First extends number ? ShowSize<First> : First}${Rest extends readonly [] ? "" : `, ${Named<Rest>}`}`
  : "";
