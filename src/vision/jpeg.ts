/** JPEG files, by jpeg-js; what it would get wrong without a word is checked here. */
import { refuse, TRUNCATED } from "../io/bytes.js";
import { blank } from "./blank.js";
import { loadJpegJs } from "./codecs.js";
import { type JpegHeader, readJpegHeader } from "./jpeg-header.js";
import { upright } from "./orientation.js";
import type { Pixels } from "./pixels.js";
import { checkPixels } from "./png.js";

const WHO = "decodeImage";

/** The pixels of a JPEG file. @throws FormatError, StateError as `decodeImage` says. */
export async function decodeJpeg(file: Uint8Array, maxPixels: number, exifOrientation: boolean): Promise<Pixels> {
  const header = readJpegHeader(file);
  const { width, height, components } = header;
  checkPixels(width, height, maxPixels);
  const { decode } = await loadJpegJs(WHO);
  let rgb: Uint8Array;
  try {
    rgb = decode(header.used, {
      useTArray: true,
      formatAsRGBA: false,
      colorTransform: isYcc(header),
      // Its own limits are ours: what it counts is at most 29 bytes per pixel, for four components.
      maxResolutionInMP: Math.ceil(maxPixels / 1e6) + 1,
      maxMemoryUsageInMB: Math.ceil((maxPixels * 29) / 1e6) + 64,
    }).data;
  } catch (error) {
    refuse(WHO, "a valid JPEG file", `jpeg-js says: ${String(error)}`, TRUNCATED);
  }
  const picture = components.length === 1 ? firstChannel(width, height, rgb) : { width, height, data: rgb };
  return exifOrientation ? upright(WHO, picture, header.orientation) : picture;
}

/** Whether the first three components are YCbCr, by libjpeg's rule; jpeg-js alone takes Adobe's RGB for YCbCr. */
function isYcc({ jfif, adobe, components }: JpegHeader): boolean {
  if (jfif && components.length === 3) return true;
  if (adobe !== undefined) return adobe !== 0;
  return String.fromCharCode(...components) !== "RGB";
}

function firstChannel(width: number, height: number, rgb: Uint8Array): Pixels {
  const gray = blank(WHO, width, height, 1);
  for (let i = 0; i < gray.data.length; i++) gray.data[i] = rgb[3 * i] ?? 0;
  return gray;
}
