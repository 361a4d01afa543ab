/** Elementwise functions of one tensor, and of two whose shapes broadcast. */
import { broadcastShape } from "../shape/broadcast.js";
import { type Shape, sameShape, sizeOf, stridesOf } from "../shape/shape.js";
import { dtypeOf, floats, type TensorLike } from "./storage.js";

/** y[i] = f(x[i], i), with i the row-major index. */
export function map(x: TensorLike, f: (value: number, index: number) => number): TensorLike {
  const { data, shape } = x;
  const result = floats(data.length, dtypeOf(x));
  for (let i = 0; i < result.length; i++) result[i] = f(data[i]!, i);
  return { data: result, shape };
}

/**
 * y = f(a, b) element by element, where axes of size 1 and missing leading axes are repeated.
 * @throws ShapeError where the shapes do not broadcast.
 */
export function combine(
  who: string,
  a: TensorLike,
  b: TensorLike | number,
  f: (a: number, b: number) => number,
): TensorLike {
  if (typeof b === "number") return map(a, (value) => f(value, b));
  const left = a.data;
  const right = b.data;
  if (sameShape(a.shape, b.shape)) {
    const data = floats(left.length, dtypeOf(a, b));
    for (let i = 0; i < data.length; i++) data[i] = f(left[i]!, right[i]!);
    return { data, shape: a.shape };
  }
  const shape = broadcastShape(who, a.shape, b.shape);
  const leftStrides = broadcastStrides(a.shape, shape);
  const rightStrides = broadcastStrides(b.shape, shape);
  const data = floats(sizeOf(shape), dtypeOf(a, b));
  const last = shape.length - 1;
  let to = 0;
  const visit = (axis: number, p: number, q: number): void => {
    const extent = shape[axis]!;
    const leftStride = leftStrides[axis]!;
    const rightStride = rightStrides[axis]!;
    for (let i = 0; i < extent; i++) {
      if (axis === last) data[to++] = f(left[p]!, right[q]!);
      else visit(axis + 1, p, q);
      p += leftStride;
      q += rightStride;
    }
  };
  if (data.length > 0) visit(0, 0, 0);
  return { data, shape };
}

/** Strides that read a tensor of shape `own` as if it had the shape `wanted`: 0 along axes that are repeated. */
export function broadcastStrides(own: Shape, wanted: Shape): number[] {
  const strides = stridesOf(own);
  const missing = wanted.length - own.length;
  return wanted.map((_, axis) => (axis < missing || own[axis - missing] === 1 ? 0 : strides[axis - missing]!));
}
