/**
 * The weights manifest of TensorFlow.js: a JSON file that names tensors, and one or more binary files that hold them.
 * Source: https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts, `WeightsManifestConfig`
 */

import { checkInteger, readOptions } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { type Shape, showShape } from "../shape/shape.js";
import { show } from "../shape/show.js";
import { wholePower } from "../tensor/math.js";
import { floats } from "../tensor/storage.js";
import { type DType, type FloatArray, Tensor } from "../tensor/tensor.js";
import {
  type Bytes,
  bytesOf,
  checkBudget,
  claimedSize,
  concatBytes,
  decodeUtf8,
  isBytes,
  quote,
  refuse,
  TRUNCATED,
} from "./bytes.js";
import { bytesPerElement, checkPrecision, decodeFloats, decodeTyped, type ReadOptions } from "./elements.js";
import { MAX_BYTES } from "./gzip.js";

const WHO = "readWeightsManifest";

const TYPES = ["float32", "int32", "bool"] as const;
const QUANTIZED = ["uint8", "uint16", "float16"] as const;

type Type = (typeof TYPES)[number];

/** What q stands for: q · scale + min. */
interface Affine {
  readonly type: "uint8" | "uint16";
  readonly scale: number;
  readonly min: number;
}

interface Entry {
  readonly name: string;
  readonly shape: Shape;
  readonly type: Type;
  /** How the elements lie in the file. */
  readonly stored: Type | "float16" | Affine;
  readonly size: number;
  readonly bytes: number;
}

/** Tensors one after the other, without padding, in files that belong together. */
interface Group {
  readonly paths: readonly string[];
  readonly entries: readonly Entry[];
}

/** Options of `readWeightsManifest`. */
export interface ReadManifestOptions extends ReadOptions {
  /** Bytes that the files and the tensors may take, each, so that no manifest can exhaust the memory. Default 2³⁰, 1 GiB. */
  readonly maxBytes?: number;
}

/**
 * Gives the bytes of a file that a manifest names, by its path in the manifest; undefined where there is none. The path
 * leads to a file in the manifest's folder or in one below it, whatever the manifest says: see
 * {@link readWeightsManifest}.
 */
export type ReadPath = (path: string) => Bytes | undefined | Promise<Bytes | undefined>;

/**
 * Every tensor of a TensorFlow.js weights manifest by name, in the order of the manifest and in the layout that it has
 * there: TensorFlow's, such as `[kernelHeight, kernelWidth, inChannels, outChannels]` for a convolution. Reads float32,
 * int32 and bool, raw or quantized:
 *
 *     uint8, uint16   float32(q · scale + min), or round(q · scale + min) for int32; computed in double precision
 *     float16         the half-precision number itself
 *
 * A manifest that comes from elsewhere is a list of files that somebody else wants you to read. Its paths are therefore
 * refused unless they are relative and stay inside their folder, read as a path of any system or as a URL: no `..` or
 * `.`, no `/` at the start or twice in a row, none of `\ : % ? # * " < > |`, no control characters, no name that begins
 * or ends with a space or ends with a dot. So `join(folder, path)` and `new URL(path, folder)` are safe.
 *
 * Time and memory follow from the length of the manifest and from `maxBytes`.
 *
 * @param manifest the content of `NAME-weights_manifest.json`, of a `model.json` that contains the manifest, or either
 *   of them after `JSON.parse`.
 * @param read gives the bytes of each file that the manifest names; called once per path. The tensors share no memory with
 *   them.
 * @throws FormatError for a manifest that is not valid JSON or has another structure, a type other than these, a name
 *   or path that comes twice, a path that leaves its folder, more than `maxBytes`, a file that is missing, or files that
 *   hold more or fewer bytes than their tensors take. The whole manifest is checked before any file is read, and all
 *   sizes before any tensor is made. What `read` throws is thrown on. ArgumentError for no function to read by, no
 *   options, or a file whose content is not bytes.
 * @example
 * const manifest = await readFile("model/tiny_face_detector_model-weights_manifest.json");
 * const tensors = await readWeightsManifest(manifest, (path) => readFile(join("model", path)));
 */
