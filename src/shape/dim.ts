/** Dimensions as users write them: counted from 0, or from the end by negative numbers. */

import type { IsUnion } from "./arithmetic.js";
import { ArgumentError, ShapeError } from "./errors.js";
import type { HasAnyRank, IsLiteral, KnownShape, ResultShape } from "./known-shape.js";
import type { Mistake, Show } from "./rule.js";
import { type Shape, showShape, sizeOf } from "./shape.js";
import { show } from "./show.js";

/** One dimension, several dimensions, or (undefined) all of them. */
export type Dims = number | readonly number[] | undefined;

/**
 * The dimension from 0 that `dim` means in a tensor of this shape.
 * @param who the function's name, for the message
 * @throws ShapeError when the shape has no such dimension, ArgumentError when `dim` is not an integer.
 */
export function resolveDim(who: string, dim: number, shape: Shape): number {
  if (!Number.isInteger(dim)) {
    throw new ArgumentError(
      `${who} expects a dimension to be an integer, but got ${show(dim)}. Usual cause: an undefined variable.`,
    );
  }
  const rank = shape.length;
  if (dim < -rank || dim >= rank) {
    const range = rank === 0 ? "no dimension, as the tensor has none" : `a dimension from ${-rank} to ${rank - 1}`;
    throw new ShapeError(
      `${who} expects ${range}, but got dim ${dim} for the shape ${showShape(shape)}. Usual cause: a missing batch dimension, or a dimension that an earlier step removed.`,
    );
  }
  return dim < 0 ? dim + rank : dim;
}

/** {@link resolveDim} as a type, for a known `S`: `number` where it is not known, `never` for a dimension that is not there. */
export type ResolvedDim<S extends Shape, Dim> =
  HasAnyRank<S> extends true
    ? number
    : IsLiteral<Dim> extends true
      ? `${Dim & number}` extends `${bigint}`
        ? `${Dim & number}` extends keyof S
          ? Dim & number
          : `${Dim & number}` extends `-${infer Back extends number}`
            ? FromEnd<S, Back>
            : never
        : number
      : number;

type FromEnd<S extends Shape, Back extends number, Passed extends readonly unknown[] = []> = S extends readonly [
  ...infer Front extends Shape,
  number,
]
  ? [...Passed, unknown]["length"] extends Back
    ? Front["length"]
    : FromEnd<Front, Back, [...Passed, unknown]>
  : never;

/** For a dimension to be intersected with: nothing, or the sentence for a dimension that `S` does not have. */
export type DimOrMistake<Who extends string, S extends Shape, Dim> = [ResolvedDim<KnownShape<S>, Dim>] extends [never]
  ? Mistake<`${Who} expects ${DimRange<S>}, but got dim ${Dim & number} for the shape ${Show<S>}`>
  : unknown;

type DimRange<S extends Shape> = S extends readonly [number, ...infer Rest extends Shape]
  ? `a dimension from -${S["length"]} to ${Rest["length"]}`
  : "no dimension, as the tensor has none";

/** The dimensions from 0 that `dims` means, in ascending order. @throws as {@link resolveDim}, and for a dimension named twice. */
export function resolveDims(who: string, dims: Dims, shape: Shape): number[] {
  if (dims === undefined) return shape.map((_, dim) => dim);
  const list = Array.isArray(dims) ? dims : [dims as number];
  const resolved = new Set(list.map((dim) => resolveDim(who, dim, shape)));
  if (resolved.size < list.length) {
    throw new ArgumentError(
      `${who} expects each dimension once, but got ${showShape(list)} for the shape ${showShape(shape)}. Usual cause: a dimension named from both ends.`,
    );
  }
  return [...resolved].sort((a, b) => a - b);
}

/** {@link resolveDims} as a type, for a known `S`: a union of literals, `number` where it is not known. */
export type ResolvedDims<S extends Shape, A> = [A] extends [number]
  ? ResolvedDim<S, A>
  : number extends S["length"]
    ? number
    : A extends readonly unknown[]
      ? true extends IsUnion<A> | IsUnion<A["length"]>
        ? number
        : number extends A["length"]
          ? number
          : { readonly [I in keyof A]: ResolvedDim<S, A[I]> }[number]
      : number;

/** As {@link DimOrMistake}, for one dimension or several, reporting the first wrong one. */
export type DimsOrMistake<Who extends string, S extends Shape, A> = A extends readonly [infer First, ...infer Rest]
  ? DimOrMistake<Who, S, First> extends infer Wrong extends Mistake<string>
    ? Wrong
    : DimsOrMistake<Who, S, Rest>
  : [A] extends [number]
    ? DimOrMistake<Who, S, A>
    : unknown;

/** What is left of `shape` when the dimensions in `reduced` (from 0) are one number each; with `keepDims` they stay, as size 1. */
export function reducedShape(shape: Shape, reduced: readonly number[], keepDims: boolean): number[] {
  if (keepDims) return shape.map((extent, dim) => (reduced.includes(dim) ? 1 : extent));
  return shape.filter((_, dim) => !reduced.includes(dim));
}

/** {@link reducedShape} as a type, for dimensions as the user writes them. */
export type Reduced<S extends Shape, A, KeepDims> = ResultShape<
  boolean extends KeepDims
    ? Shape
    : unknown extends A
      ? Shape
      : [A] extends [undefined]
        ? KeepDims extends true
          ? AllOnes<KnownShape<S>>
          : readonly []
        : ReducedOver<KnownShape<S>, A, KeepDims>
>;

type AllOnes<S extends Shape> = HasAnyRank<S> extends true ? Shape : { readonly [I in keyof S]: 1 };

type ReducedOver<S extends Shape, A, KeepDims> =
  ResolvedDims<S, A> extends infer Dims
    ? number extends Dims
      ? Shape
      : KeepDims extends true
        ? { readonly [I in keyof S]: I extends `${Dims & number}` ? 1 : S[I] }
        : Without<S, Dims>
    : never;

/** `S` without the dimensions `Dropped`. */
export type Without<
  S extends Shape,
  Dropped,
  Passed extends readonly unknown[] = [],
  Kept extends Shape = [],
> = S extends readonly [infer First extends number, ...infer Rest extends Shape]
  ? Without<Rest, Dropped, [...Passed, unknown], Passed["length"] extends Dropped ? Kept : [...Kept, First]>
  : readonly [...Kept];

/** @throws ShapeError where one of the dimensions, from 0, has no element to choose. */
export function checkNonEmpty(who: string, dims: readonly number[], shape: Shape): void {
  const empty = dims.find((dim) => shape[dim] === 0);
  if (empty === undefined) return;
  throw new ShapeError(
    `${who} expects at least one element along dim ${empty}, but got the shape ${showShape(shape)}. Usual cause: an empty batch, or a slice that selects nothing.`,
  );
}

/** A tensor read about one dimension: element (o, k, i) lies at (o · size + k) · inner + i. */
export interface DimGeometry {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** @throws as {@link resolveDim}. A scalar counts as `[1]`, as in torch. */
export function dimGeometry(who: string, dim: number, shape: Shape): DimGeometry {
  if (shape.length === 0) shape = [1];
  const at = resolveDim(who, dim, shape);
  return { outer: sizeOf(shape, 0, at), size: shape[at] ?? 1, inner: sizeOf(shape, at + 1) };
}
