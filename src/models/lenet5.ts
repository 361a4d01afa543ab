import { Composite } from "../graph/composite.js";
import type { Value } from "../graph/value.js";
import { ReLU } from "../layers/activations/relu.js";
import { Tanh } from "../layers/activations/tanh.js";
import { AvgPool2d } from "../layers/avg-pool2d.js";
import { Conv2d } from "../layers/conv2d.js";
import { Flatten } from "../layers/flatten.js";
import { Linear } from "../layers/linear.js";
import { MaxPool2d } from "../layers/max-pool2d.js";
import { Sequential } from "../layers/sequential.js";
import type { ChainRule } from "../shape/chain.js";
import { checkOneOf } from "../shape/check.js";
import type { Apply, OnlyArguments, Option, OptionsOf, ShapeRule } from "../shape/rule.js";
import type { Random } from "../tensor/random.js";
import { readNetwork } from "./options.js";

export interface LeNet5Options {
  /** Number of classes. Default 10. */
  readonly numClasses?: number;
  /** Channels of the input image. Default 1. */
  readonly inChannels?: number;
  /** Default `"relu"`; LeCun's own was `"tanh"`. */
  readonly activation?: "relu" | "tanh";
  /** Default `"max"`; LeCun's own was `"average"`. */
  readonly pooling?: "max" | "average";
  /** Where the initial weights come from. Default: the generator that `manualSeed` seeds. */
  readonly random?: Random;
}

/** The rule of {@link LeNet5}: that of its layers. */
export interface LeNet5Rule<Options extends readonly unknown[]> extends ShapeRule {
  readonly of?: Options;
  readonly natural: readonly [number, number, 28, 28];
  readonly out: unknown extends this["in"]
    ? unknown
    : Apply<
        ChainRule<
          LayersOf<
            Option<OptionsOf<Options>, "inChannels", 1> & number,
            Option<OptionsOf<Options>, "numClasses", 10> & number
          >
        >,
        this["in"]
      >;
}

/** Activations keep the shape, and both poolings make the same one. */
type LayersOf<Channels extends number, Classes extends number> = readonly [
  Conv2d<Channels, 6, 5, { readonly padding: 2 }>,
  MaxPool2d<2>,
  Conv2d<6, 16, 5>,
  MaxPool2d<2>,
  Flatten<readonly []>,
  Linear<400, 120>,
  Linear<120, 84>,
  Linear<84, Classes>,
];

/**
 * LeNet-5 for images of 28×28: `[N, 1, 28, 28]` → `[N, 10]`, 61,706 parameters.
 *
 *     features    conv 5×5 → 6 (padding 2), activation, pool 2, conv 5×5 → 16, activation, pool 2
 *     classifier  400 → 120 → 84 → numClasses
 *
 * @throws ArgumentError for options that are not positive integers or unknown names.
 * Source: LeCun et al. 1998, http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf; `{ activation: "tanh", pooling:
 *   "average" }` is the original up to its trainable subsampling and radial output.
 *
 * @example
 * const model = new LeNet5();
 * model.forward(randn([64, 1, 28, 28])).shape; // [64, 10]
 */
export class LeNet5<
  const O extends readonly [options?: LeNet5Options] = readonly [options?: LeNet5Options],
> extends Composite<LeNet5Rule<O>> {
  override readonly name: string = "LeNet5";
  readonly features: Sequential;
  readonly classifier: Sequential;

  constructor(...options: OnlyArguments<"LeNet5", O, LeNet5Options>);
  constructor(options: LeNet5Options = {}) {
    super();
    const { numClasses, inChannels, activation, pooling, init } = readNetwork("LeNet5", options, {
      numClasses: 10,
      inChannels: 1,
      activation: "relu",
      pooling: "max",
    });
    checkOneOf("LeNet5", "activation", activation, ["relu", "tanh"]);
    checkOneOf("LeNet5", "pooling", pooling, ["max", "average"]);
    const act = () => (activation === "relu" ? new ReLU() : new Tanh());
    const pool = () => (pooling === "max" ? new MaxPool2d(2) : new AvgPool2d(2));
    this.features = new Sequential(
      new Conv2d(inChannels, 6, 5, { padding: 2, ...init }),
      act(),
      pool(),
      new Conv2d(6, 16, 5, init),
      act(),
      pool(),
    );
    this.classifier = new Sequential(
      new Flatten(),
      new Linear(400, 120, init),
      act(),
      new Linear(120, 84, init),
      act(),
      new Linear(84, numClasses, init),
    );
  }

  compose(x: Value): Value {
    return x.through(this.features, this.classifier);
  }
}
