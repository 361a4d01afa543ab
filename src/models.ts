/** `faltung/models`: networks that are only layers put together. */
export { fromFaceApi } from "./models/faces/face-api.js";
export { FaceLandmarks68 } from "./models/faces/face-landmarks.js";
export { FaceRecognition } from "./models/faces/face-recognition.js";
export type { FaceNetworkOptions } from "./models/faces/options.js";
export { TinyFaceDetector } from "./models/faces/tiny-face-detector.js";
export { LeNet5, type LeNet5Options } from "./models/lenet5.js";
export { TinyYOLOv2, type TinyYOLOv2Options } from "./models/tiny-yolo.js";
export { UNet, type UNetOptions } from "./models/unet.js";
