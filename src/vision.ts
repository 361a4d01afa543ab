/** `faltung/vision`: what surrounds a model: images, filters, boxes, masks, embeddings. */
export { type Box, clipBox, intersection, iou } from "./vision/box.js";
export {
  type Embedding,
  EmbeddingStore,
  type EmbeddingStoreOptions,
  embeddingDistance,
  type Match,
  UNKNOWN,
} from "./vision/embeddings.js";
export { type NmsOptions, nms, type SoftNmsDetection, type SoftNmsOptions, softNms } from "./vision/nms.js";
export type { Pixels } from "./vision/pixels.js";
