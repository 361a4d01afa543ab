/** What a JPEG file says about itself before and between its compressed parts. */
import { refuse, TRUNCATED, viewOf } from "../io/bytes.js";

const WHO = "decodeImage";
const CORRUPT = "a file that is corrupt";

export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** The identifiers of the components: 1, 2, 3 for YCbCr, the letters R, G, B for RGB. */
  readonly components: readonly number[];
  /** Whether there is a JFIF segment: then three components are YCbCr. */
  readonly jfif: boolean;
  /** The colour transform of Adobe's segment: 0 none, 1 YCbCr, 2 YCCK. */
  readonly adobe: number | undefined;
  /** EXIF: 1 upright, 2–8 turned or mirrored. */
  readonly orientation: number;
}

interface Frame extends Pick<JpegHeader, "width" | "height" | "components"> {
  /** Of each component along x and y: how many blocks stand for as many pixels as another's one. */
  readonly sampling: readonly (readonly [x: number, y: number])[];
}

/**
 * Reads the segments up to the end of the picture.
 * @throws FormatError for a file that ends before, lacks a part, or is of a kind that jpeg-js cannot decode.
 */
export function readJpegHeader(file: Uint8Array): JpegHeader {
  const view = viewOf(file);
  let frame: Frame | undefined;
  let jfif = false;
  let adobe: number | undefined;
  let orientation: number | undefined;
  let interval = 0;
  let due = 0;
  const scanned = new Set<number>();
  let at = 2;
  for (;;) {
    // Between segments there may be fill bytes, and after a scan its compressed data.
    let restarts = 0;
    for (; at + 1 < file.length && !isMarker(file, at); at++) if (isRestart(file, at)) restarts++;
    if (at + 1 >= file.length) refuse(WHO, "a JPEG file that ends with the marker EOI", "the file has none", TRUNCATED);
    // jpeg-js takes any other marker between two parts of a scan for its end, and leaves the rest grey.
    if (restarts < due) refuse(WHO, `${due} restarts in a scan of a JPEG file`, `there are ${restarts}`, TRUNCATED);
    due = 0;
    const marker = file[at + 1] ?? 0;
    if (marker === 0xd9) break;
    at += 2;
    const length = at + 2 <= file.length ? view.getUint16(at) : Infinity;
    if (length < 2 || at + length > file.length) {
      refuse(WHO, "whole segments in a JPEG file", `the one at byte ${at - 2} is longer than the file`, TRUNCATED);
    }
    const segment = new DataView(file.buffer, file.byteOffset + at + 2, length - 2);
    if (isFrame(marker)) frame ??= readFrame(marker, segment);
    else if (marker === 0xdd && segment.byteLength >= 2) interval = segment.getUint16(0);
    else if (marker === 0xda && frame) {
      const scan = readScan(segment);
      for (const id of scan.hasMeans ? scan.components : []) scanned.add(id);
      due = interval > 0 ? Math.ceil(unitsOf(frame, scan.components) / interval) - 1 : 0;
    } else if (marker === 0xe0) jfif ||= startsWith(segment, "JFIF\0");
    else if (marker === 0xe1 && startsWith(segment, "Exif\0\0")) orientation ??= readOrientation(segment);
    else if (marker === 0xee && startsWith(segment, "Adobe") && segment.byteLength >= 12) adobe = segment.getUint8(11);
    at += length;
  }
  if (!frame) refuse(WHO, "a frame in a JPEG file", "there is none", CORRUPT);
  const { width, height, components } = frame;
  const missing = components.findIndex((id) => !scanned.has(id)) + 1;
  if (missing > 0) {
    const got = `component ${missing} of ${components.length} is in none`;
    refuse(WHO, "each component of a JPEG file in a scan", got, TRUNCATED);
  }
  if (components.length === 4 && adobe === undefined) {
    const cause = "a program that writes CMYK its own way: save it as RGB";
    refuse(WHO, "Adobe's segment in a JPEG file of CMYK", "this one of 4 components has none", cause);
  }
  return { width, height, components, jfif, adobe, orientation: orientation ?? 1 };
}

