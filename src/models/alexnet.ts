import { Composite } from "../graph/composite.js";
import type { Value } from "../graph/value.js";
import { ReLU } from "../layers/activations/relu.js";
import { AdaptiveAvgPool2d } from "../layers/adaptive-pool2d.js";
import { Conv2d } from "../layers/conv2d.js";
import { Dropout } from "../layers/dropout.js";
import { Flatten } from "../layers/flatten.js";
import { Linear } from "../layers/linear.js";
import { MaxPool2d } from "../layers/max-pool2d.js";
import { Sequential } from "../layers/sequential.js";
import type { OnlyArguments } from "../shape/rule.js";
import { type ClassifierOptions, IMAGENET, readNetwork, widened } from "./options.js";
import type { ClassifierRule } from "./rule.js";

export interface AlexNetOptions extends ClassifierOptions {
  /** Probability that the classifier drops a feature in train mode. Default 0.5. */
  readonly dropout?: number;
}

/**
 * AlexNet for image classification, in the variant with one column that torchvision has: `[N, inChannels, H, W]` →
 * `[N, numClasses]`, scores before the softmax, for images of 63×63 and larger (224×224 in the paper). 61,100,840
 * parameters by default, 7.14 · 10⁸ multiply-adds at 224×224.
 *
 *     features    11×11 with stride 4 → 64 · width, pool, 5×5 → 192, pool, 3×3 → 384, → 256, → 256, pool; ReLU after each
 *     avgpool     → 6×6
 *     classifier  dropout, Linear → 4096 · width, ReLU, dropout, Linear → 4096 · width, ReLU, Linear → numClasses
 *
 * All poolings are 3×3 with stride 2. Layers, keys and initial weights are torchvision's, so its weights load as they are:
 * weights and biases uniform in ±1/√fanIn.
 *
 * @throws ArgumentError for options that are not positive numbers, or a dropout outside 0 to 1; ShapeError (from forward)
 *   for another rank, other channels, or an image below 63×63.
 * Source: Krizhevsky 2014, https://arxiv.org/abs/1404.5997, after Krizhevsky et al. 2012; torchvision.models.alexnet
 *
 * @example
 * const model = new AlexNet({ numClasses: 10, width: 1 / 4 });
 * model.forward(randn([2, 3, 64, 64])).shape; // [2, 10]
 */
export class AlexNet<
  const O extends readonly [options?: AlexNetOptions] = readonly [options?: AlexNetOptions],
> extends Composite<ClassifierRule<O>> {
  override readonly name: string = "AlexNet";
  readonly features: Sequential;
  readonly avgpool = new AdaptiveAvgPool2d(6);
  readonly flatten = new Flatten();
  readonly classifier: Sequential;

  constructor(...options: OnlyArguments<"AlexNet", O, AlexNetOptions>);
  constructor(options: AlexNetOptions = {}) {
    super();
    const { numClasses, inChannels, width, dropout, init } = readNetwork("AlexNet", options, {
      ...IMAGENET,
      dropout: 0.5,
    });
    const [c1, c2, c3, c4] = [widened(64, width), widened(192, width), widened(384, width), widened(256, width)];
    const hidden = widened(4096, width);
    const pool = () => new MaxPool2d(3, { stride: 2 });
    this.features = new Sequential(
      new Conv2d(inChannels, c1, 11, { stride: 4, padding: 2, ...init }),
      new ReLU(),
      pool(),
      new Conv2d(c1, c2, 5, { padding: 2, ...init }),
      new ReLU(),
      pool(),
      new Conv2d(c2, c3, 3, { padding: 1, ...init }),
      new ReLU(),
      new Conv2d(c3, c4, 3, { padding: 1, ...init }),
      new ReLU(),
      new Conv2d(c4, c4, 3, { padding: 1, ...init }),
      new ReLU(),
      pool(),
    );
    this.classifier = new Sequential(
      new Dropout(dropout, init),
      new Linear(c4 * 6 * 6, hidden, init),
      new ReLU(),
      new Dropout(dropout, init),
      new Linear(hidden, hidden, init),
      new ReLU(),
      new Linear(hidden, numClasses, init),
    );
  }

  compose(x: Value): Value {
    return x.through(this.features, this.avgpool, this.flatten, this.classifier);
  }
}
