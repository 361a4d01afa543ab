/** Shape rules of layers that join branches. */

import type { Add } from "./arithmetic.js";
import { type Broadcasts, broadcastShape } from "./broadcast.js";
import { resolveDim } from "./dim.js";
import { ShapeError } from "./errors.js";
import type {
  Agreed,
  Apply,
  DimMistake,
  DimOf,
  HasRank,
  Mistake,
  Option,
  RULE,
  RuleOf,
  SameRule,
  ShapeRule,
  Show,
  WithSize,
} from "./rule.js";
import { type Shape, sameShape, showShape } from "./shape.js";

/** The common shape of two or more summands. @throws ShapeError where they differ. */
export function addShape(layer: string, shapes: readonly Shape[], cause: string): number[] {
  const [first = [], ...rest] = shapes;
  for (const shape of rest) {
    if (!sameShape(first, shape)) {
      throw new ShapeError(
        `${layer} expects branches of equal shapes to add, but got ${shapes.map(showShape).join(" and ")}. Usual cause: ${cause}.`,
      );
    }
  }
  return [...first];
}

/** The shape of a product of factors, which broadcast: a gate of one number for each channel is one. */
export function multiplyShape(layer: string, shapes: readonly Shape[]): number[] {
  const [first = [], ...rest] = shapes;
  return rest.reduce<number[]>((product, shape) => broadcastShape(layer, product, shape), [...first]);
}

/**
 * The shape of branches laid side by side along `dim`, which counts from the end where it is negative.
 * @throws ShapeError for a dimension that the first one does not have, or where another size differs.
 */
export function concatShape(layer: string, shapes: readonly Shape[], dim: number): number[] {
  const [first = []] = shapes;
  const at = resolveDim(layer, dim, first);
  const others = (shape: Shape) => shape.filter((_, i) => i !== at);
  for (const shape of shapes) {
    if (shape.length !== first.length || !sameShape(others(shape), others(first))) {
      throw new ShapeError(
        `${layer} expects branches that differ only in dim ${at} to concatenate, but got ${shapes.map(showShape).join(" and ")}. Usual cause: a stride or padding in one branch that the other lacks.`,
      );
    }
  }
  return first.map((extent, i) => (i === at ? shapes.reduce((sum, shape) => sum + (shape[at] ?? 0), 0) : extent));
}

/** The rule of Residual: what the body and the shortcut give has to be the same where both are known. */
export interface ResidualRule<Body, Projection extends readonly unknown[]> extends ShapeRule {
  readonly of?: readonly [Body, Projection];
  readonly first: readonly [Body];
  readonly out: unknown extends this["in"]
    ? unknown
    : Outputs<[Body, ShortcutOf<Projection>], this["in"]> extends infer Shapes
      ? Shapes extends readonly [Shape, Shape]
        ? Added<"Residual", Shapes>
        : Shapes
      : never;
}

/** A projection that may or may not be there, such as one in a variable, is not known. */
type ShortcutOf<Projection extends readonly unknown[]> = Projection extends readonly [] | readonly [undefined]
  ? Straight
  : Projection[0];

/** A layer that keeps every shape: the shortcut without a projection. */
interface Straight {
  readonly [RULE]: SameRule;
}

/** The rule of Parallel: all branches on the same input, joined. */
export interface ParallelRule<Branches, O> extends ShapeRule {
  readonly of?: readonly [Branches, O];
  readonly first: Branches;
  readonly out: unknown extends this["in"]
    ? unknown
    : Outputs<Branches, this["in"]> extends infer Shapes
      ? Shapes extends readonly [Shape, ...Shape[]]
        ? Joined<Shapes, Option<O, "merge", "concat">, Option<O, "dim", 1>>
        : Shapes
      : never;
}

/** What each branch makes of `S`, or the first mistake among them; any shape where the branches are not known. */
type Outputs<Branches, S, Result extends readonly Shape[] = []> = [Branches] extends [
  readonly [infer First, ...infer Rest],
]
  ? Apply<RuleOf<First>, S> extends infer Out
    ? Out extends Shape
      ? Outputs<Rest, S, [...Result, Out]>
      : unknown extends Out
        ? Outputs<Rest, S, [...Result, Shape]>
        : Out
    : never
  : [Branches] extends [readonly []]
    ? Result
    : Shape;

type Joined<Shapes extends readonly [Shape, ...Shape[]], Merge, Dim> = [Merge] extends ["add"]
  ? Added<"Parallel", Shapes>
  : [Merge] extends ["multiply"]
    ? Multiplied<"Parallel", Shapes>
    : [Merge] extends ["concat"]
      ? Concatenated<Shapes, Dim>
      : Shape;

/** {@link multiplyShape} as a type. */
type Multiplied<Layer extends string, Shapes extends readonly Shape[]> = Shapes extends readonly [
  infer A extends Shape,
  infer B extends Shape,
  ...infer Rest extends readonly Shape[],
]
  ? Broadcasts<Layer, A, B> extends infer Product
    ? Product extends Shape
      ? Multiplied<Layer, [Product, ...Rest]>
      : Product
    : never
  : Shapes[0];

/** The common shape; each branch may know sizes that others do not. */
type Added<Layer extends string, Shapes extends readonly Shape[]> =
  Agreement<Shapes> extends infer Common
    ? [Common] extends [never]
      ? Mistake<`${Layer} expects branches of equal shapes to add, but got ${ShowAll<Shapes>}`>
      : Common
    : never;

/** {@link concatShape} as a type. */
type Concatenated<Shapes extends readonly [Shape, ...Shape[]], Dim> =
  HasRank<Shapes[0]> extends true
    ? [DimOf<Shapes[0], Dim>] extends [never]
      ? DimMistake<"Parallel", Shapes[0], Dim>
      : SideBySide<Shapes, DimOf<Shapes[0], Dim>>
    : Shape;

type SideBySide<Shapes extends readonly [Shape, ...Shape[]], Dim extends number> = number extends Dim
  ? Shape
  : Agreement<{ [I in keyof Shapes]: WithSize<Shapes[I], Dim, number> }> extends infer Common
    ? [Common] extends [never]
      ? Mistake<`Parallel expects branches that differ only in dim ${Dim} to concatenate, but got ${ShowAll<Shapes>}`>
      : WithSize<Common, Dim, SumOf<Shapes, Dim>>
    : never;

type SumOf<Shapes, Dim extends number, Sum extends number = 0> = Shapes extends readonly [
  infer First extends Shape,
  ...infer Rest,
]
  ? SumOf<Rest, Dim, HasRank<First> extends true ? Add<Sum, First[Dim]> : number>
  : Sum;

/** The shape that all shapes are, as far as any of them is known; `never` where two differ. */
type Agreement<Shapes, Common extends Shape = Shape> = Shapes extends readonly [
  infer First extends Shape,
  ...infer Rest,
]
  ? HasRank<First> extends false
    ? Agreement<Rest, Common>
    : HasRank<Common> extends false
      ? Agreement<Rest, First>
      : [Agreed<Common, First>] extends [never]
        ? never
        : Agreement<Rest, Agreed<Common, First>>
  : Common;

/** `[1, 8, 4, 4] and [1, 8, 2, 2]` */
type ShowAll<Shapes> = Shapes extends readonly [infer First, ...infer Rest]
  ? Rest extends readonly []
    ? Show<First>
    : `${Show<First>} and ${ShowAll<Rest>}`
  : "";
