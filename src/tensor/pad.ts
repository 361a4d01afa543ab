/** Padding any axes of a tensor, with a number or with its own elements. */

import { checkNumber, checkOneOf, checkSize, readOptions } from "../shape/check.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { type PaddingMode, paddedSize, padIndices } from "../shape/pad.js";
import { showShape, sizeOf } from "../shape/shape.js";
import { show } from "../shape/show.js";
import { dtypeOf, floats, type TensorLike } from "./storage.js";

export interface PadOptions {
  /** `"constant"` (default) fills with `value`; the others repeat the tensor's own elements, as in `Conv2d`. */
  readonly mode?: "constant" | Exclude<PaddingMode, "zeros">;
  /** What mode `"constant"` fills with. Default 0. */
  readonly value?: number;
}

const MODES = ["constant", "reflect", "replicate", "circular"] as const;

/**
 * @param padding before and after the last axis, before and after the one before it, …; negative numbers crop
 * @throws ArgumentError unless `padding` is pairs of integers and the mode is known, ShapeError for more pairs than
 *   axes, more padding than the mode can fill, or a crop that leaves nothing.
 */
export function pad(who: string, x: TensorLike, padding: readonly number[], options: PadOptions): TensorLike {
  const { mode, value } = readOptions(who, options, { mode: "constant", value: 0 });
  checkNumber(who, "value", value);
  const rank = x.shape.length;
  checkOneOf(who, "mode", mode, MODES);
  if (!Array.isArray(padding) || padding.length % 2 > 0 || !padding.every(Number.isInteger)) {
    throw new ArgumentError(
      `${who} expects integers in pairs, before and after each axis from the last one, but got ${show(padding)}.`,
    );
  }
  if (padding.length > 2 * rank) {
    throw new ShapeError(
      `${who} expects pairs for at most the ${rank} axes of ${showShape(x.shape)}, but got ${padding.length / 2} in ${showShape(padding)}.`,
    );
  }
  const indexMode = mode === "constant" ? "zeros" : mode;
  let padded: TensorLike = { data: x.data.slice(), shape: x.shape };
  for (let pair = 0; 2 * pair < padding.length; pair++) {
    const axis = rank - 1 - pair;
    const [before, after] = [padding[2 * pair]!, padding[2 * pair + 1]!];
    const size = paddedSize(who, x.shape, x.shape[axis]!, before, after, indexMode);
    checkSize(who, "an output", padded.shape.with(axis, size));
    padded = take(padded, axis, padIndices(x.shape[axis]!, before, after, indexMode), value);
  }
  return padded;
}

/** Position i along `axis` of the result is position indices[i] of `x`, or `fill` where that is −1. */
function take(x: TensorLike, axis: number, indices: Int32Array, fill: number): TensorLike {
  const shape = x.shape.with(axis, indices.length);
  const inner = sizeOf(shape, axis + 1);
  const block = x.shape[axis]! * inner;
  const data = floats(sizeOf(shape), dtypeOf(x)).fill(fill);
  let to = 0;
  for (let at = 0; to < data.length; at += block) {
    for (const index of indices) {
      if (index >= 0) data.set(x.data.subarray(at + index * inner, at + (index + 1) * inner), to);
      to += inner;
    }
  }
  return { data, shape };
}
