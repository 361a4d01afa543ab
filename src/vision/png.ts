/** PNG files, by fast-png; what it would get wrong without a word is checked here. */
import { concatBytes, refuse, TRUNCATED, viewOf } from "../io/bytes.js";
import { inflate } from "../io/inflate.js";
import { blank } from "./blank.js";
import { loadFastPng } from "./codecs.js";
import { channelsOf, type Pixels } from "./pixels.js";

const WHO = "decodeImage";
const CORRUPT = "a file that was cut off or changed on its way here";

/** What the chunk IHDR says. */
interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly interlaced: boolean;
  /** Samples a pixel, as they are stored: 1 for a palette. */
  readonly samples: number;
  /** Whether samples are numbers of a palette's colours: other pictures may have a palette too, as advice. */
  readonly indexed: boolean;
}

/** The pixels of a PNG file. @throws FormatError, StateError as `decodeImage` says. */
export async function decodePng(file: Uint8Array, maxPixels: number): Promise<Pixels> {
  const { header, data } = readChunks(file);
  const { width, height, depth, interlaced, indexed } = header;
  checkPixels(width, height, maxPixels);
  if (interlaced && depth < 8) {
    const what = `a PNG file of 8 or 16 bits where it is interlaced`;
    refuse(WHO, what, `this one is interlaced with ${depth} bits`, "a file saved as progressive: save it without");
  }
  // fast-png takes missing rows for black ones.
  const expected = storedBytes(header);
  const stored = await inflate(WHO, data, "deflate", expected);
  if (stored.length < expected) {
    refuse(WHO, `${expected} bytes for ${width}×${height} pixels`, `the file holds ${stored.length}`, TRUNCATED);
  }
  const { decode } = await loadFastPng(WHO);
  try {
    return toEightBits(decode(file, { checkCrc: true }), indexed);
  } catch (error) {
    refuse(WHO, "a valid PNG file", `fast-png says: ${String(error)}`, CORRUPT);
  }
}

/**
 * The picture as a PNG file: grey, RGB or RGBA of 8 bits. Needs the optional package fast-png (`npm install fast-png`).
 * @throws ArgumentError for data that does not fit width and height, StateError when fast-png is not installed.
 * @example
 * await writeFile("crop.png", await encodePng(crop(photo, box)));
 */
export async function encodePng(pixels: Pixels): Promise<Uint8Array> {
  const channels = channelsOf("encodePng", pixels);
  const { width, height, data } = pixels;
  const { encode } = await loadFastPng("encodePng");
  return encode({ width, height, data, channels, depth: 8 });
}

/** @throws FormatError for a picture without pixels or with more than `most`. */
export function checkPixels(width: number, height: number, most: number): void {
  if (width === 0 || height === 0) {
    refuse(WHO, "a picture of at least 1×1 pixels", `the file says ${width}×${height}`, "a file that is corrupt");
  }
  if (width * height > most) {
    const cause = "a file that is corrupt, or a larger picture than planned: raise maxPixels if the memory is there";
    refuse(WHO, `at most ${most} pixels`, `the file says ${width}×${height} = ${width * height}`, cause);
  }
}

/** The header and the compressed pixels. */
function readChunks(file: Uint8Array): { readonly header: PngHeader; readonly data: Uint8Array } {
  const view = viewOf(file);
  const parts: Uint8Array[] = [];
  let header: PngHeader | undefined;
  let at = 8;
  for (;;) {
    if (at + 12 > file.length) refuse(WHO, "a PNG file that ends with IEND", "the file ends before it", TRUNCATED);
    const length = view.getUint32(at);
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8));
    const start = at + 8;
    at = start + length + 4;
    if (at > file.length) {
      refuse(WHO, `${length} bytes in the chunk ${JSON.stringify(type)}`, "the file ends before", TRUNCATED);
    }
    if (type === "IHDR") {
      if (header || length !== 13)
        refuse(WHO, "one chunk IHDR of 13 bytes in a PNG file", header ? "there are two" : `it has ${length}`, CORRUPT);
      header = readHeader(view, start);
    }
    if (!header) refuse(WHO, "a PNG file that starts with IHDR", `it starts with ${JSON.stringify(type)}`, CORRUPT);
    if (type === "IDAT") parts.push(file.subarray(start, start + length));
    if (type === "IEND") return { header, data: concatBytes(parts) };
  }
}

