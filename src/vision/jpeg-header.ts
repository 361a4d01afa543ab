/** What a JPEG file says about itself before and between its compressed parts. */
import { concatBytes, refuse, TRUNCATED, viewOf } from "../io/bytes.js";
import { EXHAUST } from "../io/inflate.js";
import { readOrientation } from "./exif.js";

const WHO = "decodeImage";
const CORRUPT = "a corrupt file";

export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** The identifiers of the components: 1, 2, 3 for YCbCr, the letters R, G, B for RGB. */
  readonly components: readonly number[];
  /** Whether there is a JFIF segment: then three components are YCbCr. */
  readonly jfif: boolean;
  /** The color transform of Adobe's segment: 0 none, 1 YCbCr, 2 YCCK. */
  readonly adobe: number | undefined;
  /** EXIF: 1 upright, 2–8 turned or mirrored. */
  readonly orientation: number;
  /** The file without what a decoder has no use for, such as comments, profiles and previews. */
  readonly used: Uint8Array;
}

/** Progressive files have some ten. Each takes time for the whole picture, however short it is. */
const MAX_SCANS = 100;

interface Frame extends Pick<JpegHeader, "width" | "height" | "components"> {
  /** Of each component along x and y: how many blocks stand for as many pixels as another's one. */
  readonly sampling: readonly (readonly [x: number, y: number])[];
  readonly isProgressive: boolean;
}

/**
 * Reads the segments up to the end of the picture. jpeg-js goes by the content of most, not by their lengths: where these
 * differ, it would read from the middle of a segment what was not checked here, so that they must agree.
 * @throws FormatError for a file that ends before, lacks a part, is of a kind that jpeg-js cannot decode, or has too little
 *   data for its size or more scans than a picture needs.
 */
export function readJpegHeader(file: Uint8Array): JpegHeader {
  const view = viewOf(file);
  let frame: Frame | undefined;
  let jfif = false;
  let adobe: number | undefined;
  let orientation: number | undefined;
  let interval = 0;
  let scan: Scan | undefined;
  let scans = 0;
  const scanned = new Set<number>();
  const used: Uint8Array[] = [file.subarray(0, 2)];
  let at = 2;
  for (;;) {
    // Between segments there may be fill bytes, and after a scan its compressed data.
    const start = at;
    let restarts = 0;
    for (; at + 1 < file.length && !isMarker(file, at); at++) if (isRestart(file, at)) restarts++;
    if (at + 1 >= file.length) refuse(WHO, "a JPEG file that ends with the marker EOI", "the file has none", TRUNCATED);
    if (scan) {
      checkScan(scan, interval, restarts, at - start);
      used.push(file.subarray(start, at));
      scan = undefined;
    }
    const marker = file[at + 1] ?? 0;
    if (marker === 0xd9) break;
    at += 2;
    const length = at + 2 <= file.length ? view.getUint16(at) : Infinity;
    if (length < 2 || at + length > file.length) {
      refuse(WHO, "whole segments in a JPEG file", `the one at byte ${at - 2} is longer than the file`, TRUNCATED);
    }
    const segment = new DataView(file.buffer, file.byteOffset + at + 2, length - 2);
    let isUsed = true;
    if (isFrame(marker)) {
      if (frame) refuse(WHO, "one frame in a JPEG file", "there are two", CORRUPT);
      frame = readFrame(marker, segment);
    } else if (marker === 0xdd) {
      checkLength(segment, 2, "about restarts");
      interval = segment.getUint16(0);
    } else if (marker === 0xc4) checkTables(segment, huffmanTable, "codes");
    else if (marker === 0xdb) checkTables(segment, quantizationTable, "quantization");
    else if (marker === 0xda) {
      if (!frame) refuse(WHO, "a frame in a JPEG file", "there is none", CORRUPT);
      if (++scans > MAX_SCANS) refuse(WHO, `at most ${MAX_SCANS} scans in a JPEG file`, "there are more", EXHAUST);
      scan = readScan(segment, frame);
      for (const id of scan.hasMeans ? scan.components : []) scanned.add(id);
    } else if (marker === 0xee && startsWith(segment, "Adobe") && segment.byteLength >= 12) {
      adobe = segment.getUint8(11);
    } else {
      isUsed = false;
      if (marker === 0xe0) jfif ||= startsWith(segment, "JFIF\0");
      else if (marker === 0xe1 && startsWith(segment, "Exif\0\0")) orientation ??= readOrientation(segment, 6);
    }
    if (isUsed) used.push(file.subarray(at - 2, at + length));
    at += length;
  }
  used.push(file.subarray(at, at + 2));
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
  return { width, height, components, jfif, adobe, orientation: orientation ?? 1, used: concatBytes(used) };
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
  if (count !== 1 && count !== 3 && count !== 4) {
    refuse(WHO, "a JPEG file of 1, 3 or 4 components", `its frame says ${count}`, CORRUPT);
  }
  checkLength(segment, 6 + 3 * count, "in the frame");
  const precision = segment.getUint8(0);
  if (precision !== 8) refuse(WHO, "a JPEG file of 8 bits per value", `this one has ${precision}`);
  const components = Array.from({ length: count }, (_, i) => segment.getUint8(6 + 3 * i));
  if (new Set(components).size < count) {
    refuse(WHO, "components of a JPEG file that differ", `its frame says ${components.join(", ")}`, CORRUPT);
  }
  const sampling = components.map((_, i) => {
    const both = segment.getUint8(7 + 3 * i);
    const factors = [both >> 4, both & 15] as const;
    if (factors.some((factor) => factor < 1 || factor > 4)) {
      refuse(WHO, "sampling factors of 1 to 4 in a JPEG file", `its frame says ${factors.join("×")}`, CORRUPT);
    }
    return factors;
  });
  const isProgressive = marker === 0xc2;
  return { width: segment.getUint16(3), height: segment.getUint16(1), components, sampling, isProgressive };
}

