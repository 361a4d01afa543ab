/** The .npz format: a zip file of .npy files. Source: https://numpy.org/doc/stable/reference/generated/numpy.savez.html */
import { refuseForeign } from "../shape/brand.js";
import { checkInteger, NO_RECORD, readOptions } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { Tensor } from "../tensor/tensor.js";
import { type Bytes, bytesOf, entriesOf, isUnicode, type OwnBytes, quote, refuse } from "./bytes.js";
import { bytesPerElement, checkPrecision, type ReadOptions } from "./elements.js";
import { MAX_BYTES } from "./gzip.js";
import { parseNpy, writeNpy } from "./npy.js";
import { extract, readZip, writeZip } from "./zip.js";

export interface ReadNpzOptions extends ReadOptions {
  /**
   * Bytes that the compressed arrays may take together, each as it lies in the file decompressed and then as a tensor,
   * so that no file can exhaust the memory. Default 2³⁰, 1 GiB.
   */
  readonly maxBytes?: number;
}

/**
 * Every array of a `.npz` file by name, as `numpy.savez` or `numpy.savez_compressed` wrote them; see {@link readNpy}.
 * Other files beside the arrays are left alone. The tensors share no memory with `bytes`.
 *
 * Time and memory follow from the length of the file and, where it is compressed, from `maxBytes`: at any time there are
 * the tensors and one array decompressed.
 *
 * @throws FormatError for anything that is not exactly such a file: no zip directory, entries that overlap or leave the
 *   file, a wrong checksum, a name that comes twice, a `.npy` file in it that is none, no `.npy` file at all, more than
 *   `maxBytes`. ArgumentError for data that are not bytes, or wrong options.
 * @example
 * const { images, labels } = await readNpz(await readFile("mnist.npz"));
 */
export async function readNpz(bytes: Bytes, options: ReadNpzOptions = {}): Promise<Record<string, Tensor>> {
  const { dtype, maxBytes } = readOptions("readNpz", options, { dtype: "float32", maxBytes: MAX_BYTES });
  checkPrecision("readNpz", dtype);
  let left = checkInteger("readNpz", "maxBytes", maxBytes, 1);
  const entries = readZip("readNpz", bytesOf("readNpz", bytes));
  const arrays = new Map<string, Tensor>();
  for (const entry of entries) {
    if (!entry.name.endsWith(".npy")) continue;
    const who = `readNpz, entry ${quote(entry.name)},`;
    const name = entry.name.slice(0, -".npy".length);
    if (!entry.isUtf8) refuse(who, "a name in UTF-8", "it is in another encoding");
    if (arrays.has(name)) refuse(who, "each name once", "it comes twice");
    // What decompressing does not make larger takes memory in proportion to the file.
    const max = entry.size <= entry.packed.length ? Infinity : left;
    const tensor = parseNpy(who, extract(who, entry, max), dtype, max);
    if (max === left) left -= tensor.size * bytesPerElement(dtype);
    arrays.set(name, tensor);
  }
  if (arrays.size === 0 && entries.length > 0) {
    refuse(
      "readNpz",
      "an array, a .npy file, in the zip file",
      "there is none",
      "a zip file of another kind, such as a .pt file (which torch can convert)",
    );
  }
  return Object.fromEntries(arrays);
}

/**
 * The bytes of a `.npz` file, uncompressed, that `numpy.load` reads: each tensor as {@link writeNpy} writes it, in the
 * order of the record.
 * @throws ArgumentError for anything but a plain object of tensors by name, a value that is not a Tensor, a name that is not
 *   valid Unicode, or more than 4 GiB.
 * @example
 * await writeFile("batch.npz", writeNpz({ inputs, targets })); // numpy.load("batch.npz")["inputs"]
 */
export function writeNpz(tensors: Readonly<Record<string, Tensor>>): OwnBytes {
  return writeZip(
    "writeNpz",
    entriesOf("writeNpz", tensors, "tensors by name", NO_RECORD).map(([name, tensor]) => {
      refuseForeign("writeNpz", tensor);
      if (!(tensor instanceof Tensor) || !isUnicode(name)) {
        throw new ArgumentError(
          `writeNpz expects tensors by name, but ${quote(name)} is ${tensor instanceof Tensor ? "no valid Unicode" : "no Tensor"}. Usual cause: the model itself instead of model.stateDict().`,
        );
      }
      return [`${name}.npy`, writeNpy(tensor)];
    }),
  );
}