export async function readWeightsManifest(
  manifest: unknown,
  read: ReadPath,
  options: ReadManifestOptions = {},
): Promise<Record<string, Tensor>> {
  const { dtype, maxBytes } = readOptions(WHO, options, { dtype: "float32", maxBytes: MAX_BYTES });
  checkPrecision(WHO, dtype);
  checkInteger(WHO, "maxBytes", maxBytes, 1);
  if (typeof read !== "function") {
    throw new ArgumentError(
      `${WHO} expects a function that gives the bytes of a file by its path, but got ${show(read)}. Usual cause: the bytes themselves: write (path) => bytes.`,
    );
  }
  const groups = parseManifest(parseJson(manifest));
  const entries = groups.flatMap((group) => group.entries);
  const width = bytesPerElement(dtype);
  checkBudget(
    WHO,
    entries.reduce((sum, { size, bytes }) => sum + Math.max(size * width, bytes), 0),
    maxBytes,
  );
  const contents = await contentsOf(groups, read);
  const tensors = groups.flatMap(({ entries }, i) => {
    const content = contents[i] ?? new Uint8Array();
    let at = 0;
    return entries.map((entry): [string, Tensor] => {
      const bytes = content.subarray(at, at + entry.bytes);
      at += entry.bytes;
      return [entry.name, new Tensor(decode(entry, bytes, dtype), entry.shape)];
    });
  });
  return Object.fromEntries(tensors);
}

/** Files that are read at the same time. */
const AT_ONCE = 8;

/**
 * Of each group the bytes of its files, one after the other: exactly those of its tensors. Stops to read once there are
 * more bytes than all tensors take: a manifest may name one large file by many paths.
 */
async function contentsOf(groups: readonly Group[], read: ReadPath): Promise<Uint8Array[]> {
  const sizes = groups.map(({ entries }) => entries.reduce((sum, { bytes }) => sum + bytes, 0));
  const files = groups.map((): Uint8Array[] => []);
  const wanted = groups.flatMap(({ paths }, group) => paths.map((path) => ({ path, group })));
  let left = sizes.reduce((sum, size) => sum + size, 0);
  for (let at = 0; at < wanted.length && left >= 0; at += AT_ONCE) {
    const some = wanted.slice(at, at + AT_ONCE);
    const contents = await Promise.all(some.map(({ path }) => fileOf(path, read)));
    contents.forEach((content, i) => {
      files[some[i]?.group ?? 0]?.push(content);
      left -= content.length;
    });
  }
  return groups.map((group, i) => joined(group, files[i] ?? [], sizes[i] ?? 0));
}

async function fileOf(path: string, read: ReadPath): Promise<Uint8Array> {
  const bytes = await read(path);
  if (bytes === undefined || bytes === null) {
    refuse(WHO, `the file ${quote(path)}, which the manifest names`, "there is none", "a path of another folder");
  }
  return bytesOf(WHO, bytes);
}

function joined({ paths, entries }: Group, files: readonly Uint8Array[], expected: number): Uint8Array {
  const got = files.reduce((sum, { length }) => sum + length, 0);
  if (got !== expected) {
    const names = [...paths.slice(0, 3).map((path) => quote(path)), ...(paths.length > 3 ? ["…"] : [])];
    refuse(
      WHO,
      `${names.join(" + ")} to hold the ${expected} bytes of ${entries.length} tensors`,
      `there are ${got}`,
      got < expected ? TRUNCATED : "the files of another model, or a manifest that lacks a tensor",
    );
  }
  return files.length === 1 && files[0] ? files[0] : concatBytes(files);
}

function decode({ type, stored }: Entry, bytes: Uint8Array, dtype: DType): FloatArray {
  if (typeof stored === "string") return decodeFloats(bytes, stored, true, dtype);
  const { scale, min } = stored;
  // An integer has no −0, but the rounded number may be.
  const value =
    type === "int32"
      ? (quantized: number) => 0 + Math.round(quantized * scale + min)
      : (quantized: number) => quantized * scale + min;
  // The file's precision is float32, whatever the tensor's.
  const rounded = type === "float32" ? (quantized: number) => Math.fround(value(quantized)) : value;
  const quantized = decodeTyped(bytes, stored.type, true);
  const numbers = floats(quantized.length, dtype);
  for (let i = 0; i < numbers.length; i++) numbers[i] = rounded(quantized[i] ?? 0);
  return numbers;
}

function parseJson(manifest: unknown): unknown {
  const text = isBytes(manifest) ? decodeUtf8(bytesOf(WHO, manifest)) : manifest;
  if (text !== undefined && typeof text !== "string") return text;
  try {
    return JSON.parse(text ?? "") as unknown;
  } catch {
    return refuse(
      WHO,
      "a manifest of JSON text",
      "it is not valid JSON",
      "the file of the weights instead of its manifest, a path instead of the content, or a page that says “not found”",
    );
  }
}

