/**
 * The part of the zip format that .npz files use: one disk, stored or deflated entries, no encryption; zip64 is read, not
 * written.
 * Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (section numbers below)
 */
import { ArgumentError } from "../shape/errors.js";
import { checkBudget, concatBytes, decodeUtf8, quote, refuse, TRUNCATED, viewOf } from "./bytes.js";
import { crc32 } from "./crc32.js";
import { inflate, invalid, MAX_DEFLATE_RATIO, Output } from "./inflate.js";

const LOCAL = 0x04034b50; // 4.3.7, 30 bytes
const CENTRAL = 0x02014b50; // 4.3.12, 46 bytes
const END = 0x06054b50; // 4.3.16, 22 bytes
const END64 = 0x06064b50; // 4.3.14, 56 bytes or more
const LOCATOR64 = 0x07064b50; // 4.3.15, 20 bytes
const EXTRA64 = 1; // 4.5.3
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
const UTF8 = 1 << 11;
const FOUR_GIB = 0xffffffff; // as a size or offset it says that a zip64 record has the real one
const MANY = 0xffff; // as a count, too

export interface ZipEntry {
  /** Where it is not in UTF-8, with � in it. */
  readonly name: string;
  readonly isUtf8: boolean;
  readonly encrypted: boolean;
  readonly method: number;
  readonly crc: number;
  /** Decompressed size. */
  readonly size: number;
  /** The entry's bytes in the file: a view. */
  readonly packed: Uint8Array;
}

/**
 * What the zip file's directory lists. Every offset and size is checked against the file and the entries' own headers,
 * and no two entries share a byte.
 * @throws FormatError for a file without directory, or one whose directory does not fit the file.
 */
export function readZip(who: string, bytes: Uint8Array): ZipEntry[] {
  const { count, size, start, end } = readEnd(who, bytes);
  const view = viewOf(bytes);
  if (start + size > end) {
    refuse(who, "the zip directory inside the file", `it is said to span ${start} to ${start + size} of ${end} bytes`);
  }
  const entries: (ZipEntry & { readonly offset: number; readonly end: number })[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + 46 > start + size || view.getUint32(at, true) !== CENTRAL) {
      refuse(who, `a zip directory of ${count} entries`, `entry ${i + 1} is not there`, TRUNCATED);
    }
    const nameEnd = at + 46 + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    if (extraEnd > start + size) refuse(who, "each name inside the zip directory", `that of entry ${i + 1} is not`);
    entries.push(readEntry(who, bytes, at, nameEnd, extraEnd, start));
    at = extraEnd + view.getUint16(at + 32, true);
  }
  if (at !== start + size) refuse(who, `a zip directory of ${size} bytes`, `its entries take ${at - start}`);
  let covered = 0;
  for (const { name, offset, end } of [...entries].sort((a, b) => a.offset - b.offset)) {
    if (offset < covered) refuse(who, "entries that do not overlap", `${quote(name)} overlaps the one before it`);
    covered = end;
  }
  return entries;
}

function readEntry(
  who: string,
  bytes: Uint8Array,
  at: number,
  nameEnd: number,
  extraEnd: number,
  directory: number,
): ZipEntry & { readonly offset: number; readonly end: number } {
  const view = viewOf(bytes);
  const rawName = bytes.subarray(at + 46, nameEnd);
  const name = new TextDecoder("utf-8", { ignoreBOM: true }).decode(rawName);
  const where = `the entry ${quote(name)}`;
  const method = view.getUint16(at + 10, true);
  // 4.5.3: in this order, and only those that do not fit.
  const [size, packedSize, offset] = fromExtra64(
    who,
    where,
    [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)],
    bytes.subarray(nameEnd, extraEnd),
  );
  if (offset + 30 > directory || view.getUint32(offset, true) !== LOCAL) {
    refuse(who, `${where} at offset ${offset}`, "there is none", TRUNCATED);
  }
  const dataStart = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  const end = dataStart + packedSize;
  if (end > directory) {
    refuse(who, `${where} to end before the zip directory at ${directory}`, `it is said to end at ${end}`, TRUNCATED);
  }
  const ownName = bytes.subarray(offset + 30, offset + 30 + view.getUint16(offset + 26, true));
  if (ownName.length !== rawName.length || ownName.some((byte, i) => byte !== rawName[i])) {
    refuse(who, `${where} under the name that the zip directory gives it`, "its own header has another");
  }
  const packed = bytes.subarray(dataStart, end);
  const encrypted = (view.getUint16(at + 8, true) & ENCRYPTED) !== 0;
  const isUtf8 = decodeUtf8(rawName) !== undefined;
  return { name, isUtf8, encrypted, method, crc: view.getUint32(at + 16, true), size, packed, offset, end };
}

/** These numbers, those that are 2³² − 1 as the entry's zip64 field has them. */
function fromExtra64(
  who: string,
  where: string,
  numbers: readonly [number, number, number],
  extra: Uint8Array,
): [number, number, number] {
  if (!numbers.includes(FOUR_GIB)) return [...numbers];
  const view = viewOf(extra);
  let next = 0;
  let end = 0;
  for (let at = 0; at + 4 <= extra.length; at = end) {
    next = at + 4;
    end = next + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === EXTRA64) break;
    next = 0;
  }
  const take = (number: number) => {
    if (number !== FOUR_GIB) return number;
    if (next === 0 || next + 8 > Math.min(end, extra.length)) {
      refuse(who, `${where} to have its zip64 sizes`, "they are not there", TRUNCATED);
    }
    next += 8;
    return wholeNumber(who, view, next - 8);
  };
  return [take(numbers[0]), take(numbers[1]), take(numbers[2])];
}

