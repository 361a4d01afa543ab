import { Composite } from "../graph/composite.js";
import type { Value } from "../graph/value.js";
import { Hardsigmoid } from "../layers/activations/hardsigmoid.js";
import { Hardswish } from "../layers/activations/hardswish.js";
import { ReLU } from "../layers/activations/relu.js";
import { AdaptiveAvgPool2d } from "../layers/adaptive-pool2d.js";
import { Dropout } from "../layers/dropout.js";
import { Flatten } from "../layers/flatten.js";
import type { InitOptions } from "../layers/initializers.js";
import { Linear } from "../layers/linear.js";
import { Sequential } from "../layers/sequential.js";
import { checkOneOf } from "../shape/check.js";
import type { OnlyArguments } from "../shape/rule.js";
import { convNorm, InvertedResidual, multipleOf8, SqueezeExcitation } from "./blocks.js";
import { initializeConvolutions, initializeLinears } from "./initialize.js";
import { type ClassifierOptions, IMAGENET, readNetwork } from "./options.js";
import type { ClassifierRule } from "./rule.js";

export interface MobileNetV3Options extends ClassifierOptions {
  /** Multiplies the channels inside, which are rounded to multiples of 8. Default 1. */
  readonly width?: number;
  /** Probability that the classifier drops a feature in train mode. Default 0.2. */
  readonly dropout?: number;
}

/** Which of the paper's two networks. */
export type MobileNetV3Size = "small" | "large";

/** Blocks: kernel, channels inside, channels of the output, squeeze-and-excitation, Hardswish instead of ReLU, stride. */
type Row = readonly [kernel: number, hidden: number, to: number, squeeze: 0 | 1, hardswish: 0 | 1, stride: number];

const BLOCKS: Record<MobileNetV3Size, readonly Row[]> = {
  large: [
    [3, 16, 16, 0, 0, 1],
    [3, 64, 24, 0, 0, 2],
    [3, 72, 24, 0, 0, 1],
    [5, 72, 40, 1, 0, 2],
    [5, 120, 40, 1, 0, 1],
    [5, 120, 40, 1, 0, 1],
    [3, 240, 80, 0, 1, 2],
    [3, 200, 80, 0, 1, 1],
    [3, 184, 80, 0, 1, 1],
    [3, 184, 80, 0, 1, 1],
    [3, 480, 112, 1, 1, 1],
    [3, 672, 112, 1, 1, 1],
    [5, 672, 160, 1, 1, 2],
    [5, 960, 160, 1, 1, 1],
    [5, 960, 160, 1, 1, 1],
  ],
  small: [
    [3, 16, 16, 1, 0, 2],
    [3, 72, 24, 0, 0, 2],
    [3, 88, 24, 0, 0, 1],
    [5, 96, 40, 1, 1, 2],
    [5, 240, 40, 1, 1, 1],
    [5, 240, 40, 1, 1, 1],
    [5, 120, 48, 1, 1, 1],
    [5, 144, 48, 1, 1, 1],
    [5, 288, 96, 1, 1, 2],
    [5, 576, 96, 1, 1, 1],
    [5, 576, 96, 1, 1, 1],
  ],
};

const NORM = { eps: 0.001, momentum: 0.01 };

/** Layers of the large one up to its last map of an eighth of the size, which has 40 · width channels. */
export const LOW = 5;

/** A MobileNetV3 up to its last map, and that map's channels; dilated, its last three blocks keep a 16th of the size. */
export function mobileNetV3Features(
  size: MobileNetV3Size,
  {
    inChannels,
    width,
    dilated,
    ...init
  }: InitOptions & { readonly inChannels: number; readonly width: number; readonly dilated: boolean },
): { readonly features: Sequential; readonly channels: number } {
  const rows = BLOCKS[size];
  const last = rows.length - 3;
  let from = multipleOf8(16 * width);
  const options = { norm: NORM, ...init };
  const stem = convNorm(inChannels, from, 3, { stride: 2, ...options }, new Hardswish());
  const blocks = rows.map((row, i) => {
    const [kernel, , , squeeze, hardswish, stride] = row;
    const [hidden, to] = [multipleOf8(row[1] * width), multipleOf8(row[2] * width)];
    const squeezed = multipleOf8(Math.floor(hidden / 4));
    const gate = () => new SqueezeExcitation(hidden, squeezed, new ReLU(), new Hardsigmoid(), init);
    const block = new InvertedResidual("InvertedResidual", {
      ...{ from, hidden, to, kernel, stride, dilation: dilated && i >= last ? 2 : 1, ...options },
      activation: () => (hardswish ? new Hardswish() : new ReLU()),
      gate: squeeze ? gate : undefined,
    });
    from = to;
    return block;
  });
  const features = new Sequential(stem, ...blocks, convNorm(from, 6 * from, 1, options, new Hardswish()));
  initializeConvolutions(features, { mode: "fanOut", ...init });
  return { features, channels: 6 * from };
}

/**
 * MobileNetV3 for image classification: `[N, inChannels, H, W]` → `[N, numClasses]`, scores before the softmax, for images
 * of any size (224×224 in the paper). 5,483,032 parameters and 2.17 · 10⁸ multiply-adds at 224×224 where it is large,
 * 2,542,856 and 5.65 · 10⁷ where it is small.
 *
 *     features    3×3 with stride 2 → 16 · width; 15 (11) inverted residual blocks, some with squeeze-and-excitation,
 *                 → 160 (96) · width; 1×1 to six times as many; Hardswish in the later ones
 *     classifier  mean of each map, Linear → 1280 (1024) · width, Hardswish, dropout, Linear → numClasses
 *
 * Layers, keys and initial weights are torchvision's, so its weights load as they are.
 *
 * @param size `"small"` or `"large"`
 * @throws ArgumentError for another size, options that are not positive numbers, or a dropout outside 0 to 1; ShapeError
 *   (from forward) for another rank or other channels.
 * Source: Howard et al. 2019, https://arxiv.org/abs/1905.02244, torchvision.models.mobilenet_v3_large
 *
 * @example
 * const model = new MobileNetV3("small", { numClasses: 10 });
 * model.forward(randn([2, 3, 64, 64])).shape; // [2, 10]
 */
export class MobileNetV3<
  const O extends readonly [options?: MobileNetV3Options] = readonly [options?: MobileNetV3Options],
> extends Composite<ClassifierRule<O>> {
  override readonly name: string = "MobileNetV3";
  readonly features: Sequential;
  readonly avgpool = new AdaptiveAvgPool2d(1);
  readonly flatten = new Flatten();
  readonly classifier: Sequential;

  constructor(size: MobileNetV3Size, ...options: OnlyArguments<"MobileNetV3", O, MobileNetV3Options>);
  constructor(size: MobileNetV3Size, options: MobileNetV3Options = {}) {
    super();
    checkOneOf("MobileNetV3", "size", size, ["small", "large"]);
    const { numClasses, inChannels, width, dropout, init } = readNetwork("MobileNetV3", options, {
      ...IMAGENET,
      dropout: 0.2,
    });
    const { features, channels } = mobileNetV3Features(size, { inChannels, width, dilated: false, ...init });
    const hidden = multipleOf8((size === "large" ? 1280 : 1024) * width);
    this.features = features;
    this.classifier = new Sequential(
      new Linear(channels, hidden, init),
      new Hardswish(),
      new Dropout(dropout, init),
      new Linear(hidden, numClasses, init),
    );
    initializeLinears(this, init);
  }

  compose(x: Value): Value {
    return x.through(this.features, this.avgpool, this.flatten, this.classifier);
  }
}
