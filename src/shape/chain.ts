/** Shape rule of layers one after another: what each makes of the shape before it, and where two do not fit. */
import type { Next } from "./arithmetic.js";
import type { NamedSize } from "./named.js";
import type {
  AnyLayer,
  Apply,
  Join,
  Mismatch,
  Mistake,
  OutputOf,
  RuleOf,
  Sentence,
  Several,
  ShapeRule,
} from "./rule.js";
import { type Shape, sameShape } from "./shape.js";

/** The rule of layers one after another; of a list whose length is not known, nothing is known. */
export interface ChainRule<Layers> extends ShapeRule {
  readonly of?: Layers;
  readonly first: Layers;
  readonly out: unknown extends this["in"]
    ? unknown
    : number extends LengthOf<Layers>
      ? Shape
      : Chain<Layers, this["in"]>;
}

/**
 * The shape after the last layer, or the first mistake. Layers are counted by a numeral: one tuple for every length from
 * n down would cost the compiler n²/2 types.
 */
export type Chain<Layers, S, I extends string = "0", Flattened = undefined> = I extends `${LengthOf<Layers>}`
  ? S
  : RuleAt<Layers, I> extends infer Rule
    ? Apply<Rule, S> extends infer Out
      ? Out extends Shape
        ? Chain<Layers, Out, Next<I>, FlattenedBy<Rule, S, Out>>
        : I extends "0"
          ? Out
          : AfterNeighbor<Out, Flattened>
      : never
    : never;

/**
 * The sentences about layers that do not fit, by the layers' places: `{ 4: "Linear expects …" }`; `First` is the place
 * of the first one. Where a shape is not known, a layer is tried on its natural input, so that the layers after it are
 * still held to it.
 */
export type Misfits<
  Layers,
  S,
  First extends string,
  I extends string = First,
  Flattened = undefined,
  Found = unknown,
> = I extends `${LengthOf<Layers>}`
  ? Found
  : RuleAt<Layers, I> extends infer Rule
    ? Apply<Rule, OrNatural<S, Rule>> extends infer Out
      ? Out extends Shape
        ? Misfits<Layers, Out, First, Next<I>, FlattenedBy<Rule, S, Out>, Found>
        : Misfits<
            Layers,
            Shape,
            First,
            Next<I>,
            undefined,
            Found & { readonly [K in I]: Sentence<OneOf<I extends First ? Out : AfterNeighbor<Out, Flattened>>, S> }
          >
      : never
    : never;

type LengthOf<Layers> = Layers extends { readonly length: infer Length extends number } ? Length : number;

type RuleAt<Layers, I> = I extends keyof Layers ? RuleOf<Layers[I]> : ShapeRule;

/** The most general input of the first layer: `[number, 3, number, number]`. */
export type NaturalOf<Layers> = Natural<RuleAt<Layers, "0">>;

/** The most general input of a rule. */
export type Natural<Rule> = Rule extends { readonly natural: infer N extends Shape }
  ? Shape extends N
    ? Extract<(Rule & { readonly in: null })["natural"], Shape>
    : N
  : Rule extends { readonly first: infer Layers }
    ? NaturalOf<Layers>
    : Shape;

type OrNatural<S, Rule> = Shape extends S ? Natural<Rule> : S;

/** A mismatch as it looks from the layer before: `Linear expects 400 features, but the layer before it gives 576`. */
type AfterNeighbor<Out, Flattened> =
  Out extends Mismatch<infer L, infer E, infer G>
    ? Mistake<`${L} expects ${E}, but the layer before it gives ${G}${Factors<Flattened, G>}`>
    : Out;

/** Layers one after another have one input and one output each. */
type OneOf<Out> =
  Out extends Several<infer What>
    ? Mistake<`A layer between others expects one input and one output, but this one has several ${What}`>
    : Out;

type FlattenedBy<Rule, S, Out> = Rule extends { readonly flattens: true } ? readonly [S, Out] : undefined;

/** The sizes whose product a Flatten made the last dimension of; none where it did not, or where `got` is another dimension's size. */
export function factorsOf(before: Shape, after: Shape, got: string): Shape {
  const front = after.slice(0, -1);
  if (got !== `${after.at(-1)}` || !sameShape(before.slice(0, front.length), front)) return [];
  return before.slice(front.length);
}

/** {@link factorsOf} as a type and as messages write it: ` (= 16 × 6 × 6)`. */
type Factors<Flattened, Got> = Flattened extends readonly [
  infer Before,
  readonly [...infer Front extends Shape, infer Product extends number],
]
  ? [Got, Before] extends [
      `${Product}`,
      readonly [...Front, infer A extends number, infer B extends number, ...infer Rest extends Shape],
    ]
    ? ` (= ${Join<[A, B, ...Rest], " × ">})`
    : ""
  : "";

/** The whole model in one line: `[N, 1, 28, 28] → [N, 10]`. */
export type Signature<Args> =
  InputOf<Args> extends infer S
    ? string extends ShowBatch<S>
      ? string
      : `${ShowBatch<S>} → ${ShowBatch<OutputOf<ChainRule<LayersOf<Args>>, S>>}`
    : string;

/** A shape whose first size is called N where it is not known: `[N, 10]`, or `[…, 10]` where even its rank is not. */
type ShowBatch<S> = S extends readonly [infer N extends number, ...infer Rest extends readonly number[]]
  ? number extends N
    ? Rest extends readonly []
      ? "[N]"
      : `[N, ${Join<Rest, ", ">}]`
    : `[${Join<S, ", ">}]`
  : S extends readonly [...Shape, infer Last extends number]
    ? `[…, ${Last}]`
    : S extends Shape
      ? "[…]"
      : string;

/** One size of an input shape that is named at compile time; `"N"` stands for any batch, other names for any size. */
export type InputSize = NamedSize;

/** What a Sequential is built of: layers, and before them an input shape if it is known. */
export type ChainArguments = readonly (AnyLayer | readonly InputSize[])[];

/** The layers among the arguments. */
export type LayersOf<Args> = Args extends readonly [readonly InputSize[], ...infer Layers] ? Layers : Args;

/** The input shape among the arguments, or what the first layer naturally takes. */
export type InputOf<Args> = Args extends readonly [infer Input extends readonly InputSize[], ...unknown[]]
  ? { readonly [I in keyof Input]: Input[I] extends string ? number : Input[I] } extends infer S extends Shape
    ? S
    : Shape
  : NaturalOf<Args>;

/** The arguments, each with the sentence that refuses it where it does not fit. Lists built at run time pass. */
export type Checked<Args extends readonly unknown[]> = number extends Args["length"]
  ? Args
  : { readonly [I in keyof Args]: Args[I] & Only<MisfitsOf<Args>, I> };

/** The sentence at one place, if there is one; asked this way, a type parameter inside of it lets every argument pass. */
type Only<Found, I> = [Found] extends [{ readonly [K in I & string]: string }] ? Found[I & keyof Found] : unknown;

/** Layers, each with the sentence that refuses it where it does not fit after a value of shape `S`. */
export type Fitting<Layers extends readonly unknown[], S> = number extends Layers["length"]
  ? Layers
  : { readonly [I in keyof Layers]: Layers[I] & Only<Misfits<Layers, S, "0">, I> };

type MisfitsOf<Args> = Misfits<
  Args,
  InputOf<Args>,
  Args extends readonly [readonly InputSize[], ...unknown[]] ? "1" : "0"
>;
