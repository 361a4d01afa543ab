/** `faltung/vision`: what surrounds a model: images, filters, boxes, masks, embeddings. */

// Types that are exported there can then be named by declarations of a program that imports only this entry.
export type {} from "./index.js";
export { FormatError } from "./shape/errors.js";
export { type Anchor, type FitAnchorsOptions, fitAnchors } from "./vision/anchors.js";
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
  type Center,
  type CenterOptions,
  type CenterTargets,
  type CenterTargetsOptions,
  centerTargets,
  findCenters,
  groupByCenter,
} from "./vision/centers.js";
export { type Color, type ToChannelsOptions, toChannels, toImageData } from "./vision/channels.js";
export { centerCrop, crop } from "./vision/crop.js";
export { type DecodeOptions, decodeImage } from "./vision/decode.js";
export {
  type DrawOptions,
  drawBox,
  drawLabel,
  drawMask,
  drawPoints,
  palette,
  type TileOptions,
  tile,
} from "./vision/draw.js";
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
  recognizeFaces,
} from "./vision/faces.js";
export { boxBlur, emboss, gaussianBlur, laplacian, sharpen, sobelX, sobelY } from "./vision/filters.js";
export { IMAGENET, type ImageToTensorOptions, imageToTensor, tensorToImage } from "./vision/image-tensor.js";
export { type ConnectedComponentsOptions, classMaps, connectedComponents, type LabelMap } from "./vision/label-map.js";
export { type Letterbox, type LetterboxOptions, letterbox, unletterbox } from "./vision/letterbox.js";
export { boxMask, type Mask, maskArea, maskBox, maskIou, maskOf } from "./vision/mask.js";
export { type NmsOptions, nms, type SoftNmsDetection, type SoftNmsOptions, softNms } from "./vision/nms.js";
export { mergePanoptic, type PanopticMap, type Segment } from "./vision/panoptic.js";
export { PanopticQuality, type PanopticScores } from "./vision/panoptic-quality.js";
export type { Pixels } from "./vision/pixels.js";
export { encodePng } from "./vision/png.js";
export { type ResizeOptions, resize } from "./vision/resize.js";
export { type DecodeYoloOptions, decodeYolo } from "./vision/yolo.js";
export type { YoloHead } from "./vision/yolo-head.js";
export { YoloLoss, type YoloLossOptions, type YoloTargetsOptions, yoloTargets } from "./vision/yolo-loss.js";
