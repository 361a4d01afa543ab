/**
 * What the type rules of tensor operations have in common.
 *
 * A rule takes shapes and gives a shape or a {@link Mistake}. Whatever it cannot be sure of (`number`, `any`, unions,
 * lists of unknown length) becomes a `number` or any shape, so that only what must fail at run time is refused.
 */
import type { IsUnion } from "./arithmetic.js";
import type { Mistake } from "./rule.js";
import type { Shape } from "./shape.js";

/** `S` where it is one tuple of sizes; any shape for a union, a list of unknown length, and `any` in either place. */
export type KnownShape<S extends Shape> = number extends S["length"]
  ? Shape
  : true extends IsUnion<S> | IsUnion<S["length"]>
    ? Shape
    : unknown extends S[number]
      ? Shape
      : S;

/** Whether a shape that went through {@link KnownShape} has an unknown number of dimensions. */
export type HasAnyRank<S extends Shape> = number extends S["length"] ? true : false;

/** As many dimensions as `S` has, of unknown sizes. */
export type Unsized<S extends Shape> = { readonly [I in keyof S]: number };

/** Whether `N` is one number literal, of either sign. */
export type IsLiteral<N> = number extends N
  ? false
  : [N] extends [number]
    ? IsUnion<N> extends true
      ? false
      : true
    : false;

/** The shape that a rule gives; any shape where it refuses. */
export type ResultShape<R> = 0 extends 1 & R ? Shape : [R] extends [infer Known extends Shape] ? Known : Shape;

/** For an argument to be intersected with: nothing where the rule takes it, otherwise the sentence that says why not. */
export type OrMistake<R> = R extends Mistake<infer Sentence> ? Sentence : unknown;

/** As {@link OrMistake}, for an argument that is a number: intersected with a text it would be `never`, which says nothing. */
export type NumberOrMistake<R> = R extends Mistake<string> ? R : unknown;

/** A list of numbers as it was written, negative ones as well: `[2, -1]`. */
export type ShowList<L extends readonly number[]> = `[${Listed<L>}]`;

type Listed<L extends readonly number[]> = L extends readonly [
  infer First extends number,
  ...infer Rest extends readonly number[],
]
  ? Rest extends readonly []
    ? ShowNumber<First>
    : `${ShowNumber<First>}, ${Listed<Rest>}`
  : "";

type ShowNumber<N extends number> = IsLiteral<N> extends true ? `${N}` : "?";
