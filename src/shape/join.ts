/** Shapes of tensors that are joined along a dimension that they have, or along a new one. */
import type { Add } from "./arithmetic.js";
import { type ResolvedDim, resolveDim } from "./dim.js";
import { ShapeError } from "./errors.js";
import type { HasAnyRank, KnownShape, Unsized } from "./known-shape.js";
import type { Inserted } from "./layout.js";
import type { Agreed, Mistake, Show } from "./rule.js";
import { type Shape, sameShape, showShape } from "./shape.js";

/** The shape of tensors one after the other along `dim`. @throws ShapeError where they differ in another dimension. */
export function concatenatedShape(who: string, shapes: readonly [Shape, ...Shape[]], dim: number): number[] {
  const [first] = shapes;
  const at = resolveDim(who, dim, first);
  const others = (shape: Shape) => shape.filter((_, i) => i !== at);
  const odd = shapes.findIndex((shape) => shape.length !== first.length || !sameShape(others(shape), others(first)));
  if (odd >= 0) {
    throw new ShapeError(
      `${who} expects tensors that differ in dim ${at} only, but got ${showShape(first)} and, as tensor ${odd}, ${showShape(shapes[odd] ?? [])}. Usual cause: the wrong dimension, or an image of another size.`,
    );
  }
  return first.with(
    at,
    shapes.reduce((sum, shape) => sum + (shape[at] ?? 0), 0),
  );
}

/** {@link concatenatedShape} as a type. */
export type Concatenated<Who extends string, Shapes extends readonly Shape[], Dim> = Shapes extends readonly [
  infer First extends Shape,
  ...infer Rest extends readonly Shape[],
]
  ? ResolvedDim<KnownShape<First>, Dim> extends infer At extends number
    ? Chained<Who, KnownShape<First>, At, Rest, KnownShape<First>, []>
    : Shape
  : Shapes extends readonly (infer Each extends Shape)[]
    ? Resized<KnownShape<Each>, ResolvedDim<KnownShape<Each>, Dim>>
    : Shape;

/** An unknown number of tensors of shape `S`. */
type Resized<S extends Shape, At> =
  HasAnyRank<S> extends true
    ? Shape
    : number extends At
      ? Unsized<S>
      : { readonly [I in keyof S]: I extends `${At & number}` ? number : S[I] };

type Chained<
  Who extends string,
  First extends Shape,
  At extends number,
  Rest extends readonly Shape[],
  Result extends Shape,
  Passed extends readonly unknown[],
> = Rest extends readonly [infer Next extends Shape, ...infer Others extends readonly Shape[]]
  ? Beside<Result, KnownShape<Next>, At> extends infer Joined
    ? [Joined] extends [never]
      ? Mistake<`${Who} expects tensors that differ in dim ${At} only, but got ${Show<First>} and, as tensor ${[...Passed, unknown]["length"]}, ${Show<Next>}`>
      : Joined extends Shape
        ? Chained<Who, First, At, Others, Joined, [...Passed, unknown]>
        : Shape
    : Shape
  : HasAnyRank<Result> extends true
    ? Shape
    : Result;

/** Two tensors one after the other; `never` where they contradict each other in another dimension. */
type Beside<A extends Shape, B extends Shape, At extends number> =
  HasAnyRank<A> extends true
    ? Shape
    : HasAnyRank<B> extends true
      ? Shape
      : number extends At
        ? Shape
        : Agreed<Resized<A, At>, Resized<B, At>> extends infer Others extends Shape
          ? { readonly [I in keyof Others]: I extends `${At}` ? Add<A[At], B[At]> : Others[I] }
          : never;

/** The shape of tensors side by side along a new dimension. @throws ShapeError where they differ. */
export function stackedShape(who: string, shapes: readonly [Shape, ...Shape[]], dim: number): number[] {
  const [first] = shapes;
  const odd = shapes.findIndex((shape) => !sameShape(shape, first));
  if (odd >= 0) {
    throw new ShapeError(
      `${who} expects tensors of equal shapes, but got ${showShape(first)} and, as tensor ${odd}, ${showShape(shapes[odd] ?? [])}. Usual cause: images of several sizes, or concat where a dimension exists already.`,
    );
  }
  return first.toSpliced(resolveDim(who, dim, [...first, 1]), 0, shapes.length);
}

/** {@link stackedShape} as a type. */
export type Stacked<Who extends string, Shapes extends readonly Shape[], Dim> = Shapes extends readonly [
  infer First extends Shape,
  ...infer Rest extends readonly Shape[],
]
  ? AllAgreed<Who, KnownShape<First>, Rest, KnownShape<First>> extends infer Common
    ? Common extends Shape
      ? Inserted<Common, Shapes["length"], Dim>
      : Common
    : never
  : Inserted<KnownShape<Shapes[number]>, number, Dim>;

type AllAgreed<
  Who extends string,
  First extends Shape,
  Rest extends readonly Shape[],
  Common extends Shape,
  Passed extends readonly unknown[] = [],
> = Rest extends readonly [infer Next extends Shape, ...infer Others extends readonly Shape[]]
  ? true extends HasAnyRank<Common> | HasAnyRank<KnownShape<Next>>
    ? Shape
    : [Agreed<Common, Next>] extends [never]
      ? Mistake<`${Who} expects tensors of equal shapes, but got ${Show<First>} and, as tensor ${[...Passed, unknown]["length"]}, ${Show<Next>}`>
      : AllAgreed<Who, First, Others, Agreed<Common, Next>, [...Passed, unknown]>
  : Common;
