/** Joining tensors along a dimension that they have, or along a new one. */

import { refuseForeign } from "../shape/brand.js";
import { type DimOrMistake, resolveDim } from "../shape/dim.js";
import { ArgumentError } from "../shape/errors.js";
import { type Concatenated, concatenatedShape, type Stacked, stackedShape } from "../shape/join.js";
import type { KnownShape, OrMistake, ResultShape } from "../shape/known-shape.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import { allocate, Tensor } from "./tensor.js";

type ShapesOf<Tensors extends readonly Tensor[]> = { readonly [I in keyof Tensors]: Tensors[I]["shape"] };

/**
 * The tensors one after the other along `dim`, 0 if it is omitted: `[2, 3]` and `[4, 3]` → `[6, 3]`. A copy.
 * @throws ShapeError where they differ in another dimension than `dim`, ArgumentError for no tensors at all.
 * @example concat([x, y], 1)
 */
export function concat<const T extends readonly Tensor[], const A extends number = 0>(
  tensors: T & OrMistake<Concatenated<"concat", ShapesOf<T>, A>>,
  dim?: A & DimOrMistake<"concat", KnownShape<T[0]["shape"]>, A>,
): Tensor<ResultShape<Concatenated<"concat", ShapesOf<T>, A>>> {
  const shapes = shapesOf("concat", tensors);
  const at = resolveDim("concat", dim === undefined ? 0 : dim, shapes[0]);
  const shape = concatenatedShape("concat", shapes, at);
  const result = allocate(
    shape as Shape as ResultShape<Concatenated<"concat", ShapesOf<T>, A>>,
    tensors.some(({ dtype }) => dtype === "float64") ? "float64" : "float32",
  );
  const inner = sizeOf(shape, at + 1);
  const outer = sizeOf(shape, 0, at);
  const numbers = result.view();
  let to = 0;
  for (let o = 0; o < outer; o++) {
    for (const each of tensors) {
      const data = each.view();
      const block = each.shape[at]! * inner;
      numbers.set(data.subarray(o * block, (o + 1) * block), to);
      to += block;
    }
  }
  return result;
}

/**
 * The tensors side by side along a new dimension, 0 if it is omitted: three of `[2, 3]` → `[3, 2, 3]`. A copy.
 * @throws ShapeError for unequal shapes, ArgumentError for no tensors at all.
 */
export function stack<const T extends readonly Tensor[], const A extends number = 0>(
  tensors: T & OrMistake<Stacked<"stack", ShapesOf<T>, A>>,
  dim?: A & DimOrMistake<"stack", KnownShape<readonly [...T[0]["shape"], 1]>, A>,
): Tensor<ResultShape<Stacked<"stack", ShapesOf<T>, A>>> {
  const shape = stackedShape("stack", shapesOf("stack", tensors), dim === undefined ? 0 : dim);
  const at = resolveDim("stack", dim === undefined ? 0 : dim, shape);
  const joined = concat(
    tensors.map((each): Tensor => each.unsqueeze(at)),
    at,
  );
  return joined.withShape(shape as Shape as ResultShape<Stacked<"stack", ShapesOf<T>, A>>);
}

function shapesOf(who: string, tensors: readonly Tensor[]): readonly [Shape, ...Shape[]] {
  if (Array.isArray(tensors)) refuseForeign(who, ...tensors);
  if (!Array.isArray(tensors) || tensors.length === 0 || !tensors.every((each) => each instanceof Tensor)) {
    throw new ArgumentError(
      `${who} expects an array of at least one Tensor. Usual cause: tensors given one by one; write ${who}([a, b], 0).`,
    );
  }
  return tensors.map(({ shape }) => shape) as unknown as readonly [Shape, ...Shape[]];
}
