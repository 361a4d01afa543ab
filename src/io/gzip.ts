/** The gzip format. Source: https://www.rfc-editor.org/rfc/rfc1952 */
import { checkInteger, readOptions } from "../shape/check.js";
import { type Bytes, bytesOf, refuse, TRUNCATED, viewOf } from "./bytes.js";
import { crc32 } from "./crc32.js";
import { inflate, invalid, MAX_DEFLATE_RATIO, Output } from "./inflate.js";

/** Where compressed data may become something larger than its file. */
export const MAX_BYTES = 2 ** 30;

export interface GunzipOptions {
  /** Bytes that the content may have, so that no file can exhaust the memory. Default 2³⁰, 1 GiB. */
  readonly maxBytes?: number;
}

// 2.3.1: what the flags say follows the first ten bytes.
const CHECKSUM = 2;
const EXTRA = 4;
const NAME = 8;
const COMMENT = 16;
const RESERVED = 0xe0;

/**
 * The content of a `.gz` file, such as MNIST's `train-images-idx3-ubyte.gz`. A file of several members, as `cat a.gz b.gz`
 * and bgzip make them, gives their contents one after the other; zeros may follow the last one.
 *
 * Memory: the content, and up to three times that while it grows where the file does not end with its size; time is
 * linear in file and content.
 *
 * @throws FormatError when it is not a gzip file, is truncated or corrupt, has something else than members, or holds more
 *   than `maxBytes`. ArgumentError for data that are not bytes, or wrong options.
 * @example
 * const { shape } = readIdx(await gunzip(await readFile("train-images-idx3-ubyte.gz"))); // [60000, 28, 28]
 */
export async function gunzip(bytes: Bytes, options: GunzipOptions = {}): Promise<Uint8Array> {
  const who = "gunzip";
  const packed = bytesOf(who, bytes);
  const { maxBytes } = readOptions(who, options, { maxBytes: MAX_BYTES });
  checkInteger(who, "maxBytes", maxBytes, 1);
  if (!isMember(packed, 0)) {
    refuse(
      who,
      "a gzip file, which starts with the bytes 1f 8b",
      "the file starts differently",
      "a file that is not compressed, or was decompressed on its way here",
    );
  }
  const view = viewOf(packed);
  // The last four bytes are the size of the last member, which most files have alone.
  const size = packed.length >= 18 ? view.getUint32(packed.length - 4, true) : 0;
  const output = new Output(who, maxBytes, Math.min(size, packed.length * MAX_DEFLATE_RATIO));
  for (let at = 0; at < packed.length; ) {
    if (at > 0 && !isMember(packed, at)) {
      if (packed.subarray(at).every((byte) => byte === 0)) break;
      refuse(who, "nothing after a gzip file's content but another member or zeros", "there is something", TRUNCATED);
    }
    const start = output.length;
    const end = inflate(packed, dataStart(packed, at), output);
    if (end === undefined || end + 8 > packed.length) invalid(who, "gzip");
    const content = output.bytes.subarray(start, output.length);
    if (view.getUint32(end + 4, true) !== content.length % 2 ** 32 || view.getUint32(end, true) !== crc32(content)) {
      refuse(who, "the size and the checksum that the gzip file says", "the content has others", "damaged data");
    }
    at = end + 8;
  }
  return output.content();
}

function isMember(packed: Uint8Array, at: number): boolean {
  return packed[at] === 0x1f && packed[at + 1] === 0x8b;
}

/** Where the compressed data of the member at `at` starts, after the fields that its flags say. */
function dataStart(packed: Uint8Array, at: number): number {
  const flags = packed[at + 3] ?? RESERVED;
  if (packed[at + 2] !== 8 || flags & RESERVED) invalid("gunzip", "gzip");
  let start = at + 10;
  if (flags & EXTRA) start += 2 + (packed[start] ?? 0) + 256 * (packed[start + 1] ?? 0);
  for (const text of [NAME, COMMENT]) {
    if ((flags & text) === 0) continue;
    const end = packed.indexOf(0, start);
    if (end < 0) invalid("gunzip", "gzip");
    start = end + 1;
  }
  if (flags & CHECKSUM) start += 2;
  return start;
}
