/** Reading elements in another order: permuting axes, cutting out ranges. Every result is a copy. */
import { permutedAxes } from "../shape/layout.js";
import { type Shape, sizeOf, stridesOf } from "../shape/shape.js";
import { type AxisSlice, sliceGeometry } from "../shape/slice.js";
import { dtypeOf, type FloatArray, floats, type TensorLike } from "./storage.js";

/** Writes data[at + Σ iₐ·stridesₐ] for every index of `shape` to `result`, in row-major order. */
export function gather(
  data: FloatArray,
  at: number,
  shape: Shape,
  strides: readonly number[],
  result: FloatArray,
): FloatArray {
  if (result.length === 0) return result;
  const axes = [...shape.keys()].filter((axis) => shape[axis] !== 1); // the others are steps into nothing
  const last = axes.length - 1;
  let to = 0;
  const visit = (depth: number, from: number): void => {
    const extent = shape[axes[depth]!]!;
    const stride = strides[axes[depth]!]!;
    for (let i = 0; i < extent; i++) {
      if (depth === last) result[to++] = data[from]!;
      else visit(depth + 1, from);
      from += stride;
    }
  };
  if (last < 0) result[0] = data[at]!;
  else visit(0, at);
  return result;
}

/** Axis `i` of the result is axis `order[i]` of `x`. @throws ArgumentError unless `order` names every axis once. */
export function permute(who: string, x: TensorLike, order: readonly number[]): TensorLike {
  const axes = permutedAxes(who, x.shape, order);
  const strides = stridesOf(x.shape);
  const shape = axes.map((axis) => x.shape[axis]!);
  const moved = axes.map((axis) => strides[axis]!);
  return { data: gather(x.data, 0, shape, moved, floats(x.data.length, dtypeOf(x))), shape };
}

/** The part of `x` that one slice an axis selects. @throws as {@link sliceGeometry}. */
export function slice(who: string, x: TensorLike, slices: readonly AxisSlice[]): TensorLike {
  const { offset, shape, strides } = sliceGeometry(who, x.shape, slices);
  return { data: gather(x.data, offset, shape, strides, floats(sizeOf(shape), dtypeOf(x))), shape };
}