function parseManifest(json: unknown): Group[] {
  const list = isRecord(json) && Array.isArray(json.weightsManifest) ? json.weightsManifest : json;
  if (!Array.isArray(list)) {
    refuse(
      WHO,
      "a list of groups { weights, paths }, or an object whose weightsManifest is one",
      `the manifest is ${kindOf(json)}`,
      "a JSON file of another kind",
    );
  }
  const names = new Set<string>();
  const paths = new Set<string>();
  return list.map((group: unknown, i) => {
    const where = `group ${i}`;
    if (!isRecord(group) || !Array.isArray(group.weights) || !Array.isArray(group.paths)) {
      refuse(WHO, `${where} to have a list of weights and a list of paths`, "they are not both there");
    }
    return {
      paths: group.paths.map((path: unknown) => checkPath(unique(paths, "path", path, where))),
      entries: group.weights.map((weight: unknown) => {
        if (!isRecord(weight)) refuse(WHO, `${where} to list tensors`, `one is ${kindOf(weight)}`);
        return parseEntry(unique(names, "tensor name", weight.name, where), weight);
      }),
    };
  });
}

function unique(seen: Set<string>, what: string, value: unknown, where: string): string {
  if (typeof value !== "string") refuse(WHO, `each ${what} of ${where} to be text`, `one is ${kindOf(value)}`);
  if (seen.has(value)) refuse(WHO, `each ${what} once`, `${quote(value)} comes twice`);
  seen.add(value);
  return value;
}

/** A path that stays in its folder, whether a file system or a URL is made of it. */
function checkPath(path: string): string {
  // URLs drop tabs and line breaks, and spaces at the ends; Windows drops dots and spaces at the end of each name.
  const inside = path.split("/").every((name) => /^(?! )[^\p{Cc}\\:%?#*"<>|]*[^\p{Cc}\\:%?#*"<>|. ]$/u.test(name));
  if (inside) return path;
  const cause = "a manifest made to read other files than its own, or one of a tool that writes whole paths: edit it";
  return refuse(WHO, "paths of files in the manifest's folder or below it", `one is ${quote(path)}`, cause);
}

function parseEntry(name: string, { shape, dtype, quantization }: Record<string, unknown>): Entry {
  const where = `tensor ${quote(name)}`;
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    refuse(WHO, `${where} to have a shape of integers ≥ 0`, `its shape is ${shown(shape)}`);
  }
  const type = TYPES.find((known) => known === dtype);
  if (!type) refuse(WHO, `${where} to have one of the types ${TYPES.join(", ")}`, `it has ${shown(dtype)}`);
  const stored = quantization === undefined ? type : parseQuantization(where, type, quantization);
  const width = bytesPerElement(typeof stored === "string" ? stored : stored.type);
  const size = claimedSize(WHO, shape, where);
  return { name, shape, type, stored, size, bytes: size * width };
}

function parseQuantization(where: string, type: Type, quantization: unknown): Entry["stored"] {
  const { dtype, scale, min } = isRecord(quantization) ? quantization : {};
  const stored = QUANTIZED.find((known) => known === dtype);
  if (!stored) {
    refuse(WHO, `${where} to be quantized to one of the types ${QUANTIZED.join(", ")}`, `it is to ${shown(dtype)}`);
  }
  if (type === "bool" || (type === "int32" && stored === "float16")) {
    refuse(WHO, `${where} to be of a type that ${stored} can stand for`, `its type is ${type}`);
  }
  if (stored === "float16") return stored;
  const numbers = typeof scale === "number" && typeof min === "number";
  const extremes = numbers ? [min, (wholePower(256, bytesPerElement(stored)) - 1) * scale + min] : [];
  // Larger numbers turn into infinity where they are rounded, and integers into others.
  const fits = (value: number) =>
    type === "int32" ? Math.round(value) === (Math.round(value) | 0) : Number.isFinite(Math.fround(value));
  if (!numbers || !extremes.every(fits)) {
    refuse(
      WHO,
      `${where} to be quantized by numbers scale and min whose results ${type} can hold`,
      `they are ${shown(scale)} and ${shown(min)}`,
    );
  }
  return { type: stored, scale, min };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value === undefined) return "missing";
  return value === null ? "null" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A value of a field, or what it is where that would be long. */
function shown(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (value === undefined) return "none";
  if (typeof value === "number") return String(value);
  if (Array.isArray(value) && value.every((size) => typeof size === "number")) return showShape(value);
  return kindOf(value);
}
