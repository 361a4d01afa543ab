import { ArgumentError } from "../shape/errors.js";
import { show } from "../shape/show.js";

/**
 * A picture: rows from top to bottom, channels side by side, 0–255. A canvas's ImageData is one (4 channels), and so is
 * what decoders give (1, 3 or 4 channels: gray, RGB, RGBA).
 */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** `[height, width, channels]`; its length says how many channels. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

/**
 * The number of channels of a picture, once its sizes are known to agree.
 * @throws ArgumentError for anything but a picture, a size that is not a positive integer, or data of another length than 1,
 *   3 or 4 channels need.
 */
export function channelsOf(who: string, pixels: Pixels): 1 | 3 | 4 {
  const { width, height, data } = Object(pixels) as Partial<Pixels>;
  // A canvas's data may be of another window, so that `instanceof` does not know it.
  if (!/^\[object Uint8(Clamped)?Array\]$/.test(Object.prototype.toString.call(data)) || !data) {
    const got = data === undefined ? show(pixels) : `data that is ${show(data)}`;
    throw new ArgumentError(
      `${who} expects a picture { width, height, data } whose data is a Uint8Array or Uint8ClampedArray, but got ${got}. Usual cause: the bytes of a file: await decodeImage(bytes) first; a missing await; or a tensor: tensorToImage(x).`,
    );
  }
  const sized = isSize(width) && isSize(height);
  const channels = sized ? data.length / (width * height) : 0;
  if (sized && (channels === 1 || channels === 3 || channels === 4)) return channels;
  throw new ArgumentError(
    `${who} expects a picture of at least 1×1 pixels with 1, 3 or 4 channels, but got ${show(width)}×${show(height)} with ${data.length} values. Usual cause: width and height swapped or taken from another picture, or a canvas that has no size yet.`,
  );
}

function isSize(size: unknown): size is number {
  return typeof size === "number" && Number.isSafeInteger(size) && size > 0;
}