function wholeNumber(who: string, view: DataView, at: number): number {
  const number = view.getBigUint64(at, true);
  if (number > Number.MAX_SAFE_INTEGER) refuse(who, "sizes that a file can have", `it says ${number}`);
  return Number(number);
}

/**
 * The entry's content: a view of the file where it is stored.
 * @throws FormatError for an entry that is encrypted or compressed by another method than deflate, whose size or checksum
 *   are wrong, or that holds more than `max` bytes.
 */
export function extract(who: string, entry: ZipEntry, max: number): Uint8Array {
  const { method, encrypted, packed, size, crc } = entry;
  if (encrypted) refuse(who, "an entry without a password", "it is encrypted");
  if (method !== STORED && method !== DEFLATED) {
    refuse(who, "an entry that is stored or deflated", `its compression method is ${method}`);
  }
  if (method === STORED ? size !== packed.length : size > packed.length * MAX_DEFLATE_RATIO) {
    refuse(who, `an entry of ${packed.length} bytes to hold what they can`, `it is said to hold ${size}`);
  }
  checkBudget(who, size, max);
  let content = packed;
  if (method === DEFLATED) {
    const output = new Output(who, size, size);
    if (inflate(packed, 0, output) !== packed.length) invalid(who, "deflate-raw");
    content = output.content();
  }
  if (content.length !== size) refuse(who, `${size} bytes`, `decompressing gives ${content.length}`, TRUNCATED);
  if (crc32(content) !== crc) {
    refuse(who, "the checksum in the zip directory", "the content has another", "damaged data");
  }
  return content;
}

/** What the last record says about the directory, and where it and, of a zip64 file, its larger version start. */
function readEnd(who: string, bytes: Uint8Array) {
  const view = viewOf(bytes);
  const end = findEnd(who, bytes);
  const [count, size, start] = [
    view.getUint16(end + 10, true),
    view.getUint32(end + 12, true),
    view.getUint32(end + 16, true),
  ];
  const isPart = view.getUint32(end + 4, true) !== 0 || view.getUint16(end + 8, true) !== count;
  const locator = end - 20;
  if (locator < 0 || view.getUint32(locator, true) !== LOCATOR64) {
    if (isPart) refuse(who, "a zip file in one part", "it is one part of several");
    return { count, size, start, end };
  }
  const end64 = wholeNumber(who, view, locator + 8);
  if (end64 + 56 > locator || view.getUint32(end64, true) !== END64) {
    refuse(who, `the end of a zip64 directory at ${end64}`, "there is none", TRUNCATED);
  }
  const large = [32, 40, 48].map((at) => wholeNumber(who, view, end64 + at));
  const [count64 = 0, size64 = 0, start64 = 0] = large;
  // Nobody should read another directory than the one that is read here.
  const agree = (small: number, limit: number, number: number) => small === limit || small === number;
  if (!agree(count, MANY, count64) || !agree(size, FOUR_GIB, size64) || !agree(start, FOUR_GIB, start64)) {
    refuse(who, "one directory in a zip file", "its two ends speak of different ones");
  }
  if (view.getBigUint64(end64 + 16, true) !== 0n || wholeNumber(who, view, end64 + 24) !== count64) {
    refuse(who, "a zip file in one part", "it is one part of several");
  }
  return { count: count64, size: size64, start: start64, end: end64 };
}

/** Offset of the record that ends every zip file; a comment of up to 65,535 bytes may follow it. */
function findEnd(who: string, bytes: Uint8Array): number {
  const view = viewOf(bytes);
  for (let at = bytes.length - 22; at >= Math.max(0, bytes.length - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) === END && view.getUint16(at + 20, true) === bytes.length - 22 - at) return at;
  }
  return refuse(
    who,
    "a zip file, which ends with its directory",
    "there is none at the end",
    bytes[0] === 0x93 ? "a .npy file: use readNpy" : TRUNCATED,
  );
}

/** A zip file of stored entries, the same bytes for the same content: every entry is dated 1 January 1980. */
export function writeZip(who: string, files: readonly (readonly [name: string, content: Uint8Array])[]) {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, content] of files) {
    const nameBytes = new TextEncoder().encode(name);
    if (nameBytes.length > 0xffff)
      throw new ArgumentError(`${who} expects names below 64 KiB, but got ${quote(name)}.`);
    // The local header is the central one's bytes 6 to 31, so both are cut from one block.
    const block = new Uint8Array(46);
    const view = viewOf(block);
    view.setUint32(0, CENTRAL, true);
    view.setUint16(4, 20, true); // made by version 2.0
    view.setUint16(6, 20, true); // needs version 2.0
    view.setUint16(8, UTF8, true);
    view.setUint16(14, (1 << 5) | 1, true); // 1980-01-01
    view.setUint32(16, crc32(content), true);
    view.setUint32(20, content.length, true);
    view.setUint32(24, content.length, true);
    view.setUint16(28, nameBytes.length, true);
    view.setUint32(42, offset, true);
    const local = new Uint8Array(30);
    viewOf(local).setUint32(0, LOCAL, true);
    local.set(block.subarray(6, 32), 4);
    parts.push(local, nameBytes, content);
    directory.push(block, nameBytes);
    offset += local.length + nameBytes.length + content.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  if (offset + size >= FOUR_GIB || files.length >= 0xffff) {
    throw new ArgumentError(
      `${who} expects less than 4 GiB and 65,535 arrays, but got ${offset + size} bytes and ${files.length} arrays. Usual cause: data that belongs into several files, or one .safetensors file.`,
    );
  }
  const end = new Uint8Array(22);
  const view = viewOf(end);
  view.setUint32(0, END, true);
  view.setUint16(8, files.length, true);
  view.setUint16(10, files.length, true);
  view.setUint32(12, size, true);
  view.setUint32(16, offset, true);
  return concatBytes([...parts, ...directory, end]);
}
