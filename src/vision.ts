/** `faltung/vision`: what surrounds a model: images, filters, boxes, masks, embeddings. */
export { type Box, intersection, iou } from "./vision/box.js";
export type { Pixels } from "./vision/pixels.js";
