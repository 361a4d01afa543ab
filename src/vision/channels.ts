import { checkRange, readOptions } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { show } from "../shape/show.js";
import { blank } from "./blank.js";
import { channelsOf, type Pixels } from "./pixels.js";

export const WHITE: Color = [255, 255, 255];

/** Red, green and blue, each 0–255. */
export type Color = readonly [red: number, green: number, blue: number];

export interface ToChannelsOptions {
  /** What shows through transparent pixels when alpha is dropped. Default white. */
  readonly background?: Color;
}

/**
 * The picture with 1 (gray), 3 (RGB) or 4 (RGBA) channels; the picture itself when it has them already.
 *
 *     RGB → gray     (19595·R + 38470·G + 7471·B + 2^15) >> 16, that is 0.299·R + 0.587·G + 0.114·B rounded (Rec. 601)
 *     gray → RGB     R = G = B = gray
 *     … → RGBA       A = 255
 *     RGBA → …       first over the background: (A·color + (255 − A)·background) / 255, rounded
 *
 * @throws ArgumentError for another number of channels or a background that is not a color.
 * Source: https://pillow.readthedocs.io/en/stable/reference/Image.html#PIL.Image.Image.convert (the same integers)
 * @example
 * const gray = toChannels(photo, 1); // one byte a pixel
 */
export function toChannels(pixels: Pixels, channels: 1 | 3 | 4, options: ToChannelsOptions = {}): Pixels {
  return changeChannels("toChannels", pixels, channels, options);
}

/** {@link toChannels} for a function that its sentences name. */
export function changeChannels(
  who: string,
  pixels: Pixels,
  channels: 1 | 3 | 4,
  options: ToChannelsOptions = {},
): Pixels {
  const { background } = readOptions(who, options, { background: WHITE });
  const from = channelsOf(who, pixels);
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new ArgumentError(`${who} expects channels to be 1, 3 or 4, but got ${show(channels)}.`);
  }
  const behind = checkColor(who, "background", background);
  if (from === channels) return pixels;
  const { width, height, data } = pixels;
  const result = blank(who, width, height, channels);
  const to = result.data;
  const rgb: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) rgb[c] = data[from === 1 ? i : i * from + c] ?? 0;
    if (from === 4) {
      const alpha = data[4 * i + 3] ?? 0;
      for (let c = 0; c < 3; c++) {
        rgb[c] = Math.round((alpha * (rgb[c] ?? 0) + (255 - alpha) * (behind[c] ?? 0)) / 255);
      }
    }
    if (channels === 1) to[i] = (19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + 0x8000) >> 16;
    else for (let c = 0; c < 3; c++) to[i * channels + c] = rgb[c] ?? 0;
    if (channels === 4) to[4 * i + 3] = 255;
  }
  return result;
}

/**
 * The picture as a canvas takes it: RGBA, in an array of its own.
 * @throws ArgumentError for data that does not fit width and height.
 * @example
 * const { data, width, height } = toImageData(pixels);
 * canvas.getContext("2d")?.putImageData(new ImageData(data, width, height), 0, 0);
 */
export function toImageData(pixels: Pixels): {
  readonly width: number;
  readonly height: number;
  /** `Uint8ClampedArray<ArrayBuffer>`, which TypeScript before 5.7 does not know. */
  readonly data: ReturnType<Uint8ClampedArrayConstructor["of"]>;
} {
  const { width, height, data } = changeChannels("toImageData", pixels, 4);
  return { width, height, data: new Uint8ClampedArray(data) };
}

/** Three numbers from 0 to 255. */
export function checkColor(who: string, option: string, color: Color): Color {
  if (!Array.isArray(color) || color.length !== 3) {
    throw new ArgumentError(
      `${who} expects ${option} to be [red, green, blue], but got ${show(color)}. Usual cause: a CSS color, or one number for a gray.`,
    );
  }
  for (const value of color) checkRange(who, option, value, 0, 255);
  return color;
}

/** A color as a picture of this many channels stores it: opaque, or its gray. */
export function inkOf(who: string, option: string, color: Color, channels: 1 | 3 | 4): Uint8Array {
  const data = Uint8Array.from(checkColor(who, option, color));
  return changeChannels(who, { width: 1, height: 1, data }, channels).data as Uint8Array;
}
