/** Shapes of tensors whose dimensions are dropped, inserted or put in another order. */
import type { Modulo } from "./arithmetic.js";
import { refuse } from "./check.js";
import { type DimsOrMistake, type ResolvedDim, type ResolvedDims, resolveDim, type Without } from "./dim.js";
import { ArgumentError, inputMismatch, rankMismatch } from "./errors.js";
import type { HasAnyRank, IsLiteral, KnownShape, ShowList, Unsized } from "./known-shape.js";
import type { Differs, HasRank, Mismatch, Mistake, RankMistake, ShapeRule, Show } from "./rule.js";
import { type Shape, showShape, sizeOf } from "./shape.js";

/** Without the dimension, if its size is 1; for no dimension, without every dimension of size 1. @throws as {@link resolveDim}. */
export function squeezedShape(who: string, shape: Shape, dim: number | undefined): number[] {
  const chosen = dim === undefined ? undefined : resolveDim(who, dim, shape);
  return shape.filter((extent, i) => extent !== 1 || (chosen !== undefined && i !== chosen));
}

/** {@link squeezedShape} as a type: any shape where a size is not known that decides about its dimension. */
export type Squeezed<S extends Shape, Dim> = SqueezedKnown<KnownShape<S>, Dim>;

type SqueezedKnown<S extends Shape, Dim> =
  HasAnyRank<S> extends true
    ? Shape
    : Dim extends undefined
      ? WithoutOnes<S>
      : ResolvedDim<S, Dim> extends infer At extends number
        ? number extends At
          ? Shape
          : IsLiteral<S[At]> extends true
            ? S[At] extends 1
              ? Without<S, At>
              : S
            : Shape
        : Shape;

/** `S` without its dimensions of size 1. */
export type WithoutOnes<S extends Shape, Kept extends Shape = []> = S extends readonly [
  infer First extends number,
  ...infer Rest extends Shape,
]
  ? IsLiteral<First> extends true
    ? WithoutOnes<Rest, First extends 1 ? Kept : [...Kept, First]>
    : Shape
  : readonly [...Kept];

/** With a dimension of size 1 that becomes dimension `dim` of the result. @throws as {@link resolveDim}. */
export function unsqueezedShape(who: string, shape: Shape, dim: number): number[] {
  return shape.toSpliced(resolveDim(who, dim, [...shape, 1]), 0, 1);
}

/** {@link unsqueezedShape} as a type. */
export type Unsqueezed<S extends Shape, Dim> = Inserted<KnownShape<S>, 1, Dim>;

/** A known `S` with another dimension of `Size`, which becomes dimension `Dim` of the result. */
export type Inserted<S extends Shape, Size extends number, Dim> =
  HasAnyRank<S> extends true
    ? Shape
    : ResolvedDim<readonly [...S, Size], Dim> extends infer At
      ? number extends At
        ? Shape
        : InsertedAt<S, Size, At>
      : never;

type InsertedAt<S extends Shape, Size extends number, At, Front extends Shape = []> = Front["length"] extends At
  ? readonly [...Front, Size, ...S]
  : S extends readonly [infer First extends number, ...infer Rest extends Shape]
    ? InsertedAt<Rest, Size, At, [...Front, First]>
    : Shape;

/** The order of dimensions that swaps two. @throws as {@link resolveDim}. */
export function transposedOrder(who: string, shape: Shape, a: number, b: number): number[] {
  const order = shape.map((_, dim) => dim);
  const [first, second] = [resolveDim(who, a, shape), resolveDim(who, b, shape)];
  order[first] = second;
  order[second] = first;
  return order;
}

/** The shape with two dimensions swapped: {@link transposedOrder} and {@link permutedDims} as a type. */
export type Transposed<S extends Shape, A, B> = Swapped<
  KnownShape<S>,
  ResolvedDim<KnownShape<S>, A>,
  ResolvedDim<KnownShape<S>, B>
>;

type Swapped<S extends Shape, A extends number, B extends number> =
  HasAnyRank<S> extends true
    ? Shape
    : number extends A | B
      ? Unsized<S>
      : { readonly [I in keyof S]: I extends `${A}` ? S[B] : I extends `${B}` ? S[A] : S[I] };

/** The dimensions from 0 that an order means. @throws ArgumentError unless it names every dimension once. */
export function permutedDims(who: string, shape: Shape, order: readonly number[]): number[] {
  if (!Array.isArray(order)) {
    refuse(who, "an order", "an array such as [1, 0]", order, "dimensions given one by one, as torch takes them");
  }
  const dims = order.map((dim) => resolveDim(who, dim, shape));
  if (dims.length !== shape.length || new Set(dims).size < dims.length) {
    throw new ArgumentError(
      `${who} expects an order that names each of the ${shape.length} dimensions of ${showShape(shape)} once, but got ${showShape(order)}.`,
    );
  }
  return dims;
}

/** The shape of dimensions in the order of {@link permutedDims}. */
export type Permuted<Who extends string, S extends Shape, Order extends readonly number[]> = Reordered<
  Who,
  KnownShape<S>,
  KnownShape<Order>
>;

type Reordered<Who extends string, S extends Shape, Order extends readonly number[]> =
  HasAnyRank<Order> extends true
    ? Shape
    : number extends ResolvedDims<S, Order>
      ? Unsized<Order>
      : unknown extends DimsOrMistake<Who, S, Order>
        ? NamesAll<S, Order> extends true
          ? { readonly [I in keyof Order]: S[ResolvedDim<S, Order[I]> & number] }
          : Mistake<`${Who} expects an order that names each of the ${S["length"]} dimensions of ${Show<S>} once, but got ${ShowList<Order>}`>
        : DimsOrMistake<Who, S, Order>;

type NamesAll<S extends Shape, Order extends readonly number[]> = S["length"] extends Order["length"]
  ? [Exclude<keyof S, keyof [] | `${ResolvedDims<S, Order> & number}`>] extends [never]
    ? true
    : false
  : false;

/**
 * The input of a channel shuffle as [N, C, the rest].
 * @throws ShapeError for fewer than two dimensions, or groups that do not divide the channels.
 */
export function channelShuffleShape(who: string, input: Shape, groups: number): readonly [number, number, number] {
  const [batch, channels] = input;
  if (batch === undefined || channels === undefined) {
    throw rankMismatch(who, "[N, C, …]", input, "a missing batch dimension");
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

/** The rule of Permute: {@link permutedDims} as a type. */
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
