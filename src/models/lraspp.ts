import { Composite } from "../graph/composite.js";
import type { Layer } from "../graph/layer.js";
import type { Value } from "../graph/value.js";
import { ReLU } from "../layers/activations/relu.js";
import { Sigmoid } from "../layers/activations/sigmoid.js";
import { AdaptiveAvgPool2d } from "../layers/adaptive-pool2d.js";
import { Conv2d } from "../layers/conv2d.js";
import { Sequential } from "../layers/sequential.js";
import { readOptions } from "../shape/check.js";
import type { OnlyArguments } from "../shape/rule.js";
import { convNorm, multipleOf8 } from "./blocks.js";
import { LOW, mobileNetV3Features } from "./mobilenetv3.js";
import { checkCommon, type SegmentationOptions, widened } from "./options.js";
import type { SegmentationRule } from "./rule.js";

export interface LRASPPOptions extends SegmentationOptions {}

/**
 * Lite R-ASPP for segmentation, over a dilated large MobileNetV3: `[N, inChannels, H, W]` → `[N, numClasses, H, W]`, for
 * images of any size. 3,221,538 parameters by default, 3.79 · 10⁸ multiply-adds at 224×224.
 *
 *     backbone    the large MobileNetV3, whose last three blocks dilate their kernels and keep a 16th of the size
 *     classifier  1×1 convolution → 128 · width, times a gate that the means decide; resized to an eighth of the size;
 *                 its scores plus those of the backbone's map of that size
 *
 * The scores are resized to the size of the image, bilinearly. Layers, keys and initial weights are those of torchvision's
 * `lraspp_mobilenet_v3_large`, so its weights load as they are.
 *
 * @throws ArgumentError for options that are not positive numbers; ShapeError (from forward) for another rank or other
 *   channels.
 * Source: Howard et al. 2019, https://arxiv.org/abs/1905.02244, torchvision.models.segmentation.lraspp
 *
 * @example
 * const model = new LRASPP({ numClasses: 11 });
 * model.forward(randn([2, 3, 65, 65])).shape; // [2, 11, 65, 65]
 */
export class LRASPP<
  const O extends readonly [options?: LRASPPOptions] = readonly [options?: LRASPPOptions],
> extends Composite<SegmentationRule<O, 3, 21>> {
  override readonly name: string = "LRASPP";
  readonly backbone: Sequential;
  readonly classifier: {
    readonly cbr: Sequential;
    readonly scale: Sequential;
    readonly low_classifier: Conv2d;
    readonly high_classifier: Conv2d;
  };

  constructor(...options: OnlyArguments<"LRASPP", O, LRASPPOptions>);
  constructor(options: LRASPPOptions = {}) {
    super();
    const defaults = { numClasses: 21, inChannels: 3, width: 1, random: undefined };
    const { numClasses, inChannels, width, random } = readOptions("LRASPP", options, defaults);
    checkCommon("LRASPP", { numClasses, inChannels, width });
    const init = random ? { random } : {};
    const { features, channels } = mobileNetV3Features("large", { inChannels, width, dilated: true, ...init });
    const hidden = widened(128, width);
    const gate = new Conv2d(channels, hidden, 1, { bias: false, ...init });
    this.backbone = features;
    this.classifier = {
      cbr: convNorm(channels, hidden, 1, init, new ReLU()),
      scale: new Sequential(new AdaptiveAvgPool2d(1), gate, new Sigmoid()),
      low_classifier: new Conv2d(multipleOf8(40 * width), numClasses, 1, init),
      high_classifier: new Conv2d(hidden, numClasses, 1, init),
    };
  }

  compose(x: Value): Value {
    const { cbr, scale, low_classifier, high_classifier } = this.classifier;
    const layers = this.backbone.layers as readonly Layer[];
    const low = x.through(...layers.slice(0, LOW)) as Value;
    const high = low.through(...layers.slice(LOW)) as Value;
    const gated = cbr.of(high).mul(scale.of(high)).resizeLike(low, { mode: "bilinear" });
    const scores = (low_classifier.of(low) as Value).add(high_classifier.of(gated) as Value) as Value;
    return scores.resizeLike(x, { mode: "bilinear" });
  }
}
