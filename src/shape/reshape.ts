/** What a shape may be, and the rule of `reshape`. */
import { ArgumentError, ShapeError } from "./errors.js";
import { type Shape, showShape, sizeOf } from "./shape.js";

/** The type of a `reshape`'s result: the shape that was asked for, with a number where it says −1. */
export type Reshaped<T extends Shape> = { readonly [I in keyof T]: T[I] extends -1 ? number : T[I] };

/** More elements than this would not fit a 32-bit index, nor any memory. */
const MOST_ELEMENTS = 2 ** 31 - 1;

/**
 * Refuses a shape that no tensor can have.
 * @throws ArgumentError for anything but an array of integers ≥ 0 with fewer than 2³¹ elements in all.
 */
export function checkShape(who: string, shape: Shape): void {
  if (!Array.isArray(shape)) {
    throw new ArgumentError(
      `${who} expects a shape as an array, but got ${shape}. Usual cause: sizes given one by one; write [2, 3].`,
    );
  }
  if (!shape.every((extent) => Number.isInteger(extent) && extent >= 0)) {
    throw new ArgumentError(
      `${who} expects a shape of integers ≥ 0, but got ${showShape(shape)}. Usual cause: a division without Math.floor, or a variable that is undefined.`,
    );
  }
  if (sizeOf(shape) > MOST_ELEMENTS) {
    throw new ArgumentError(
      `${who} expects a shape of at most ${MOST_ELEMENTS} elements, but got ${showShape(shape)}, which has ${sizeOf(shape)}.`,
    );
  }
}

/**
 * The shape that `shape` means for as many elements as `from` has: one −1 stands for whatever makes the sizes fit.
 * @throws ArgumentError for two −1 or sizes that are no integers, ShapeError when the number of elements differs.
 */
export function reshapeShape(who: string, from: Shape, shape: Shape): number[] {
  const free = Array.isArray(shape) ? shape.indexOf(-1) : -1;
  if (free < 0) checkShape(who, shape);
  if (free >= 0 && shape.indexOf(-1, free + 1) >= 0) {
    throw new ArgumentError(`${who} expects at most one −1, but got ${showShape(shape)}.`);
  }
  const sizes = [...shape];
  if (free >= 0) {
    sizes[free] = 1;
    checkShape(who, sizes);
    sizes[free] = sizeOf(from) / sizeOf(sizes);
  }
  if (sizeOf(sizes) !== sizeOf(from) || !sizes.every(Number.isInteger)) {
    const expected = free < 0 ? `${sizeOf(from)} elements` : `sizes that divide ${sizeOf(from)} elements`;
    throw new ShapeError(
      `${who} expects a shape of ${expected}, the size of ${showShape(from)}, but got ${showShape(shape)}. Usual cause: a batch axis left out, or an input of another size than planned.`,
    );
  }
  return sizes;
}
