import { Composite } from "../graph/composite.js";
import type { Value } from "../graph/value.js";
import { ReLU } from "../layers/activations/relu.js";
import { BatchNorm2d } from "../layers/batch-norm.js";
import { Conv2d } from "../layers/conv2d.js";
import { Dropout } from "../layers/dropout.js";
import { Sequential } from "../layers/sequential.js";
import { readOptions } from "../shape/check.js";
import type { OnlyArguments } from "../shape/rule.js";
import type { Random } from "../tensor/random.js";
import { checkCommon } from "./options.js";
import { ResNetBackbone } from "./resnet.js";
import type { SegmentationRule } from "./rule.js";

export interface FCNOptions {
  /** Number of classes, channels of the output. Default 21, PASCAL VOC's with the background. */
  readonly numClasses?: number;
  /** Channels of the input image. Default 3. */
  readonly inChannels?: number;
  /** Multiplies the channels inside. Default 1. */
  readonly width?: number;
  /** Layers of the ResNet. Default 50. */
  readonly depth?: 50 | 101;
  /** Probability that a number before the last convolution is dropped in train mode. Default 0.1. */
  readonly dropout?: number;
  /** Where the initial weights and what is dropped come from. Default: the generator that `manualSeed` seeds. */
  readonly random?: Random;
}

/**
 * Fully convolutional network for segmentation over a dilated ResNet: `[N, inChannels, H, W]` → `[N, numClasses, H, W]`,
 * for images of any size. 32,957,013 parameters by default, 2.65 · 10¹⁰ multiply-adds at 224×224.
 *
 *     backbone    ResNet without its classifier, whose last two stages dilate their kernels and keep an eighth of the size
 *     classifier  3×3 convolution, batch norm, ReLU → a quarter of the channels, dropout, 1×1 convolution → numClasses
 *
 * The scores are resized to the size of the image, bilinearly. Layers, keys and initial weights are those of torchvision's `fcn_resnet50` and `fcn_resnet101`. Its trained weights
 * have a second head, which is used in training only: load them with `{ strict: false }`.
 *
 * @throws ArgumentError for options that are not positive numbers, another depth, or a dropout outside 0 to 1; ShapeError
 *   (from forward) for another rank or other channels.
 * Source: Long et al. 2015, https://arxiv.org/abs/1411.4038, torchvision.models.segmentation.fcn
 *
 * @example
 * const model = new FCN({ numClasses: 11, width: 1 / 4 });
 * model.forward(randn([2, 3, 64, 64])).shape; // [2, 11, 64, 64]
 */
export class FCN<const O extends readonly [options?: FCNOptions] = readonly [options?: FCNOptions]> extends Composite<
  SegmentationRule<O, 3, 21>
> {
  override readonly name: string = "FCN";
  readonly backbone: ResNetBackbone;
  readonly classifier: Sequential;

  constructor(...options: OnlyArguments<"FCN", O, FCNOptions>);
  constructor(options: FCNOptions = {}) {
    super();
    const defaults = { numClasses: 21, inChannels: 3, width: 1, depth: 50, dropout: 0.1, random: undefined } as const;
    const { numClasses, depth, dropout, ...rest } = readOptions("FCN", options, defaults);
    checkCommon("FCN", { numClasses, dropout });
    const init = rest.random ? { random: rest.random } : {};
    this.backbone = new ResNetBackbone(depth, {
      ...rest,
      model: "FCN",
      replaceStrideWithDilation: [false, true, true],
    });
    const { channels } = this.backbone;
    const hidden = channels / 4;
    this.classifier = new Sequential(
      new Conv2d(channels, hidden, 3, { padding: 1, bias: false, ...init }),
      new BatchNorm2d(hidden),
      new ReLU(),
      new Dropout(dropout, init),
      new Conv2d(hidden, numClasses, 1, init),
    );
  }

  compose(x: Value): Value {
    return x.through(this.backbone, this.classifier).resizeLike(x, { mode: "bilinear" });
  }
}
