/** What the tests of networks share. */
import { type Layer, Random, type Shape } from "../../src/index.js";
import { AlexNet, MobileNetV2, ResNet, SqueezeNet, VGG } from "../../src/models.js";

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

/** The network with arbitrary weights. */
export function blank(name: string, width = 1): Layer {
  const make = CLASSIFIERS[name];
  if (!make) throw new Error(`no classifier ${name}`);
  return make({ width, random: new ConstantRandom(1) });
}

/** Biases away from 0, where a dead ReLU before them leaves the next one at its kink. */
export function scatterBiases(model: Layer): void {
  const random = new Random(5);
  for (const [key, { value }] of model.namedParameters()) {
    if (key.endsWith("bias")) for (let i = 0; i < value.size; i++) value.data[i] = random.uniform(-0.5, 0.5);
  }
}
