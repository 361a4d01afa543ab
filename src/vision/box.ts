import { checkList, checkNumbers, checkObject, checkRange } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { show } from "../shape/show.js";

/** A dimension-aligned rectangle in pixels: its left top corner and its size. Edges may lie between pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The area that both boxes cover, in square pixels. @throws ArgumentError for anything but a box. */
export function intersection(a: Box, b: Box): number {
  checkNumbersOf("intersection", a, b);
  return shared(a, b);
}

function shared(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(0, width) * Math.max(0, height);
}

/**
 * Intersection over union: the area that both boxes cover over the area that either covers, from 0 to 1; 0 for two
 * empty boxes, NaN where a box has a NaN.
 */
export function iou(a: Box, b: Box): number {
  checkNumbersOf("iou", a, b);
  return overlapOf(a, b);
}

/** {@link iou} of boxes that have been checked. */
export function overlapOf(a: Box, b: Box): number {
  const both = shared(a, b);
  const covered = a.width * a.height + b.width * b.height - both;
  // Round-off of the edges may make the shared area of two equal boxes a little larger than either.
  return covered <= 0 ? 0 : Math.min(1, both / covered);
}

/**
 * The part of a box that lies in an image of this size; of a box outside of it, an empty box at the nearest edge.
 *
 * @example
 * clipBox({ x: -5, y: 10, width: 20, height: 20 }, 64, 64); // { x: 0, y: 10, width: 15, height: 20 }
 */
export function clipBox(box: Box, width: number, height: number): Box {
  checkNumbersOf("clipBox", box);
  checkRange("clipBox", "width", width, 0, Infinity);
  checkRange("clipBox", "height", height, 0, Infinity);
  const within = (at: number, size: number) => Math.min(Math.max(at, 0), size);
  const x = within(box.x, width);
  const y = within(box.y, height);
  return {
    x,
    y,
    width: within(box.x + box.width, width) - x,
    height: within(box.y + box.height, height) - y,
  };
}

/** Refuses what is not a box; a box of numbers that are none, NaN, is for the result to show. */
function checkNumbersOf(who: string, ...boxes: readonly Box[]): void {
  for (const box of boxes) {
    checkObject(who, "a box", "{ x, y, width, height }", box);
    const { x, y, width, height } = box;
    checkNumbers(who, "x, y, width and height of a box", [x, y, width, height]);
  }
}

/** Refuses boxes without a meaning: numbers that are not finite, negative sizes. */
export function checkBoxes(who: string, boxes: readonly Box[]): void {
  checkList(who, "boxes", boxes);
  for (const [i, box] of boxes.entries()) {
    checkObject(who, `box ${i}`, "{ x, y, width, height }", box);
    const { x, y, width, height } = box;
    if ([x, y, width, height].every(Number.isFinite) && width >= 0 && height >= 0) continue;
    throw new ArgumentError(
      `${who} expects boxes of finite numbers with a width and height of at least 0, but box ${i} is { x: ${show(x)}, y: ${show(y)}, width: ${show(width)}, height: ${show(height)} }. Usual cause: corners [x1, y1, x2, y2] where a size belongs, or a network whose output is NaN.`,
    );
  }
}
