/** Reading elements in another order: permuting dimensions, cutting out ranges. Every result is a copy. */
import { permutedDims } from "../shape/layout.js";
import { type Shape, sizeOf, stridesOf } from "../shape/shape.js";
import { type DimSlice, sliceGeometry } from "../shape/slice.js";
import { eachRound, type Loops, loopsOf, splitLoops } from "./loops.js";
import { dtypeOf, type FloatArray, floats, type TensorLike } from "./storage.js";

/** Rows of fewer elements are copied one by one faster than all at once. */
const FEW = 16;

/** to[toAt + …] = from[fromAt + …] for every round of the loops, whose strides are those of `from` and `to`. */
export function copyLoops(loops: Loops, from: FloatArray, fromAt: number, to: FloatArray, toAt: number): void {
  const [outer, inner] = splitLoops(loops, 1);
  const [count, read, write] = [inner.sizes[0]!, inner.strides[0]![0]!, inner.strides[1]![0]!];
  const isRow = read === 1 && write === 1 && count >= FEW;
  eachRound(outer, [fromAt, toAt], ([source, target]) => {
    if (isRow) to.set(from.subarray(source, source! + count), target);
    else for (let i = 0; i < count; i++) to[target! + i * write] = from[source! + i * read]!;
  });
}

/** Writes data[at + Σ iₐ·stridesₐ] for every index of `shape` to `result`, in row-major order. */
export function gather(
  data: FloatArray,
  at: number,
  shape: Shape,
  strides: readonly number[],
  result: FloatArray,
): FloatArray {
  copyLoops(loopsOf(shape, strides, stridesOf(shape)), data, at, result, 0);
  return result;
}

/** Dimension `i` of the result is dimension `order[i]` of `x`. @throws ArgumentError unless `order` names every dimension once. */
export function permute(who: string, x: TensorLike, order: readonly number[]): TensorLike {
  const dims = permutedDims(who, x.shape, order);
  const strides = stridesOf(x.shape);
  const shape = dims.map((dim) => x.shape[dim]!);
  const moved = dims.map((dim) => strides[dim]!);
  return { data: gather(x.data, 0, shape, moved, floats(x.data.length, dtypeOf(x))), shape };
}

/** The part of `x` that one slice a dimension selects. @throws as {@link sliceGeometry}. */
export function slice(who: string, x: TensorLike, slices: readonly DimSlice[]): TensorLike {
  const { offset, shape, strides } = sliceGeometry(who, x.shape, slices);
  return { data: gather(x.data, offset, shape, strides, floats(sizeOf(shape), dtypeOf(x))), shape };
}
