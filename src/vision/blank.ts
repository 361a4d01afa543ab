import { checkInteger } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";

/** A picture whose data is its own, so that the function which made it may write. */
export interface OwnPixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** More values than engines put into one array. */
const MAX_VALUES = 2 ** 31;

/**
 * A black picture (transparent, with 4 channels).
 * @throws ArgumentError for sides that are not positive integers, or more values than an array holds.
 */
export function blank(who: string, width: number, height: number, channels: 1 | 3 | 4): OwnPixels {
  checkInteger(who, "width", width, 1);
  checkInteger(who, "height", height, 1);
  const values = width * height * channels;
  if (values >= MAX_VALUES) {
    throw new ArgumentError(
      `${who} expects fewer than 2^31 values in a picture, but ${width}×${height} with ${channels} channels are ${values}. Usual cause: a scale where a size belongs, or a box in other units than pixels.`,
    );
  }
  return { width, height, data: new Uint8Array(values) };
}
