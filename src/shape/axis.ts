/** Axes as users write them: counted from 0, or from the end by negative numbers. */
import { ArgumentError, ShapeError } from "./errors.js";
import { type Shape, showShape, sizeOf } from "./shape.js";

/** One axis, several axes, or (undefined) all of them. */
export type Axes = number | readonly number[] | undefined;

/**
 * The axis from 0 that `axis` means in a tensor of this shape.
 * @param who the function's name, for the message
 * @throws ShapeError when the shape has no such axis, ArgumentError when `axis` is no integer.
 */
export function resolveAxis(who: string, axis: number, shape: Shape): number {
  if (!Number.isInteger(axis)) {
    throw new ArgumentError(
      `${who} expects an axis to be an integer, but got ${axis}. Usual cause: a variable that is undefined.`,
    );
  }
  const rank = shape.length;
  if (axis < -rank || axis >= rank) {
    const range = rank === 0 ? "no axis, for the tensor has none" : `an axis from ${-rank} to ${rank - 1}`;
    throw new ShapeError(
      `${who} expects ${range}, but got axis ${axis} for the shape ${showShape(shape)}. Usual cause: a batch axis that is missing, or an axis that an earlier step removed.`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/** The axes from 0 that `axes` means, in ascending order. @throws as {@link resolveAxis}, and for an axis named twice. */
export function resolveAxes(who: string, axes: Axes, shape: Shape): number[] {
  if (axes === undefined) return shape.map((_, axis) => axis);
  const list = typeof axes === "number" ? [axes] : axes;
  const resolved = new Set(list.map((axis) => resolveAxis(who, axis, shape)));
  if (resolved.size < list.length) {
    throw new ArgumentError(
      `${who} expects each axis once, but got ${showShape(list)} for the shape ${showShape(shape)}. Usual cause: an axis named both from the front and from the end.`,
    );
  }
  return [...resolved].sort((a, b) => a - b);
}

/** A tensor read about one axis: element (o, k, i) lies at (o · size + k) · inner + i. */
export interface AxisGeometry {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** @throws as {@link resolveAxis}. A scalar counts as `[1]`, as in torch. */
export function axisGeometry(who: string, axis: number, shape: Shape): AxisGeometry {
  if (shape.length === 0) shape = [1];
  const at = resolveAxis(who, axis, shape);
  return { outer: sizeOf(shape.slice(0, at)), size: shape[at] ?? 1, inner: sizeOf(shape.slice(at + 1)) };
}
