/** What the tests of networks share. */
import { type Layer, type Network, Random, type Shape } from "../../src/index.js";
import {
  AlexNet,
  DeepLabV3,
  DenseNet,
  EfficientNet,
  FCN,
  GoogLeNet,
  InceptionV3,
  LRASPP,
  MobileNetV2,
  MobileNetV3,
  ResNet,
  ShuffleNetV2,
  SqueezeNet,
  VGG,
} from "../../src/models.js";

/** Gives the same number again and again: large networks begin at once where their weights do not matter. */
export class ConstantRandom extends Random {
  constructor(
    seed: number,
    private readonly constant = 0.5,
  ) {
    super(seed);
  }

  override uniform(): number {
    return this.constant;
  }

  override normal(): number {
    return this.constant;
  }
}

/** A network of torchvision, as fixtures have it. */
export interface TorchvisionNetwork {
  readonly name: string;
  readonly input: Shape;
  readonly output: Shape;
  readonly params: number;
  readonly macs: number;
  readonly state_dict: readonly (readonly [key: string, shape: Shape])[];
}

/** Options that all classifiers have. */
export interface ClassifierOptions {
  readonly numClasses?: number;
  readonly inChannels?: number;
  readonly width?: number;
  readonly random?: Random;
}

/** Classifiers by torchvision's names. */
export const CLASSIFIERS: Record<string, (options?: ClassifierOptions) => Layer> = {
  alexnet: (options) => new AlexNet(options),
  vgg11: (options) => new VGG(11, options),
  vgg13: (options) => new VGG(13, options),
  vgg16: (options) => new VGG(16, options),
  vgg19: (options) => new VGG(19, options),
  vgg11_bn: (options) => new VGG(11, { batchNorm: true, ...options }),
  vgg13_bn: (options) => new VGG(13, { batchNorm: true, ...options }),
  vgg16_bn: (options) => new VGG(16, { batchNorm: true, ...options }),
  vgg19_bn: (options) => new VGG(19, { batchNorm: true, ...options }),
  resnet18: (options) => new ResNet(18, options),
  resnet34: (options) => new ResNet(34, options),
  resnet50: (options) => new ResNet(50, options),
  resnet101: (options) => new ResNet(101, options),
  squeezenet1_1: (options) => new SqueezeNet(options),
  mobilenet_v2: (options) => new MobileNetV2(options),
};

/** Networks whose branches meet, by torchvision's names. */
export const COMPOSED: Record<string, (options: ClassifierOptions) => Layer> = {
  resnet152: (o) => new ResNet(152, o),
  resnext50_32x4d: (o) => new ResNet(50, { groups: 32, widthPerGroup: 4, ...o }),
  wide_resnet50_2: (o) => new ResNet(50, { widthPerGroup: 128, ...o }),
  densenet121: (o) => new DenseNet(o),
  googlenet: (o) => new GoogLeNet(o) as unknown as Layer,
  inception_v3: (o) => new InceptionV3(o) as unknown as Layer,
  mobilenet_v3_small: (o) => new MobileNetV3("small", o),
  mobilenet_v3_large: (o) => new MobileNetV3("large", o),
  shufflenet_v2_x1_0: (o) => new ShuffleNetV2(o),
  efficientnet_b0: (o) => new EfficientNet(o),
  deeplabv3_resnet50: (o) => new DeepLabV3(o),
  lraspp_mobilenet_v3_large: (o) => new LRASPP(o),
};

/** The same without auxiliary classifiers. */
export const COMPOSED_PLAIN: Record<string, (options: ClassifierOptions) => Layer> = {
  ...COMPOSED,
  googlenet: (o) => new GoogLeNet({ auxLogits: false, ...o }) as unknown as Layer,
  inception_v3: (o) => new InceptionV3({ auxLogits: false, ...o }) as unknown as Layer,
};

/** Networks that score each pixel, with an auxiliary classifier, by torchvision's names. */
export const AUXILIARY = {
  fcn_resnet50: (o: ClassifierOptions) => new FCN({ ...o, auxLoss: true }),
  deeplabv3_resnet50: (o: ClassifierOptions) => new DeepLabV3({ ...o, auxLoss: true }),
  deeplabv3_mobilenet_v3_large: (o: ClassifierOptions) =>
    new DeepLabV3({ ...o, backbone: "mobilenetV3Large", auxLoss: true }),
};

/** The network with arbitrary weights. */
export function blank(name: string, width = 1): Layer {
  const make = CLASSIFIERS[name];
  if (!make) throw new Error(`no classifier ${name}`);
  return make({ width, random: new ConstantRandom(1) });
}

/** Biases away from 0, where a dead ReLU before them leaves the next one at its kink. */
export function scatterBiases(model: Network): void {
  const random = new Random(5);
  for (const [key, { value }] of model.namedParameters()) {
    if (key.endsWith("bias")) for (let i = 0; i < value.size; i++) value.data[i] = random.uniform(-0.5, 0.5);
  }
}
