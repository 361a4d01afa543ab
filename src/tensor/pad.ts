/** Padding any dimensions of a tensor, with a number or with its own elements. */

import { checkNumber, checkOneOf, readOptions } from "../shape/check.js";
import { type PixelMode, padIndices, padSides, type Sides } from "../shape/pad.js";
import { type Shape, sizeOf, stridesOf } from "../shape/shape.js";
import { copyLoops } from "./layout.js";
import { type Loops, loopsOf } from "./loops.js";
import { dtypeOf, floats, type TensorLike } from "./storage.js";

/** Options of `Tensor.pad`. */
export interface PadOptions {
  /** `"constant"` (default) fills with `value`; the others repeat the tensor's own elements, as in `Conv2d`. */
  readonly mode?: "constant" | PixelMode;
  /** What mode `"constant"` fills with. Default 0. */
  readonly value?: number;
}

/** The options, checked. @throws ArgumentError for an unknown mode or a value that is not a number. */
export function padOptions(who: string, options: PadOptions): Required<PadOptions> {
  const { mode, value } = readOptions(who, options, { mode: "constant", value: 0 });
  checkNumber(who, "value", value);
  return { mode: checkOneOf(who, "mode", mode, ["constant", "reflect", "replicate", "circular"]), value };
}

/**
 * @param padding before and after the last dimension, before and after the one before it, …; negative numbers crop
 * @throws ArgumentError unless `padding` is pairs of integers and the mode is known, ShapeError for more pairs than
 *   dimensions, more padding than the mode can fill, or a crop that leaves nothing.
 */
export function pad(who: string, x: TensorLike, padding: readonly number[], options: PadOptions): TensorLike {
  const { mode, value } = padOptions(who, options);
  const sides = padSides(who, x.shape, padding, mode === "constant" ? "zeros" : mode);
  if (mode !== "constant") {
    const indices = sides.map(([before, after], dim) => padIndices(x.shape[dim]!, before, after, mode));
    return indices.reduce(take, { data: x.data.slice(), shape: x.shape });
  }
  const { shape, loops, from, to } = padLoops(x.shape, sides);
  const data = floats(sizeOf(shape), dtypeOf(x));
  if (value !== 0) data.fill(value);
  copyLoops(loops, x.data, from, data, to);
  return { data, shape };
}

/** What a padded tensor shows of its source: loops over the elements of both, and where they start in each. */
export interface PadLoops {
  readonly shape: Shape;
  readonly loops: Loops;
  readonly from: number;
  readonly to: number;
}

export function padLoops(shape: Shape, sides: Sides): PadLoops {
  const padded = shape.map((size, dim) => size + sides[dim]![0] + sides[dim]![1]);
  const shown = sides.map(([before, after], dim) =>
    Math.max(0, shape[dim]! + Math.min(0, before) + Math.min(0, after)),
  );
  const [read, write] = [stridesOf(shape), stridesOf(padded)];
  return {
    shape: padded,
    loops: loopsOf(shown, read, write),
    from: sides.reduce((at, [before], dim) => at + read[dim]! * Math.max(0, -before), 0),
    to: sides.reduce((at, [before], dim) => at + write[dim]! * Math.max(0, before), 0),
  };
}

/** Position i along `dim` of the result is position indices[i] of `x`. */
function take(x: TensorLike, indices: Int32Array, dim: number): TensorLike {
  const shape = x.shape.with(dim, indices.length);
  const inner = sizeOf(shape, dim + 1);
  const block = x.shape[dim]! * inner;
  const data = floats(sizeOf(shape), dtypeOf(x));
  let to = 0;
  for (let at = 0; to < data.length; at += block) {
    for (const index of indices) {
      if (inner === 1) data[to] = x.data[at + index]!;
      else data.set(x.data.subarray(at + index * inner, at + (index + 1) * inner), to);
      to += inner;
    }
  }
  return { data, shape };
}
