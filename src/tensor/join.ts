/** Joining tensors along an axis that they have, or along a new one. */
import { resolveAxis } from "../shape/axis.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { sameShape, showShape, sizeOf } from "../shape/shape.js";
import { dtypeOf } from "./storage.js";
import { allocate, Tensor } from "./tensor.js";

/**
 * The tensors one after the other along `axis`: `[2, 3]` and `[4, 3]` → `[6, 3]`. A copy.
 * @throws ShapeError where they differ in another axis than `axis`, ArgumentError for no tensors at all.
 * @example concat([x, y], 1)
 */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  const [first] = checkTensors("concat", tensors);
  const at = resolveAxis("concat", axis, first.shape);
  const rest = tensors.map(({ shape }) => shape.filter((_, i) => i !== at));
  const odd = tensors.findIndex(({ rank }, i) => rank !== first.rank || !sameShape(rest[0]!, rest[i]!));
  if (odd >= 0) {
    throw new ShapeError(
      `concat expects tensors that differ in axis ${at} only, but got ${showShape(first.shape)} and, as tensor ${odd}, ${showShape(tensors[odd]!.shape)}. Usual cause: the wrong axis, or an image of another size.`,
    );
  }
  const extent = tensors.reduce((sum, { shape }) => sum + shape[at]!, 0);
  const result = allocate(first.shape.with(at, extent), dtypeOf(...tensors));
  const inner = sizeOf(first.shape.slice(at + 1));
  const outer = sizeOf(first.shape.slice(0, at));
  let to = 0;
  for (let o = 0; o < outer; o++) {
    for (const { data, shape } of tensors) {
      const block = shape[at]! * inner;
      result.data.set(data.subarray(o * block, (o + 1) * block), to);
      to += block;
    }
  }
  return result;
}

/**
 * The tensors side by side along a new axis: three of `[2, 3]` → `[3, 2, 3]` along axis 0. A copy.
 * @throws ShapeError for unequal shapes, ArgumentError for no tensors at all.
 */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  const [first] = checkTensors("stack", tensors);
  const odd = tensors.findIndex(({ shape }) => !sameShape(shape, first.shape));
  if (odd >= 0) {
    throw new ShapeError(
      `stack expects tensors of equal shapes, but got ${showShape(first.shape)} and, as tensor ${odd}, ${showShape(tensors[odd]!.shape)}. Usual cause: images of several sizes, or concat where an axis exists already.`,
    );
  }
  const at = resolveAxis("stack", axis, [...first.shape, 1]);
  return concat(
    tensors.map((each) => each.unsqueeze(at)),
    at,
  );
}

function checkTensors(who: string, tensors: readonly Tensor[]): readonly [Tensor, ...Tensor[]] {
  if (!Array.isArray(tensors) || tensors.length === 0 || !tensors.every((each) => each instanceof Tensor)) {
    throw new ArgumentError(
      `${who} expects an array of at least one Tensor. Usual cause: tensors given one by one; write ${who}([a, b], 0).`,
    );
  }
  return tensors as unknown as readonly [Tensor, ...Tensor[]];
}
