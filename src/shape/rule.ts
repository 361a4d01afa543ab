/**
 * What a layer's shape rule is at the type level, and how its mistakes become sentences.
 *
 * A rule is a function from the input's shape to the output's. TypeScript has no type-level functions; the usual way to
 * write one is an interface whose `out` is computed from `this["in"]`, and {@link OutputOf} that fills `in` in.
 * Each rule stands beside the function of the same meaning in the files of this room.
 *
 * Where the compiler compares two layers, `in` is `unknown`. Every `out` then has to be the same whatever the rule's
 * options are, so that `Conv2d<1, 6, 5>` is a `Conv2d`; what makes two rules different stands in `of` alone.
 */
import type { IsKnown, IsUnion, Less, Subtract } from "./arithmetic.js";
import type { OrName } from "./named.js";
import type { Shape } from "./shape.js";

/** A layer's shape rule; `ShapeRule` itself is the rule that knows nothing: any shape in, any shape out. */
export interface ShapeRule {
  /** The input's shape. It must be `unknown`: with a constraint, `Rule & { in: S }` loses tuples and skips checks. */
  readonly in: unknown;
  /** The output's shape, or a {@link Mismatch} or {@link Mistake}. */
  readonly out: unknown;
  /** The input that the rule is tried on inside a `Sequential` whose input is not known: `[number, 3, number, number]`. */
  readonly natural?: Shape;
  /** The layers whose first one decides what the natural input is, in a rule made of others. */
  readonly first?: unknown;
  /** What the rule depends on. Without it the compiler would take layers with other options for the same type. */
  readonly of?: unknown;
}

/** The key under which a layer's type carries its rule; it exists for the compiler only. */
export declare const RULE: unique symbol;

/** Whatever carries a rule: a layer, as this room sees it. */
export interface AnyLayer {
  readonly [RULE]: unknown;
}

/** The rule of a layer; of one of several layers, or of `any`, nothing is known. */
export type RuleOf<L> = 0 extends 1 & L
  ? ShapeRule
  : IsUnion<L> extends true
    ? ShapeRule
    : L extends { readonly [RULE]: infer Rule }
      ? Rule
      : ShapeRule;

/** The rule of a layer that keeps every shape. */
export interface SameRule extends ShapeRule {
  readonly out: this["in"];
}

/** A layer got the wrong amount of something: worded differently for an input of one's own and inside a Sequential. */
export interface Mismatch<Layer extends string, Expected extends string, Got extends string> {
  readonly mismatch: { readonly layer: Layer; readonly expected: Expected; readonly got: Got };
}

/** A whole sentence about what does not fit. */
export interface Mistake<Sentence extends string> {
  readonly mistake: Sentence;
}

/** What a network of several inputs or outputs gives: no shape that a layer after it could take. */
export interface Several<What extends "inputs" | "outputs"> {
  readonly several: What;
}

/** What `Rule` makes of the shape `S`: a shape, {@link Several}, a {@link Mismatch} or a {@link Mistake}. */
export type Apply<Rule, S> = (Rule & { readonly in: S })["out" & keyof Rule];

/** The output shape of `Rule` for the input shape `S`; any shape where the rule refuses or does not know. */
export type OutputOf<Rule, S> = Apply<Rule, S> extends infer Out ? (Out extends Shape ? Out : Shape) : Shape;

/**
 * `unknown` where `Rule` takes the shape `S`; otherwise the sentence that says why not, which no argument satisfies.
 * Asked as it is, the compiler lets every argument pass in a function that is generic in its sizes.
 */
export type Refusal<Rule, S> = Sentence<Apply<Rule, S>, S> extends string ? Sentence<Apply<Rule, S>, S> : unknown;

/** What a rule made of the shape `S`: the sentence if it is a mistake, otherwise `unknown`. */
export type Sentence<Out, S> =
  Out extends Mismatch<infer L, infer E, infer G>
    ? `${L} expects ${E}, but its input ${Show<S>} has ${G}`
    : Out extends Mistake<infer Text>
      ? Text
      : unknown;

/** A shape as messages write it; a size that is only known at run time is `?`. */
export type Show<S> = S extends readonly number[] ? (number extends S["length"] ? "[…]" : `[${Join<S, ", ">}]`) : "[…]";

/** Sizes with a separator between them. */
export type Join<S extends readonly number[], Separator extends string> = S extends readonly [
  infer First extends number,
  ...infer Rest extends readonly number[],
]
  ? Rest extends readonly []
    ? ShowSize<First>
    : `${ShowSize<First>}${Separator}${Join<Rest, Separator>}`
  : "";

/** A size as sentences show it. */
export type ShowSize<N extends number> = IsKnown<N> extends true ? `${N}` : "?";

/** True where both numbers are known and are not the same. */
export type Differs<A extends number, B extends number> =
  IsKnown<A> extends true ? (IsKnown<B> extends true ? (A extends B ? false : true) : false) : false;

/** What two shapes of known rank say together; `never` where they contradict each other. */
export type Agreed<A extends Shape, B extends Shape, Result extends Shape = []> = A extends readonly [
  infer X extends number,
  ...infer As extends Shape,
]
  ? B extends readonly [infer Y extends number, ...infer Bs extends Shape]
    ? Differs<X, Y> extends true
      ? never
      : Agreed<As, Bs, [...Result, IsKnown<X> extends true ? X : IsKnown<Y> extends true ? Y : OrName<X, Y>]>
    : never
  : B extends readonly []
    ? readonly [...Result]
    : never;

