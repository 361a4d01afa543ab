/** PNG files: read here, so that nothing of a file is taken but what its pixels need; written by fast-png. */
import { concatBytes, refuse, TRUNCATED, viewOf } from "../io/bytes.js";
import { crc32 } from "../io/crc32.js";
import { inflateZlib } from "../io/inflate.js";
import { blank } from "./blank.js";
import { loadFastPng } from "./codecs.js";
import { readOrientation } from "./exif.js";
import { upright } from "./orientation.js";
import { channelsOf, type Pixels } from "./pixels.js";

const WHO = "decodeImage";
const CORRUPT = "a file that was cut off or changed on its way here";

/** What the chunk IHDR says. */
interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly interlaced: boolean;
  /** Samples per pixel, as they are stored: 1 for a palette. */
  readonly samples: number;
  /** Whether samples are numbers of a palette's colors: other pictures may have a palette too, as advice. */
  readonly indexed: boolean;
}

interface Chunks {
  readonly header: PngHeader;
  /** PLTE: red, green, blue of each color. */
  readonly palette: Uint8Array;
  /** tRNS: the alpha of the palette's colors, or the one color that is transparent, 16 bits per sample. */
  readonly transparency: Uint8Array | undefined;
  /** eXIf: 1 upright, 2–8 turned or mirrored. */
  readonly orientation: number;
  /** IDAT: the compressed pixels. */
  readonly data: Uint8Array;
}

/** The pixels of a PNG file. Source: https://www.w3.org/TR/png-3/ @throws FormatError as `decodeImage` says. */
export function decodePng(file: Uint8Array, maxPixels: number, exifOrientation: boolean): Pixels {
  const chunks = readChunks(file, maxPixels);
  const { header, data, orientation } = chunks;
  const { width, height } = header;
  const expected = passesOf(header).reduce((sum, { rows, rowBytes }) => sum + rows * (1 + rowBytes), 0);
  const stored = inflateZlib(WHO, data, expected);
  if (stored.length < expected) {
    refuse(WHO, `${expected} bytes for ${width}×${height} pixels`, `the file holds ${stored.length}`, TRUNCATED);
  }
  const picture = toEightBits(chunks, samplesOf(header, stored));
  return exifOrientation ? upright(WHO, picture, orientation) : picture;
}

/**
 * The picture as a PNG file: gray, RGB or RGBA of 8 bits. Needs the optional package fast-png (`npm install fast-png`).
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

/** @throws FormatError for a picture without pixels or with more than `max`. */
export function checkPixels(width: number, height: number, max: number): void {
  if (width === 0 || height === 0) {
    refuse(WHO, "a picture of at least 1×1 pixels", `the file says ${width}×${height}`, "a corrupt file");
  }
  if (width * height > max) {
    const cause = "a corrupt file, or a larger picture than planned: raise maxPixels if the memory is there";
    refuse(WHO, `at most ${max} pixels`, `the file says ${width}×${height} = ${width * height}`, cause);
  }
}

function readChunks(file: Uint8Array, maxPixels: number): Chunks {
  const view = viewOf(file);
  const parts: Uint8Array[] = [];
  const once = new Map<string, Uint8Array>();
  let header: PngHeader | undefined;
  let at = 8;
  for (;;) {
    if (at + 12 > file.length) refuse(WHO, "a PNG file that ends with IEND", "the file ends before it", TRUNCATED);
    const length = view.getUint32(at);
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8));
    const start = at + 8;
    const end = start + length;
    if (end + 4 > file.length) {
      refuse(WHO, `${length} bytes in the chunk ${JSON.stringify(type)}`, "the file ends before", TRUNCATED);
    }
    if (view.getUint32(end) !== crc32(file.subarray(at + 4, end))) {
      const where = `the chunk ${JSON.stringify(type)}`;
      refuse(WHO, `the checksum of ${where} of a PNG file`, "its content has another", CORRUPT);
    }
    at = end + 4;
    const content = file.subarray(start, end);
    if (type === "IHDR") {
      if (header || length !== 13) {
        refuse(WHO, "one chunk IHDR of 13 bytes in a PNG file", header ? "there are two" : `it has ${length}`, CORRUPT);
      }
      header = readHeader(view, start);
      checkPixels(header.width, header.height, maxPixels);
    }
    if (!header) refuse(WHO, "a PNG file that starts with IHDR", `it starts with ${JSON.stringify(type)}`, CORRUPT);
    if (type === "IEND") return finish(header, once, concatBytes(parts));
    if (type === "IDAT") parts.push(content);
    else if (type === "PLTE" || type === "tRNS" || type === "eXIf") {
      if (once.has(type)) refuse(WHO, `one chunk ${type} in a PNG file`, "there are two", CORRUPT);
      once.set(type, content);
    } else if (type !== "IHDR" && /^[A-Z]/.test(type)) {
      // 14.2: whoever does not know a chunk whose name begins with a capital cannot show the picture.
      refuse(WHO, "chunks of a PNG file that are known", `${JSON.stringify(type)} is not`, CORRUPT);
    }
  }
}

