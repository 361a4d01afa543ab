import type { Outputs } from "../graph/call.js";
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
import { convNorm, multipleOf8 } from "./blocks.js";
import { EARLY, fcnHead, pixelScores } from "./fcn.js";
import { LOW, mobileNetV3Features } from "./mobilenetv3.js";
import { checkCommon, type SegmentationOptions, widened } from "./options.js";
import { ResNetBackbone } from "./resnet.js";
import type { AuxiliaryPixelRule } from "./rule.js";

export interface DeepLabV3Options extends SegmentationOptions {
  /** What the maps come from. Default `"resnet50"`. */
  readonly backbone?: "resnet50" | "resnet101" | "mobilenetV3Large";
  /** Whether there is an auxiliary classifier, whose scores are an output too. Default false. */
  readonly auxLoss?: boolean;
  /** Probability that a number after the pyramid is dropped in train mode. Default 0.5. */
  readonly dropout?: number;
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
 * images of any size; two such, `{ out, aux }`, with `{ auxLoss: true }`. 39,638,869 parameters by default,
 * 42,004,074 with the auxiliary classifier; 3.13 · 10¹⁰ multiply-adds at 224×224 without it.
 *
 *     backbone        ResNet whose last two stages dilate their kernels and keep an eighth of the size, or the large
 *                     MobileNetV3, whose last three blocks do and keep a 16th
 *     classifier      1×1 convolution, 3×3 ones of dilation 12, 24, 36, and the mean, side by side; 1×1 → 256 · width,
 *                     dropout; 3×3 convolution; 1×1 → numClasses
 *     aux_classifier  FCN's, after the ResNet's third stage or the MobileNetV3's fourth block
 *
 * The scores are resized to the size of the image, bilinearly. Layers, keys and initial weights are those of torchvision's
 * `deeplabv3_resnet50`, `deeplabv3_resnet101` and `deeplabv3_mobilenet_v3_large`. As there, the auxiliary classifier runs
 * in eval mode too. The trained weights have one; a network without it takes the rest with `{ strict: false }`.
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
> extends Composite<AuxiliaryPixelRule<"DeepLabV3", O>> {
  override readonly name: string = "DeepLabV3";
  readonly backbone: Layer;
  readonly classifier: Sequential;
  readonly aux_classifier: Sequential | undefined;

  constructor(...options: OnlyArguments<"DeepLabV3", O, DeepLabV3Options>);
  constructor(options: DeepLabV3Options = {}) {
    super();
    const model = "DeepLabV3";
    const { numClasses, backbone, auxLoss, dropout, ...rest } = readOptions(model, options, {
      numClasses: 21,
      inChannels: 3,
      width: 1,
      backbone: "resnet50",
      auxLoss: false,
      dropout: 0.5,
      random: undefined,
    } as const);
    checkCommon(model, { numClasses, dropout, inChannels: rest.inChannels, width: rest.width });
    checkOneOf(model, "backbone", backbone, ["resnet50", "resnet101", "mobilenetV3Large"]);
    const init = rest.random ? { random: rest.random } : {};
    let from: number;
    let fromEarly: number;
    if (backbone === "mobilenetV3Large") {
      const { inChannels, width } = rest;
      const made = mobileNetV3Features("large", { inChannels, width, dilated: true, ...init });
      this.backbone = made.features;
      from = made.channels;
      fromEarly = multipleOf8(40 * width);
    } else {
      const depth = backbone === "resnet50" ? 50 : 101;
      const made = new ResNetBackbone(depth, { ...rest, model, replaceStrideWithDilation: [false, true, true] });
      this.backbone = made;
      from = made.channels;
      fromEarly = from / 2;
    }
    const hidden = widened(256, rest.width);
    this.classifier = new Sequential(
      new ASPP(from, hidden, dropout, init),
      ...convNorm(hidden, hidden, 3, init, new ReLU()).layers,
      new Conv2d(hidden, numClasses, 1, init),
    );
    this.aux_classifier = auxLoss ? fcnHead(fromEarly, numClasses, 0.1, init) : undefined;
  }

  compose(x: Value): Outputs {
    return pixelScores(x, this.backbone instanceof ResNetBackbone ? EARLY : LOW, this);
  }
}
