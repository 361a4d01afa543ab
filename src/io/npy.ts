/**
 * The .npy format: a magic string, a version, a Python dictionary as text, and the elements.
 * Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { refuseForeign } from "../shape/brand.js";
import { readOptions } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { MAX_DIMS } from "../shape/reshape.js";
import { type Shape, showShape, stridesOf } from "../shape/shape.js";
import { show } from "../shape/show.js";
import { gather } from "../tensor/layout.js";
import { type DType, type FloatArray, Tensor } from "../tensor/tensor.js";
import {
  type Bytes,
  bytesOf,
  checkBudget,
  claimedSize,
  concatBytes,
  decodeUtf8,
  type OwnBytes,
  quote,
  refuse,
  TRUNCATED,
  viewOf,
} from "./bytes.js";
import {
  bytesPerElement,
  checkPrecision,
  decodeFloats,
  type ElementType,
  encodeFloats,
  type ReadOptions,
} from "./elements.js";
import { Scanner } from "./scanner.js";

/** Version 1.0 has no longer ones, and nothing that is read here needs more than 2 KiB. */
const MAX_HEADER_BYTES = 0xffff;

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

const TYPES = new Map<string, ElementType>([
  ["f2", "float16"],
  ["f4", "float32"],
  ["f8", "float64"],
  ["i1", "int8"],
  ["i2", "int16"],
  ["i4", "int32"],
  ["i8", "int64"],
  ["u1", "uint8"],
  ["u2", "uint16"],
  ["u4", "uint32"],
  ["u8", "uint64"],
  ["b1", "bool"],
]);

/**
 * The array of a `.npy` file, as `numpy.save` writes it: versions 1.0, 2.0 and 3.0, either byte order, C or Fortran
 * order (the tensor is always row-major), types f2 f4 f8, i1 i2 i4 i8, u1 u2 u4 u8 and b1. Integers and doubles are
 * rounded to float32 unless `dtype` is `"float64"`. The tensor shares no memory with `bytes`.
 *
 * Time and memory follow from the length of the file: the tensor takes 4 bytes per element (8 for `"float64"`), whatever
 * the file's type, and 64-bit integers and half precision twice that on the way.
 *
 * @throws FormatError for anything that is not exactly one such file, a header beyond 64 KiB or a shape beyond 64 dimensions;
 *   the header is checked before the tensor is made. ArgumentError for data that are not bytes, or wrong options.
 * @example
 * const x = readNpy(await readFile("images.npy")); // x.shape as NumPy's
 */
export function readNpy(bytes: Bytes, options: ReadOptions = {}): Tensor {
  const { dtype } = readOptions("readNpy", options, { dtype: "float32" });
  return parseNpy("readNpy", bytesOf("readNpy", bytes), checkPrecision("readNpy", dtype));
}

/** `who` begins the messages: the entry of a .npz says its name. `max` bytes the tensor may take. */
export function parseNpy(who: string, bytes: Uint8Array, dtype: DType, max = Infinity): Tensor {
  const { text, data } = splitHeader(who, bytes);
  const { descr, fortranOrder, shape } = parseHeader(who, text);
  const [order = "", type] = [descr[0], TYPES.get(descr.slice(1))];
  const width = type ? bytesPerElement(type) : 0;
  if (!type || !(width === 1 ? "|<>" : "<>").includes(order)) {
    refuse(
      who,
      `elements of one of the types ${[...TYPES.keys()].join(", ")}`,
      `its descr is ${quote(descr)}`,
      "an array of text, complex numbers or Python objects: convert it with astype before saving",
    );
  }
  const size = claimedSize(who, shape);
  if (size * width !== data.length) {
    refuse(
      who,
      `${size * width} bytes of data for the shape ${showShape(shape)} of ${quote(descr)}`,
      `the file has ${data.length} bytes of data`,
      size * width < data.length ? "several arrays saved into one file" : TRUNCATED,
    );
  }
  checkBudget(who, size * bytesPerElement(dtype), max);
  const numbers = decodeFloats(data, type, order !== ">", dtype);
  return new Tensor(fortranOrder ? fromFortranOrder(numbers, shape) : numbers, shape);
}

/**
 * The bytes of a `.npy` file, the same as `numpy.save` writes: version 1.0, C order, `<f4` (`<f8` for a float64 tensor).
 * @throws ArgumentError when `tensor` is not a Tensor.
 * @example
 * await writeFile("images.npy", writeNpy(x)); // numpy.load("images.npy")
 */
