/** What all readers of this room share: taking bytes, decoding text, sizes that may lie, and the sentence of a FormatError. */
import { ArgumentError, FormatError } from "../shape/errors.js";
import type { Shape } from "../shape/shape.js";
import { show } from "../shape/show.js";

/** A file's content, as `fs.readFile`, `response.arrayBuffer()` and `blob.arrayBuffer()` give it. */
export type Bytes = ArrayBuffer | ArrayBufferView;

/** `bytes` as a plain Uint8Array, without a copy. (A Node Buffer's `slice` would share memory, a plain array's does not.) */
export function bytesOf(who: string, bytes: Bytes): Uint8Array {
  if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isBytes(bytes)) return new Uint8Array(bytes);
  const got = typeof bytes === "string" ? "a string" : show(bytes);
  throw new ArgumentError(
    `${who} expects the bytes of a file (a Uint8Array or ArrayBuffer), but got ${got}. Usual cause: a path instead of the file's content, a missing await, or readFile with an encoding.`,
  );
}

/** An ArrayBuffer may be another window's, so that `instanceof` does not know it. */
export function isBytes(value: unknown): value is Bytes {
  return ArrayBuffer.isView(value) || Object.prototype.toString.call(value) === "[object ArrayBuffer]";
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** `readNpy expects the magic string \x93NUMPY, but the file starts otherwise. Usual cause: …` */
export function refuse(who: string, expected: string, got: string, cause?: string): never {
  throw new FormatError(`${who} expects ${expected}, but ${got}.${cause ? ` Usual cause: ${cause}.` : ""}`);
}

export const TRUNCATED = "a file that was cut off on its way here";

/** Number of elements of a shape that a file claims; undefined when no file can be that large. */
export function claimedSize(shape: Shape): number | undefined {
  let size = 1;
  for (const extent of shape) size *= extent;
  return Number.isSafeInteger(size) ? size : undefined;
}

/** UTF-8 to text; undefined where the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Whether UTF-8 can hold the text: half of a surrogate pair cannot be written. */
export function isUnicode(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Text from a file in quotes, short enough for a message. */
export function quote(text: string, most = 40): string {
  return JSON.stringify(text.length > most ? `${text.slice(0, most)}…` : text);
}

/** The parts one after the other. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
