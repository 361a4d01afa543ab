/**
 * How a layer is called, as types: what `forward` takes and gives for tensors, `of` for values, `backward` for gradients.
 *
 * Most layers have one input and one output, and their rule is all that there is to know. A network of several says in
 * its rule's `call` what its `compose` takes and gives; names of sizes there are bound by each call.
 */
import type { IsKnown, Next } from "../shape/arithmetic.js";
import type { Natural } from "../shape/chain.js";
import type { HasAnyRank, KnownShape } from "../shape/known-shape.js";
import type { NAME, OneName, Size } from "../shape/named.js";
import type { Apply, Differs, Mistake, OutputOf, Several, ShapeRule, Show } from "../shape/rule.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Value } from "./value.js";

/** What `compose` takes and gives: values; several outputs are a tuple, or an object by name. */
export interface Call<Who extends string, Inputs extends readonly unknown[], Output> {
  readonly who: Who;
  readonly inputs: Inputs;
  readonly output: Output;
}

/** What `compose` may give. */
export type Outputs = Value | readonly Value[] | { readonly [name: string]: Value };

/**
 * The rule of a network that is composed: what its class says of `compose`; or the rule that it names instead of itself.
 * Of a network that names neither, nothing is known.
 */
export interface ComposeRule<Self> extends ShapeRule {
  readonly of?: Self;
  readonly natural: unknown extends this["in"] ? Shape : NaturalInput<CallOf<Self>, Self>;
  readonly call: unknown extends this["in"] ? unknown : CallOf<Self>;
  readonly out: unknown extends this["in"] ? unknown : Composed<CallOf<Self>, Self, this["in"]>;
}

type CallOf<Self> = 0 extends 1 & Self
  ? undefined
  : Self extends { compose(...values: infer Inputs): infer Output }
    ? [Output] extends [Outputs]
      ? Call<NameOf<Self>, Inputs, Output>
      : undefined
    : undefined;

/** What sentences call a network: its name, where its class writes one down. */
type NameOf<Self> = Self extends { readonly name: infer Name extends string }
  ? string extends Name
    ? "compose"
    : Name
  : "compose";

/** The first input with any size for each name. */
type NaturalInput<C, Self> =
  C extends Call<string, infer Inputs, unknown> ? Unnamed<PatternAt<Inputs, "0">, unknown> : Natural<Self>;

/** What comes out of a network whose first input has the shape `S`; several shapes are not one shape. */
type Composed<C, Self, S> =
  C extends Call<infer Who, infer Inputs, infer Output>
    ? Fitted<PatternAt<Inputs, "0">, S, unknown> extends infer Result
      ? Result extends NamesOf<infer Names>
        ? [Output] extends [Value<infer Out>]
          ? Inputs extends readonly [unknown, unknown, ...unknown[]]
            ? Several<"inputs">
            : Unnamed<Out, Names>
          : Several<"outputs">
        : Mistake<SentenceOf<Who, Result, PatternAt<Inputs, "0">, S>>
      : never
    : Self extends ShapeRule
      ? Apply<Self, S>
      : Shape;

// ── What goes in ──

/** The tensors that `forward` takes after the first: none, but for networks of several inputs. */
export type MoreTensors<Rule> =
  Each<MoreOf<Rule>, Tensor> extends infer T extends readonly (Tensor | undefined)[] ? T : readonly [];

/** The values that `of` takes after the first. */
export type MoreValues<Rule> =
  Each<MoreOf<Rule>, Value> extends infer T extends readonly (Value | undefined)[] ? T : readonly [];

/** The inputs of a rule but the first; any number of them where nothing is known. */
type MoreOf<Rule> = 0 extends 1 & Rule
  ? readonly unknown[]
  : Rule extends { readonly call: unknown }
    ? CallIn<Rule> extends Call<string, infer Inputs, unknown>
      ? Inputs extends readonly [unknown, ...infer More]
        ? More
        : readonly []
      : readonly unknown[]
    : readonly [];

type Each<Inputs extends readonly unknown[], Kind> = { readonly [I in keyof Inputs]: Kind };

/** Asked with an `in`, as {@link Apply} asks: between two rules that the compiler compares, `call` is unknown. */
type CallIn<Rule> = Rule extends { readonly call: unknown } ? (Rule & { readonly in: null })["call"] : undefined;

