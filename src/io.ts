/** `faltung/io`: tensors to and from files. Everything takes and gives bytes; where they are stored is the caller's choice. */

// Types that are exported there can then be named by declarations of a program that imports only this entry.
export type {} from "./index.js";
export type { Bytes } from "./io/bytes.js";
export type { ReadOptions } from "./io/elements.js";
export { type GunzipOptions, gunzip } from "./io/gzip.js";
export { type ReadManifestOptions, type ReadPath, readWeightsManifest } from "./io/manifest.js";
export { readNpy, writeNpy } from "./io/npy.js";
export { type ReadNpzOptions, readNpz, writeNpz } from "./io/npz.js";
export {
  readSafetensors,
  readSafetensorsMetadata,
  type WriteSafetensorsOptions,
  writeSafetensors,
} from "./io/safetensors.js";
export { FormatError } from "./shape/errors.js";
