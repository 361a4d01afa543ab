/** Shape rules of layers that join branches. */
import { ShapeError } from "./errors.js";
import { type Shape, sameShape, showShape } from "./shape.js";

/** The common shape of two or more summands. @throws ShapeError where they differ. */
export function addShape(layer: string, shapes: readonly Shape[], cause: string): number[] {
  const [first = [], ...rest] = shapes;
  for (const shape of rest) {
    if (!sameShape(first, shape)) {
      throw new ShapeError(
        `${layer} expects branches of equal shapes to add, but got ${shapes.map(showShape).join(" and ")}. Usual cause: ${cause}.`,
      );
    }
  }
  return [...first];
}

/** The shape of branches laid side by side along `axis`. @throws ShapeError where another size differs. */
export function concatShape(layer: string, shapes: readonly Shape[], axis: number): number[] {
  const [first = []] = shapes;
  if (!Number.isInteger(axis) || axis < 0 || axis >= first.length) {
    throw new ShapeError(
      `${layer} expects a dim from 0 to ${first.length - 1} to concatenate ${showShape(first)} along, but got ${axis}.`,
    );
  }
  const others = (shape: Shape) => shape.filter((_, i) => i !== axis);
  for (const shape of shapes) {
    if (shape.length !== first.length || !sameShape(others(shape), others(first))) {
      throw new ShapeError(
        `${layer} expects branches that differ only in axis ${axis} to concatenate, but got ${shapes.map(showShape).join(" and ")}. Usual cause: a stride or padding in one branch that the other lacks.`,
      );
    }
  }
  return first.map((extent, i) => (i === axis ? shapes.reduce((sum, shape) => sum + (shape[axis] ?? 0), 0) : extent));
}
