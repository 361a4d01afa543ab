/** The .npz format: a zip file of .npy files. Source: https://numpy.org/doc/stable/reference/generated/numpy.savez.html */
import { ArgumentError } from "../shape/errors.js";
import { Tensor } from "../tensor/tensor.js";
import { type Bytes, bytesOf, isUnicode, quote, refuse } from "./bytes.js";
import { precisionOf, type ReadOptions } from "./elements.js";
import { parseNpy, writeNpy } from "./npy.js";
import { extract, readZip, writeZip } from "./zip.js";

/**
 * Every array of a `.npz` file by name, as `numpy.savez` or `numpy.savez_compressed` wrote them; see {@link readNpy}.
 * The tensors share no memory with `bytes`.
 *
 * @throws FormatError for anything that is not exactly such a file: no zip directory, entries that overlap or leave the
 *   file, a wrong checksum, a name that comes twice, an entry that is no valid .npy file.
 * @example
 * const { images, labels } = await readNpz(await readFile("mnist.npz"));
 */
export async function readNpz(bytes: Bytes, options: ReadOptions = {}): Promise<Record<string, Tensor>> {
  const dtype = precisionOf("readNpz", options);
  const arrays = new Map<string, Tensor>();
  for (const entry of readZip("readNpz", bytesOf("readNpz", bytes))) {
    const who = `readNpz, entry ${quote(entry.name)},`;
    if (!entry.name.endsWith(".npy"))
      refuse(who, "a name that ends in .npy", "it does not", "a zip file of another kind");
    const name = entry.name.slice(0, -".npy".length);
    if (arrays.has(name)) refuse(who, "each name once", "it comes twice");
    arrays.set(name, parseNpy(who, await extract(who, entry), dtype));
  }
  return Object.fromEntries(arrays);
}

/**
 * The bytes of a `.npz` file, uncompressed, that `numpy.load` reads: each tensor as {@link writeNpy} writes it, in the
 * order of the record.
 * @throws ArgumentError for a value that is no Tensor, a name that is no valid Unicode, or more than 4 GiB.
 * @example
 * await writeFile("batch.npz", writeNpz({ inputs, targets })); // numpy.load("batch.npz")["inputs"]
 */
export function writeNpz(tensors: Readonly<Record<string, Tensor>>): Uint8Array<ArrayBuffer> {
  return writeZip(
    "writeNpz",
    Object.entries(tensors).map(([name, tensor]) => {
      if (!(tensor instanceof Tensor) || !isUnicode(name)) {
        throw new ArgumentError(
          `writeNpz expects tensors by name, but ${quote(name)} is ${tensor instanceof Tensor ? "no valid Unicode" : "no Tensor"}. Usual cause: the model itself instead of model.stateDict().`,
        );
      }
      return [`${name}.npy`, writeNpy(tensor)];
    }),
  );
}
