/** Elementwise functions of one tensor, and of two whose shapes broadcast. */
import { broadcastShape } from "../shape/broadcast.js";
import { sizeOf } from "../shape/shape.js";
import { broadcastStrides, eachRound, type Loops, loopsOf, splitLoops } from "./loops.js";
import { dtypeOf, type FloatArray, floats, type TensorLike } from "./storage.js";

/** y[i] = f(x[i], i), with i the row-major index. */
export function map(x: TensorLike, f: (value: number, index: number) => number): TensorLike {
  const { data, shape } = x;
  const result = floats(data.length, dtypeOf(x));
  for (let i = 0; i < result.length; i++) result[i] = f(data[i]!, i);
  return { data: result, shape };
}

/**
 * y = f(a, b) element by element, where dimensions of size 1 and missing leading dimensions are repeated.
 * @throws ShapeError where the shapes do not broadcast.
 */
export function combine(
  who: string,
  a: TensorLike,
  b: TensorLike | number,
  f: (a: number, b: number) => number,
): TensorLike {
  if (typeof b === "number") return map(a, (value) => f(value, b));
  const shape = broadcastShape(who, a.shape, b.shape);
  const data = floats(sizeOf(shape), dtypeOf(a, b));
  combineInto(
    f,
    loopsOf(shape, broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)),
    a.data,
    b.data,
    data,
  );
  return { data, shape };
}

/** y = f(a, b) for every round of the loops, whose strides are those of a and b. */
export function combineInto(
  f: (a: number, b: number) => number,
  loops: Loops,
  a: FloatArray,
  b: FloatArray,
  y: FloatArray,
): void {
  const [outer, inner] = splitLoops(loops, 1);
  const [count, left, right] = [inner.sizes[0]!, inner.strides[0]![0]!, inner.strides[1]![0]!];
  let to = 0;
  eachRound(outer, [0, 0], ([aAt, bAt]) => {
    for (let i = 0; i < count; i++) y[to++] = f(a[aAt! + i * left]!, b[bAt! + i * right]!);
  });
}
