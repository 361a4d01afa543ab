/** `faltung/vision`: what surrounds a model: images, filters, boxes, masks, embeddings. */
export { FormatError } from "./shape/errors.js";
export { type Box, clipBox, intersection, iou } from "./vision/box.js";
export { type Colour, type ToChannelsOptions, toChannels, toImageData } from "./vision/channels.js";
export { centreCrop, crop } from "./vision/crop.js";
export { type DecodeOptions, decodeImage } from "./vision/decode.js";
export {
  type Embedding,
  EmbeddingStore,
  type EmbeddingStoreOptions,
  embeddingDistance,
  type Match,
  UNKNOWN,
} from "./vision/embeddings.js";
export { type FaceBatchOptions, faceBatch } from "./vision/face-batch.js";
export {
  type DetectedFace,
  decodeFaceBoxes,
  detectFaces,
  type FaceDetectionOptions,
  faceCrop,
} from "./vision/face-detection.js";
export { faceDescriptors, faceLandmarks, faceSquare, type Point } from "./vision/face-recognition.js";
export { IMAGENET, type ImageToTensorOptions, imageToTensor, tensorToImage } from "./vision/image-tensor.js";
export { type Letterbox, type LetterboxOptions, letterbox, unletterbox } from "./vision/letterbox.js";
export { type NmsOptions, nms, type SoftNmsDetection, type SoftNmsOptions, softNms } from "./vision/nms.js";
export type { Pixels } from "./vision/pixels.js";
export { encodePng } from "./vision/png.js";
export { type ResizeOptions, resize } from "./vision/resize.js";
