/** Shape rule of padding, and which input pixel every padded pixel shows. */
import type { PaddingMode } from "./conv.js";
import { ShapeError } from "./errors.js";
import { type Shape, showShape } from "./shape.js";

/** `[left, right, top, bottom]`, as torch orders them; a negative number crops. */
export type Padding2d = readonly [left: number, right: number, top: number, bottom: number];

/**
 * The source index of every position along a padded axis, −1 where it is zero.
 *
 *     reflect: … 2 1 | 0 1 2 …    replicate: … 0 0 | 0 1 2 …    circular: … n−2 n−1 | 0 1 2 …
 */
export function padIndices(size: number, before: number, after: number, mode: PaddingMode): Int32Array {
  return Int32Array.from({ length: size + before + after }, (_, i) => {
    const at = i - before;
    if (at >= 0 && at < size) return at;
    switch (mode) {
      case "zeros":
        return -1;
      case "reflect":
        return at < 0 ? -at : 2 * (size - 1) - at;
      case "replicate":
        return at < 0 ? 0 : size - 1;
      case "circular":
        return at < 0 ? at + size : at - size;
    }
  });
}

/**
 * The padded shape of `[…, H, W]`.
 * @throws ShapeError for fewer than two axes, a crop of everything, or padding wider than the image can fill.
 */
export function padShape(layer: string, input: Shape, padding: Padding2d, mode: PaddingMode = "zeros"): number[] {
  const height = input.at(-2);
  const width = input.at(-1);
  if (height === undefined || width === undefined) {
    throw new ShapeError(
      `${layer} expects an input […, H, W], but got ${showShape(input)}. Usual cause: images that were flattened too early.`,
    );
  }
  const [left, right, top, bottom] = padding;
  // Reflection does not repeat the edge, so it can show size − 1 pixels; circular padding wraps around once.
  const most = (size: number) => (mode === "reflect" ? size - 1 : mode === "circular" ? size : Infinity);
  if (Math.max(left, right) > most(width) || Math.max(top, bottom) > most(height)) {
    throw new ShapeError(
      `${layer} expects "${mode}" padding of at most ${most(height)} rows and ${most(width)} columns for the input ${showShape(input)}, but got ${showShape(padding)} (left, right, top, bottom). Usual cause: an image that earlier layers made too small.`,
    );
  }
  const padded = [height + top + bottom, width + left + right];
  if (padded.some((size) => size < 1)) {
    throw new ShapeError(
      `${layer} expects to leave at least one pixel, but the padding ${showShape(padding)} (left, right, top, bottom) crops ${showShape(input)} to ${padded.join(" × ")}.`,
    );
  }
  return [...input.slice(0, -2), ...padded];
}
