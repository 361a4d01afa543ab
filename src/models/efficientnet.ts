import { Composite } from "../graph/composite.js";
import type { Value } from "../graph/value.js";
import { Sigmoid } from "../layers/activations/sigmoid.js";
import { SiLU } from "../layers/activations/silu.js";
import { AdaptiveAvgPool2d } from "../layers/adaptive-pool2d.js";
import { Dropout } from "../layers/dropout.js";
import { Flatten } from "../layers/flatten.js";
import { constant, uniform } from "../layers/initializers.js";
import { Linear } from "../layers/linear.js";
import { Sequential } from "../layers/sequential.js";
import { checkPositive, checkRange } from "../shape/check.js";
import type { OnlyArguments } from "../shape/rule.js";
import { convNorm, InvertedResidual, multipleOf8, SqueezeExcitation } from "./blocks.js";
import { initializeConvolutions } from "./initialize.js";
import { type ClassifierOptions, IMAGENET, readNetwork } from "./options.js";
import type { ClassifierRule } from "./rule.js";

export interface EfficientNetOptions extends ClassifierOptions {
  /** Multiplies the channels inside, which are rounded to multiples of 8. Default 1, B0's. */
  readonly width?: number;
  /** Multiplies the number of blocks of each stage, which is rounded up. Default 1, B0's. */
  readonly depth?: number;
  /** Probability that the classifier drops a feature in train mode. Default 0.2. */
  readonly dropout?: number;
  /** Probability that the last block is skipped for a sample in train mode; it rises to it from 0. Default 0.2. */
  readonly stochasticDepth?: number;
}

/** Stages: by how much a block expands its channels, its kernel, the first one's stride, channels, number of blocks. */
const STAGES = [
  [1, 3, 1, 16, 1],
  [6, 3, 2, 24, 2],
  [6, 5, 2, 40, 2],
  [6, 3, 2, 80, 3],
  [6, 5, 1, 112, 3],
  [6, 5, 2, 192, 4],
  [6, 3, 1, 320, 1],
] as const;

/**
 * EfficientNet for image classification, B0 by default: `[N, inChannels, H, W]` → `[N, numClasses]`, scores before the
 * softmax, for images of any size (224×224 in the paper). 5,288,548 parameters, 3.86 · 10⁸ multiply-adds at 224×224.
 *
 *     features    3×3 with stride 2 → 32 · width; 16 · depth inverted residual blocks with squeeze-and-excitation
 *                 → 16, 24, 40, 80, 112, 192, 320 · width; 1×1 → 1280 · width
 *     classifier  mean of each map, dropout, Linear → numClasses
 *
 * Layers, keys and initial weights are torchvision's, so its weights load as they are. B1 has depth 1.1, B2 width 1.1 and
 * depth 1.2, B3 1.2 and 1.4, B4 1.4 and 1.8.
 *
 * @throws ArgumentError for options that are not positive numbers, or probabilities outside 0 to 1; ShapeError (from
 *   forward) for another rank or other channels.
 * Source: Tan & Le 2019, https://arxiv.org/abs/1905.11946, torchvision.models.efficientnet_b0
 *
 * @example
 * const model = new EfficientNet({ numClasses: 10 });
 * model.forward(randn([2, 3, 64, 64])).shape; // [2, 10]
 */
export class EfficientNet<
  const O extends readonly [options?: EfficientNetOptions] = readonly [options?: EfficientNetOptions],
> extends Composite<ClassifierRule<O>> {
  override readonly name: string = "EfficientNet";
  readonly features: Sequential;
  readonly avgpool = new AdaptiveAvgPool2d(1);
  readonly flatten = new Flatten();
  readonly classifier: Sequential;

  constructor(...options: OnlyArguments<"EfficientNet", O, EfficientNetOptions>);
  constructor(options: EfficientNetOptions = {}) {
    super();
    const { numClasses, inChannels, width, depth, dropout, stochasticDepth, init } = readNetwork(
      "EfficientNet",
      options,
      { ...IMAGENET, depth: 1, dropout: 0.2, stochasticDepth: 0.2 },
    );
    checkPositive("EfficientNet", "depth", depth);
    checkRange("EfficientNet", "stochasticDepth", stochasticDepth, 0, 1);
    const counts = STAGES.map(([, , , , count]) => Math.ceil(count * depth));
    const total = counts.reduce((sum, count) => sum + count);
    let from = multipleOf8(32 * width);
    let at = 0;
    const stem = convNorm(inChannels, from, 3, { stride: 2, ...init }, new SiLU());
    const stages = STAGES.map(([expansion, kernel, stride, channels], i) => {
      const blocks = Array.from({ length: counts[i] ?? 0 }, (_, nth) => {
        const to = multipleOf8(channels * width);
        const [hidden, squeezed] = [multipleOf8(from * expansion), Math.max(1, Math.floor(from / 4))];
        const block = new InvertedResidual("MBConv", {
          ...{ from, hidden, to, kernel, stride: nth === 0 ? stride : 1, ...init },
          activation: () => new SiLU(),
          gate: () => new SqueezeExcitation(hidden, squeezed, new SiLU(), new Sigmoid(), init),
          skipped: (stochasticDepth * at++) / total,
        });
        from = to;
        return block;
      });
      return new Sequential(...blocks);
    });
    this.features = new Sequential(stem, ...stages, convNorm(from, 4 * from, 1, init, new SiLU()));
    const fc = new Linear(4 * from, numClasses, init);
    this.classifier = new Sequential(new Dropout(dropout, init), fc);
    initializeConvolutions(this, { mode: "fanOut", ...init });
    const bound = 1 / Math.sqrt(numClasses);
    uniform(fc.weight.value, -bound, bound, init);
    if (fc.bias) constant(fc.bias.value, 0);
  }

  compose(x: Value): Value {
    return x.through(this.features, this.avgpool, this.flatten, this.classifier);
  }
}
