import { checkInteger, checkSize } from "../shape/check.js";
import { type Box, checkBoxes } from "./box.js";
import { checkLabelMap, checkSameSize, type LabelMap } from "./label-map.js";

/** A region of a picture: the pixels that are not 0. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  /** `[height, width]`. */
  readonly data: Uint8Array;
}

/**
 * The pixels of a map that have this label.
 * @throws ArgumentError for a map whose sizes and data do not agree.
 * @example const digits = [1, 2, 3].map((object) => maskOf(instances, object));
 */
export function maskOf(map: LabelMap, label: number): Mask {
  checkInteger("maskOf", "label", label, -Infinity);
  checkLabelMap("maskOf", map);
  const { width, height } = map;
  return { width, height, data: Uint8Array.from(map.data, (value) => (value === label ? 1 : 0)) };
}

/** How many pixels a mask has. */
export function maskArea(mask: Mask): number {
  checkLabelMap("maskArea", mask);
  const { data } = mask;
  let area = 0;
  for (const value of data) if (value !== 0) area++;
  return area;
}

/**
 * Intersection over union of two masks of one picture: the pixels that both have over those that either has, from 0 to 1;
 * 0 for two empty masks.
 * @throws ShapeError for masks of different sizes, ArgumentError for one whose sizes and data do not agree.
 */
export function maskIou(a: Mask, b: Mask): number {
  checkSameSize("maskIou", a, b);
  let shared = 0;
  let covered = 0;
  for (const [i, value] of a.data.entries()) {
    const other = b.data[i] !== 0;
    if (value !== 0 && other) shared++;
    if (value !== 0 || other) covered++;
  }
  return covered === 0 ? 0 : shared / covered;
}

/**
 * The smallest box around all pixels of a mask; undefined for an empty mask.
 * @throws ArgumentError for a mask whose sizes and data do not agree.
 */
export function maskBox(mask: Mask): Box | undefined {
  checkLabelMap("maskBox", mask);
  const { width, height, data } = mask;
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (const [at, value] of data.entries()) {
    if (value === 0) continue;
    const x = at % width;
    const y = Math.floor(at / width);
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = y;
  }
  return right < 0 ? undefined : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * The pixels whose centers lie in a box, in a picture of this size; a center on the left or upper edge counts, one on the
 * right or lower edge does not, so that boxes side by side share no pixel.
 * @throws ArgumentError for a box with a NaN or a negative size, or a size that is not a positive integer.
 */
export function boxMask(box: Box, width: number, height: number): Mask {
  checkBoxes("boxMask", [box]);
  checkInteger("boxMask", "width", width, 1);
  checkInteger("boxMask", "height", height, 1);
  checkSize("boxMask", "a mask", [height, width]);
  const data = new Uint8Array(width * height);
  const first = (edge: number) => Math.max(0, Math.ceil(edge - 0.5));
  const [left, right] = [first(box.x), Math.min(width, first(box.x + box.width))];
  for (let y = first(box.y); y < Math.min(height, first(box.y + box.height)); y++) {
    if (left < right) data.fill(1, y * width + left, y * width + right);
  }
  return { width, height, data };
}
