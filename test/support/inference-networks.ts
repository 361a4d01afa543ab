/** Networks whose inferences are measured, and what their memory has to be by their plans. */
import type { Module, Plan } from "../../src/graph/module.js";
import { Plans } from "../../src/graph/passes.js";
import { shapesOf } from "../../src/graph/shapes.js";
import {
  AvgPool2d,
  BatchNorm2d,
  Composite,
  Conv2d,
  Flatten,
  GlobalAvgPool2d,
  Linear,
  MaxPool2d,
  type Network,
  Random,
  ReLU,
  type Shape,
  type Value,
} from "../../src/index.js";
import { UNet } from "../../src/models/unet.js";
import { VGG } from "../../src/models/vgg.js";
import { sizeOf } from "../../src/shape/shape.js";

/** Weights are the same number: what lies where does not depend on them, and drawing 138 million takes its time. */
class Constant extends Random {
  override normal(): number {
    return 0.01;
  }
  override uniform(): number {
    return 0.01;
  }
}
const random = new Constant(1);

class DenseLayer extends Composite<DenseLayer> {
  readonly norm1: BatchNorm2d;
  readonly conv1: Conv2d;
  readonly norm2 = new BatchNorm2d(128);
  readonly conv2: Conv2d;
  constructor(channels: number, random: Random) {
    super();
    this.norm1 = new BatchNorm2d(channels);
    this.conv1 = new Conv2d(channels, 128, 1, { bias: false, random });
    this.conv2 = new Conv2d(128, 32, 3, { padding: 1, bias: false, random }) as never;
  }
  compose(x: Value): Value {
    return this.conv2.of(
      this.norm2.of(this.conv1.of(this.norm1.of(x as never).relu() as never) as never).relu() as never,
    ) as never;
  }
}

/** Huang et al. 2017, https://arxiv.org/abs/1608.06993, until the library has it. */
export class DenseNet121 extends Composite<DenseNet121> {
  readonly conv: Conv2d;
  readonly norm = new BatchNorm2d(64);
  readonly relu = new ReLU();
  readonly pool = new MaxPool2d(3, { stride: 2, padding: 1 });
  readonly blocks: DenseLayer[][] = [];
  readonly transitions: { readonly norm: BatchNorm2d; readonly conv: Conv2d }[] = [];
  readonly half = new AvgPool2d(2);
  readonly last = new BatchNorm2d(1024);
  readonly all = new GlobalAvgPool2d();
  readonly flatten = new Flatten();
  readonly head: Linear;

  constructor(random: Random) {
    super();
    this.conv = new Conv2d(3, 64, 7, { stride: 2, padding: 3, bias: false, random }) as never;
    let channels = 64;
    [6, 12, 24, 16].forEach((count, block) => {
      this.blocks.push(Array.from({ length: count }, (_, i) => new DenseLayer(channels + 32 * i, random)));
      channels += 32 * count;
      if (block === 3) return;
      const conv = new Conv2d(channels, channels / 2, 1, { bias: false, random });
      this.transitions.push({ norm: new BatchNorm2d(channels), conv });
      channels /= 2;
    });
    this.head = new Linear(1024, 1000, { random }) as never;
  }

  compose(x: Value): Value {
    const first = x.through(this.conv, this.norm, this.relu, this.pool) as Value;
    const features = this.blocks.reduce((y, layers, block) => {
      const dense = layers.reduce((known, layer) => known.concat([layer.of(known)]) as Value, y);
      const after = this.transitions[block];
      return after ? (dense.through(after.norm, this.relu, after.conv, this.half) as Value) : dense;
    }, first);
    return features.through(this.last, this.relu, this.all, this.flatten, this.head) as Value;
  }
}

export const INFERENCES: Readonly<Record<string, { readonly input: Shape; make(): Network }>> = {
  "VGG-16": { input: [1, 3, 224, 224], make: () => new VGG(16, { random }) as Network },
  "U-Net": { input: [1, 1, 256, 256], make: () => new UNet({ random }) as Network },
  "DenseNet-121": { input: [1, 3, 224, 224], make: () => new DenseNet121(random) as unknown as Network },
};

/** An inference's plan, with the shapes of its values. */
export function inferenceOf(model: Network, input: Shape): { readonly plan: Plan; readonly shapes: readonly Shape[] } {
  const plans = new Plans();
  const flat = plans.current(model as unknown as Module, 1);
  const { shapes } = shapesOf(flat, [input], true);
  return { plan: plans.plan(flat, false), shapes: shapes as readonly Shape[] };
}

/**
 * Bytes of an inference: of all values once, and of those that are alive at a time, at most. A value is alive from its
 * step to its last reader's, that step included; what is a view of another or takes its place takes none of its own.
 */
export function bytesOf({ plan, shapes }: ReturnType<typeof inferenceOf>): {
  readonly outputs: number;
  readonly cut: number;
} {
  const bytes = (value: number) => 4 * sizeOf(shapes[value] ?? []);
  /** Where a value lies: the values that share a place. */
  const places: number[] = [];
  const holders = new Map<number, number>();
  let [outputs, alive, cut] = [0, 0, 0];
  const hold = (value: number, place: number) => {
    places[value] = place;
    if (!holders.has(place)) alive += bytes(place);
    holders.set(place, (holders.get(place) ?? 0) + 1);
  };
  for (let value = 0; value < plan.inputs; value++) {
    outputs += bytes(value);
    hold(value, value);
  }
  for (const { module, operation, inputs, outputs: own, epilogue, overwrites, ends } of plan.steps) {
    for (const value of own) {
      const isView = operation?.isView || module?.name === "Flatten" || module?.name === "Dropout";
      const shared = epilogue?.inPlace ? epilogue.sum : isView || overwrites ? inputs[0] : undefined;
      hold(value, shared === undefined ? value : (places[shared] as number));
      if (shared === undefined) outputs += bytes(value);
    }
    cut = Math.max(cut, alive);
    for (const value of ends) {
      const place = places[value] as number;
      const left = (holders.get(place) ?? 0) - 1;
      if (left > 0) holders.set(place, left);
      else {
        holders.delete(place);
        alive -= bytes(place);
      }
    }
  }
  return { outputs, cut };
}
