/** `faltung/data`: data sets, batches, normalization and augmentation. */
export { compose, type FillOptions, randomNoise, randomRotate, randomShift } from "./data/augment.js";
export {
  type AnyTargets,
  type Batch,
  type BatchSource,
  Dataset,
  type Inputs,
  type InputsOf,
  type PartOf,
  type Sample,
  type Targets,
} from "./data/dataset.js";
export { type IdxArray, readIdx } from "./data/idx.js";
export { imagesToTensor, labelsToInt32, type NormalizeOptions, normalize, type RawArray } from "./data/images.js";
export {
  DataLoader,
  type DataLoaderOptions,
  type DataLoaderState,
  type InputTransform,
  type Transform,
} from "./data/loader.js";
// Types that are exported there can then be named by declarations of a program that imports only this entry.
export type {} from "./index.js";
export { type GunzipOptions, gunzip } from "./io/gzip.js";
