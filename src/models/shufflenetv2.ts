import { Composite } from "../graph/composite.js";
import type { Value } from "../graph/value.js";
import { ReLU } from "../layers/activations/relu.js";
import { BatchNorm2d } from "../layers/batch-norm.js";
import { ChannelShuffle } from "../layers/channel-shuffle.js";
import { Conv2d } from "../layers/conv2d.js";
import type { InitOptions } from "../layers/initializers.js";
import { Linear } from "../layers/linear.js";
import { MaxPool2d } from "../layers/max-pool2d.js";
import { Sequential } from "../layers/sequential.js";
import type { OnlyArguments } from "../shape/rule.js";
import { convNorm } from "./blocks.js";
import { type ClassifierOptions, IMAGENET, readNetwork, widened } from "./options.js";
import type { ClassifierRule } from "./rule.js";

export interface ShuffleNetV2Options extends ClassifierOptions {
  /** Multiplies the channels of the stages. 0.5, 1, 1.5 and 2 have the paper's numbers. Default 1. */
  readonly width?: number;
}

/** Channels of the first stage by the paper's widths; they double at each stage. */
const FIRST: Readonly<Record<number, number>> = { 0.5: 48, 1: 116, 1.5: 176, 2: 244 };

/** Half of the channels (or, where the size halves, all of them, twice) are filtered; then the halves are shuffled. */
class ShuffleUnit extends Composite {
  override readonly name: string = "ShuffleUnit";
  readonly branch1: Sequential | undefined;
  readonly branch2: Sequential;
  readonly shuffle = new ChannelShuffle(2);

  constructor(from: number, to: number, halves: boolean, init: InitOptions) {
    super();
    const half = to / 2;
    const depthwise = (channels: number) => {
      const options = { stride: halves ? 2 : 1, padding: 1, groups: channels, bias: false, ...init };
      return [new Conv2d(channels, channels, 3, options), new BatchNorm2d(channels)];
    };
    const pointwise = (channels: number) => {
      return [new Conv2d(channels, half, 1, { bias: false, ...init }), new BatchNorm2d(half), new ReLU()];
    };
    if (halves) this.branch1 = new Sequential(...depthwise(from), ...pointwise(from));
    this.branch2 = new Sequential(...pointwise(halves ? from : half), ...depthwise(half), ...pointwise(half));
  }

  compose(x: Value): Value {
    const [kept, filtered] = this.branch1 ? [this.branch1.of(x), x] : (x.chunk(2, 1) as unknown as [Value, Value]);
    return this.shuffle.of(kept.concat([this.branch2.of(filtered)]));
  }
}

/**
 * ShuffleNetV2 for image classification: `[N, inChannels, H, W]` → `[N, numClasses]`, scores before the softmax, for
 * images of any size (224×224 in the paper). 2,278,604 parameters by default, 1.45 · 10⁸ multiply-adds at 224×224.
 *
 *     conv1, maxpool      3×3 with stride 2 → 24, pool 3×3 with stride 2
 *     stage2 … stage4     4, 8, 4 units → 116, 232, 464 · width, each halving the size once
 *     conv5, fc           1×1 → 1024, mean of each map, Linear → numClasses
 *
 * Layers, keys and initial weights are torchvision's, so its weights load as they are.
 *
 * @throws ArgumentError for options that are not positive numbers; ShapeError (from forward) for another rank or other
 *   channels.
 * Source: Ma et al. 2018, https://arxiv.org/abs/1807.11164, torchvision.models.shufflenet_v2_x1_0
 *
 * @example
 * const model = new ShuffleNetV2({ numClasses: 10 });
 * model.forward(randn([2, 3, 64, 64])).shape; // [2, 10]
 */
export class ShuffleNetV2<
  const O extends readonly [options?: ShuffleNetV2Options] = readonly [options?: ShuffleNetV2Options],
> extends Composite<ClassifierRule<O>> {
  override readonly name: string = "ShuffleNetV2";
  readonly conv1: Sequential;
  readonly maxpool = new MaxPool2d(3, { stride: 2, padding: 1 });
  readonly stage2: Sequential;
  readonly stage3: Sequential;
  readonly stage4: Sequential;
  readonly conv5: Sequential;
  readonly fc: Linear;

  constructor(...options: OnlyArguments<"ShuffleNetV2", O, ShuffleNetV2Options>);
  constructor(options: ShuffleNetV2Options = {}) {
    super();
    const { numClasses, inChannels, width, init } = readNetwork("ShuffleNetV2", options, IMAGENET);
    const first = FIRST[width] ?? 2 * widened(58, width);
    const stage = (from: number, to: number, units: number) =>
      new Sequential(
        ...Array.from({ length: units }, (_, i) => new ShuffleUnit(i === 0 ? from : to, to, i === 0, init)),
      );
    const last = width === 2 ? 2048 : 1024;
    this.conv1 = convNorm(inChannels, 24, 3, { stride: 2, ...init }, new ReLU());
    this.stage2 = stage(24, first, 4);
    this.stage3 = stage(first, 2 * first, 8);
    this.stage4 = stage(2 * first, 4 * first, 4);
    this.conv5 = convNorm(4 * first, last, 1, init, new ReLU());
    this.fc = new Linear(last, numClasses, init);
  }

  compose(x: Value): Value {
    const { conv1, maxpool, stage2, stage3, stage4, conv5, fc } = this;
    return fc.of(x.through(conv1, maxpool, stage2, stage3, stage4, conv5).mean([2, 3]) as Value);
  }
}