function finish(header: PngHeader, once: ReadonlyMap<string, Uint8Array>, data: Uint8Array): Chunks {
  const { indexed, samples } = header;
  const palette = once.get("PLTE") ?? new Uint8Array();
  const transparency = once.get("tRNS");
  const exif = once.get("eXIf");
  const colors = palette.length / 3;
  // Some programs write more colors than the pixels' bits can name.
  if (!Number.isInteger(colors) || colors > 256 || (indexed && colors === 0)) {
    const got = `there are ${palette.length} bytes`;
    refuse(WHO, "a palette of 1 to 256 colors, 3 bytes each, in a PNG file", got, CORRUPT);
  }
  const alphas = transparency?.length ?? 0;
  if (transparency && (indexed ? alphas > colors : alphas !== 2 * samples || samples % 2 === 0)) {
    refuse(WHO, "a chunk tRNS that fits the colors of a PNG file", `it has ${alphas} bytes`, CORRUPT);
  }
  return { header, palette, transparency, orientation: exif ? readOrientation(viewOf(exif), 0) : 1, data };
}

const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** 11.2.1 */
function readHeader(view: DataView, start: number): PngHeader {
  const colorType = view.getUint8(start + 9);
  const samples = SAMPLES[colorType];
  if (!samples) refuse(WHO, "a PNG color type of 0, 2, 3, 4 or 6", `the file says ${colorType}`, CORRUPT);
  const depth = view.getUint8(start + 8);
  const indexed = colorType === 3;
  if (samples > 1 && depth < 8) {
    refuse(WHO, "8 or 16 bits for colors or alpha in a PNG file", `it says ${depth}`, CORRUPT);
  }
  if (![1, 2, 4, 8, indexed ? 8 : 16].includes(depth)) {
    refuse(WHO, `1, 2, 4${indexed ? " or 8" : ", 8 or 16"} bits per sample in a PNG file`, `it says ${depth}`, CORRUPT);
  }
  const [compression, filter, interlace] = [10, 11, 12].map((field) => view.getUint8(start + field));
  if (compression !== 0 || filter !== 0 || (interlace !== 0 && interlace !== 1)) {
    const got = `the file says ${compression}, ${filter} and ${interlace}`;
    refuse(WHO, "PNG compression 0, filter 0 and interlacing 0 or 1", got, CORRUPT);
  }
  return {
    width: view.getUint32(start),
    height: view.getUint32(start + 4),
    depth,
    interlaced: interlace === 1,
    samples,
    indexed,
  };
}

/** Part of an interlaced picture, or all of another: every stepX-th pixel of every stepY-th row. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly columns: number;
  readonly rows: number;
  /** Without the byte that names the row's filter. */
  readonly rowBytes: number;
}

