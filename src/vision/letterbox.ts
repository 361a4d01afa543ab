import { checkFinite, checkObject, checkPositive, readOptions } from "../shape/check.js";
import { blank } from "./blank.js";
import type { Box } from "./box.js";
import { type Color, inkOf } from "./channels.js";
import { checkBox } from "./crop.js";
import { channelsOf, type Pixels } from "./pixels.js";
import { type ResizeOptions, resample } from "./resize.js";

const BLACK: Color = [0, 0, 0];

export interface LetterboxOptions extends ResizeOptions {
  /** The bars' color. Default black. A gray picture gets its gray value, and the bars of a transparent one are opaque. */
  readonly fill?: Color;
}

/** A picture inside a larger frame, and where it lies there. */
export interface Letterbox {
  readonly pixels: Pixels;
  /** Pixels of the frame to the left of the picture. */
  readonly left: number;
  /** Pixels of the frame above the picture. */
  readonly top: number;
  /** Pixels of the frame for one of the original's: nearly the same both ways, since sides are whole pixels. */
  readonly scaleX: number;
  readonly scaleY: number;
}

/**
 * The whole picture in a frame of this size, its proportions kept, between two bars: what detectors look at.
 * {@link unletterbox} takes their boxes back.
 *
 *     scale = min(width / W, height / H);  the picture becomes round(W · scale) × round(H · scale), in the middle
 *
 * @throws ArgumentError for sides that are not positive integers, or a fill that is not a color.
 * @example
 * const framed = letterbox(photo, 416, 416);
 * const boxes = detect(imageToTensor(framed.pixels)).map((box) => unletterbox(box, framed));
 */
export function letterbox(pixels: Pixels, width: number, height: number, options: LetterboxOptions = {}): Letterbox {
  const who = "letterbox";
  const { fill, ...scaling } = readOptions(who, options, { fill: BLACK, mode: "bilinear", antialias: true });
  const channels = channelsOf(who, pixels);
  const bar = inkOf(who, "fill", fill, channels);
  const result = blank(who, width, height, channels);
  for (let i = 0; i < result.data.length; i += channels) result.data.set(bar, i);

  const scale = Math.min(width / pixels.width, height / pixels.height);
  const inside = resample(
    who,
    pixels,
    Math.max(1, Math.round(pixels.width * scale)),
    Math.max(1, Math.round(pixels.height * scale)),
    scaling,
  );
  const left = Math.floor((width - inside.width) / 2);
  const top = Math.floor((height - inside.height) / 2);
  const row = inside.width * channels;
  for (let i = 0; i < inside.height; i++) {
    result.data.set(inside.data.subarray(i * row, (i + 1) * row), ((top + i) * width + left) * channels);
  }
  return {
    pixels: result,
    left,
    top,
    scaleX: inside.width / pixels.width,
    scaleY: inside.height / pixels.height,
  };
}

/**
 * A box found in the letterboxed picture as a box of the original one. It is not clipped: a detector may see more of an
 * object than the picture shows.
 *
 *     x = (x′ − left) / scaleX,  width = width′ / scaleX
 *
 * @throws ArgumentError for a box with a side below 0, or one that is not finite.
 */
export function unletterbox(box: Box, letterbox: Omit<Letterbox, "pixels">): Box {
  checkObject("unletterbox", "letterbox", "what letterbox returned", letterbox);
  const { left, top, scaleX, scaleY } = letterbox;
  checkFinite("unletterbox", "left", left);
  checkFinite("unletterbox", "top", top);
  checkPositive("unletterbox", "scaleX", scaleX);
  checkPositive("unletterbox", "scaleY", scaleY);
  const { x, y, width, height } = checkBox("unletterbox", box);
  return { x: (x - left) / scaleX, y: (y - top) / scaleY, width: width / scaleX, height: height / scaleY };
}
