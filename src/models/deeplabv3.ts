import { Composite } from "../graph/composite.js";
import type { Layer } from "../graph/layer.js";
import type { Value } from "../graph/value.js";
import { ReLU } from "../layers/activations/relu.js";
import { AdaptiveAvgPool2d } from "../layers/adaptive-pool2d.js";
import { Conv2d } from "../layers/conv2d.js";
import { Dropout } from "../layers/dropout.js";
import type { InitOptions } from "../layers/initializers.js";
import { Sequential } from "../layers/sequential.js";
import { checkOneOf, readOptions } from "../shape/check.js";
import type { OnlyArguments } from "../shape/rule.js";
import type { Random } from "../tensor/random.js";
import { convNorm } from "./blocks.js";
import { mobileNetV3Features } from "./mobilenetv3.js";
import { checkCommon, widened } from "./options.js";
import { ResNetBackbone } from "./resnet.js";
import type { SegmentationRule } from "./rule.js";

export interface DeepLabV3Options {
  /** Number of classes, channels of the output. Default 21, PASCAL VOC's with the background. */
  readonly numClasses?: number;
  /** Channels of the input image. Default 3. */
  readonly inChannels?: number;
  /** Multiplies the channels inside. Default 1. */
  readonly width?: number;
  /** What the maps come from. Default `"resnet50"`. */
  readonly backbone?: "resnet50" | "resnet101" | "mobilenetV3Large";
  /** Probability that a number after the pyramid is dropped in train mode. Default 0.5. */
  readonly dropout?: number;
  /** Where the initial weights and what is dropped come from. Default: the generator that `manualSeed` seeds. */
  readonly random?: Random;
}

/** The same maps through kernels of several dilations and through their mean, side by side: a pyramid of contexts. */
class ASPP extends Composite {
  override readonly name: string = "ASPP";
  readonly convs: readonly Sequential[];
  readonly project: Sequential;

  constructor(from: number, to: number, dropout: number, init: InitOptions) {
    super();
    const pooled = new Sequential(new AdaptiveAvgPool2d(1), ...convNorm(from, to, 1, init, new ReLU()).layers);
    const dilated = [12, 24, 36].map((dilation) => convNorm(from, to, 3, { dilation, ...init }, new ReLU()));
    this.convs = [convNorm(from, to, 1, init, new ReLU()), ...dilated, pooled];
    this.project = new Sequential(
      ...convNorm(this.convs.length * to, to, 1, init, new ReLU()).layers,
      new Dropout(dropout, init),
    );
  }

  compose(x: Value): Value {
    const [first, ...rest] = this.convs.map((conv) => conv.of(x)) as [Value, ...Value[]];
    const pooled = rest.pop() as Value;
    return this.project.of(first.concat([...rest, pooled.resizeLike(x, { mode: "bilinear" })]) as Value);
  }
}

/**
 * DeepLabV3 for segmentation, over a dilated ResNet or MobileNetV3: `[N, inChannels, H, W]` → `[N, numClasses, H, W]`, for
 * images of any size. 39,638,869 parameters by default, 3.13 · 10¹⁰ multiply-adds at 224×224.
 *
 *     backbone    ResNet whose last two stages dilate their kernels and keep an eighth of the size, or the large
 *                 MobileNetV3, whose last three blocks do and keep a 16th
 *     classifier  1×1 convolution, 3×3 ones of dilation 12, 24, 36, and the mean, side by side; 1×1 → 256 · width,
 *                 dropout; 3×3 convolution; 1×1 → numClasses
 *
 * The scores are resized to the size of the image, bilinearly. Layers, keys and initial weights are those of torchvision's
 * `deeplabv3_resnet50`, `deeplabv3_resnet101` and `deeplabv3_mobilenet_v3_large`. Its trained weights have a second head,
 * which is used in training only: load them with `{ strict: false }`.
 *
 * @throws ArgumentError for options that are not positive numbers, another backbone, or a dropout outside 0 to 1;
 *   ShapeError (from forward) for another rank or other channels.
 * Source: Chen et al. 2017, https://arxiv.org/abs/1706.05587, torchvision.models.segmentation.deeplabv3
 *
 * @example
 * const model = new DeepLabV3({ backbone: "mobilenetV3Large" });
 * model.forward(randn([2, 3, 65, 65])).shape; // [2, 21, 65, 65]
 */
export class DeepLabV3<
  const O extends readonly [options?: DeepLabV3Options] = readonly [options?: DeepLabV3Options],
> extends Composite<SegmentationRule<O, 3, 21>> {
  override readonly name: string = "DeepLabV3";
  readonly backbone: Layer;
  readonly classifier: Sequential;

  constructor(...options: OnlyArguments<"DeepLabV3", O, DeepLabV3Options>);
  constructor(options: DeepLabV3Options = {}) {
    super();
    const model = "DeepLabV3";
    const { numClasses, backbone, dropout, ...rest } = readOptions(model, options, {
      numClasses: 21,
      inChannels: 3,
      width: 1,
      backbone: "resnet50",
      dropout: 0.5,
      random: undefined,
    } as const);
    checkCommon(model, { numClasses, dropout, inChannels: rest.inChannels, width: rest.width });
    checkOneOf(model, "backbone", backbone, ["resnet50", "resnet101", "mobilenetV3Large"]);
    const init = rest.random ? { random: rest.random } : {};
    let from: number;
    if (backbone === "mobilenetV3Large") {
      const { inChannels, width } = rest;
      const made = mobileNetV3Features("large", { inChannels, width, dilated: true, ...init });
      this.backbone = made.features;
      from = made.channels;
    } else {
      const depth = backbone === "resnet50" ? 50 : 101;
      const made = new ResNetBackbone(depth, { ...rest, model, replaceStrideWithDilation: [false, true, true] });
      this.backbone = made;
      from = made.channels;
    }
    const hidden = widened(256, rest.width);
    this.classifier = new Sequential(
      new ASPP(from, hidden, dropout, init),
      ...convNorm(hidden, hidden, 3, init, new ReLU()).layers,
      new Conv2d(hidden, numClasses, 1, init),
    );
  }

  compose(x: Value): Value {
    return (x.through(this.backbone, this.classifier) as Value).resizeLike(x, { mode: "bilinear" });
  }
}