/** 8.1: where the seven passes of an interlaced picture start, and their steps: x, y, along x, along y. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** The passes in the order in which they are stored, without those that have no pixel. */
function passesOf({ width, height, depth, samples, interlaced }: PngHeader): Pass[] {
  return (interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const))
    .map(([x, y, stepX, stepY]) => {
      const [columns, rows] = [Math.ceil((width - x) / stepX), Math.ceil((height - y) / stepY)];
      return { x, y, stepX, stepY, columns, rows, rowBytes: Math.ceil((columns * samples * depth) / 8) };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

/** The samples of all pixels in their places, 0 to 2^depth − 1. Overwrites `stored`. */
function samplesOf(header: PngHeader, stored: Uint8Array): Uint8Array | Uint16Array {
  const { width, height, depth, samples } = header;
  const size = width * height * samples;
  const result = depth === 16 ? new Uint16Array(size) : new Uint8Array(size);
  let at = 0;
  for (const { x, y, stepX, stepY, columns, rows, rowBytes } of passesOf(header)) {
    unfilter(stored, at, rows, rowBytes, Math.max(1, (samples * depth) / 8));
    for (let row = 0; row < rows; row++, at += rowBytes) {
      at++; // the filter
      if (depth === 8 && stepX === 1) {
        result.set(stored.subarray(at, at + rowBytes), (y + row * stepY) * width * samples);
        continue;
      }
      let to = ((y + row * stepY) * width + x) * samples;
      for (let i = 0; i < columns * samples; i += samples, to += stepX * samples) {
        for (let c = 0; c < samples; c++) result[to + c] = sampleAt(stored, at, depth, i + c);
      }
    }
  }
  return result;
}

/** Sample `i` of the row that starts at byte `at`. */
function sampleAt(bytes: Uint8Array, at: number, depth: number, i: number): number {
  if (depth === 8) return bytes[at + i] ?? 0;
  if (depth === 16) return ((bytes[at + 2 * i] ?? 0) << 8) | (bytes[at + 2 * i + 1] ?? 0);
  const bit = i * depth;
  return ((bytes[at + (bit >> 3)] ?? 0) >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

/**
 * 9.2: each row is a byte that names its filter, and differences to what is expected from the byte `step` before it (a),
 * the one above (b), and the one above that (c); makes them the bytes themselves.
 */
function unfilter(bytes: Uint8Array, at: number, rows: number, rowBytes: number, step: number): void {
  for (let row = 0; row < rows; row++) {
    const filter = bytes[at++] ?? 0;
    if (filter > 4) refuse(WHO, "filters 0 to 4 in the rows of a PNG file", `one is ${filter}`, CORRUPT);
    const above = row > 0 ? at - rowBytes - 1 : -1;
    for (let i = 0; i < rowBytes && filter > 0; i++) {
      const a = i >= step ? (bytes[at + i - step] ?? 0) : 0;
      const b = above >= 0 ? (bytes[above + i] ?? 0) : 0;
      const c = i >= step && above >= 0 ? (bytes[above + i - step] ?? 0) : 0;
      const expected = filter === 1 ? a : filter === 2 ? b : filter === 3 ? (a + b) >> 1 : paeth(a, b, c);
      bytes[at + i] = (bytes[at + i] ?? 0) + expected;
    }
    at += rowBytes;
  }
}

/** 9.4: that of the three which is nearest to a + b − c. */
function paeth(a: number, b: number, c: number): number {
  const [toA, toB, toC] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  if (toA <= toB && toA <= toC) return a;
  return toB <= toC ? b : c;
}

function toEightBits({ header, palette, transparency }: Chunks, samples: Uint8Array | Uint16Array): Pixels {
  const { width, height, depth, samples: channels, indexed } = header;
  if (samples instanceof Uint8Array && depth === 8 && !indexed && !transparency && channels !== 2) {
    return { width, height, data: samples };
  }
  const area = width * height;
  if (indexed) {
    const size = transparency ? 4 : 3;
    const result = blank(WHO, width, height, size);
    for (let i = 0; i < area; i++) {
      const index = samples[i] ?? 0;
      if (3 * index >= palette.length) {
        refuse(WHO, `colors 0 to ${palette.length / 3 - 1} of a PNG file's palette`, `one pixel has ${index}`, CORRUPT);
      }
      for (let c = 0; c < 3; c++) result.data[i * size + c] = palette[3 * index + c] ?? 0;
      if (transparency) result.data[i * size + 3] = transparency[index] ?? 255;
    }
    return result;
  }
  const max = (1 << depth) - 1;
  const eight = (sample: number) => Math.round((sample * 255) / max);
  const colors = channels < 3 ? 1 : 3;
  const alpha = channels === 2 || channels === 4;
  const clear = transparency && Array.from({ length: colors }, (_, c) => sampleAt(transparency, 0, 16, c) & max);
  const to = alpha || clear ? 4 : colors;
  const result = blank(WHO, width, height, to);
  for (let i = 0; i < area; i++) {
    let opaque = clear === undefined;
    for (let c = 0; c < colors; c++) opaque ||= samples[i * channels + c] !== clear?.[c];
    for (let c = 0; c < Math.min(to, 3); c++) {
      result.data[i * to + c] = eight(samples[i * channels + (colors === 1 ? 0 : c)] ?? 0);
    }
    if (to === 4) result.data[i * 4 + 3] = alpha ? eight(samples[i * channels + colors] ?? 0) : opaque ? 255 : 0;
  }
  return result;
}
