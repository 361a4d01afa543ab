import { Composite } from "../graph/composite.js";
import type { Layer } from "../graph/layer.js";
import type { Value } from "../graph/value.js";
import { ReLU } from "../layers/activations/relu.js";
import { AdaptiveAvgPool2d } from "../layers/adaptive-pool2d.js";
import { Dropout } from "../layers/dropout.js";
import { Flatten } from "../layers/flatten.js";
import type { InitOptions } from "../layers/initializers.js";
import { Linear } from "../layers/linear.js";
import { MaxPool2d } from "../layers/max-pool2d.js";
import { Sequential } from "../layers/sequential.js";
import { checkRange } from "../shape/check.js";
import type { OnlyArguments } from "../shape/rule.js";
import { basicConv, block, branches, transformInput } from "./blocks.js";
import { initializeNormal } from "./initialize.js";
import { type ClassifierOptions, IMAGENET, readNetwork, widened } from "./options.js";
import type { AuxiliaryRule } from "./rule.js";

export interface GoogLeNetOptions extends ClassifierOptions {
  /** Whether there are two auxiliary classifiers, whose scores are outputs too. Default true. */
  readonly auxLogits?: boolean;
  /** Whether images are those of ImageNet's means and deviations, as other networks take them. Default false. */
  readonly transformInput?: boolean;
  /** Probability that the classifier drops a feature in train mode. Default 0.2. */
  readonly dropout?: number;
  /** Probability that an auxiliary classifier does. Default 0.7. */
  readonly dropoutAux?: number;
}

/** Channels of the four branches, where two reduce them before their 3×3 convolution. */
type Row = readonly [one: number, reduce3: number, three: number, reduce5: number, five: number, pool: number];

const BLOCKS = {
  inception3a: [64, 96, 128, 16, 32, 32],
  inception3b: [128, 128, 192, 32, 96, 64],
  inception4a: [192, 96, 208, 16, 48, 64],
  inception4b: [160, 112, 224, 24, 64, 64],
  inception4c: [128, 128, 256, 24, 64, 64],
  inception4d: [112, 144, 288, 32, 64, 64],
  inception4e: [256, 160, 320, 32, 128, 128],
  inception5a: [256, 160, 320, 32, 128, 128],
  inception5b: [384, 192, 384, 48, 128, 128],
} as const satisfies Record<string, Row>;

/** Four branches side by side. The third has a 3×3 convolution where the paper has a 5×5 one, as torchvision's weights. */
function inception(from: number, [one, reduce3, three, reduce5, five, pool]: Row, init: InitOptions): Layer {
  const padded = { padding: 1, ...init };
  return branches(
    { branch1: basicConv(from, one, 1, init) },
    { branch2: new Sequential(basicConv(from, reduce3, 1, init), basicConv(reduce3, three, 3, padded)) },
    { branch3: new Sequential(basicConv(from, reduce5, 1, init), basicConv(reduce5, five, 3, padded)) },
    {
      branch4: new Sequential(
        new MaxPool2d(3, { stride: 1, padding: 1, ceilMode: true }),
        basicConv(from, pool, 1, init),
      ),
    },
  );
}

function auxiliary(from: number, hidden: number, numClasses: number, dropout: number, init: InitOptions): Layer {
  const layers = {
    conv: basicConv(from, hidden, 1, init),
    fc1: new Linear(16 * hidden, 8 * hidden, init),
    fc2: new Linear(8 * hidden, numClasses, init),
    dropout: new Dropout(dropout, init),
  };
  return block(layers, (own, x) =>
    x.through(new AdaptiveAvgPool2d(4), own.conv, new Flatten(), own.fc1, new ReLU(), own.dropout, own.fc2),
  );
}

/**
 * GoogLeNet for image classification: `[N, inChannels, H, W]` → `{ logits, auxLogits1, auxLogits2 }`, each
 * `[N, numClasses]`, scores before the softmax; or the scores alone with `{ auxLogits: false }`. Images may have any size
 * from 15×15 (224×224 in the paper). 13,004,888 parameters by default, 6,624,904 without the auxiliary classifiers;
 * 1.50 · 10⁹ multiply-adds at 224×224 without them.
 *
 *     conv1 … maxpool2             7×7 with stride 2 → 64 · width, pool, 1×1, 3×3 → 192 · width, pool
 *     inception3a … inception5b    nine blocks of four branches, → 1024 · width; pools halve the size twice
 *     avgpool, dropout, fc         mean of each map, dropout, Linear → numClasses
 *     aux1, aux2                   after inception4a and 4d: mean over 4×4 parts, 1×1, two Linears
 *
 * Layers, keys and initial weights are torchvision's, so its weights load as they are; torchvision's trained ones ask for
 * `transformInput`, and come without the auxiliary classifiers. In eval mode torchvision gives `logits` alone; here the
 * auxiliary classifiers run in both modes.
 *
 * @throws ArgumentError for options that are not positive numbers, or probabilities outside 0 to 1; ShapeError (from
 *   forward) for another rank, other channels or images that are too small.
 * Source: Szegedy et al. 2015, https://arxiv.org/abs/1409.4842, torchvision.models.googlenet
 *
 * @example
 * const model = new GoogLeNet({ numClasses: 10, auxLogits: false });
 * model.forward(randn([2, 3, 64, 64])).shape; // [2, 10]
 */
