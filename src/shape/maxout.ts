/** Shape rule of Maxout: one axis shrinks to one channel for each group of `pieces`. */
import { resolveAxis } from "./axis.js";
import { inputMismatch } from "./errors.js";
import { type Shape, sizeOf } from "./shape.js";

/** x (outer, channels, pieces, inner) → y (outer, channels, inner) */
export interface MaxoutGeometry {
  readonly outer: number;
  readonly channels: number;
  readonly pieces: number;
  readonly inner: number;
}

/** @throws ShapeError where the input has no axis `dim`, or `pieces` does not divide it. */
export function maxoutGeometry(layer: string, pieces: number, dim: number, input: Shape): MaxoutGeometry {
  const axis = resolveAxis(layer, dim, input);
  const size = input[axis] ?? 0;
  if (size % pieces !== 0) {
    throw inputMismatch(
      {
        layer,
        expected: `a multiple of ${pieces} channels along axis ${axis}`,
        got: `${size}`,
        cause: "the layer before it must give pieces times as many channels as Maxout shall",
      },
      input,
    );
  }
  return {
    outer: sizeOf(input.slice(0, axis)),
    channels: size / pieces,
    pieces,
    inner: sizeOf(input.slice(axis + 1)),
  };
}

/** The input's shape with `axis` divided by `pieces`: the same rule as {@link maxoutGeometry}. */
export function maxoutShape(layer: string, pieces: number, dim: number, input: Shape): number[] {
  const { channels } = maxoutGeometry(layer, pieces, dim, input);
  return [...input].with(dim, channels);
}
