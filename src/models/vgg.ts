import { Composite } from "../graph/composite.js";
import type { Value } from "../graph/value.js";
import { ReLU } from "../layers/activations/relu.js";
import { AdaptiveAvgPool2d } from "../layers/adaptive-pool2d.js";
import { BatchNorm2d } from "../layers/batch-norm.js";
import { Conv2d } from "../layers/conv2d.js";
import { Dropout } from "../layers/dropout.js";
import { Flatten } from "../layers/flatten.js";
import { Linear } from "../layers/linear.js";
import { MaxPool2d } from "../layers/max-pool2d.js";
import { Sequential } from "../layers/sequential.js";
import { ArgumentError } from "../shape/errors.js";
import type { OnlyArguments } from "../shape/rule.js";
import { show } from "../shape/show.js";
import { initializeConvolutions, initializeLinears } from "./initialize.js";
import { type ClassifierOptions, IMAGENET, readNetwork, widened } from "./options.js";
import type { ClassifierRule } from "./rule.js";

export interface VGGOptions extends ClassifierOptions {
  /** Whether each convolution has a BatchNorm2d after it, beside its bias. Default false. */
  readonly batchNorm?: boolean;
  /** Probability that the classifier drops a feature in train mode. Default 0.5. */
  readonly dropout?: number;
}

/** How many layers a VGG has. */
export type VGGDepth = 11 | 13 | 16 | 19;

/** Convolutions of the five stages. */
const STAGES: Record<VGGDepth, readonly number[]> = {
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
};
const CHANNELS = [64, 128, 256, 512, 512];

/**
 * VGG of 11, 13, 16 or 19 layers for image classification: `[N, inChannels, H, W]` → `[N, numClasses]`, scores before the
 * softmax, for images of 32×32 and larger (224×224 in the paper).
 *
 *     features    five stages of 3×3 convolutions (and batch norm) with ReLU → 64, 128, 256, 512, 512 · width, each pooled 2×2
 *     avgpool     → 7×7
 *     classifier  Linear → 4096 · width, ReLU, dropout, Linear → 4096 · width, ReLU, dropout, Linear → numClasses
 *
 * | depth | parameters | with batch norm | multiply-adds at 224×224 |
 * | --- | --- | --- | --- |
 * | 11 | 132,863,336 | 132,868,840 | 7.61 · 10⁹ |
 * | 13 | 133,047,848 | 133,053,736 | 11.31 · 10⁹ |
 * | 16 | 138,357,544 | 138,365,992 | 15.47 · 10⁹ |
 * | 19 | 143,667,240 | 143,678,248 | 19.63 · 10⁹ |
 *
 * Layers, keys and initial weights are torchvision's, so its weights load as they are: convolutions Kaiming-normal by
 * fan-out, Linears normal with standard deviation 0.01, biases 0.
 *
 * @param depth 11, 13, 16 or 19 layers with weights
 * @throws ArgumentError for another depth, options that are not positive numbers, or a dropout outside 0 to 1; ShapeError
 *   (from forward) for another rank, other channels, or an image below 32×32.
 * Source: Simonyan & Zisserman 2015, https://arxiv.org/abs/1409.1556, torchvision.models.vgg
 *
 * @example
 * const model = new VGG(11, { numClasses: 10, width: 1 / 4, batchNorm: true });
 * model.forward(randn([2, 3, 32, 32])).shape; // [2, 10]
 */
export class VGG<const O extends readonly [options?: VGGOptions] = readonly [options?: VGGOptions]> extends Composite<
  ClassifierRule<O>
> {
  override readonly name: string = "VGG";
  readonly features: Sequential;
  readonly avgpool = new AdaptiveAvgPool2d(7);
  readonly flatten = new Flatten();
  readonly classifier: Sequential;

  constructor(depth: VGGDepth, ...options: OnlyArguments<"VGG", O, VGGOptions>);
  constructor(depth: VGGDepth, options: VGGOptions = {}) {
    super();
    const { numClasses, inChannels, width, batchNorm, dropout, init } = readNetwork("VGG", options, {
      ...IMAGENET,
      batchNorm: false,
      dropout: 0.5,
    });
    const stages = typeof depth === "number" ? STAGES[depth] : undefined;
    if (!stages) throw new ArgumentError(`VGG expects depth to be one of 11, 13, 16, 19, but got ${show(depth)}.`);
    const channels = CHANNELS.map((c) => widened(c, width));
    let from = inChannels;
    const convolution = (to: number) => {
      const conv = new Conv2d(from, to, 3, { padding: 1, ...init });
      from = to;
      return [conv, ...(batchNorm ? [new BatchNorm2d(to)] : []), new ReLU()];
    };
    this.features = new Sequential(
      ...channels.flatMap((to, i) => [
        ...Array.from({ length: stages[i] ?? 0 }, () => convolution(to)).flat(),
        new MaxPool2d(2),
      ]),
    );
    const hidden = widened(4096, width);
    this.classifier = new Sequential(
      new Linear(from * 7 * 7, hidden, init),
      new ReLU(),
      new Dropout(dropout, init),
      new Linear(hidden, hidden, init),
      new ReLU(),
      new Dropout(dropout, init),
      new Linear(hidden, numClasses, init),
    );
    initializeConvolutions(this, { mode: "fanOut", ...init });
    initializeLinears(this, init);
  }

  compose(x: Value): Value {
    return x.through(this.features, this.avgpool, this.flatten, this.classifier);
  }
}
