/** Shape rule of Maxout: one axis shrinks to one channel for each group of `pieces`. */

import type { FloorDivide, Modulo } from "./arithmetic.js";
import { type AxisGeometry, resolveAxis } from "./dim.js";
import { inputMismatch } from "./errors.js";
import type { FeaturesRule } from "./linear.js";
import type { AxisMistake, AxisOf, Differs, HasRank, Mismatch, Option, ShapeRule, WithSize } from "./rule.js";
import { type Shape, sizeOf } from "./shape.js";

/** The groups of `pieces` channels as the lines of x. @throws ShapeError where the input has no axis `dim`, or `pieces` does not divide it. */
export function maxoutGeometry(layer: string, pieces: number, dim: number, input: Shape): AxisGeometry {
  const axis = resolveAxis(layer, dim, input);
  const size = input[axis] ?? 0;
  if (size % pieces !== 0) {
    throw inputMismatch(
      {
        layer,
        expected: `a multiple of ${pieces} channels along axis ${axis}`,
        got: `${size}`,
        cause: "the layer before it must give pieces times as many channels as Maxout shall",
      },
      input,
    );
  }
  return { outer: (sizeOf(input, 0, axis) * size) / pieces, size: pieces, inner: sizeOf(input, axis + 1) };
}

/** The input's shape with `axis` divided by `pieces`: the same rule as {@link maxoutGeometry}. */
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

type Divided<S extends Shape, Pieces extends number, Dim> = [AxisOf<S, Dim>] extends [never]
  ? AxisMistake<"Maxout", S, Dim>
  : DividedAt<S, Pieces, AxisOf<S, Dim>>;

type DividedAt<S extends Shape, Pieces extends number, Axis extends number> = number extends Axis
  ? { readonly [I in keyof S]: number }
  : Differs<Modulo<S[Axis], Pieces>, 0> extends true
    ? Mismatch<"Maxout", `a multiple of ${Pieces} channels along axis ${Axis}`, `${S[Axis]}`>
    : WithSize<S, Axis, FloorDivide<S[Axis], Pieces>>;

/** The rule of MaxoutLinear, which is Linear's with another name. */
export interface MaxoutLinearRule<In extends number, Out extends number>
  extends FeaturesRule<"MaxoutLinear", In, Out> {}
