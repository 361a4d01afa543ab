/**
 * The part of the zip format that .npz files use: one disk, stored or deflated entries, no encryption, below 4 GiB.
 * Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (section numbers below)
 */
import { ArgumentError } from "../shape/errors.js";
import { concatBytes, decodeUtf8, quote, refuse, TRUNCATED, viewOf } from "./bytes.js";
import { crc32 } from "./crc32.js";
import { inflate, MOST_DEFLATE_RATIO } from "./inflate.js";

const LOCAL = 0x04034b50; // 4.3.7, 30 bytes
const CENTRAL = 0x02014b50; // 4.3.12, 46 bytes
const END = 0x06054b50; // 4.3.16, 22 bytes
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
const UTF8 = 1 << 11;
const FOUR_GIB = 0xffffffff; // as a size or offset it says that a zip64 record has the real one

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  /** Decompressed size. */
  readonly size: number;
  /** The entry's bytes in the file: a view. */
  readonly packed: Uint8Array;
}

/**
 * What the zip file's directory lists. Every offset and size is checked against the file and the entries' own headers.
 * @throws FormatError for a file without directory, or one whose directory does not fit the file.
 */
export function readZip(who: string, bytes: Uint8Array): ZipEntry[] {
  const end = findEnd(who, bytes);
  const view = viewOf(bytes);
  const count = view.getUint16(end + 10, true);
  const size = view.getUint32(end + 12, true);
  const start = view.getUint32(end + 16, true);
  if (start === FOUR_GIB || size === FOUR_GIB || count === 0xffff) refuseZip64(who);
  if (view.getUint32(end + 4, true) !== 0 || view.getUint16(end + 8, true) !== count) {
    refuse(who, "a zip file in one part", "it is one part of several");
  }
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
    if (nameEnd > start + size) refuse(who, "each name inside the zip directory", `that of entry ${i + 1} is not`);
    entries.push(readEntry(who, bytes, at, nameEnd, start));
    at = nameEnd + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  if (at !== start + size) refuse(who, `a zip directory of ${size} bytes`, `its entries take ${at - start}`);
  let covered = 0;
  for (const { name, offset, end } of [...entries].sort((a, b) => a.offset - b.offset)) {
    if (offset < covered) refuse(who, "entries that do not overlap", `${quote(name)} overlaps the one before it`);
    covered = end;
  }
  return entries;
}

function readEntry(who: string, bytes: Uint8Array, at: number, nameEnd: number, directory: number) {
  const view = viewOf(bytes);
  const rawName = bytes.subarray(at + 46, nameEnd);
  const name = decodeUtf8(rawName);
  if (name === undefined) refuse(who, "names in UTF-8", "one is not");
  const where = `the entry ${quote(name)}`;
  const method = view.getUint16(at + 10, true);
  const packedSize = view.getUint32(at + 20, true);
  const size = view.getUint32(at + 24, true);
  const offset = view.getUint32(at + 42, true);
  if (packedSize === FOUR_GIB || size === FOUR_GIB || offset === FOUR_GIB) refuseZip64(who);
  if (view.getUint16(at + 8, true) & ENCRYPTED) refuse(who, `${where} without a password`, "it is encrypted");
  if (method !== STORED && method !== DEFLATED) {
    refuse(who, `${where} to be stored or deflated`, `its compression method is ${method}`);
  }
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
  if (method === STORED ? size !== packedSize : size > packedSize * MOST_DEFLATE_RATIO) {
    refuse(who, `${where} of ${packedSize} bytes to hold what they can`, `it is said to hold ${size}`);
  }
  return {
    name,
    method,
    crc: view.getUint32(at + 16, true),
    size,
    packed: bytes.subarray(dataStart, end),
    offset,
    end,
  };
}

/** The entry's content: a view of the file where it is stored. @throws FormatError when size or checksum are wrong. */
export async function extract(who: string, entry: ZipEntry): Promise<Uint8Array> {
  const { method, packed, size, crc } = entry;
  const content = method === STORED ? packed : await inflate(who, packed, "deflate-raw", size);
  if (content.length !== size) refuse(who, `${size} bytes`, `decompressing gives ${content.length}`, TRUNCATED);
  if (crc32(content) !== crc)
    refuse(who, "the checksum in the zip directory", "the content has another", "damaged data");
  return content;
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

function refuseZip64(who: string): never {
  return refuse(
    who,
    "a zip file below 4 GiB",
    "it is a zip64 file",
    "an array of more than 2 GiB: save it with numpy.save",
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