interface Scan {
  readonly components: readonly number[];
  /** Whether the means of the blocks are in it, too: most scans of a progressive file refine these. */
  readonly hasMeans: boolean;
  /** Units between which a scan may restart: blocks of 8×8 where it has one component, else what all have in common. */
  readonly units: number;
  /** No fewer bits can stand for the scan. */
  readonly leastBits: number;
}

function readScan(segment: DataView, frame: Frame): Scan {
  const count = segment.byteLength > 0 ? segment.getUint8(0) : 0;
  checkLength(segment, 4 + 2 * count, "about a scan");
  const components = Array.from({ length: count }, (_, i) => segment.getUint8(1 + 2 * i));
  const indices = components.map((id) => frame.components.indexOf(id));
  if (count < 1 || indices.includes(-1) || new Set(indices).size < count) {
    const got = `one says ${components.slice(0, 4).join(", ") || "none"}`;
    refuse(WHO, "components of the frame, each once, in a scan of a JPEG file", got, CORRUPT);
  }
  const hasMeans = segment.getUint8(1 + 2 * count) === 0;
  if (count > 1 && frame.isProgressive && !hasMeans) {
    refuse(WHO, "one component in a scan that refines a JPEG file", `there are ${count}`, CORRUPT);
  }
  const { width, height, sampling } = frame;
  const own = count === 1 ? sampling[indices[0] ?? 0] : undefined;
  const along = (size: number, dim: 0 | 1) =>
    Math.ceil((size * (own?.[dim] ?? 1)) / (8 * Math.max(...sampling.map((factors) => factors[dim]))));
  const units = along(width, 0) * along(height, 1);
  const blocks = own ? 1 : indices.reduce((sum, i) => sum + (sampling[i]?.[0] ?? 1) * (sampling[i]?.[1] ?? 1), 0);
  // A block's mean takes a bit, and in a baseline file its end another; what refines may leave all blocks out.
  const leastBits = hasMeans ? units * blocks * (frame.isProgressive ? 1 : 2) : 0;
  return { components, hasMeans, units, leastBits };
}

/** @throws FormatError for a scan whose compressed data, of this length and this many restarts, cannot be all of it. */
function checkScan({ units, leastBits }: Scan, interval: number, restarts: number, bytes: number): void {
  const due = interval > 0 ? Math.ceil(units / interval) - 1 : 0;
  // jpeg-js takes any other marker between two parts of a scan for its end, and leaves the rest gray.
  if (restarts < due) refuse(WHO, `${due} restarts in a scan of a JPEG file`, `there are ${restarts}`, TRUNCATED);
  // It takes memory for all blocks before it looks for their data.
  const least = Math.ceil(leastBits / 8);
  if (bytes < least) refuse(WHO, `at least ${least} bytes in a scan of a JPEG file`, `there are ${bytes}`, TRUNCATED);
}

function checkLength(segment: DataView, expected: number, what: string): void {
  if (segment.byteLength !== expected) {
    refuse(WHO, `${expected} bytes ${what} of a JPEG file`, `there are ${segment.byteLength}`, CORRUPT);
  }
}

/** @throws FormatError unless the segment is tables and nothing else; `sizeOf` says how long the one at a byte is. */
function checkTables(segment: DataView, sizeOf: (segment: DataView, at: number) => number, what: string): void {
  let at = 0;
  while (at < segment.byteLength) at += sizeOf(segment, at);
  if (at > segment.byteLength) refuse(WHO, `whole tables of ${what} in a JPEG file`, "one is cut off", CORRUPT);
}

/** Class and number, how many codes of each length from 1 to 16 bits, and what they stand for. */
function huffmanTable(segment: DataView, at: number): number {
  let size = 17;
  for (let i = at + 1; i <= at + 16 && i < segment.byteLength; i++) size += segment.getUint8(i);
  return size;
}

/** Precision and number, and 64 values of one or two bytes. */
function quantizationTable(segment: DataView, at: number): number {
  return segment.getUint8(at) >> 4 === 0 ? 65 : 129;
}

function startsWith(segment: DataView, text: string, offset = 0): boolean {
  if (segment.byteLength < offset + text.length) return false;
  return [...text].every((letter, i) => segment.getUint8(offset + i) === letter.charCodeAt(0));
}
