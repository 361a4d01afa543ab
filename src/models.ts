/** `faltung/models`: networks that are only layers put together. */

// Types that are exported there can then be named by declarations of a program that imports only this entry.
export type {} from "./index.js";
export { AlexNet, type AlexNetOptions } from "./models/alexnet.js";
export { Autoencoder, type AutoencoderOptions, type AutoencoderRule } from "./models/autoencoder.js";
export { DeepLabV3, type DeepLabV3Options } from "./models/deeplabv3.js";
export { DenseNet, type DenseNetOptions } from "./models/densenet.js";
export { EfficientNet, type EfficientNetOptions } from "./models/efficientnet.js";
export { type DenseBlock, FaceLandmarks } from "./models/faces/face-landmarks.js";
export { FaceRecognition, type ResidualBlock, type ScaledConv } from "./models/faces/face-recognition.js";
export type { SeparableConv } from "./models/faces/separable.js";
export { type FaceNetworkOptions, TinyFaceDetector } from "./models/faces/tiny-face-detector.js";
export { faceStateDict } from "./models/faces/weights.js";
export { FCN, type FCNOptions } from "./models/fcn.js";
export { GoogLeNet, type GoogLeNetOptions } from "./models/googlenet.js";
export { InceptionV3, type InceptionV3Options } from "./models/inceptionv3.js";
export { LeNet5, type LeNet5Options, type LeNet5Rule } from "./models/lenet5.js";
export { LRASPP, type LRASPPOptions } from "./models/lraspp.js";
export { MobileNetV2, type MobileNetV2Options } from "./models/mobilenetv2.js";
export { MobileNetV3, type MobileNetV3Options, type MobileNetV3Size } from "./models/mobilenetv3.js";
export type { ClassifierOptions, SegmentationOptions } from "./models/options.js";
export {
  type BackboneSettings,
  ResNet,
  type ResNetBackbone,
  type ResNetDepth,
  type ResNetOptions,
} from "./models/resnet.js";
export type { AuxiliaryPixelRule, AuxiliaryRule, ClassifierRule, SegmentationRule } from "./models/rule.js";
export { ShuffleNetV2, type ShuffleNetV2Options } from "./models/shufflenetv2.js";
export { SqueezeNet, type SqueezeNetOptions } from "./models/squeezenet.js";
export { TinyYOLOv2, type TinyYOLOv2Options } from "./models/tiny-yolo.js";
export { UNet, type UNetOptions } from "./models/unet.js";
export { VGG, type VGGDepth, type VGGOptions } from "./models/vgg.js";
