/**
 * The safetensors format: 8 bytes of header length (little-endian), a JSON header, and all tensors back to back.
 * Source: https://github.com/huggingface/safetensors#format
 */

import { refuseForeign } from "../shape/brand.js";
import { NO_RECORD, readOptions } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { MAX_DIMS } from "../shape/reshape.js";
import { showShape } from "../shape/shape.js";
import { Tensor } from "../tensor/tensor.js";
import {
  type Bytes,
  bytesOf,
  claimedSize,
  concatBytes,
  decodeUtf8,
  entriesOf,
  isUnicode,
  type OwnBytes,
  quote,
  refuse,
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

const WHO = "readSafetensors";

/** The library by Hugging Face refuses longer headers, too. */
const MAX_HEADER_BYTES = 100_000_000;

const TYPES = new Map<string, ElementType>([
  ["F64", "float64"],
  ["F32", "float32"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["I64", "int64"],
  ["I32", "int32"],
  ["I16", "int16"],
  ["I8", "int8"],
  ["U64", "uint64"],
  ["U32", "uint32"],
  ["U16", "uint16"],
  ["U8", "uint8"],
  ["BOOL", "bool"],
]);

export interface WriteSafetensorsOptions {
  /** Free text by name. Hugging Face's transformers want `{ format: "pt" }`. Default: none. */
  readonly metadata?: Readonly<Record<string, string>>;
}

interface Entry {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Offsets from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

interface Header {
  readonly metadata: Record<string, string>;
  readonly entries: readonly Entry[];
  /** The bytes after the header. */
  readonly data: Uint8Array;
}

/**
 * Every tensor of a `.safetensors` file by name, in the order of its header. The tensors share no memory with `bytes`.
 * Reads F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8 and BOOL, all into float32 unless `dtype` says otherwise.
 *
 * Time and memory follow from the length of the file: tensors take 4 bytes per element (8 for `"float64"`), whatever the
 * file's type, and an entry of the header some ten times its text.
 *
 * @throws FormatError for anything that is not exactly such a file: a header that is truncated or not valid JSON, a name
 *   that comes twice, an unknown type, a shape that does not match its byte count, tensors that overlap, leave holes or
 *   run past the end, bytes after the last tensor, a shape beyond 64 dimensions, a header beyond 100 MB. The whole header is
 *   checked before any tensor is made. ArgumentError for data that are not bytes, or wrong options.
 * @example
 * model.loadStateDict(readSafetensors(await readFile("lenet5.safetensors")));
 */
export function readSafetensors(bytes: Bytes, options: ReadOptions = {}): Record<string, Tensor> {
  const { dtype } = readOptions(WHO, options, { dtype: "float32" });
  checkPrecision(WHO, dtype);
  const { entries, data } = readHeader(bytesOf(WHO, bytes));
  return Object.fromEntries(
    entries.map(({ name, type, shape, begin, end }) => [
      name,
      new Tensor(decodeFloats(data.subarray(begin, end), type, true, dtype), shape),
    ]),
  );
}

/**
 * The free text of a `.safetensors` file, its `__metadata__`; empty where it has none.
 * @throws FormatError as {@link readSafetensors} does.
 * @example
 * const { epoch } = readSafetensorsMetadata(await readFile("lenet5.safetensors"));
 */
export function readSafetensorsMetadata(bytes: Bytes): Record<string, string> {
  return readHeader(bytesOf(WHO, bytes)).metadata;
}

/**
 * The bytes of a `.safetensors` file, as Hugging Face's library lays it out: header padded with spaces to a multiple of
 * 8 bytes, tensors sorted by descending alignment, then name. float32 tensors are written as F32, float64 ones as F64;
 * keys that end in `num_batches_tracked` as I64, as torch has them, so that torch's `load_state_dict` gets the types it
 * expects.
 *
 * @throws ArgumentError for anything but a plain object of tensors by name, a value that is neither Tensor nor text, a name
 *   that is not valid Unicode, a tensor named `__metadata__`, or a `num_batches_tracked` that is not an integer.
 * @example
 * await writeFile("lenet5.safetensors", writeSafetensors(model.stateDict(), { metadata: { epoch: "3" } }));
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  options: WriteSafetensorsOptions = {},
): OwnBytes {
  const who = "writeSafetensors";
  const { metadata } = readOptions(who, options, { metadata: {} });
  const parts = entriesOf(who, tensors, "tensors by name", NO_RECORD).map(([name, tensor]) => part(name, tensor));
  // I64, F64, F32: larger elements first keep every tensor aligned, whatever comes before it.
  const rank = (type: string) => ["I64", "F64", "F32"].indexOf(type);
  parts.sort((a, b) => rank(a.type) - rank(b.type) || (a.name < b.name ? -1 : 1));
  const fields: string[] = [];
  const texts = entriesOf(who, metadata, "metadata", "a Map: Object.fromEntries(map)");
  const notes = texts.map(([key, text]) => {
    if (typeof text !== "string" || !isUnicode(key + text)) {
      throw new ArgumentError(
        `writeSafetensors expects metadata to be text, but ${quote(key)} is ${typeof text === "string" ? "not valid Unicode" : typeof text}. Usual cause: a number or an object: turn it into text with String or JSON.stringify.`,
      );
    }
    return `${JSON.stringify(key)}:${JSON.stringify(text)}`;
  });
  if (notes.length > 0) fields.push(`"__metadata__":{${notes.join()}}`);
  let offset = 0;
  for (const { name, type, shape, bytes } of parts) {
    const end = offset + bytes.length;
    fields.push(
      `${JSON.stringify(name)}:{"dtype":"${type}","shape":[${shape.join()}],"data_offsets":[${offset},${end}]}`,
    );
    offset = end;
  }
  const json = new TextEncoder().encode(`{${fields.join()}}`);
  const header = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20);
  header.set(json);
  const length = new Uint8Array(8);
  viewOf(length).setBigUint64(0, BigInt(header.length), true);
  return concatBytes([length, header, ...parts.map(({ bytes }) => bytes)]);
}

function part(name: string, tensor: Tensor) {
  refuseForeign("writeSafetensors", tensor);
  if (!(tensor instanceof Tensor) || name === "__metadata__" || !isUnicode(name)) {
    throw new ArgumentError(
      `writeSafetensors expects tensors by name, but ${quote(name)} is ${tensor instanceof Tensor ? "no name that the format allows" : "no Tensor"}. Usual cause: the model itself instead of model.stateDict(), or metadata that belongs into the options.`,
    );
  }
  const { shape, data } = tensor;
  if (!name.endsWith("num_batches_tracked")) {
    return { name, shape, type: tensor.dtype === "float64" ? "F64" : "F32", bytes: encodeFloats(data) };
  }
  const bytes = new Uint8Array(8 * data.length);
  const view = viewOf(bytes);
  data.forEach((count, i) => {
    if (!Number.isSafeInteger(count)) {
      throw new ArgumentError(`writeSafetensors expects ${quote(name)} to hold integers, but got ${count}.`);
    }
    view.setBigInt64(8 * i, BigInt(count), true);
  });
  return { name, shape, type: "I64", bytes };
}

function readHeader(bytes: Uint8Array): Header {
  const cause =
    "a truncated download, a program that was killed while it wrote, or another format, such as a .pt file (which torch can convert)";
  if (bytes.length < 8) refuse(WHO, "at least 8 bytes", `the file has ${bytes.length}`, cause);
  const length = viewOf(bytes).getBigUint64(0, true);
  if (length > bytes.length - 8) {
    refuse(
      WHO,
      "its first 8 bytes to be the length of a header inside the file",
      `they say ${length} and the file has ${bytes.length} bytes`,
      cause,
    );
  }
  if (length > MAX_HEADER_BYTES) refuse(WHO, `a header of at most ${MAX_HEADER_BYTES} bytes`, `it has ${length}`);
  const end = 8 + Number(length);
  const text = decodeUtf8(bytes.subarray(8, end));
  if (text === undefined) refuse(WHO, "a header of UTF-8 text", "the header is not valid UTF-8", cause);
  const data = bytes.subarray(end);
  const { metadata, entries } = parseHeader(text);
  checkLayout(entries, data.length);
  return { metadata, entries, data };
}

function parseHeader(text: string): Omit<Header, "data"> {
  const scan = new Scanner(WHO, text, '"');
  const entries: Entry[] = [];
  const metadata: [string, string][] = [];
  scan.object("tensor name", false, (name) => {
    if (name !== "__metadata__") entries.push(parseEntry(scan, name));
    else scan.object("metadata name", false, (key) => metadata.push([key, scan.string("metadata text")]));
  });
  scan.expectEnd();
  // fromEntries, because assigning to a key "__proto__" would set no key.
  return { entries, metadata: Object.fromEntries(metadata) };
}

function parseEntry(scan: Scanner, name: string): Entry {
  const where = `tensor ${quote(name)}`;
  let type: ElementType | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  scan.object("field of a tensor", false, (field) => {
    if (field === "dtype") {
      const dtype = scan.string("dtype");
      type = TYPES.get(dtype);
      if (!type)
        refuse(WHO, `${where} to have one of the types ${[...TYPES.keys()].join(", ")}`, `it has ${quote(dtype)}`);
    } else if (field === "shape") shape = parseIntegers(scan, "each size of the shape");
    else if (field === "data_offsets") offsets = parseIntegers(scan, "each offset");
    else refuse(WHO, `${where} to have dtype, shape and data_offsets only`, `it has ${quote(field)}`);
  });
  const [begin, end] = offsets ?? [];
  if (!type || !shape || begin === undefined || end === undefined || offsets?.length !== 2) {
    refuse(WHO, `${where} to have a dtype, a shape and two data_offsets`, "they are not all there");
  }
  const size = claimedSize(WHO, shape, where);
  const width = bytesPerElement(type);
  if (end - begin !== size * width) {
    refuse(
      WHO,
      `${where} of shape ${showShape(shape)} and ${width} bytes per element to take ${size * width} bytes`,
      `its offsets ${showShape([begin, end])} hold ${end - begin}`,
    );
  }
  return { name, type, shape, begin, end };
}

function parseIntegers(scan: Scanner, what: string): number[] {
  const integers: number[] = [];
  scan.expect("[");
  if (scan.take("]")) return integers;
  do {
    if (integers.length === MAX_DIMS) scan.fail(`a shape of at most ${MAX_DIMS} dimensions`);
    integers.push(scan.integer(what));
  } while (scan.take(","));
  scan.expect("]");
  return integers;
}

/** The tensors, in whatever order the header lists them, must cover the data from its first byte to its last. */
function checkLayout(entries: readonly Entry[], bytes: number): void {
  let covered = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) {
      const kind = begin < covered ? "overlaps the one before it" : "leaves a hole after the one before it";
      refuse(WHO, "tensors back to back", `${quote(name)} starts at ${begin} and ${kind}, which ends at ${covered}`);
    }
    covered = end;
  }
  if (covered !== bytes) {
    refuse(
      WHO,
      `${covered} bytes of data after the header`,
      `the file has ${bytes}`,
      covered > bytes
        ? "a truncated download, or a program that was killed while it wrote"
        : "something appended to the file",
    );
  }
}
