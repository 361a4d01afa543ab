/** Shape rule of Maxout: one axis shrinks to one channel for each group of `pieces`. */

import type { FloorDivide, Modulo } from "./arithmetic.js";
import { resolveAxis } from "./axis.js";
import { inputMismatch } from "./errors.js";
import type { Counted, Differs, HasRank, Mismatch, RankMistake, ShapeRule } from "./rule.js";
import { type Shape, sizeOf } from "./shape.js";

/** x (outer, channels, pieces, inner) → y (outer, channels, inner) */
export interface MaxoutGeometry {
  readonly outer: number;
  readonly channels: number;
  readonly pieces: number;
  readonly inner: number;
}

/** @throws ShapeError where the input has no axis `dim`, or `pieces` does not divide it. */
export function maxoutGeometry(layer: string, pieces: number, dim: number, input: Shape): MaxoutGeometry {
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
  return {
    outer: sizeOf(input.slice(0, axis)),
    channels: size / pieces,
    pieces,
    inner: sizeOf(input.slice(axis + 1)),
  };
}

/** The input's shape with `axis` divided by `pieces`: the same rule as {@link maxoutGeometry}. */
export function maxoutShape(layer: string, pieces: number, dim: number, input: Shape): number[] {
  const { channels } = maxoutGeometry(layer, pieces, dim, input);
  return [...input].with(dim, channels);
}

/** The rule of Maxout: {@link maxoutShape} as a type, for the channels' axis 1 and the last one. */
export interface MaxoutRule<Pieces extends number, Dim> extends ShapeRule {
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : [Dim] extends [1]
      ? this["in"] extends readonly [infer N extends number, infer C extends number, ...infer Rest extends Shape]
        ? Fits<C, Pieces, " along axis 1", readonly [N, FloorDivide<C, Pieces>, ...Rest]>
        : Shape
      : [Dim] extends [-1]
        ? this["in"] extends readonly [...infer Leading extends Shape, infer C extends number]
          ? Fits<C, Pieces, "", readonly [...Leading, FloorDivide<C, Pieces>]>
          : Shape
        : Shape;
}

type Fits<C extends number, Pieces extends number, Where extends string, Out> =
  Differs<Modulo<C, Pieces>, 0> extends true
    ? Mismatch<"Maxout", `a multiple of ${Pieces} channels${Where}`, `${C}`>
    : Out;

/** The rule of MaxoutLinear, which is Linear's with another name. */
export interface MaxoutLinearRule<In extends number, Out extends number> extends ShapeRule {
  readonly natural: readonly [number, In];
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : this["in"] extends readonly [...infer Rows extends Shape, infer Features extends number]
      ? Differs<Features, In> extends true
        ? Mismatch<"MaxoutLinear", Counted<In, "feature">, `${Features}`>
        : readonly [...Rows, Out]
      : RankMistake<"MaxoutLinear", `[…, ${In}]`, this["in"]>;
}
