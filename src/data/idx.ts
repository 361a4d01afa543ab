/**
 * The IDX format of MNIST: two zero bytes, the element type, the number of dimensions, their sizes, and the elements, all
 * big-endian. Source: http://yann.lecun.com/exdb/mnist/ ("the IDX file format")
 */
import { type Bytes, bytesOf, claimedSize, refuse, TRUNCATED, viewOf } from "../io/bytes.js";
import { bytesPerElement, decodeTyped } from "../io/elements.js";
import { showShape } from "../shape/shape.js";

const TYPES = {
  8: "uint8",
  9: "int8",
  11: "int16",
  12: "int32",
  13: "float32",
  14: "float64",
} as const;

/** An array of any shape in the element type of its file. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
}

/**
 * The array of an IDX file such as `train-images-idx3-ubyte`; `data` shares no memory with `bytes`.
 *
 * Time and memory follow from the length of the file; `data` is a copy of it.
 *
 * @throws FormatError when the file is not an IDX file, is compressed, has another length than its header says, more than 64
 *   dimensions, or an unknown element type; the header is checked before anything is allocated. ArgumentError for no bytes.
 * @example
 * const { shape, data } = readIdx(await readFile("train-images-idx3-ubyte")); // [60000, 28, 28], Uint8Array
 */
export function readIdx(bytes: Bytes): IdxArray {
  const file = bytesOf("readIdx", bytes);
  const [zero1, zero2, code = 0, rank = 0] = file;
  if (zero1 === 0x1f && zero2 === 0x8b) {
    refuse(
      "readIdx",
      "an IDX file",
      "got a gzip-compressed one",
      "MNIST as it is downloaded: readIdx(await gunzip(bytes))",
    );
  }
  if (file.length < 4 || zero1 !== 0 || zero2 !== 0) {
    refuse("readIdx", "an IDX file, which starts with two zero bytes", "the file starts differently", "another format");
  }
  const type = TYPES[code as keyof typeof TYPES];
  if (!type) {
    refuse("readIdx", "one of the element types 8, 9, 11, 12, 13, 14", `the third byte of the file is ${code}`);
  }
  const start = 4 + 4 * rank;
  if (file.length < start) {
    refuse(
      "readIdx",
      `${start} bytes of header for ${rank} dimensions`,
      `the file has ${file.length} bytes`,
      TRUNCATED,
    );
  }
  const shape = Array.from({ length: rank }, (_, dim) => viewOf(file).getUint32(4 + 4 * dim));
  const expected = claimedSize("readIdx", shape) * bytesPerElement(type);
  const data = file.subarray(start);
  if (expected !== data.length) {
    refuse(
      "readIdx",
      `${expected} bytes of data for the shape ${showShape(shape)} of ${type}`,
      `the file has ${data.length}`,
      TRUNCATED,
    );
  }
  return { shape, data: decodeTyped(data, type, false) };
}
