import { Composite } from "../graph/composite.js";
import type { Layer } from "../graph/layer.js";
import type { Value } from "../graph/value.js";
import { AdaptiveAvgPool2d } from "../layers/adaptive-pool2d.js";
import { AvgPool2d } from "../layers/avg-pool2d.js";
import { Dropout } from "../layers/dropout.js";
import { Flatten } from "../layers/flatten.js";
import { type InitOptions, normal } from "../layers/initializers.js";
import { Linear } from "../layers/linear.js";
import { MaxPool2d } from "../layers/max-pool2d.js";
import type { OnlyArguments } from "../shape/rule.js";
import { basicConv, block, branches, transformInput } from "./blocks.js";
import { initializeNormal } from "./initialize.js";
import { type ClassifierOptions, IMAGENET, readNetwork, widened } from "./options.js";
import type { AuxiliaryRule } from "./rule.js";

export interface InceptionV3Options extends ClassifierOptions {
  /** Whether there is an auxiliary classifier, whose scores are an output too. Default true. */
  readonly auxLogits?: boolean;
  /** Whether images are those of ImageNet's means and deviations, as other networks take them. Default false. */
  readonly transformInput?: boolean;
  /** Probability that the classifier drops a feature in train mode. Default 0.5. */
  readonly dropout?: number;
}

type Pair = readonly [number, number];

/** Makes blocks with a multiple of the paper's channels. */
function blocksOf(width: number, init: InitOptions) {
  const conv = (from: number, to: number, kernel: number | Pair, stride = 1, padded = true): Layer => {
    const [height, across] = typeof kernel === "number" ? [kernel, kernel] : kernel;
    const padding = padded ? ([(height - 1) / 2, (across - 1) / 2] as const) : 0;
    return basicConv(widened(from, width), widened(to, width), [height, across], { stride, padding, ...init });
  };
  /** A convolution that halves the size. */
  const half = (from: number, to: number) => conv(from, to, 3, 2, false);
  const row: Pair = [1, 7];
  const column: Pair = [7, 1];
  const mean = () => new AvgPool2d(3, { stride: 1, padding: 1 });

  const a = (from: number, pooled: number) =>
    branches(
      { branch1x1: conv(from, 64, 1) },
      { branch5x5_1: conv(from, 48, 1), branch5x5_2: conv(48, 64, 5) },
      { branch3x3dbl_1: conv(from, 64, 1), branch3x3dbl_2: conv(64, 96, 3), branch3x3dbl_3: conv(96, 96, 3) },
      { pool: mean(), branch_pool: conv(from, pooled, 1) },
    );
  const b = (from: number) =>
    branches(
      { branch3x3: half(from, 384) },
      { branch3x3dbl_1: conv(from, 64, 1), branch3x3dbl_2: conv(64, 96, 3), branch3x3dbl_3: half(96, 96) },
      { pool: new MaxPool2d(3, { stride: 2 }) },
    );
  const c = (from: number, inner: number) =>
    branches(
      { branch1x1: conv(from, 192, 1) },
      {
        branch7x7_1: conv(from, inner, 1),
        branch7x7_2: conv(inner, inner, row),
        branch7x7_3: conv(inner, 192, column),
      },
      {
        branch7x7dbl_1: conv(from, inner, 1),
        branch7x7dbl_2: conv(inner, inner, column),
        branch7x7dbl_3: conv(inner, inner, row),
        branch7x7dbl_4: conv(inner, inner, column),
        branch7x7dbl_5: conv(inner, 192, row),
      },
      { pool: mean(), branch_pool: conv(from, 192, 1) },
    );
  const d = (from: number) =>
    branches(
      { branch3x3_1: conv(from, 192, 1), branch3x3_2: half(192, 320) },
      {
        branch7x7x3_1: conv(from, 192, 1),
        branch7x7x3_2: conv(192, 192, row),
        branch7x7x3_3: conv(192, 192, column),
        branch7x7x3_4: half(192, 192),
      },
      { pool: new MaxPool2d(3, { stride: 2 }) },
    );
  const e = (from: number) =>
    block(
      {
        branch1x1: conv(from, 320, 1),
        branch3x3_1: conv(from, 384, 1),
        branch3x3_2a: conv(384, 384, [1, 3]),
        branch3x3_2b: conv(384, 384, [3, 1]),
        branch3x3dbl_1: conv(from, 448, 1),
        branch3x3dbl_2: conv(448, 384, 3),
        branch3x3dbl_3a: conv(384, 384, [1, 3]),
        branch3x3dbl_3b: conv(384, 384, [3, 1]),
        branch_pool: conv(from, 192, 1),
      },
      (own, x) => {
        const single = own.branch3x3_1.of(x);
        const double = x.through(own.branch3x3dbl_1, own.branch3x3dbl_2);
        return own.branch1x1
          .of(x)
          .concat([
            own.branch3x3_2a.of(single),
            own.branch3x3_2b.of(single),
            own.branch3x3dbl_3a.of(double),
            own.branch3x3dbl_3b.of(double),
            x.through(mean(), own.branch_pool),
          ]);
      },
    );
  /** Of 17×17 maps 5×5, 1×1. */
  const auxiliary = (from: number, numClasses: number) =>
    block({
      pool: new AvgPool2d(5, { stride: 3 }),
      conv0: conv(from, 128, 1),
      conv1: conv(128, 768, 5, 1, false),
      avgpool: new AdaptiveAvgPool2d(1),
      flatten: new Flatten(),
      fc: new Linear(widened(768, width), numClasses, init),
    });
  return { conv, a, b, c, d, e, auxiliary };
}

