/** `faltung/vision`: what surrounds a model: images, filters, boxes, masks, embeddings. */

export {
  type AveragePrecisionOptions,
  averagePrecision,
  meanAveragePrecision,
  type Picture,
  type Region,
  type ScoredRegion,
} from "./vision/average-precision.js";
export { type Box, clipBox, intersection, iou } from "./vision/box.js";
export {
  type Centre,
  type CentreOptions,
  type CentreTargets,
  centreTargets,
  findCentres,
  groupByCentre,
} from "./vision/centres.js";
export {
  type Embedding,
  EmbeddingStore,
  type EmbeddingStoreOptions,
  embeddingDistance,
  type Match,
  UNKNOWN,
} from "./vision/embeddings.js";
export {
  detectFaces,
  type Face,
  type FaceDetection,
  type FaceDetectionOptions,
  type FaceNetworks,
  faceDescriptor,
  faceLandmarks,
  type Point,
  recogniseFaces,
} from "./vision/faces.js";
export { classMaps, connectedComponents, type LabelMap } from "./vision/label-map.js";
export { boxMask, type Mask, maskArea, maskBox, maskIou, maskOf } from "./vision/mask.js";
export { type NmsOptions, nms, type SoftNmsDetection, type SoftNmsOptions, softNms } from "./vision/nms.js";
export { mergePanoptic, type PanopticMap, type Segment } from "./vision/panoptic.js";
export { PanopticQuality, type PanopticScores } from "./vision/panoptic-quality.js";
export type { Pixels } from "./vision/pixels.js";
