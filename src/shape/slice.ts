/** Parts of a tensor: which elements a slice of each dimension selects. */

import type { IsKnown, Less, Subtract } from "./arithmetic.js";
import { ArgumentError, ShapeError } from "./errors.js";
import type { IsLiteral, KnownShape } from "./known-shape.js";
import type { HasRank, ShapeRule } from "./rule.js";
import { type Shape, showShape, stridesOf } from "./shape.js";
import { show } from "./show.js";

/**
 * What to take of one dimension: one position (the dimension is dropped), `[start, end, step]` (from `start` up to and without
 * `end`, every `step`-th), or null for the whole dimension. Negative positions count from the end.
 */
export type DimSlice = number | readonly [start?: number | null, end?: number | null, step?: number] | null | undefined;

/** Where the elements of a part lie: element i at `offset` + Σ iₐ·stridesₐ, in `shape`. */
export interface SliceGeometry {
  readonly offset: number;
  readonly strides: readonly number[];
  readonly shape: Shape;
}

/** @throws ShapeError for more slices than dimensions or a position outside its dimension, ArgumentError for a slice that is none. */
export function sliceGeometry(who: string, from: Shape, slices: readonly DimSlice[]): SliceGeometry {
  if (slices.length > from.length) {
    throw new ShapeError(
      `${who} expects at most one slice for each dimension of ${showShape(from)}, but got ${slices.length}. Usual cause: a range written as two numbers; write [0, 2].`,
    );
  }
  const shape: number[] = [];
  const strides: number[] = [];
  let offset = 0;
  stridesOf(from).forEach((stride, dim) => {
    const wanted = slices[dim] ?? [];
    if (typeof wanted === "number") {
      offset += resolvePosition(who, wanted, dim, from) * stride;
      return;
    }
    const [start, step, count] = resolveRange(who, wanted, from[dim] ?? 0);
    offset += start * stride;
    strides.push(step * stride);
    shape.push(count);
  });
  return { offset, strides, shape };
}

/** The position from 0 that `position` means along a dimension. */
export function resolvePosition(who: string, position: number, dim: number, shape: Shape): number {
  const extent = shape[dim] ?? 0;
  if (!Number.isInteger(position) || position < -extent || position >= extent) {
    const range = extent === 0 ? "no index, for the dimension is empty," : `an index from ${-extent} to ${extent - 1}`;
    throw new ShapeError(
      `${who} expects ${range} along dim ${dim} of the shape ${showShape(shape)}, but got ${show(position)}. Usual cause: a loop that runs one too far, or swapped dimensions.`,
    );
  }
  return position < 0 ? position + extent : position;
}

/** First position, step and count of a range; ends outside the dimension are moved to its ends, as in Python. */
function resolveRange(
  who: string,
  range: Exclude<DimSlice, number | null | undefined>,
  extent: number,
): [start: number, step: number, count: number] {
  const [first, second, step = 1] = Array.isArray(range) ? (range as Partial<[number, number, number]>) : [Number.NaN];
  const start = first ?? 0;
  const end = second ?? extent;
  if (!Number.isInteger(start) || !Number.isInteger(end) || !Number.isInteger(step) || step < 1) {
    throw new ArgumentError(
      `${who} expects each slice to be an integer, null or [start, end, step] of integers with step ≥ 1, but got ${show(range)}.`,
    );
  }
  const inside = (position: number) => Math.min(extent, Math.max(0, position < 0 ? position + extent : position));
  return [inside(start), step, Math.max(0, Math.ceil((inside(end) - inside(start)) / step))];
}

/** {@link sliceGeometry}'s shape as a type: ranges with a step have an unknown size. */
export type Sliced<S extends Shape, Slices extends readonly unknown[]> = SlicedKnown<KnownShape<S>, Slices>;

type SlicedKnown<
  S extends Shape,
  Slices extends readonly unknown[],
  Result extends Shape = [],
> = Slices extends readonly [infer First, ...infer Rest]
  ? S extends readonly [infer Size extends number, ...infer Sizes extends Shape]
    ? 0 extends 1 & First
      ? Shape
      : [First] extends [number]
        ? SlicedKnown<Sizes, Rest, Result>
        : [First] extends [null | undefined]
          ? SlicedKnown<Sizes, Rest, [...Result, Size]>
          : [First] extends [readonly unknown[]]
            ? SlicedKnown<Sizes, Rest, [...Result, Range<Size, First>]>
            : Shape
    : Shape
  : Slices extends readonly []
    ? readonly [...Result, ...S]
    : Shape;

type Range<Size extends number, R> = R extends readonly []
  ? Size
  : R extends readonly [infer Start]
    ? Between<Position<Start, Size, 0>, Size>
    : R extends readonly [infer Start, infer End]
      ? Between<Position<Start, Size, 0>, Position<End, Size, Size>>
      : number;

type Between<Start, End> = Start extends number
  ? End extends number
    ? Less<Start, End> extends false
      ? 0
      : Subtract<End, Start>
    : never
  : never;

/** The position that one end of a range means, moved to the ends of the dimension. */
type Position<P, Size extends number, Default extends number> = unknown extends P
  ? number
  : [P] extends [null | undefined]
    ? Default
    : IsLiteral<P> extends true
      ? `${P & number}` extends `-${infer Back extends number}`
        ? Less<Back, Size> extends false
          ? 0
          : Subtract<Size, Back>
        : Less<P & number, Size> extends false
          ? Size
          : IsKnown<Size> extends true
            ? P
            : number
      : number;

/** The rule of the layer Slice: {@link sliceGeometry} as a type. */
export interface SliceRule<Slices extends readonly unknown[]> extends ShapeRule {
  readonly of?: Slices;
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : this["in"] extends Shape
      ? Sliced<this["in"], Slices>
      : Shape;
}