/**
 * The arguments after the first, each with the sentence that refuses it. Of a rule of one input it is not a generic type, so
 * that a layer of one is a layer whatever the compiler knows of it.
 */
export type Taken<Rule, Kind, First, More extends readonly unknown[]> = 0 extends 1 & Rule
  ? readonly Kind[]
  : Rule extends { readonly call: unknown }
    ? CallIn<Rule> extends Call<string, infer Inputs, unknown>
      ? Inputs extends readonly [unknown]
        ? readonly []
        : { readonly [I in keyof More]: More[I] & MoreRefusal<Rule, First, More, I> }
      : readonly Kind[]
    : readonly [];

/**
 * Asked of the arguments first, here and in {@link OutputShape}: what stays open until a call is made keeps its short name
 * in declarations.
 */
export type MoreRefusal<Rule, First, More extends readonly unknown[], I> = [First, More] extends [
  infer F,
  infer M extends readonly unknown[],
]
  ? BindingsOf<Rule, F, M> extends Bound<unknown, infer Found>
    ? I extends keyof Found
      ? Found[I]
      : unknown
    : unknown
  : never;

// ── What comes out ──

/** What `forward` gives for a first input of shape `First` and for others; of a `Layer<any>`, `any`, which its rule is. */
export type OutputTensors<Rule, First, More extends readonly unknown[]> = 0 extends 1 & Rule
  ? Rule
  : CallIn<Rule> extends Call<string, readonly unknown[], infer Output>
    ? [Output] extends [Value<infer S>]
      ? Tensor<OutputShape<Rule, S, First, More>>
      : {
          readonly [K in keyof Output]: Output[K] extends Value<infer S>
            ? Tensor<OutputShape<Rule, S, First, More>>
            : never;
        }
    : Tensor<OutputOf<Rule, First>>;

/** What `of` gives for a first input of shape `First` and for others. */
export type OutputValues<Rule, First, More extends readonly unknown[]> = 0 extends 1 & Rule
  ? Rule
  : CallIn<Rule> extends Call<string, readonly unknown[], infer Output>
    ? [Output] extends [Value<infer S>]
      ? Value<OutputShape<Rule, S, First, More>>
      : {
          readonly [K in keyof Output]: Output[K] extends Value<infer S>
            ? Value<OutputShape<Rule, S, First, More>>
            : never;
        }
    : Value<OutputOf<Rule, First>>;

/** The shape `S` that `compose` gives, with the sizes that a call gives its names. */
export type OutputShape<Rule, S extends Shape, First, More extends readonly unknown[]> = [First, More] extends [
  infer F,
  infer M extends readonly unknown[],
]
  ? BindingsOf<Rule, F, M> extends Bound<infer Names, unknown>
    ? Unnamed<S, Names>
    : Shape
  : Shape;

/** What a call of `Rule` says of its names. */
type BindingsOf<Rule, First, More extends readonly unknown[]> =
  CallIn<Rule> extends Call<infer Who, infer Inputs, unknown> ? Bindings<Who, Inputs, First, More> : unknown;

// ── What goes back ──

/** The gradients of the outputs that `backward` takes; of several, those that are omitted count as zero. */
export type OutputGradients<Rule> = 0 extends 1 & Rule
  ? Rule
  : CallIn<Rule> extends Call<string, infer _, infer Output>
    ? [Output] extends [Value]
      ? Tensor
      : Output extends readonly unknown[]
        ? { readonly [I in keyof Output]: Tensor | undefined }
        : { readonly [K in keyof Output]?: Tensor | undefined }
    : Tensor;

/** The gradients of the inputs that `backward` gives: one, or one for each input. */
export type InputGradients<Rule> = 0 extends 1 & Rule
  ? Rule
  : CallIn<Rule> extends Call<string, infer Inputs, infer _>
    ? Inputs extends readonly [unknown]
      ? Tensor
      : Each<Inputs, Tensor>
    : Tensor;

// ── Names of sizes ──

/** What a call's names are, and the sentences about inputs that do not fit, by their places. */
interface Bound<Names, Found> {
  readonly names: Names;
  readonly found: Found;
}

/** The shape that `compose` writes down for input `I`. */
type PatternAt<Inputs, I> = I extends keyof Inputs
  ? [Exclude<Inputs[I], undefined>] extends [{ readonly "~shape": infer S extends Shape }]
    ? S
    : Shape
  : Shape;