const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

function readHeader(view: DataView, start: number): PngHeader {
  const colourType = view.getUint8(start + 9);
  const samples = SAMPLES[colourType];
  if (!samples) refuse(WHO, "a PNG colour type of 0, 2, 3, 4 or 6", `the file says ${colourType}`, CORRUPT);
  const depth = view.getUint8(start + 8);
  if (samples > 1 && depth < 8) {
    refuse(WHO, "8 or 16 bits for colours or alpha in a PNG file", `it says ${depth}`, CORRUPT);
  }
  return {
    width: view.getUint32(start),
    height: view.getUint32(start + 4),
    depth,
    interlaced: view.getUint8(start + 12) === 1,
    samples,
    indexed: colourType === 3,
  };
}

/** Where the seven pictures of an interlaced one start, and their steps: x, y, along x, along y. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Bytes of all rows, each with the byte that names its filter. */
function storedBytes({ width, height, depth, samples, interlaced }: PngHeader): number {
  const passes = interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const);
  let bytes = 0;
  for (const [x, y, stepX, stepY] of passes) {
    const [columns, rows] = [Math.ceil((width - x) / stepX), Math.ceil((height - y) / stepY)];
    if (columns > 0 && rows > 0) bytes += rows * (1 + Math.ceil((columns * samples * depth) / 8));
  }
  return bytes;
}

/** What fast-png gives: packed bits, 16 bits, palettes and colours that stand for transparent, as stored. */
interface Stored {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array;
  readonly depth: number;
  readonly channels: number;
  readonly palette?: readonly (readonly number[])[];
  readonly transparency?: Uint16Array;
}

function toEightBits(stored: Stored, indexed: boolean): Pixels {
  const { width, height, depth, channels, palette = [], transparency } = stored;
  const samples = unpacked(stored);
  const area = width * height;
  if (indexed) {
    const size = palette.some((colour) => colour.length === 4) ? 4 : 3;
    const result = blank(WHO, width, height, size);
    for (let i = 0; i < area; i++) {
      const index = samples[i] ?? 0;
      const colour = palette[index];
      if (!colour) throw new RangeError(`no colour ${index} in a palette of ${palette.length}`);
      for (let c = 0; c < size; c++) result.data[i * size + c] = colour[c] ?? 255;
    }
    return result;
  }
  const most = (1 << depth) - 1;
  const eight = (sample: number) => Math.round((sample * 255) / most);
  const colours = channels < 3 ? 1 : 3;
  const alpha = channels === 2 || channels === 4;
  const to = alpha || transparency ? 4 : colours;
  const result = blank(WHO, width, height, to);
  for (let i = 0; i < area; i++) {
    let opaque = transparency === undefined;
    for (let c = 0; c < colours; c++) opaque ||= samples[i * channels + c] !== transparency?.[c];
    for (let c = 0; c < Math.min(to, 3); c++) {
      result.data[i * to + c] = eight(samples[i * channels + (colours === 1 ? 0 : c)] ?? 0);
    }
    if (to === 4) result.data[i * 4 + 3] = alpha ? eight(samples[i * channels + colours] ?? 0) : opaque ? 255 : 0;
  }
  return result;
}

/** One array element a sample: rows of less than 8 bits a sample start at a byte each. */
function unpacked({ width, height, depth, data }: Stored): ArrayLike<number> {
  if (depth >= 8) return data;
  const row = Math.ceil((width * depth) / 8);
  const result = new Uint8Array(width * height);
  for (let i = 0; i < result.length; i++) {
    const x = i % width;
    const bit = x * depth;
    const byte = data[((i - x) / width) * row + (bit >> 3)] ?? 0;
    result[i] = (byte >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
  }
  return result;
}
