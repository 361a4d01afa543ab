/**
 * Arithmetic of two tensors whose shapes broadcast, and of a tensor and a number. Backward returns the gradients of the
 * operands that are `wanted`, each in its operand's shape; one may be dy itself, or share its memory.
 */
import { type Shape, sameShape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { activation } from "./activation.js";
import { combine } from "./broadcast.js";
import { merge } from "./merge.js";
import { sumOver } from "./reduce.js";
import { relu } from "./relu.js";

/** Which operands' gradients are wanted. */
export type Wanted = readonly [a: boolean, b: boolean];
export type Gradients = [da: Tensor | undefined, db: Tensor | undefined];

/** y = a + b, or max(a + b, 0) where it `rectifies`. */
export function add(a: Tensor, b: Tensor, rectifies = false): Tensor {
  if (sameShape(a.shape, b.shape)) return merge(a, b, rectifies);
  const y = combine("add", a, b);
  return rectifies ? activation(relu, {}, y, y) : y;
}

/** da = dy, db = dy, summed over what broadcasting repeats */
export function addBackward(dy: Tensor, a: Shape, b: Shape, [wantsA, wantsB]: Wanted): Gradients {
  return [wantsA ? sumTo(dy, a) : undefined, wantsB ? sumTo(dy, b) : undefined];
}

/** y = a − b */
export function subtract(a: Tensor, b: Tensor): Tensor {
  return combine("subtract", a, b);
}

/** da = dy, db = −dy, summed over what broadcasting repeats */
export function subtractBackward(dy: Tensor, a: Shape, b: Shape, [wantsA, wantsB]: Wanted): Gradients {
  return [wantsA ? sumTo(dy, a) : undefined, wantsB ? scale(sumTo(dy, b), -1) : undefined];
}

/** y = a · b, element by element */
export function multiply(a: Tensor, b: Tensor): Tensor {
  return combine("multiply", a, b);
}

/** da = dy · b, db = dy · a, summed over what broadcasting repeats */
export function multiplyBackward(dy: Tensor, a: Tensor, b: Tensor, [wantsA, wantsB]: Wanted): Gradients {
  return [wantsA ? productTo(dy, b, a.shape) : undefined, wantsB ? productTo(dy, a, b.shape) : undefined];
}

/** y = a / b */
export function divide(a: Tensor, b: Tensor): Tensor {
  return combine("divide", a, b);
}

/** da = dy / b, db = −dy · a / b², summed over what broadcasting repeats: b is the same in all of one sum */
export function divideBackward(dy: Tensor, a: Tensor, b: Tensor, [wantsA, wantsB]: Wanted): Gradients {
  return [
    wantsA ? sumTo(divide(dy, b), a.shape) : undefined,
    wantsB ? scale(divide(divide(productTo(dy, a, b.shape), b), b), -1) : undefined,
  ];
}

/** y = x · factor. Its adjoint is itself: dx = dy · factor. */
export function scale(x: Tensor, factor: number): Tensor {
  return combine("multiply", x, factor);
}

/** y = x / divisor. Its adjoint is itself: dx = dy / divisor. */
export function divideBy(x: Tensor, divisor: number): Tensor {
  return combine("divide", x, divisor);
}

/** y = x + by, and dx = dy. */
export function shift(x: Tensor, by: number): Tensor {
  return combine("add", x, by);
}

/** The dimensions of `wide` along which a tensor of shape `own` is repeated. */
function repeatedDims(own: Shape, wide: Shape): number[] {
  const missing = wide.length - own.length;
  return [...wide.keys()].filter((dim) => dim < missing || (own[dim - missing] === 1 && wide[dim] !== 1));
}

/** dy summed over the dimensions along which an operand of this shape was repeated: the adjoint of broadcasting. */
function sumTo(dy: Tensor, shape: Shape): Tensor {
  const dims = repeatedDims(shape, dy.shape);
  return sameSize(dy, dims) ? dy.withShape(shape) : sumOver(dy, dims).withShape(shape);
}

/** The same of dy · by, which nobody needs in full where `by` has dy's shape. */
function productTo(dy: Tensor, by: Tensor, shape: Shape): Tensor {
  const dims = repeatedDims(shape, dy.shape);
  if (sameSize(dy, dims)) return multiply(dy, by).withShape(shape);
  if (sameShape(dy.shape, by.shape)) return sumOver(dy, dims, 1, by).withShape(shape);
  return sumOver(multiply(dy, by), dims).withShape(shape);
}

/** Whether a sum over these dimensions has as many elements as before. */
function sameSize({ shape }: Tensor, dims: readonly number[]): boolean {
  return dims.every((dim) => shape[dim] === 1);
}
