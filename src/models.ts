/** `faltung/models`: networks that are only layers put together. */
export { AlexNet, type AlexNetOptions } from "./models/alexnet.js";
export { Autoencoder, type AutoencoderOptions } from "./models/autoencoder.js";
export { FaceLandmarks } from "./models/faces/face-landmarks.js";
export { FaceRecognition } from "./models/faces/face-recognition.js";
export { type FaceNetworkOptions, TinyFaceDetector } from "./models/faces/tiny-face-detector.js";
export { faceStateDict } from "./models/faces/weights.js";
export { FCN, type FCNOptions } from "./models/fcn.js";
export { LeNet5, type LeNet5Options } from "./models/lenet5.js";
export { MobileNetV2, type MobileNetV2Options } from "./models/mobilenetv2.js";
export { ResNet, type ResNetDepth, type ResNetOptions } from "./models/resnet.js";
export { SqueezeNet, type SqueezeNetOptions } from "./models/squeezenet.js";
export { TinyYOLOv2, type TinyYOLOv2Options } from "./models/tiny-yolo.js";
export { UNet, type UNetOptions } from "./models/unet.js";
export { VGG, type VGGDepth, type VGGOptions } from "./models/vgg.js";