/** What all inputs together say, the first one's mistake excepted, which its rule tells. */
type Bindings<Who extends string, Inputs, First, More extends readonly unknown[]> =
  Fitted<PatternAt<Inputs, "0">, First, unknown> extends infer Result
    ? MoreBindings<Who, Inputs, More, "0", "1", Result extends NamesOf<infer Names> ? Names : unknown>
    : never;

/** Inputs are counted by a numeral, as they are given: those that may be missing may be. */
type MoreBindings<
  Who extends string,
  Inputs,
  More extends readonly unknown[],
  At extends string,
  I extends string,
  Names,
  Found = unknown,
> = number extends More["length"]
  ? Bound<Names, Found>
  : At extends `${More["length"]}`
    ? Bound<Names, Found>
    : Fitted<PatternAt<Inputs, I>, ShapeOf<More[At & keyof More]>, Names> extends infer Result
      ? Result extends NamesOf<infer Known>
        ? MoreBindings<Who, Inputs, More, I, Next<I>, Known, Found>
        : MoreBindings<
            Who,
            Inputs,
            More,
            I,
            Next<I>,
            Names,
            Found & {
              readonly [K in At]: SentenceOf<Who, Result, PatternAt<Inputs, I>, ShapeOf<More[At & keyof More]>>;
            }
          >
      : never;

/** The shape of a tensor or a value. */
type ShapeOf<X> = X extends { readonly "~shape": infer S } ? S : X extends { readonly shape: infer S } ? S : Shape;

interface NamesOf<Names> {
  readonly names: Names;
}

/** One name for two sizes. */
interface TwoSizes<Name extends string, X, Y> {
  readonly name: Name;
  readonly sizes: readonly [X, Y];
}

type SentenceOf<Who extends string, Result, Pattern extends Shape, S> =
  Result extends TwoSizes<infer Name, infer X extends number, infer Y extends number>
    ? `${Who} expects one size for ${Name}, but got ${X} and ${Y} (input ${Show<S>})`
    : `${Who} expects an input ${ShowPattern<Pattern>}, but got ${Show<S>}`;

/** The names with what `S` says of them; `null` where it is another shape than the pattern. */
type Fitted<Pattern extends Shape, S, Names> = [S] extends [Shape]
  ? true extends HasAnyRank<Pattern> | HasAnyRank<KnownShape<S>>
    ? NamesOf<Names>
    : Pattern["length"] extends S["length"]
      ? FittedDims<Pattern, S, Names>
      : null
  : NamesOf<Names>;

type FittedDims<Pattern extends Shape, S extends Shape, Names> = Pattern extends readonly [
  infer P extends number,
  ...infer Ps extends Shape,
]
  ? S extends readonly [infer X extends number, ...infer Xs extends Shape]
    ? P extends Size<infer Name>
      ? Name extends keyof Names
        ? Differs<Names[Name] & number, X> extends true
          ? TwoSizes<Name, Names[Name], X>
          : FittedDims<Ps, Xs, Names>
        : FittedDims<Ps, Xs, Names & { readonly [K in Name]: IsKnown<X> extends true ? X : OneName<X> }>
      : Differs<P, X> extends true
        ? null
        : FittedDims<Ps, Xs, Names>
    : null
  : NamesOf<Names>;

/** A shape with sizes for the names in it, `number` where a call says nothing of one. */
export type Unnamed<S extends Shape, Names> =
  HasAnyRank<S> extends true
    ? Shape
    : {
          readonly [I in keyof S]: OneName<S[I]> extends Size<infer Name>
            ? Name extends keyof Names
              ? Names[Name]
              : number
            : S[I];
        } extends infer R extends Shape
      ? R
      : Shape;

/** `[N, 64, H, W]` */
export type ShowPattern<S extends Shape> = `[${Written<S>}]`;

type Written<S extends Shape> = S extends readonly [infer First extends number, ...infer Rest extends Shape]
  ? `${WrittenSize<First>}${Rest extends readonly [] ? "" : `, ${Written<Rest>}`}`
  : "";

type WrittenSize<N extends number> = N extends { readonly [NAME]: infer Name extends string }
  ? Name
  : number extends N
    ? "?"
    : `${N}`;
