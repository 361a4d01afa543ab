/** Shapes of tensors that are joined along an axis that they have, or along a new one. */
import type { Add } from "./arithmetic.js";
import type { Definite, HasAnyRank, Unsized } from "./definite.js";
import { type ResolvedAxis, resolveAxis } from "./dim.js";
import { ShapeError } from "./errors.js";
import type { Inserted } from "./layout.js";
import type { Agreed, Mistake, Show } from "./rule.js";
import { type Shape, sameShape, showShape } from "./shape.js";

/** The shape of tensors one after the other along `axis`. @throws ShapeError where they differ in another axis. */
export function concatenatedShape(who: string, shapes: readonly [Shape, ...Shape[]], axis: number): number[] {
  const [first] = shapes;
  const at = resolveAxis(who, axis, first);
  const others = (shape: Shape) => shape.filter((_, i) => i !== at);
  const odd = shapes.findIndex((shape) => shape.length !== first.length || !sameShape(others(shape), others(first)));
  if (odd >= 0) {
    throw new ShapeError(
      `${who} expects tensors that differ in axis ${at} only, but got ${showShape(first)} and, as tensor ${odd}, ${showShape(shapes[odd] ?? [])}. Usual cause: the wrong axis, or an image of another size.`,
    );
  }
  return first.with(
    at,
    shapes.reduce((sum, shape) => sum + (shape[at] ?? 0), 0),
  );
}

/** {@link concatenatedShape} as a type. */
export type Concatenated<Who extends string, Shapes extends readonly Shape[], Axis> = Shapes extends readonly [
  infer First extends Shape,
  ...infer Rest extends readonly Shape[],
]
  ? ResolvedAxis<Definite<First>, Axis> extends infer At extends number
    ? Chained<Who, Definite<First>, At, Rest, Definite<First>, []>
    : Shape
  : Shapes extends readonly (infer Each extends Shape)[]
    ? Resized<Definite<Each>, ResolvedAxis<Definite<Each>, Axis>>
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
  ? Beside<Result, Definite<Next>, At> extends infer Joined
    ? [Joined] extends [never]
      ? Mistake<`${Who} expects tensors that differ in axis ${At} only, but got ${Show<First>} and, as tensor ${[...Passed, unknown]["length"]}, ${Show<Next>}`>
      : Joined extends Shape
        ? Chained<Who, First, At, Others, Joined, [...Passed, unknown]>
        : Shape
    : Shape
  : HasAnyRank<Result> extends true
    ? Shape
    : Result;

/** Two tensors one after the other; `never` where they contradict each other in another axis. */
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

/** The shape of tensors side by side along a new axis. @throws ShapeError where they differ. */
export function stackedShape(who: string, shapes: readonly [Shape, ...Shape[]], axis: number): number[] {
  const [first] = shapes;
  const odd = shapes.findIndex((shape) => !sameShape(shape, first));
  if (odd >= 0) {
    throw new ShapeError(
      `${who} expects tensors of equal shapes, but got ${showShape(first)} and, as tensor ${odd}, ${showShape(shapes[odd] ?? [])}. Usual cause: images of several sizes, or concat where an axis exists already.`,
    );
  }
  return first.toSpliced(resolveAxis(who, axis, [...first, 1]), 0, shapes.length);
}

/** {@link stackedShape} as a type. */
export type Stacked<Who extends string, Shapes extends readonly Shape[], Axis> = Shapes extends readonly [
  infer First extends Shape,
  ...infer Rest extends readonly Shape[],
]
  ? AllAgreed<Who, Definite<First>, Rest, Definite<First>> extends infer Common
    ? Common extends Shape
      ? Inserted<Common, Shapes["length"], Axis>
      : Common
    : never
  : Inserted<Definite<Shapes[number]>, number, Axis>;

type AllAgreed<
  Who extends string,
  First extends Shape,
  Rest extends readonly Shape[],
  Common extends Shape,
  Passed extends readonly unknown[] = [],
> = Rest extends readonly [infer Next extends Shape, ...infer Others extends readonly Shape[]]
  ? true extends HasAnyRank<Common> | HasAnyRank<Definite<Next>>
    ? Shape
    : [Agreed<Common, Next>] extends [never]
      ? Mistake<`${Who} expects tensors of equal shapes, but got ${Show<First>} and, as tensor ${[...Passed, unknown]["length"]}, ${Show<Next>}`>
      : AllAgreed<Who, First, Others, Agreed<Common, Next>, [...Passed, unknown]>
  : Common;
