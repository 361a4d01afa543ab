import { type Bytes, bytesOf } from "../io/bytes.js";
import { checkInteger, readOptions } from "../shape/check.js";
import { FormatError } from "../shape/errors.js";
import { decodeJpeg } from "./jpeg.js";
import type { Pixels } from "./pixels.js";
import { decodePng } from "./png.js";

/** Options of `decodeImage`. */
export interface DecodeOptions {
  /**
   * Pixels that the picture may have, so that no file can exhaust the memory. Default 100 million: a JPEG that large
   * takes some 4 GB while jpeg-js decodes it, a PNG up to 2 GB.
   */
  readonly maxPixels?: number;
  /** Whether a picture is turned upright as its EXIF data say, as browsers do. Default true. */
  readonly exifOrientation?: boolean;
}

/**
 * The pixels of a JPEG or PNG file, recognized by its first bytes: 8 bits per value, 1 channel for gray, 3 for RGB, 4 for
 * RGBA. Everywhere JavaScript runs; where there is a canvas, its `ImageData` is a {@link Pixels} as well.
 *
 * The package that decodes JPEG is optional: `npm install jpeg-js`. PNG needs none.
 *
 * - JPEG: baseline and progressive, of 8 bits; gray, YCbCr, RGB, and CMYK as Adobe writes it, which becomes RGB. Colors
 *   of half resolution are repeated, not interpolated. A progressive file may end after any of its scans: it is coarser.
 * - PNG: every bit depth and color type, interlaced or not. 16 bits are scaled to 8 and rounded (v / 257), 1 to 4 bits
 *   scaled to 0–255; palettes become RGB, and whatever can be transparent RGBA, gray with alpha too. Of an animation, the
 *   first frame.
 * - Color profiles and gamma are ignored, as torchvision does.
 *
 * Time and memory follow from the length of the file and from `maxPixels`: size and number of pixels are checked before
 * anything is decompressed, nothing is but the pixels, and a JPEG has data for each block of 8×8 pixels and at most 100
 * scans.
 *
 * @throws FormatError for another format, or a file that is truncated, corrupt, too large, or of a rare kind that cannot
 *   be read rightly; ArgumentError for anything but bytes; StateError when the package that decodes is not
 *   installed.
 * @example
 * const photo = await decodeImage(await readFile("photo.jpg"));
 * const x = imageToTensor(photo, { channels: 3 }); // [3, H, W]
 */
export async function decodeImage(bytes: Bytes, options: DecodeOptions = {}): Promise<Pixels> {
  const who = "decodeImage";
  const file = bytesOf(who, bytes);
  const { maxPixels, exifOrientation } = readOptions(who, options, { maxPixels: 100_000_000, exifOrientation: true });
  checkInteger(who, "maxPixels", maxPixels, 1);
  if (startsWith(file, [0xff, 0xd8, 0xff])) return decodeJpeg(file, maxPixels, exifOrientation);
  if (startsWith(file, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))
    return decodePng(file, maxPixels, exifOrientation);
  throw new FormatError(
    `decodeImage expects a JPEG or PNG file, but ${file.length === 0 ? "the file is empty" : `it starts with the bytes ${firstBytes(file)}`}. Usual cause: another format (WebP, GIF, HEIC, SVG), or an error page instead of the picture.`,
  );
}

function startsWith(file: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => file[i] === byte);
}

function firstBytes(file: Uint8Array): string {
  return Array.from(file.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