export function writeNpy(tensor: Tensor): OwnBytes {
  refuseForeign("writeNpy", tensor);
  if (!(tensor instanceof Tensor)) {
    const isArray = Array.isArray(tensor) || ArrayBuffer.isView(tensor);
    const cause = isArray ? "an array: wrap it with tensor(data)" : "a state dict: write it with writeNpz";
    throw new ArgumentError(`writeNpy expects a Tensor, but got ${show(tensor)}. Usual cause: ${cause}.`);
  }
  const { shape, data } = tensor;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const descr = tensor.dtype === "float64" ? "<f8" : "<f4";
  // NumPy leaves room for the first size to grow to 21 digits, so that a file can be appended to in place.
  const room = shape.length === 0 ? 0 : 21 - String(shape[0]).length;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }${" ".repeat(room)}`;
  const total = Math.floor((10 + text.length + 1) / 64) * 64 + 64; // NumPy's rule: 1 to 64 bytes of padding
  const header = new TextEncoder().encode(`${text.padEnd(total - 11)}\n`);
  const start = new Uint8Array([...MAGIC, 1, 0, header.length & 255, header.length >> 8]);
  return concatBytes([start, header, encodeFloats(data)]);
}

function splitHeader(who: string, bytes: Uint8Array): { text: string; data: Uint8Array } {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    refuse(who, "the magic string \\x93NUMPY", "the file starts with PK, as zip files do", "a .npz file: use readNpz");
  }
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) {
    refuse(who, "the magic string \\x93NUMPY", "the file starts differently", "another format than .npy");
  }
  const [major, minor] = [bytes[6], bytes[7]];
  const sizeBytes = major === 1 ? 2 : 4;
  const start = 8 + sizeBytes;
  if (bytes.length < start) refuse(who, `at least ${start} bytes`, `the file has ${bytes.length}`, TRUNCATED);
  if (major === undefined || major < 1 || major > 3 || minor !== 0) {
    refuse(who, "version 1.0, 2.0 or 3.0 of the format", `the file says ${major}.${minor}`);
  }
  const length = sizeBytes === 2 ? viewOf(bytes).getUint16(8, true) : viewOf(bytes).getUint32(8, true);
  if (length > MAX_HEADER_BYTES) refuse(who, `a header of at most ${MAX_HEADER_BYTES} bytes`, `it has ${length}`);
  if (length > bytes.length - start) {
    refuse(who, `a header of ${length} bytes`, `only ${bytes.length - start} bytes follow its length`, TRUNCATED);
  }
  // Versions 1 and 2 say latin-1, but only ASCII can be part of a header that is understood here.
  const text = decodeUtf8(bytes.subarray(start, start + length));
  if (text === undefined) refuse(who, "a header of text", "the header is not valid UTF-8");
  return { text, data: bytes.subarray(start + length) };
}

/** `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, keys in any order. */
function parseHeader(who: string, text: string) {
  const scan = new Scanner(who, text, `'"`);
  let descr: string | undefined;
  let fortranOrder: boolean | undefined;
  let shape: number[] | undefined;
  scan.object("key of the header", true, (key) => {
    if (key === "descr") descr = scan.string("descr to be the name of one type, as a string");
    else if (key === "fortran_order") fortranOrder = parseBoolean(scan);
    else if (key === "shape") shape = parseTuple(scan);
    else refuse(who, "a header of descr, fortran_order and shape only", `it has ${quote(key)}`);
  });
  scan.expectEnd();
  if (descr === undefined || fortranOrder === undefined || shape === undefined) {
    refuse(who, "a header with descr, fortran_order and shape", "they are not all there");
  }
  return { descr, fortranOrder, shape };
}

function parseBoolean(scan: Scanner): boolean {
  if (scan.takeWord("True")) return true;
  if (scan.takeWord("False")) return false;
  return scan.fail("fortran_order to be True or False");
}

/** `()`, `(3,)`, `(3, 4)`. A Python 2 wrote `(3L, 4L)`. */
function parseTuple(scan: Scanner): number[] {
  const sizes: number[] = [];
  scan.expect("(");
  while (!scan.take(")")) {
    if (sizes.length === MAX_DIMS) scan.fail(`a shape of at most ${MAX_DIMS} dimensions`);
    sizes.push(scan.integer("each size of the shape", "L"));
    if (scan.take(",")) continue;
    if (sizes.length < 2) scan.fail('"," after the only size of the shape');
    scan.expect(")");
    break;
  }
  return sizes;
}

/** Column-major elements in row-major order: one step along dim 0 skips 1 element, along the last dimension the most. */
function fromFortranOrder(numbers: FloatArray, shape: Shape): FloatArray {
  const strides = stridesOf(shape.toReversed()).reverse();
  return gather(numbers, 0, shape, strides, numbers.slice());
}