/**
 * Inception v3 for image classification: `[N, inChannels, H, W]` → `{ logits, auxLogits }`, each `[N, numClasses]`, scores
 * before the softmax; or the scores alone with `{ auxLogits: false }`. Images have 299×299 pixels in the paper; without the
 * auxiliary classifier any size from 75×75 works. 27,161,264 parameters by default, 5.71 · 10⁹ multiply-adds at 299×299
 * without the auxiliary classifier.
 *
 *     Conv2d_1a_3x3 … maxpool2    five convolutions and two pools → 192 · width, an eighth of the size
 *     Mixed_5b … Mixed_7c         eleven blocks of several branches → 2048 · width, a quarter of the size
 *     avgpool, dropout, fc        mean of each map, dropout, Linear → numClasses
 *     AuxLogits                   after Mixed_6e: pool, 1×1, 5×5, mean of each map, Linear
 *
 * Layers, keys and initial weights are torchvision's, so its weights load as they are; torchvision's trained ones ask for
 * `transformInput`. In eval mode torchvision gives `logits` alone; here the auxiliary classifier runs in both modes.
 *
 * @throws ArgumentError for options that are not positive numbers, or a dropout outside 0 to 1; ShapeError (from forward)
 *   for another rank, other channels or images that are too small.
 * Source: Szegedy et al. 2016, https://arxiv.org/abs/1512.00567, torchvision.models.inception_v3
 *
 * @example
 * const model = new InceptionV3({ numClasses: 10, auxLogits: false });
 * model.forward(randn([2, 3, 96, 96])).shape; // [2, 10]
 */
export class InceptionV3<
  const O extends readonly [options?: InceptionV3Options] = readonly [options?: InceptionV3Options],
