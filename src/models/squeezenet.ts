import { Composite } from "../graph/composite.js";
import type { Value } from "../graph/value.js";
import { ReLU } from "../layers/activations/relu.js";
import { AdaptiveAvgPool2d } from "../layers/adaptive-pool2d.js";
import { Conv2d } from "../layers/conv2d.js";
import { Dropout } from "../layers/dropout.js";
import { Flatten } from "../layers/flatten.js";
import { constant, type InitOptions, kaimingUniform, normal } from "../layers/initializers.js";
import { MaxPool2d } from "../layers/max-pool2d.js";
import { Sequential } from "../layers/sequential.js";
import type { OnlyArguments } from "../shape/rule.js";
import { type ClassifierOptions, IMAGENET, readNetwork, widened } from "./options.js";
import type { ClassifierRule } from "./rule.js";

export interface SqueezeNetOptions extends ClassifierOptions {
  /** Probability that a number before the last convolution is dropped in train mode. Default 0.5. */
  readonly dropout?: number;
}

/** Few channels by a 1×1 convolution, then many by 1×1 and 3×3 ones side by side. */
class Fire extends Composite {
  override readonly name: string = "Fire";
  readonly squeeze: Conv2d;
  readonly squeeze_activation = new ReLU();
  readonly expand1x1: Conv2d;
  readonly expand1x1_activation = new ReLU();
  readonly expand3x3: Conv2d;
  readonly expand3x3_activation = new ReLU();

  constructor(from: number, squeezed: number, expanded: number, init: InitOptions) {
    super();
    this.squeeze = new Conv2d(from, squeezed, 1, init);
    this.expand1x1 = new Conv2d(squeezed, expanded, 1, init);
    this.expand3x3 = new Conv2d(squeezed, expanded, 3, { padding: 1, ...init });
  }

  compose(x: Value): Value {
    const y = x.through(this.squeeze, this.squeeze_activation);
    const narrow = y.through(this.expand1x1, this.expand1x1_activation);
    return narrow.concat([y.through(this.expand3x3, this.expand3x3_activation)]);
  }
}

/**
 * SqueezeNet 1.1 for image classification: `[N, inChannels, H, W]` → `[N, numClasses]`, scores before the softmax, for
 * images of 17×17 and larger (224×224 usually). 1,235,496 parameters by default, 3.49 · 10⁸ multiply-adds at 224×224.
 *
 *     features    3×3 with stride 2 → 64 · width, pool, two fire modules → 128, pool, two → 256, pool, two → 384, two → 512
 *     classifier  dropout, 1×1 convolution → numClasses, ReLU, mean of each map
 *
 * A fire module squeezes to an eighth of its output's channels. Layers, keys and initial weights are torchvision's, so its
 * weights load as they are: convolutions Kaiming-uniform, the last one normal with standard deviation 0.01, biases 0. No
 * score is below 0, because of the ReLU after the last convolution.
 *
 * @throws ArgumentError for options that are not positive numbers, or a dropout outside 0 to 1; ShapeError (from forward)
 *   for another rank, other channels, or an image below 17×17.
 * Source: Iandola et al. 2016, https://arxiv.org/abs/1602.07360, torchvision.models.squeezenet1_1
 *
 * @example
 * const model = new SqueezeNet({ numClasses: 10 });
 * model.forward(randn([2, 3, 64, 64])).shape; // [2, 10]
 */
export class SqueezeNet<
  const O extends readonly [options?: SqueezeNetOptions] = readonly [options?: SqueezeNetOptions],
> extends Composite<ClassifierRule<O>> {
  override readonly name: string = "SqueezeNet";
  readonly features: Sequential;
  readonly classifier: Sequential;
  readonly flatten = new Flatten();

  constructor(...options: OnlyArguments<"SqueezeNet", O, SqueezeNetOptions>);
  constructor(options: SqueezeNetOptions = {}) {
    super();
    const { numClasses, inChannels, width, dropout, init } = readNetwork("SqueezeNet", options, {
      ...IMAGENET,
      dropout: 0.5,
    });
    const first = widened(64, width);
    let from = first;
    const fire = (channels: number) => {
      const expanded = widened(channels / 2, width);
      const module = new Fire(from, widened(channels / 8, width), expanded, init);
      from = 2 * expanded;
      return module;
    };
    const pool = () => new MaxPool2d(3, { stride: 2, ceilMode: true });
    this.features = new Sequential(
      new Conv2d(inChannels, first, 3, { stride: 2, ...init }),
      new ReLU(),
      pool(),
      fire(128),
      fire(128),
      pool(),
      fire(256),
      fire(256),
      pool(),
      fire(384),
      fire(384),
      fire(512),
      fire(512),
    );
    const last = new Conv2d(from, numClasses, 1, init);
    this.classifier = new Sequential(new Dropout(dropout, init), last, new ReLU(), new AdaptiveAvgPool2d(1));
    for (const layer of this.modules()) {
      if (!(layer instanceof Conv2d)) continue;
      if (layer === last) normal(layer.weight.value, 0, 0.01, init);
      else kaimingUniform(layer.weight.value, init);
      if (layer.bias) constant(layer.bias.value, 0);
    }
  }

  compose(x: Value): Value {
    return x.through(this.features, this.classifier, this.flatten);
  }
}