export class GoogLeNet<
  const O extends readonly [options?: GoogLeNetOptions] = readonly [options?: GoogLeNetOptions],
> extends Composite<AuxiliaryRule<"GoogLeNet", O, "auxLogits1" | "auxLogits2">> {
  override readonly name: string = "GoogLeNet";
  readonly conv1: Layer;
  readonly maxpool1 = new MaxPool2d(3, { stride: 2, ceilMode: true });
  readonly conv2: Layer;
  readonly conv3: Layer;
  readonly maxpool2 = new MaxPool2d(3, { stride: 2, ceilMode: true });
  readonly inception3a: Layer;
  readonly inception3b: Layer;
  readonly maxpool3 = new MaxPool2d(3, { stride: 2, ceilMode: true });
  readonly inception4a: Layer;
  readonly inception4b: Layer;
  readonly inception4c: Layer;
  readonly inception4d: Layer;
  readonly inception4e: Layer;
  readonly maxpool4 = new MaxPool2d(2, { stride: 2, ceilMode: true });
  readonly inception5a: Layer;
  readonly inception5b: Layer;
  readonly aux1: Layer | undefined;
  readonly aux2: Layer | undefined;
  readonly avgpool = new AdaptiveAvgPool2d(1);
  readonly flatten = new Flatten();
  readonly dropout: Dropout;
  readonly fc: Linear;
  readonly transformInput: boolean;

  constructor(...options: OnlyArguments<"GoogLeNet", O, GoogLeNetOptions>);
  constructor(options: GoogLeNetOptions = {}) {
    super();
    const model = "GoogLeNet";
    const { numClasses, inChannels, width, auxLogits, transformInput, dropout, dropoutAux, init } = readNetwork(
      model,
      options,
      { ...IMAGENET, auxLogits: true, transformInput: false, dropout: 0.2, dropoutAux: 0.7 },
    );
    checkRange(model, "dropoutAux", dropoutAux, 0, 1);
    this.transformInput = transformInput;
    let from = widened(192, width);
    const mixed = (name: keyof typeof BLOCKS) => {
      const row = BLOCKS[name].map((channels) => widened(channels, width)) as unknown as Row;
      const made = inception(from, row, init);
      from = row[0] + row[2] + row[4] + row[5];
      return made;
    };
    const head = () => auxiliary(from, widened(128, width), numClasses, dropoutAux, init);
    const stem = widened(64, width);
    this.conv1 = basicConv(inChannels, stem, 7, { stride: 2, padding: 3, ...init });
    this.conv2 = basicConv(stem, stem, 1, init);
    this.conv3 = basicConv(stem, from, 3, { padding: 1, ...init });
    this.inception3a = mixed("inception3a");
    this.inception3b = mixed("inception3b");
    this.inception4a = mixed("inception4a");
    this.aux1 = auxLogits ? head() : undefined;
    this.inception4b = mixed("inception4b");
    this.inception4c = mixed("inception4c");
    this.inception4d = mixed("inception4d");
    this.aux2 = auxLogits ? head() : undefined;
    this.inception4e = mixed("inception4e");
    this.inception5a = mixed("inception5a");
    this.inception5b = mixed("inception5b");
    this.dropout = new Dropout(dropout, init);
    this.fc = new Linear(from, numClasses, init);
    initializeNormal(this, 0.01, init);
  }

  compose(input: Value): Value | { readonly logits: Value; readonly auxLogits1: Value; readonly auxLogits2: Value } {
    const { conv1, maxpool1, conv2, conv3, maxpool2, maxpool3, maxpool4, aux1, aux2 } = this;
    const x = this.transformInput ? transformInput(input) : input;
    const stem = x.through(conv1, maxpool1, conv2, conv3, maxpool2) as Value;
    const early = stem.through(this.inception3a, this.inception3b, maxpool3, this.inception4a) as Value;
    const late = early.through(this.inception4b, this.inception4c, this.inception4d) as Value;
    const last = late.through(this.inception4e, maxpool4, this.inception5a, this.inception5b) as Value;
    const logits = last.through(this.avgpool, this.flatten, this.dropout, this.fc) as Value;
    return aux1 && aux2 ? { logits, auxLogits1: aux1.of(early), auxLogits2: aux2.of(late) } : logits;
  }
}
