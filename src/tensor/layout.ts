/** Reading elements in another order: permuting axes, cutting out ranges. Every result is a copy. */
import { resolveAxis } from "../shape/axis.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { type Shape, showShape, sizeOf, stridesOf } from "../shape/shape.js";
import { dtypeOf, type FloatArray, floats, type TensorLike } from "./storage.js";

/** Writes data[at + Σ iₐ·stridesₐ] for every index of `shape` to `result`, in row-major order. */
export function gather(
  data: FloatArray,
  at: number,
  shape: Shape,
  strides: readonly number[],
  result: FloatArray,
): FloatArray {
  const last = shape.length - 1;
  let to = 0;
  const visit = (axis: number, from: number): void => {
    const extent = shape[axis]!;
    const stride = strides[axis]!;
    for (let i = 0; i < extent; i++) {
      if (axis === last) result[to++] = data[from]!;
      else visit(axis + 1, from);
      from += stride;
    }
  };
  if (last < 0) result[0] = data[at]!;
  else visit(0, at);
  return result;
}

/** Axis `i` of the result is axis `order[i]` of `x`. @throws ArgumentError unless `order` names every axis once. */
export function permute(who: string, x: TensorLike, order: readonly number[]): TensorLike {
  const axes = order.map((axis) => resolveAxis(who, axis, x.shape));
  if (axes.length !== x.shape.length || new Set(axes).size < axes.length) {
    throw new ArgumentError(
      `${who} expects an order that names each of the ${x.shape.length} axes of ${showShape(x.shape)} once, but got ${showShape(order)}.`,
    );
  }
  const strides = stridesOf(x.shape);
  const shape = axes.map((axis) => x.shape[axis]!);
  const moved = axes.map((axis) => strides[axis]!);
  return { data: gather(x.data, 0, shape, moved, floats(x.data.length, dtypeOf(x))), shape };
}

/**
 * What to take of one axis: one position (the axis is dropped), `[start, end, step]` (from `start` up to and without
 * `end`, every `step`-th), or null for the whole axis. Negative positions count from the end.
 */
export type Slice = number | readonly [start?: number | null, end?: number | null, step?: number] | null | undefined;

/** @throws ShapeError for more slices than axes or a position outside its axis, ArgumentError for a slice that is none. */
export function slice(who: string, x: TensorLike, slices: readonly Slice[]): TensorLike {
  if (slices.length > x.shape.length) {
    throw new ShapeError(
      `${who} expects at most one slice for each axis of ${showShape(x.shape)}, but got ${slices.length}. Usual cause: a range written as two numbers; write [0, 2].`,
    );
  }
  const strides = stridesOf(x.shape);
  const shape: number[] = [];
  const steps: number[] = [];
  let at = 0;
  x.shape.forEach((extent, axis) => {
    const wanted = slices[axis] ?? [];
    if (typeof wanted === "number") {
      at += resolvePosition(who, wanted, axis, x.shape) * strides[axis]!;
      return;
    }
    const [start, step, count] = resolveRange(who, wanted, extent);
    at += start * strides[axis]!;
    steps.push(step * strides[axis]!);
    shape.push(count);
  });
  return { data: gather(x.data, at, shape, steps, floats(sizeOf(shape), dtypeOf(x))), shape };
}

/** The position from 0 that `position` means along an axis. */
export function resolvePosition(who: string, position: number, axis: number, shape: Shape): number {
  const extent = shape[axis]!;
  if (!Number.isInteger(position) || position < -extent || position >= extent) {
    const range = extent === 0 ? "no index, for the axis is empty," : `an index from ${-extent} to ${extent - 1}`;
    throw new ShapeError(
      `${who} expects ${range} along axis ${axis} of the shape ${showShape(shape)}, but got ${position}. Usual cause: a loop that runs one too far, or swapped axes.`,
    );
  }
  return position < 0 ? position + extent : position;
}

/** First position, step and count of a range; ends outside the axis are moved to its ends, as in Python. */
function resolveRange(
  who: string,
  range: Exclude<Slice, number | null | undefined>,
  extent: number,
): [start: number, step: number, count: number] {
  const [first, second, step = 1] = Array.isArray(range) ? (range as Partial<[number, number, number]>) : [Number.NaN];
  const start = first ?? 0;
  const end = second ?? extent;
  if (!Number.isInteger(start) || !Number.isInteger(end) || !Number.isInteger(step) || step < 1) {
    throw new ArgumentError(
      `${who} expects each slice to be an integer, null or [start, end, step] of integers with step ≥ 1, but got ${Array.isArray(range) ? showShape(range as number[]) : String(range)}.`,
    );
  }
  const inside = (position: number) => Math.min(extent, Math.max(0, position < 0 ? position + extent : position));
  return [inside(start), step, Math.max(0, Math.ceil((inside(end) - inside(start)) / step))];
}
