/** Shape rule of layers one after another: what each makes of the shape before it, and where two do not fit. */
import type { Apply, HasRank, Join, Mismatch, Mistake, OutputOf, RuleOf, ShapeRule } from "./rule.js";
import type { Shape } from "./shape.js";

/** The rule of layers one after another. */
export interface ChainRule<Layers> extends ShapeRule {
  readonly out: Chain<Layers, this["in"]>;
  readonly natural: NaturalOf<Layers>;
}

/** The shape after the last layer, or the first layer's mistake. */
export type Chain<Layers, S> = Layers extends readonly [infer First, ...infer Rest]
  ? Apply<RuleOf<First>, S> extends infer Out
    ? Out extends Shape
      ? Chain<Rest, Out>
      : Out
    : never
  : Layers extends readonly []
    ? S
    : Shape;

/** The most general input of the first layer: `[number, 3, number, number]`. */
export type NaturalOf<Layers> = Layers extends readonly [infer First, ...unknown[]] ? Natural<RuleOf<First>> : Shape;

type Natural<Rule> = Rule extends { readonly natural: infer N extends Shape } ? N : Shape;

/**
 * For each layer `unknown`, or the sentence that says why it does not fit the layer before it. Where a shape is not
 * known, a layer is tried on its natural input, so that the layers behind it are still held to each other.
 */
export type Fits<
  Layers,
  S,
  Factors extends string = "",
  Result extends readonly unknown[] = [],
> = Layers extends readonly [infer First, ...infer Rest]
  ? Step<RuleOf<First>, S> extends infer Out
    ? Out extends Shape
      ? Fits<Rest, Out, FactorsAfter<First, S>, [...Result, unknown]>
      : Fits<Rest, Shape, "", [...Result, Retold<Out, Factors>]>
    : never
  : Result;

type Step<Rule, S> =
  HasRank<S> extends true
    ? Apply<Rule, S>
    : Natural<Rule> extends infer N
      ? HasRank<N> extends true
        ? Apply<Rule, N>
        : Apply<Rule, S>
      : never;

/** `Linear expects 400 features, but the layer before it gives 576 (= 16 × 6 × 6)` */
type Retold<Out, Factors extends string> =
  Out extends Mismatch<infer L, infer E, infer G>
    ? `${L} expects ${E}, but the layer before it gives ${G}${Factors}`
    : Out extends Mistake<infer Sentence>
      ? Sentence
      : unknown;

/** After a Flatten the sizes that it multiplied, so that a wrong product shows where it came from. */
type FactorsAfter<L, S> =
  RuleOf<L> extends { readonly flattens: true }
    ? S extends readonly [
        number,
        infer A extends number,
        infer B extends number,
        ...infer Rest extends readonly number[],
      ]
      ? ` (= ${Join<[A, B, ...Rest], " × ">})`
      : ""
    : "";

/** The whole model in one line: `[N, 1, 28, 28] → [N, 10]`. */
export type Signature<Layers, S> =
  string extends ShowBatch<S> ? string : `${ShowBatch<S>} → ${ShowBatch<OutputOf<ChainRule<Layers>, S>>}`;

/** A shape whose first size is called N where it is not known. */
type ShowBatch<S> = S extends readonly [infer N extends number, ...infer Rest extends readonly number[]]
  ? number extends N
    ? Rest extends readonly []
      ? "[N]"
      : `[N, ${Join<Rest, ", ">}]`
    : `[${Join<S, ", ">}]`
  : S extends Shape
    ? "[…]"
    : string;

/** One size of an input shape that is named at compile time; `"N"` stands for any batch. */
export type InputSize = number | "N";

/** What a Sequential is built of: layers, and before them an input shape if it is known. */
export type ChainArguments = readonly (object | readonly InputSize[])[];

/** The layers among the arguments. */
export type LayersOf<Args> = Args extends readonly [readonly InputSize[], ...infer Layers] ? Layers : Args;

/** The input shape among the arguments, or what the first layer naturally takes. */
export type InputOf<Args> = Args extends readonly [infer Input extends readonly InputSize[], ...unknown[]]
  ? { readonly [I in keyof Input]: Input[I] extends "N" ? number : Input[I] } extends infer S extends Shape
    ? S
    : Shape
  : NaturalOf<Args>;

/** The arguments, each with the sentence that refuses it where it does not fit. Lists built at run time pass. */
export type Checked<Args extends readonly unknown[]> = number extends Args["length"]
  ? Args
  : { readonly [I in keyof Args]: Args[I] & (I extends keyof FitsOf<Args> ? FitsOf<Args>[I] : unknown) };

type FitsOf<Args> = Args extends readonly [readonly InputSize[], ...infer Layers]
  ? [unknown, ...Fits<Layers, InputOf<Args>>]
  : Fits<Args, NaturalOf<Args>>;
