import { checkFinite, checkInteger, checkObject, checkRange } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { blank } from "./blank.js";
import type { Box } from "./box.js";
import { channelsOf, type Pixels } from "./pixels.js";

/**
 * The part of the picture inside the box. Its edges are rounded to whole pixels; what lies outside the picture is cut off.
 *
 * @throws ArgumentError for a box that has a size below 0 or is not finite, or that covers no pixel of the picture.
 * @example
 * const face = crop(photo, { x: 120, y: 40, width: 96, height: 96 });
 */
export function crop(pixels: Pixels, box: Box): Pixels {
  const channels = channelsOf("crop", pixels);
  const { x, y } = checkBox("crop", box);
  const [left, right] = [edge(x, pixels.width), edge(x + box.width, pixels.width)];
  const [top, bottom] = [edge(y, pixels.height), edge(y + box.height, pixels.height)];
  if (right <= left || bottom <= top) {
    throw new ArgumentError(
      `crop expects a box that covers pixels of the ${pixels.width}×${pixels.height} picture, but ${showBox(box)} covers none. Usual cause: a box of another picture or scale, or one in fractions of the picture's sides.`,
    );
  }
  const result = blank("crop", right - left, bottom - top, channels);
  const row = result.width * channels;
  for (let i = 0; i < result.height; i++) {
    const start = ((top + i) * pixels.width + left) * channels;
    result.data.set(pixels.data.subarray(start, start + row), i * row);
  }
  return result;
}

/**
 * The middle of the picture, `width`×`height` pixels at most: a side that the picture does not have stays as it is.
 * @throws ArgumentError for sides that are not positive integers.
 * @example
 * centerCrop(resize(photo, 256, 256), 224, 224);
 */
export function centerCrop(pixels: Pixels, width: number, height: number): Pixels {
  channelsOf("centerCrop", pixels);
  checkInteger("centerCrop", "width", width, 1);
  checkInteger("centerCrop", "height", height, 1);
  const x = Math.max(0, Math.floor((pixels.width - width) / 2));
  const y = Math.max(0, Math.floor((pixels.height - height) / 2));
  return crop(pixels, { x, y, width, height });
}

/** A box of finite numbers whose sides are not negative. */
export function checkBox(who: string, box: Box): Box {
  checkObject(who, "a box", "{ x, y, width, height }", box);
  checkFinite(who, "the box's x", box.x);
  checkFinite(who, "the box's y", box.y);
  checkRange(who, "the box's width", box.width, 0, Number.MAX_VALUE);
  checkRange(who, "the box's height", box.height, 0, Number.MAX_VALUE);
  return box;
}

function edge(position: number, size: number): number {
  return Math.min(Math.max(Math.round(position), 0), size);
}

function showBox({ x, y, width, height }: Box): string {
  return `{ x: ${x}, y: ${y}, width: ${width}, height: ${height} }`;
}