function isRestart(file: Uint8Array, at: number): boolean {
  const code = file[at + 1] ?? 0;
  return file[at] === 0xff && code >= 0xd0 && code <= 0xd7;
}

/** Not a byte FF of compressed data (FF 00), a restart (FF D0–D7) or a fill byte (FF FF). */
function isMarker(file: Uint8Array, at: number): boolean {
  const code = file[at + 1];
  return file[at] === 0xff && code !== 0 && code !== 0xff && !isRestart(file, at);
}

/** C0–CF without the tables DHT (C4) and DAC (CC) and the reserved C8. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function readFrame(marker: number, segment: DataView): Frame {
  if (marker > 0xc2) {
    refuse(WHO, "a baseline or progressive JPEG file", "this one is lossless, hierarchical or arithmetic-coded");
  }
  const count = segment.byteLength >= 6 ? segment.getUint8(5) : 0;
  if (segment.byteLength < 6 + 3 * count || (count !== 1 && count !== 3 && count !== 4)) {
    refuse(WHO, "a JPEG file of 1, 3 or 4 components", `its frame says ${count}`, CORRUPT);
  }
  const precision = segment.getUint8(0);
  if (precision !== 8) refuse(WHO, "a JPEG file of 8 bits a value", `this one has ${precision}`);
  const components = Array.from({ length: count }, (_, i) => segment.getUint8(6 + 3 * i));
  if (new Set(components).size < count) {
    refuse(WHO, "components of a JPEG file that differ", `its frame says ${components.join(", ")}`, CORRUPT);
  }
  const sampling = components.map((_, i) => {
    const both = segment.getUint8(7 + 3 * i);
    return [both >> 4, both & 15] as const;
  });
  return { width: segment.getUint16(3), height: segment.getUint16(1), components, sampling };
}

/** The components in a scan, and whether their blocks' means are too: most scans of a progressive file refine these. */
function readScan(segment: DataView): { readonly components: readonly number[]; readonly hasMeans: boolean } {
  const count = segment.byteLength > 0 ? segment.getUint8(0) : 0;
  if (segment.byteLength < 4 + 2 * count) {
    refuse(WHO, `${4 + 2 * count} bytes about a scan of a JPEG file`, `there are ${segment.byteLength}`, CORRUPT);
  }
  const components = Array.from({ length: count }, (_, i) => segment.getUint8(1 + 2 * i));
  return { components, hasMeans: segment.getUint8(1 + 2 * count) === 0 };
}

/** Units between which a scan may restart: blocks of 8×8 where it has one component, else what all have in common. */
function unitsOf({ width, height, components, sampling }: Frame, scanned: readonly number[]): number {
  const own = scanned.length === 1 ? sampling[components.indexOf(scanned[0] ?? 0)] : undefined;
  const along = (size: number, axis: 0 | 1) =>
    Math.ceil((size * (own?.[axis] ?? 1)) / (8 * Math.max(...sampling.map((factors) => factors[axis]))));
  return along(width, 0) * along(height, 1);
}

/** The tag 0112 of the first directory of EXIF's TIFF part; 1 where there is none. */
function readOrientation(segment: DataView): number {
  const tiff = 6;
  const little = startsWith(segment, "II", tiff);
  const short = (at: number) => (at + 2 <= segment.byteLength ? segment.getUint16(at, little) : 0);
  if (segment.byteLength < tiff + 8) return 1;
  const directory = tiff + segment.getUint32(tiff + 4, little);
  for (let entry = directory + 2, left = short(directory); left > 0; entry += 12, left--) {
    if (short(entry) !== 0x0112) continue;
    const value = short(entry + 8);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

function startsWith(segment: DataView, text: string, offset = 0): boolean {
  if (segment.byteLength < offset + text.length) return false;
  return [...text].every((letter, i) => segment.getUint8(offset + i) === letter.charCodeAt(0));
}