> extends Composite<AuxiliaryRule<"InceptionV3", O, "auxLogits">> {
  override readonly name: string = "InceptionV3";
  readonly Conv2d_1a_3x3: Layer;
  readonly Conv2d_2a_3x3: Layer;
  readonly Conv2d_2b_3x3: Layer;
  readonly maxpool1 = new MaxPool2d(3, { stride: 2 });
  readonly Conv2d_3b_1x1: Layer;
  readonly Conv2d_4a_3x3: Layer;
  readonly maxpool2 = new MaxPool2d(3, { stride: 2 });
  readonly Mixed_5b: Layer;
  readonly Mixed_5c: Layer;
  readonly Mixed_5d: Layer;
  readonly Mixed_6a: Layer;
  readonly Mixed_6b: Layer;
  readonly Mixed_6c: Layer;
  readonly Mixed_6d: Layer;
  readonly Mixed_6e: Layer;
  readonly AuxLogits: Layer | undefined;
  readonly Mixed_7a: Layer;
  readonly Mixed_7b: Layer;
  readonly Mixed_7c: Layer;
  readonly avgpool = new AdaptiveAvgPool2d(1);
  readonly dropout: Dropout;
  readonly flatten = new Flatten();
  readonly fc: Linear;
  readonly transformInput: boolean;

  constructor(...options: OnlyArguments<"InceptionV3", O, InceptionV3Options>);
  constructor(options: InceptionV3Options = {}) {
    super();
    const model = "InceptionV3";
    const { numClasses, inChannels, width, auxLogits, transformInput, dropout, init } = readNetwork(model, options, {
      ...IMAGENET,
      auxLogits: true,
      transformInput: false,
      dropout: 0.5,
    });
    this.transformInput = transformInput;
    const { conv, a, b, c, d, e, auxiliary } = blocksOf(width, init);
    this.Conv2d_1a_3x3 = basicConv(inChannels, widened(32, width), 3, { stride: 2, ...init });
    this.Conv2d_2a_3x3 = conv(32, 32, 3, 1, false);
    this.Conv2d_2b_3x3 = conv(32, 64, 3);
    this.Conv2d_3b_1x1 = conv(64, 80, 1);
    this.Conv2d_4a_3x3 = conv(80, 192, 3, 1, false);
    this.Mixed_5b = a(192, 32);
    this.Mixed_5c = a(256, 64);
    this.Mixed_5d = a(288, 64);
    this.Mixed_6a = b(288);
    this.Mixed_6b = c(768, 128);
    this.Mixed_6c = c(768, 160);
    this.Mixed_6d = c(768, 160);
    this.Mixed_6e = c(768, 192);
    this.AuxLogits = auxLogits ? auxiliary(768, numClasses) : undefined;
    this.Mixed_7a = d(768);
    this.Mixed_7b = e(1280);
    this.Mixed_7c = e(2048);
    this.dropout = new Dropout(dropout, init);
    this.fc = new Linear(widened(2048, width), numClasses, init);
    initializeNormal(this, 0.1, init);
    const last = this.AuxLogits?.modules().find((layer) => layer instanceof Linear);
    if (last) normal(last.weight.value, 0, 0.001, init);
  }

  compose(input: Value): Value | { readonly logits: Value; readonly auxLogits: Value } {
    const x = this.transformInput ? transformInput(input) : input;
    const { Conv2d_1a_3x3, Conv2d_2a_3x3, Conv2d_2b_3x3, maxpool1, Conv2d_3b_1x1, Conv2d_4a_3x3, maxpool2 } = this;
    const { Mixed_5b, Mixed_5c, Mixed_5d, Mixed_6a, Mixed_6b, Mixed_6c, Mixed_6d, Mixed_6e, AuxLogits } = this;
    const { Mixed_7a, Mixed_7b, Mixed_7c, avgpool, dropout, flatten, fc } = this;
    const coarse = x
      .through(Conv2d_1a_3x3, Conv2d_2a_3x3, Conv2d_2b_3x3, maxpool1, Conv2d_3b_1x1, Conv2d_4a_3x3, maxpool2)
      .through(Mixed_5b, Mixed_5c, Mixed_5d, Mixed_6a, Mixed_6b, Mixed_6c, Mixed_6d, Mixed_6e) as Value;
    const logits = coarse.through(Mixed_7a, Mixed_7b, Mixed_7c, avgpool, dropout, flatten, fc) as Value;
    return AuxLogits ? { logits, auxLogits: AuxLogits.of(coarse) } : logits;
  }
}
