import { Composite } from "../graph/composite.js";
import type { Layer } from "../graph/layer.js";
import type { Value } from "../graph/value.js";
import { ReLU } from "../layers/activations/relu.js";
import { AdaptiveAvgPool2d } from "../layers/adaptive-pool2d.js";
import { AvgPool2d } from "../layers/avg-pool2d.js";
import { BatchNorm2d } from "../layers/batch-norm.js";
import { Conv2d } from "../layers/conv2d.js";
import { Flatten } from "../layers/flatten.js";
import { constant, type InitOptions } from "../layers/initializers.js";
import { Linear } from "../layers/linear.js";
import { MaxPool2d } from "../layers/max-pool2d.js";
import type { OnlyArguments } from "../shape/rule.js";
import { block } from "./blocks.js";
import { initializeConvolutions } from "./initialize.js";
import { type ClassifierOptions, IMAGENET, readNetwork, widened } from "./options.js";
import type { ClassifierRule } from "./rule.js";

export interface DenseNetOptions extends ClassifierOptions {}

/** Layers of the four blocks: those of DenseNet-121. */
const BLOCKS = [6, 12, 24, 16];

/** A 1×1 convolution to four times the channels that it adds, and a 3×3 one, each after its norm and ReLU. */
function denseLayer(from: number, growth: number, init: InitOptions): Layer {
  return block({
    norm1: new BatchNorm2d(from),
    relu1: new ReLU(),
    conv1: new Conv2d(from, 4 * growth, 1, { bias: false, ...init }),
    norm2: new BatchNorm2d(4 * growth),
    relu2: new ReLU(),
    conv2: new Conv2d(4 * growth, growth, 3, { padding: 1, bias: false, ...init }),
  });
}

/** Layers that each read what all before them returned. */
function denseBlock(count: number, from: number, growth: number, init: InitOptions): Layer {
  const layers = Array.from({ length: count }, (_, i) => {
    return [`denselayer${i + 1}`, denseLayer(from + i * growth, growth, init)] as const;
  });
  return block(Object.fromEntries(layers), (own, x) =>
    Object.values(own).reduce((seen: Value, layer) => seen.concat([(layer as Layer).of(seen)]) as Value, x),
  );
}

/** Half of the channels, at half of the size. */
function transition(from: number, to: number, init: InitOptions): Layer {
  const conv = new Conv2d(from, to, 1, { bias: false, ...init });
  return block({ norm: new BatchNorm2d(from), relu: new ReLU(), conv, pool: new AvgPool2d(2) });
}

/**
 * DenseNet-121 for image classification: `[N, inChannels, H, W]` → `[N, numClasses]`, scores before the softmax, for
 * images of 29×29 and more (224×224 in the paper). 7,978,856 parameters by default, 2.83 · 10⁹ multiply-adds at 224×224.
 *
 *     features    7×7 with stride 2 → 64 · width, pool 3×3 with stride 2; dense blocks of 6, 12, 24, 16 layers, each of
 *                 which adds 32 · width channels; between them half of the channels at half of the size
 *     classifier  ReLU, mean of each map, Linear → numClasses
 *
 * Layers, keys and initial weights are torchvision's, so its weights load as they are.
 *
 * @throws ArgumentError for options that are not positive numbers; ShapeError (from forward) for another rank, other
 *   channels or images that are too small.
 * Source: Huang et al. 2017, https://arxiv.org/abs/1608.06993, torchvision.models.densenet121
 *
 * @example
 * const model = new DenseNet({ numClasses: 10 });
 * model.forward(randn([2, 3, 64, 64])).shape; // [2, 10]
 */
export class DenseNet<
  const O extends readonly [options?: DenseNetOptions] = readonly [options?: DenseNetOptions],
> extends Composite<ClassifierRule<O>> {
  override readonly name: string = "DenseNet";
  readonly features: Readonly<Record<string, Layer>>;
  readonly relu = new ReLU();
  readonly avgpool = new AdaptiveAvgPool2d(1);
  readonly flatten = new Flatten();
  readonly classifier: Linear;

  constructor(...options: OnlyArguments<"DenseNet", O, DenseNetOptions>);
  constructor(options: DenseNetOptions = {}) {
    super();
    const { numClasses, inChannels, width, init } = readNetwork("DenseNet", options, IMAGENET);
    const growth = widened(32, width);
    let channels = 2 * growth;
    const features: Record<string, Layer> & { norm5?: Layer } = {
      conv0: new Conv2d(inChannels, channels, 7, { stride: 2, padding: 3, bias: false, ...init }),
      norm0: new BatchNorm2d(channels),
      relu0: new ReLU(),
      pool0: new MaxPool2d(3, { stride: 2, padding: 1 }),
    };
    for (const [i, count] of BLOCKS.entries()) {
      features[`denseblock${i + 1}`] = denseBlock(count, channels, growth, init);
      channels += count * growth;
      if (i === BLOCKS.length - 1) break;
      features[`transition${i + 1}`] = transition(channels, channels / 2, init);
      channels /= 2;
    }
    features.norm5 = new BatchNorm2d(channels);
    this.features = features;
    this.classifier = new Linear(channels, numClasses, init);
    initializeConvolutions(this, init);
    if (this.classifier.bias) constant(this.classifier.bias.value, 0);
  }

  compose(x: Value): Value {
    return x.through(...Object.values(this.features), this.relu, this.avgpool, this.flatten, this.classifier) as Value;
  }
}
