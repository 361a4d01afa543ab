/** Shapes of tensors whose axes are dropped, inserted or put in another order. */
import type { Modulo } from "./arithmetic.js";
import { refuse } from "./check.js";
import type { Definite, HasAnyRank, IsLiteral, ShowList, Unsized } from "./definite.js";
import { type AxesTold, type ResolvedAxes, type ResolvedAxis, resolveAxis, type Without } from "./dim.js";
import { ArgumentError, inputMismatch, rankMismatch } from "./errors.js";
import type { Differs, HasRank, Mismatch, Mistake, RankMistake, ShapeRule, Show } from "./rule.js";
import { type Shape, showShape, sizeOf } from "./shape.js";

/** Without the axis, if its size is 1; for no axis, without every axis of size 1. @throws as {@link resolveAxis}. */
export function squeezedShape(who: string, shape: Shape, axis: number | undefined): number[] {
  const chosen = axis === undefined ? undefined : resolveAxis(who, axis, shape);
  return shape.filter((extent, i) => extent !== 1 || (chosen !== undefined && i !== chosen));
}

/** {@link squeezedShape} as a type: any shape where a size is not known that decides about its axis. */
export type Squeezed<S extends Shape, Axis> = SqueezedDefinite<Definite<S>, Axis>;

type SqueezedDefinite<S extends Shape, Axis> =
  HasAnyRank<S> extends true
    ? Shape
    : Axis extends undefined
      ? WithoutOnes<S>
      : ResolvedAxis<S, Axis> extends infer At extends number
        ? number extends At
          ? Shape
          : IsLiteral<S[At]> extends true
            ? S[At] extends 1
              ? Without<S, At>
              : S
            : Shape
        : Shape;

/** `S` without its axes of size 1. */
export type WithoutOnes<S extends Shape, Kept extends Shape = []> = S extends readonly [
  infer First extends number,
  ...infer Rest extends Shape,
]
  ? IsLiteral<First> extends true
    ? WithoutOnes<Rest, First extends 1 ? Kept : [...Kept, First]>
    : Shape
  : readonly [...Kept];

/** With an axis of size 1 that becomes axis `axis` of the result. @throws as {@link resolveAxis}. */
export function unsqueezedShape(who: string, shape: Shape, axis: number): number[] {
  return shape.toSpliced(resolveAxis(who, axis, [...shape, 1]), 0, 1);
}

/** {@link unsqueezedShape} as a type. */
export type Unsqueezed<S extends Shape, Axis> = Inserted<Definite<S>, 1, Axis>;

/** A definite `S` with another axis of `Size`, which becomes axis `Axis` of the result. */
export type Inserted<S extends Shape, Size extends number, Axis> =
  HasAnyRank<S> extends true
    ? Shape
    : ResolvedAxis<readonly [...S, Size], Axis> extends infer At
      ? number extends At
        ? Shape
        : InsertedAt<S, Size, At>
      : never;

type InsertedAt<S extends Shape, Size extends number, At, Front extends Shape = []> = Front["length"] extends At
  ? readonly [...Front, Size, ...S]
  : S extends readonly [infer First extends number, ...infer Rest extends Shape]
    ? InsertedAt<Rest, Size, At, [...Front, First]>
    : Shape;

/** The order of axes that swaps two. @throws as {@link resolveAxis}. */
export function transposedOrder(who: string, shape: Shape, a: number, b: number): number[] {
  const order = shape.map((_, axis) => axis);
  const [first, second] = [resolveAxis(who, a, shape), resolveAxis(who, b, shape)];
  order[first] = second;
  order[second] = first;
  return order;
}

/** The shape with two axes swapped: {@link transposedOrder} and {@link permutedAxes} as a type. */
export type Transposed<S extends Shape, A, B> = Swapped<
  Definite<S>,
  ResolvedAxis<Definite<S>, A>,
  ResolvedAxis<Definite<S>, B>
>;

type Swapped<S extends Shape, A extends number, B extends number> =
  HasAnyRank<S> extends true
    ? Shape
    : number extends A | B
      ? Unsized<S>
      : { readonly [I in keyof S]: I extends `${A}` ? S[B] : I extends `${B}` ? S[A] : S[I] };

/** The axes from 0 that an order means. @throws ArgumentError unless it names every axis once. */
export function permutedAxes(who: string, shape: Shape, order: readonly number[]): number[] {
  if (!Array.isArray(order)) {
    refuse(who, "an order", "an array such as [1, 0]", order, "axes given one by one, as torch takes them");
  }
  const axes = order.map((axis) => resolveAxis(who, axis, shape));
  if (axes.length !== shape.length || new Set(axes).size < axes.length) {
    throw new ArgumentError(
      `${who} expects an order that names each of the ${shape.length} axes of ${showShape(shape)} once, but got ${showShape(order)}.`,
    );
  }
  return axes;
}

/** The shape of axes in the order of {@link permutedAxes}. */
export type Permuted<Who extends string, S extends Shape, Order extends readonly number[]> = Reordered<
  Who,
  Definite<S>,
  Definite<Order>
>;

type Reordered<Who extends string, S extends Shape, Order extends readonly number[]> =
  HasAnyRank<Order> extends true
    ? Shape
    : number extends ResolvedAxes<S, Order>
      ? Unsized<Order>
      : unknown extends AxesTold<Who, S, Order>
        ? NamesAll<S, Order> extends true
          ? { readonly [I in keyof Order]: S[ResolvedAxis<S, Order[I]> & number] }
          : Mistake<`${Who} expects an order that names each of the ${S["length"]} axes of ${Show<S>} once, but got ${ShowList<Order>}`>
        : AxesTold<Who, S, Order>;

type NamesAll<S extends Shape, Order extends readonly number[]> = S["length"] extends Order["length"]
  ? [Exclude<keyof S, keyof [] | `${ResolvedAxes<S, Order> & number}`>] extends [never]
    ? true
    : false
  : false;

/**
 * The input of a channel shuffle as [N, C, the rest].
 * @throws ShapeError for fewer than two axes, or groups that do not divide the channels.
 */
export function channelShuffleShape(who: string, input: Shape, groups: number): readonly [number, number, number] {
  const [batch, channels] = input;
  if (batch === undefined || channels === undefined) {
    throw rankMismatch(who, "[N, C, …]", input, "a missing batch axis");
  }
  if (channels % groups !== 0) {
    throw inputMismatch(
      {
        layer: who,
        expected: `a multiple of ${groups} channels`,
        got: `${channels}`,
        cause: "groups that belong to another number of channels",
      },
      input,
    );
  }
  return [batch, channels, sizeOf(input, 2)];
}

/** The rule of Permute: {@link permutedAxes} as a type. */
export interface PermuteRule<Order extends readonly number[]> extends ShapeRule {
  readonly of?: Order;
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : this["in"] extends Shape
      ? Permuted<"Permute", this["in"], Order>
      : Shape;
}

/** The rule of ChannelShuffle: {@link channelShuffleShape} as a type. */
export interface ChannelShuffleRule<G extends number> extends ShapeRule {
  readonly of?: G;
  readonly out: HasRank<this["in"]> extends false
    ? this["in"]
    : this["in"] extends readonly [number, infer C extends number, ...Shape]
      ? Differs<Modulo<C, G>, 0> extends true
        ? Mismatch<"ChannelShuffle", `a multiple of ${G} channels`, `${C}`>
        : this["in"]
      : RankMistake<"ChannelShuffle", "[N, C, …]", this["in"]>;
}
