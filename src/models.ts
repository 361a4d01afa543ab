/** `faltung/models`: networks that are only layers put together. */

export { FaceLandmarks } from "./models/faces/face-landmarks.js";
export { FaceRecognition } from "./models/faces/face-recognition.js";
export { type FaceNetworkOptions, TinyFaceDetector } from "./models/faces/tiny-face-detector.js";
export { faceStateDict } from "./models/faces/weights.js";
export { LeNet5, type LeNet5Options } from "./models/lenet5.js";
export { TinyYOLOv2, type TinyYOLOv2Options } from "./models/tiny-yolo.js";
export { UNet, type UNetOptions } from "./models/unet.js";
