/** Shape rules of layers that join branches. */
import type { Add } from "./arithmetic.js";
import type { NaturalOf } from "./chain.js";
import { ShapeError } from "./errors.js";
import type { Apply, Differs, HasRank, Mistake, Option, RuleOf, ShapeRule, Show } from "./rule.js";
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

/** The shape of branches laid side by side along `axis`. @throws ShapeError where another size differs. */
export function concatShape(layer: string, shapes: readonly Shape[], axis: number): number[] {
  const [first = []] = shapes;
  if (!Number.isInteger(axis) || axis < 0 || axis >= first.length) {
    throw new ShapeError(
      `${layer} expects a dim from 0 to ${first.length - 1} to concatenate ${showShape(first)} along, but got ${axis}.`,
    );
  }
  const others = (shape: Shape) => shape.filter((_, i) => i !== axis);
  for (const shape of shapes) {
    if (shape.length !== first.length || !sameShape(others(shape), others(first))) {
      throw new ShapeError(
        `${layer} expects branches that differ only in axis ${axis} to concatenate, but got ${shapes.map(showShape).join(" and ")}. Usual cause: a stride or padding in one branch that the other lacks.`,
      );
    }
  }
  return first.map((extent, i) => (i === axis ? shapes.reduce((sum, shape) => sum + (shape[axis] ?? 0), 0) : extent));
}

/** The rule of Residual: the body's shape, which the shortcut has to share where both are known. */
export interface ResidualRule<Body, Projection> extends ShapeRule {
  readonly natural: NaturalOf<[Body]>;
  readonly out: Apply<RuleOf<Body>, this["in"]> extends infer A
    ? A extends Shape
      ? (Projection extends undefined ? this["in"] : Apply<RuleOf<Projection>, this["in"]>) extends infer B
        ? B extends Shape
          ? Added<"Residual", A, B>
          : B
        : never
      : A
    : never;
}

/** The rule of Parallel: all branches on the same input, joined. */
export interface ParallelRule<Branches, O> extends ShapeRule {
  readonly natural: Branches extends readonly [infer First, ...unknown[]] ? NaturalOf<[First]> : Shape;
  readonly out: Branches extends readonly [infer First, ...infer Rest]
    ? Apply<RuleOf<First>, this["in"]> extends infer A
      ? A extends Shape
        ? Joined<Rest, this["in"], A, Option<O, "merge", "concat">, Option<O, "dim", 1>>
        : A
      : never
    : Shape;
}

type Joined<Branches, S, Result extends Shape, Merge, Dim> = Branches extends readonly [infer First, ...infer Rest]
  ? Apply<RuleOf<First>, S> extends infer B
    ? B extends Shape
      ? (
          [Merge] extends ["add"]
            ? Added<"Parallel", Result, B>
            : [Merge, Dim] extends ["concat", 1]
              ? Beside<Result, B>
              : Shape
        ) extends infer Next
        ? Next extends Shape
          ? Joined<Rest, S, Next, Merge, Dim>
          : Next
        : never
      : B
    : never
  : Branches extends readonly []
    ? Result
    : Shape;

/** Two shapes side by side along axis 1. */
type Beside<A extends Shape, B extends Shape> =
  HasRank<A> extends true
    ? HasRank<B> extends true
      ? A extends readonly [infer N extends number, infer Ca extends number, ...infer As extends Shape]
        ? B extends readonly [number, infer Cb extends number, ...infer Bs extends Shape]
          ? Unequal<As, Bs> extends true
            ? Mistake<`Parallel expects branches that differ only in axis 1 to concatenate, but got ${Show<A>} and ${Show<B>}`>
            : readonly [N, Add<Ca, Cb>, ...Agreed<As, Bs>]
          : Shape
        : Shape
      : Shape
    : Shape;

type Added<Layer extends string, A extends Shape, B extends Shape> =
  HasRank<A> extends true
    ? HasRank<B> extends true
      ? Unequal<A, B> extends true
        ? Mistake<`${Layer} expects branches of equal shapes to add, but got ${Show<A>} and ${Show<B>}`>
        : Agreed<A, B>
      : Shape
    : Shape;

/** Whether two shapes of known rank have another length, or differ in a size that both know. */
type Unequal<A extends Shape, B extends Shape> = A["length"] extends B["length"]
  ? A extends readonly [infer X extends number, ...infer As extends Shape]
    ? B extends readonly [infer Y extends number, ...infer Bs extends Shape]
      ? Differs<X, Y> extends true
        ? true
        : Unequal<As, Bs>
      : true
    : false
  : true;

/** Equal shapes, of which each knows what the other may not. */
type Agreed<A extends Shape, B extends Shape> = {
  readonly [I in keyof A]: I extends keyof B ? (number extends A[I] ? B[I] : A[I]) : A[I];
} extends infer R extends Shape
  ? R
  : Shape;