/** `1 channel`, `3 channels` */
export type Counted<N extends number, Noun extends string> = N extends 1 ? `1 ${Noun}` : `${N} ${Noun}s`;

/** An image batch's dimensions with the batch dimension apart, so that `[C, H, W]` and `[N, C, H, W]` are one case. */
export interface ImageDims<Batch extends Shape, C extends number, H extends number, W extends number> {
  readonly batch: Batch;
  readonly channels: C;
  readonly height: H;
  readonly width: W;
}

/** The dimensions of an image batch or one image; `undefined` for another rank. */
export type Image<S> = S extends readonly [infer C extends number, infer H extends number, infer W extends number]
  ? ImageDims<[], C, H, W>
  : S extends readonly [infer N extends number, infer C extends number, infer H extends number, infer W extends number]
    ? ImageDims<[N], C, H, W>
    : undefined;

/** The dimension from 0 that `Dim` means: `number` where it is not known, `never` where `S` has no such dimension. */
export type DimOf<S extends Shape, Dim> =
  IsOne<Dim> extends true
    ? `${Dim & number}` extends keyof S
      ? Dim & number
      : `${Dim & number}` extends `-${infer Back extends number}`
        ? Less<S["length"], Back> extends false
          ? Subtract<S["length"], Back>
          : never
        : never
    : number;

/** Whether a type is one number literal, of either sign. */
type IsOne<N> = 0 extends 1 & N
  ? false
  : number extends N
    ? false
    : [N] extends [number]
      ? IsUnion<N> extends true
        ? false
        : true
      : false;

/** The sentence for a dimension that `S` does not have. */
export type DimMistake<Layer extends string, S extends Shape, Dim> = S extends readonly [unknown, ...infer Others]
  ? Mistake<`${Layer} expects a dimension from -${S["length"]} to ${Others["length"]}, but got dim ${Dim & number} for the shape ${Show<S>}`>
  : Mistake<`${Layer} expects no dimension, as the tensor has none, but got dim ${Dim & number} for the shape []`>;

/** `S` with another size of dimension `Dim`, which counts from 0. */
export type WithSize<S, Dim extends number, Size extends number> = S extends Shape
  ? { readonly [I in keyof S]: I extends `${Dim}` ? Size : S[I] } extends infer R extends Shape
    ? R
    : Shape
  : Shape;

/** The sentence for an input of the wrong rank. */
export type RankMistake<
  Layer extends string,
  Dims extends string,
  S,
> = Mistake<`${Layer} expects an input ${Dims}, but got ${Show<S>}`>;

/** Whether the number of dimensions of `S` is known; `any` and unions of shapes count as unknown. */
export type HasRank<S> = 0 extends 1 & S
  ? false
  : [S] extends [readonly number[]]
    ? number extends S["length"]
      ? false
      : IsKnown<S["length"]>
    : false;

/**
 * The type of options that were left out: every default holds. It has no option by any name, so that options are not
 * assignable to it, and names none that an editor could offer.
 */
export interface NoOptions {
  readonly [option: string]: never;
}

/** The options of a layer for which none were given; any of `All` where its first argument `Of` is not known either. */
export type DefaultOptions<Of, All> = number extends Of ? All : NoOptions;

/**
 * For options of the type `O` to be intersected with: nothing, or the sentence about each option that the layer does not
 * have. Without it, a type parameter would take whatever is written. While options are being written, an editor asks with
 * none, and offers what is then in the intersection; a text in it would offer what every text has.
 */
export type OnlyOptions<Layer extends string, O, All> = [O] extends [NoOptions]
  ? All
  : [Exclude<keyof O, keyof All>] extends [never]
    ? unknown
    : { readonly [K in keyof O as K extends keyof All ? never : K]: Mistake<`${Layer} has no option ${K & string}`> };

/** {@link OnlyOptions} for a list of arguments that may end before the options. */
export type OnlyArguments<Layer extends string, Args extends readonly unknown[], All> = {
  readonly [I in keyof Args]: Args[I] & OnlyOptions<Layer, Args[I], All>;
};

/** The options in a list of arguments that may end before them. */
export type OptionsOf<Args extends readonly unknown[]> = Args extends readonly []
  ? NoOptions
  : Args extends readonly [infer Options]
    ? Options
    : Exclude<Args[0], undefined>;

/** An option's value, or its default where the options do not name it; both where the options may or may not. */
export type Option<Options, Name extends string, Default> = Options extends NoOptions
  ? Default
  : Name extends keyof Options
    ? object extends Pick<Options, Name>
      ? Exclude<Options[Name], undefined> | Default
      : Options[Name]
    : Default;

/** Height and width of a {@link Pair}: both the same for one number, `number` for anything widened. */
export type PairHeight<P> = P extends readonly [infer H extends number, number] ? H : P extends number ? P : number;
/** The second number of a {@link Pair}. */
export type PairWidth<P> = P extends readonly [number, infer W extends number] ? W : P extends number ? P : number;

/** A {@link Pair} as a layer holds it. */
export type PairOf<P> = readonly [height: PairHeight<P>, width: PairWidth<P>];

/** An option that is one number; `number` for anything else. */
export type AsNumber<N> = N extends number ? N : number;
