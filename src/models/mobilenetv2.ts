import { Composite } from "../graph/composite.js";
import type { Value } from "../graph/value.js";
import { ReLU6 } from "../layers/activations/relu6.js";
import { AdaptiveAvgPool2d } from "../layers/adaptive-pool2d.js";
import { BatchNorm2d } from "../layers/batch-norm.js";
import { Conv2d } from "../layers/conv2d.js";
import { Dropout } from "../layers/dropout.js";
import { Flatten } from "../layers/flatten.js";
import type { InitOptions } from "../layers/initializers.js";
import { Linear } from "../layers/linear.js";
import { Sequential } from "../layers/sequential.js";
import type { OnlyArguments } from "../shape/rule.js";
import { convNorm, multipleOf8 } from "./blocks.js";
import { initializeConvolutions, initializeLinears } from "./initialize.js";
import { type ClassifierOptions, IMAGENET, readNetwork } from "./options.js";
import type { ClassifierRule } from "./rule.js";

export interface MobileNetV2Options extends ClassifierOptions {
  /** Multiplies the channels inside, which are rounded to multiples of 8; the last 1280 never become fewer. Default 1. */
  readonly width?: number;
  /** Probability that the classifier drops a feature in train mode. Default 0.2. */
  readonly dropout?: number;
}

/** Stages: by how much a block expands its channels inside, channels of its output, number of blocks, first one's stride. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** Expands the channels, filters each by itself, and projects them to few ones, without an activation there. */
class InvertedResidual extends Composite {
  override readonly name: string = "InvertedResidual";
  readonly conv: Sequential;
  readonly #residual: boolean;

  constructor(from: number, to: number, stride: number, expansion: number, init: InitOptions) {
    super();
    const hidden = from * expansion;
    this.conv = new Sequential(
      ...(expansion === 1 ? [] : [convNorm(from, hidden, 1, init, new ReLU6())]),
      convNorm(hidden, hidden, 3, { stride, groups: hidden, ...init }, new ReLU6()),
      new Conv2d(hidden, to, 1, { bias: false, ...init }),
      new BatchNorm2d(to),
    );
    this.#residual = stride === 1 && from === to;
  }

  compose(x: Value): Value {
    const y = this.conv.of(x);
    return this.#residual ? y.add(x) : y;
  }
}

/**
 * MobileNetV2 for image classification: `[N, inChannels, H, W]` → `[N, numClasses]`, scores before the softmax, for images
 * of any size (224×224 in the paper; small ones such as 32×32 work). 3,504,872 parameters by default, 3.01 · 10⁸
 * multiply-adds at 224×224.
 *
 *     features    3×3 with stride 2 → 32 · width; 17 inverted residual blocks → 16, 24, 32, 64, 96, 160, 320 · width,
 *                 which halve the size four times; 1×1 → 1280
 *     classifier  mean of each map, dropout, Linear → numClasses
 *
 * Layers, keys and initial weights are torchvision's, so its weights load as they are: convolutions Kaiming-normal by
 * fan-out, batch norms 1 and 0, the Linear normal with standard deviation 0.01, biases 0.
 *
 * @throws ArgumentError for options that are not positive numbers, or a dropout outside 0 to 1; ShapeError (from forward)
 *   for another rank or other channels.
 * Source: Sandler et al. 2018, https://arxiv.org/abs/1801.04381, torchvision.models.mobilenet_v2
 *
 * @example
 * const model = new MobileNetV2({ numClasses: 10, width: 1 / 2 });
 * model.forward(randn([2, 3, 64, 64])).shape; // [2, 10]
 */
export class MobileNetV2<
  const O extends readonly [options?: MobileNetV2Options] = readonly [options?: MobileNetV2Options],
> extends Composite<ClassifierRule<O>> {
  override readonly name: string = "MobileNetV2";
  readonly features: Sequential;
  readonly avgpool = new AdaptiveAvgPool2d(1);
  readonly flatten = new Flatten();
  readonly classifier: Sequential;

  constructor(...options: OnlyArguments<"MobileNetV2", O, MobileNetV2Options>);
  constructor(options: MobileNetV2Options = {}) {
    super();
    const { numClasses, inChannels, width, dropout, init } = readNetwork("MobileNetV2", options, {
      ...IMAGENET,
      dropout: 0.2,
    });
    const first = multipleOf8(32 * width);
    const last = multipleOf8(1280 * Math.max(1, width));
    let from = first;
    const blocks = STAGES.flatMap(([expansion, channels, count, stride]) =>
      Array.from({ length: count }, (_, at) => {
        const to = multipleOf8(channels * width);
        const block = new InvertedResidual(from, to, at === 0 ? stride : 1, expansion, init);
        from = to;
        return block;
      }),
    );
    this.features = new Sequential(
      convNorm(inChannels, first, 3, { stride: 2, ...init }, new ReLU6()),
      ...blocks,
      convNorm(from, last, 1, init, new ReLU6()),
    );
    this.classifier = new Sequential(new Dropout(dropout, init), new Linear(last, numClasses, init));
    initializeConvolutions(this, { mode: "fanOut", ...init });
    initializeLinears(this, init);
  }

  compose(x: Value): Value {
    return x.through(this.features, this.avgpool, this.flatten, this.classifier);
  }
}
