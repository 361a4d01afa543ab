/** Shape rule of Maxout: one dimension shrinks to one channel for each group of `pieces`. */

import type { FloorDivide, Modulo } from "./arithmetic.js";
import { type DimGeometry, resolveDim } from "./dim.js";
import { inputMismatch } from "./errors.js";
import type { FeaturesRule } from "./linear.js";
import type { Differs, DimMistake, DimOf, HasRank, Mismatch, Option, ShapeRule, WithSize } from "./rule.js";
import { type Shape, sizeOf } from "./shape.js";

/** The groups of `pieces` channels as the lines of x. @throws ShapeError where the input has no dimension `dim`, or `pieces` does not divide it. */
export function maxoutGeometry(layer: string, pieces: number, dim: number, input: Shape): DimGeometry {
  const at = resolveDim(layer, dim, input);
  const size = input[at] ?? 0;
  if (size % pieces !== 0) {
    throw inputMismatch(
      {
        layer,
        expected: `a multiple of ${pieces} channels along dim ${at}`,
        got: `${size}`,
        cause: "a layer before it without pieces times as many channels as Maxout returns",
      },
      input,
    );
  }
  return { outer: (sizeOf(input, 0, at) * size) / pieces, size: pieces, inner: sizeOf(input, at + 1) };
}

/** The input's shape with `dim` divided by `pieces`: the same rule as {@link maxoutGeometry}. */
export function maxoutShape(layer: string, pieces: number, dim: number, input: Shape): number[] {
  maxoutGeometry(layer, pieces, dim, input);
  return [...input].with(dim, (input.at(dim) ?? 0) / pieces);
}

/** The rule of Maxout: {@link maxoutShape} as a type. */
export interface MaxoutRule<Pieces extends number, O> extends ShapeRule {
  readonly of?: readonly [Pieces, O];
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : this["in"] extends Shape
      ? Divided<this["in"], Pieces, Option<O, "dim", 1>>
      : Shape;
}

type Divided<S extends Shape, Pieces extends number, Dim> = [DimOf<S, Dim>] extends [never]
  ? DimMistake<"Maxout", S, Dim>
  : DividedAt<S, Pieces, DimOf<S, Dim>>;

type DividedAt<S extends Shape, Pieces extends number, Dim extends number> = number extends Dim
  ? { readonly [I in keyof S]: number }
  : Differs<Modulo<S[Dim], Pieces>, 0> extends true
    ? Mismatch<"Maxout", `a multiple of ${Pieces} channels along dim ${Dim}`, `${S[Dim]}`>
    : WithSize<S, Dim, FloorDivide<S[Dim], Pieces>>;

/** The rule of MaxoutLinear, which is Linear's with another name. */
export interface MaxoutLinearRule<In extends number, Out extends number>
  extends FeaturesRule<"MaxoutLinear", In, Out> {}
