/** Padding and cropping of any dimensions, and the adjoint. */
import { type PixelMode, padSides } from "../shape/pad.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import { padLoops } from "../tensor/pad.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";
import { copyInto, full } from "./layout.js";
import { pad2d, pad2dBackward } from "./pad2d.js";

/** What padding holds: a number, or the tensor's own elements. */
export type PadMode = "constant" | PixelMode;

/**
 * y = x with elements before and after the last dimension, before and after the one before it, …: `value`, or those of x that
 * the mode says. Negative numbers crop.
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
 */
export function pad(x: Tensor, padding: readonly number[], mode: PadMode = "constant", value = 0, who = "pad"): Tensor {
  const sides = padSides(who, x.shape, padding, mode === "constant" ? "zeros" : mode);
  if (mode !== "constant" && padding.some((number) => number > 0)) {
    return sides.reduce((y, [before, after], dim) => {
      if (before === 0 && after === 0) return y;
      const padded = pad2d(y.withShape(aboutDim(y.shape, dim)), [0, 0, before, after], mode);
      return padded.withShape(y.shape.with(dim, (y.shape[dim] ?? 0) + before + after));
    }, x);
  }
  const { shape, loops, from, to } = padLoops(x.shape, sides);
  const fills = padding.some((number) => number > 0);
  const y = fills ? full(shape, x.dtype, value) : allocateUnset(shape, x.dtype);
  copyInto(y, to, x, from, loops);
  return y;
}

/** dx[i] = Σ dy over what shows x[i] */
export function padBackward(dy: Tensor, inputShape: Shape, padding: readonly number[], mode: PadMode): Tensor {
  const sides = padSides("pad", inputShape, padding, mode === "constant" ? "zeros" : mode);
  if (mode !== "constant" && padding.some((number) => number > 0)) {
    return sides.reduceRight((dx, [before, after], dim) => {
      if (before === 0 && after === 0) return dx;
      const shape = dx.shape.with(dim, inputShape[dim] ?? 0);
      const planes = dx.withShape(aboutDim(dx.shape, dim));
      return pad2dBackward(planes, aboutDim(shape, dim), [0, 0, before, after], mode).withShape(shape);
    }, dy);
  }
  const { loops, from, to } = padLoops(inputShape, sides);
  const crops = padding.some((number) => number < 0);
  const dx = crops ? full(inputShape, dy.dtype, 0) : allocateUnset(inputShape, dy.dtype);
  copyInto(dx, from, dy, to, { ...loops, strides: loops.strides.toReversed() });
  return dx;
}

/** The shape as planes of rows: a dimension, and all after it. */
function aboutDim(shape: Shape, dim: number): [number, number, number] {
  return [sizeOf(shape, 0, dim), shape[dim] ?? 0, sizeOf(shape, dim + 1)];
}
