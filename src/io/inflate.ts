/** Decompression by the web-standard DecompressionStream, of data that nobody vouches for. */
import { type Bytes, bytesOf, concatBytes, refuse, TRUNCATED } from "./bytes.js";

/** No deflate stream grows by more than this: https://zlib.net/zlib_tech.html */
export const MOST_DEFLATE_RATIO = 1032;

/**
 * Decompresses `bytes`; memory grows only as output comes, and stops at `most` bytes.
 * @throws FormatError when the data is no valid stream of its format or gives more than `most` bytes.
 */
export async function inflate(
  who: string,
  bytes: Uint8Array,
  format: "deflate" | "deflate-raw" | "gzip",
  most: number,
): Promise<Uint8Array> {
  if (typeof DecompressionStream === "undefined") {
    refuse(who, "an engine with DecompressionStream to read compressed data", "this one has none", "an old runtime");
  }
  const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream(format));
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const part = await reader.read().catch(() => undefined);
    if (!part) refuse(who, `valid ${format} data`, "it cannot be decompressed", TRUNCATED);
    if (part.done) return concatBytes(parts);
    parts.push(part.value);
    size += part.value.length;
    if (size > most) {
      reader.cancel().catch(() => undefined); // the reason to stop is ours; what cancelling says does not matter
      refuse(who, `at most ${most} bytes of decompressed data`, "there are more", "a file made to exhaust memory");
    }
  }
}

/**
 * The content of a `.gz` file, such as MNIST's `train-images-idx3-ubyte.gz`.
 * @throws FormatError when it is no gzip file, is truncated or corrupt.
 * @example
 * const { shape } = readIdx(await gunzip(await readFile("train-images-idx3-ubyte.gz"))); // [60000, 28, 28]
 */
export async function gunzip(bytes: Bytes): Promise<Uint8Array> {
  const packed = bytesOf("gunzip", bytes);
  if (packed[0] !== 0x1f || packed[1] !== 0x8b) {
    refuse(
      "gunzip",
      "a gzip file, which starts with the bytes 1f 8b",
      "the file starts otherwise",
      "a file that is not compressed, or was decompressed on its way here",
    );
  }
  return inflate("gunzip", packed, "gzip", packed.length * MOST_DEFLATE_RATIO);
}
