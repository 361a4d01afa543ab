/** Axes as users write them: counted from 0, or from the end by negative numbers. */

import type { IsUnion } from "./arithmetic.js";
import type { Definite, Given, HasAnyRank, IsLiteral } from "./definite.js";
import { ArgumentError, ShapeError } from "./errors.js";
import type { Mistake, Show } from "./rule.js";
import { type Shape, showShape, sizeOf } from "./shape.js";
import { show } from "./show.js";

/** One axis, several axes, or (undefined) all of them. */
export type Axes = number | readonly number[] | undefined;

/**
 * The axis from 0 that `axis` means in a tensor of this shape.
 * @param who the function's name, for the message
 * @throws ShapeError when the shape has no such axis, ArgumentError when `axis` is no integer.
 */
export function resolveAxis(who: string, axis: number, shape: Shape): number {
  if (!Number.isInteger(axis)) {
    throw new ArgumentError(
      `${who} expects an axis to be an integer, but got ${show(axis)}. Usual cause: a variable that is undefined.`,
    );
  }
  const rank = shape.length;
  if (axis < -rank || axis >= rank) {
    const range = rank === 0 ? "no axis, for the tensor has none" : `an axis from ${-rank} to ${rank - 1}`;
    throw new ShapeError(
      `${who} expects ${range}, but got axis ${axis} for the shape ${showShape(shape)}. Usual cause: a missing batch axis, or an axis that an earlier step removed.`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/** {@link resolveAxis} as a type, for a definite `S`: `number` where it is not known, `never` for an axis that is not there. */
export type ResolvedAxis<S extends Shape, Axis> =
  HasAnyRank<S> extends true
    ? number
    : IsLiteral<Axis> extends true
      ? `${Axis & number}` extends `${bigint}`
        ? `${Axis & number}` extends keyof S
          ? Axis & number
          : `${Axis & number}` extends `-${infer Back extends number}`
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

/** For an axis to be intersected with: nothing, or the sentence for an axis that `S` does not have. */
export type AxisTold<Who extends string, S extends Shape, Axis> = [ResolvedAxis<Definite<S>, Axis>] extends [never]
  ? Mistake<`${Who} expects ${AxisRange<S>}, but got axis ${Axis & number} for the shape ${Show<S>}`>
  : unknown;

type AxisRange<S extends Shape> = S extends readonly [number, ...infer Rest extends Shape]
  ? `an axis from -${S["length"]} to ${Rest["length"]}`
  : "no axis, for the tensor has none";

/** The axes from 0 that `axes` means, in ascending order. @throws as {@link resolveAxis}, and for an axis named twice. */
export function resolveAxes(who: string, axes: Axes, shape: Shape): number[] {
  if (axes === undefined) return shape.map((_, axis) => axis);
  const list = Array.isArray(axes) ? axes : [axes as number];
  const resolved = new Set(list.map((axis) => resolveAxis(who, axis, shape)));
  if (resolved.size < list.length) {
    throw new ArgumentError(
      `${who} expects each axis once, but got ${showShape(list)} for the shape ${showShape(shape)}. Usual cause: an axis named from both ends.`,
    );
  }
  return [...resolved].sort((a, b) => a - b);
}

/** {@link resolveAxes} as a type, for a definite `S`: a union of literals, `number` where it is not known. */
export type ResolvedAxes<S extends Shape, A> = [A] extends [number]
  ? ResolvedAxis<S, A>
  : number extends S["length"]
    ? number
    : A extends readonly unknown[]
      ? true extends IsUnion<A> | IsUnion<A["length"]>
        ? number
        : number extends A["length"]
          ? number
          : { readonly [I in keyof A]: ResolvedAxis<S, A[I]> }[number]
      : number;

/** As {@link AxisTold}, for one axis or several, of which the first wrong one is told. */
export type AxesTold<Who extends string, S extends Shape, A> = A extends readonly [infer First, ...infer Rest]
  ? AxisTold<Who, S, First> extends infer Told extends Mistake<string>
    ? Told
    : AxesTold<Who, S, Rest>
  : [A] extends [number]
    ? AxisTold<Who, S, A>
    : unknown;

/** What is left of `shape` when the axes in `reduced` (from 0) are one number each; with `keepDims` they stay, as size 1. */
export function reducedShape(shape: Shape, reduced: readonly number[], keepDims: boolean): number[] {
  if (keepDims) return shape.map((extent, axis) => (reduced.includes(axis) ? 1 : extent));
  return shape.filter((_, axis) => !reduced.includes(axis));
}

/** {@link reducedShape} as a type, for axes as the user writes them. */
export type Reduced<S extends Shape, A, KeepDims> = Given<
  boolean extends KeepDims
    ? Shape
    : unknown extends A
      ? Shape
      : [A] extends [undefined]
        ? KeepDims extends true
          ? AllOnes<Definite<S>>
          : readonly []
        : ReducedOver<Definite<S>, A, KeepDims>
>;

type AllOnes<S extends Shape> = HasAnyRank<S> extends true ? Shape : { readonly [I in keyof S]: 1 };

type ReducedOver<S extends Shape, A, KeepDims> =
  ResolvedAxes<S, A> extends infer Axes
    ? number extends Axes
      ? Shape
      : KeepDims extends true
        ? { readonly [I in keyof S]: I extends `${Axes & number}` ? 1 : S[I] }
        : Without<S, Axes>
    : never;

/** `S` without the axes `Dropped`. */
export type Without<
  S extends Shape,
  Dropped,
  Passed extends readonly unknown[] = [],
  Kept extends Shape = [],
> = S extends readonly [infer First extends number, ...infer Rest extends Shape]
  ? Without<Rest, Dropped, [...Passed, unknown], Passed["length"] extends Dropped ? Kept : [...Kept, First]>
  : readonly [...Kept];

/** @throws ShapeError where one of the axes, from 0, has no element to choose. */
export function checkNonEmpty(who: string, axes: readonly number[], shape: Shape): void {
  const empty = axes.find((axis) => shape[axis] === 0);
  if (empty === undefined) return;
  throw new ShapeError(
    `${who} expects at least one element along axis ${empty}, but got the shape ${showShape(shape)}. Usual cause: an empty batch, or a slice that selects nothing.`,
  );
}

/** A tensor read about one axis: element (o, k, i) lies at (o · size + k) · inner + i. */
export interface AxisGeometry {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** @throws as {@link resolveAxis}. A scalar counts as `[1]`, as in torch. */
export function axisGeometry(who: string, axis: number, shape: Shape): AxisGeometry {
  if (shape.length === 0) shape = [1];
  const at = resolveAxis(who, axis, shape);
  return { outer: sizeOf(shape, 0, at), size: shape[at] ?? 1, inner: sizeOf(shape, at + 1) };
}
