/** What all readers of this room share: taking bytes, decoding text, sizes that may lie, and the sentence of a FormatError. */
import { isPlainObject } from "../shape/check.js";
import { ArgumentError, FormatError } from "../shape/errors.js";
import { shapeFlaw } from "../shape/reshape.js";
import { type Shape, showShape, sizeOf } from "../shape/shape.js";
import { show } from "../shape/show.js";

/** A file's content, as `fs.readFile`, `response.arrayBuffer()` and `blob.arrayBuffer()` give it. */
export type Bytes = ArrayBuffer | ArrayBufferView;

/** An array of its own: `Uint8Array<ArrayBuffer>` to TypeScript since 5.7, `Uint8Array` to older versions, which have no other. */
export type OwnBytes = ReturnType<Uint8ArrayConstructor["of"]>;

/** `bytes` as a plain Uint8Array, without a copy. (A Node Buffer's `slice` would share memory, a plain array's does not.) */
export function bytesOf(who: string, bytes: Bytes): Uint8Array {
  try {
    if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (isBytes(bytes)) return new Uint8Array(bytes);
  } catch {
    throw new ArgumentError(
      `${who} expects the bytes of a file, but got a buffer whose memory is elsewhere. Usual cause: postMessage or structuredClone that transferred it: read it before, or send a copy.`,
    );
  }
  throw new ArgumentError(
    `${who} expects the bytes of a file (a Uint8Array or ArrayBuffer), but got ${typeof bytes === "string" ? "a string" : show(bytes)}. Usual cause: a path instead of the file's content, a missing await, or readFile with an encoding.`,
  );
}

/** An ArrayBuffer may be another window's, so that `instanceof` does not know it. */
export function isBytes(value: unknown): value is Bytes {
  return ArrayBuffer.isView(value) || Object.prototype.toString.call(value) === "[object ArrayBuffer]";
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** `readNpy expects the magic string \x93NUMPY, but the file starts differently. Usual cause: …` */
export function refuse(who: string, expected: string, got: string, cause?: string): never {
  throw new FormatError(`${who} expects ${expected}, but ${got}.${cause ? ` Usual cause: ${cause}.` : ""}`);
}

export const TRUNCATED = "a file that was cut off on its way here, or whose program was killed while it wrote";

/** @throws FormatError where what a file holds compressed would take more memory than an option allows. */
export function checkBudget(who: string, bytes: number, max: number): void {
  if (bytes <= max) return;
  const cause = "a file made to exhaust memory, or a larger one than planned: raise maxBytes if the memory is there";
  refuse(who, `at most ${max} bytes, what maxBytes leaves for it`, `it takes ${bytes}`, cause);
}

/** Number of elements of a shape that a file claims. @throws FormatError for a shape that no tensor can have. */
export function claimedSize(who: string, shape: Shape, where = "a shape"): number {
  const flaw = shapeFlaw(shape);
  if (flaw)
    refuse(
      who,
      `${where} of ${flaw}`,
      `the file says ${showShape(shape)}`,
      "a damaged file, or one made to exhaust memory",
    );
  return sizeOf(shape);
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
export function quote(text: string, max = 40): string {
  return JSON.stringify(text.length > max ? `${text.slice(0, max)}…` : text);
}

/**
 * The entries of a record of named values.
 * @throws ArgumentError for anything but a plain object: what a Map or a promise holds are not properties of it.
 */
export function entriesOf<T>(who: string, record: Readonly<Record<string, T>>, what: string, cause: string) {
  if (isPlainObject(record)) return Object.entries(record);
  throw new ArgumentError(`${who} expects ${what} as a plain object, but got ${show(record)}. Usual cause: ${cause}.`);
}

/** The parts one after the other. */
export function concatBytes(parts: readonly Uint8Array[]): OwnBytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
