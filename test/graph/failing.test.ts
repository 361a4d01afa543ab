/**
 * A call that fails midway changes nothing: not the running statistics of layers before the one that failed, not the
 * generators, not what a backward that is still to come would use, not the gradients.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BatchNorm2d,
  Composite,
  Conv2d,
  Dropout,
  Dropout2d,
  defaultRandom,
  Embedding,
  graph,
  Layer,
  manualSeed,
  Random,
  ReLU,
  Residual,
  randn,
  Sequential,
  StateBuffer,
  StochasticDepth,
  type Tensor,
  tensor,
  type Value,
  zeros,
} from "../../src/index.js";
import { normal } from "../support/layers.js";

/** Fails where it is asked to; otherwise its input. */
class Fragile extends Layer {
  fails: "never" | "forward" | "backward" = "never";

  protected compute(x: Tensor): Tensor {
    if (this.fails === "forward") throw new RangeError("forward");
    return x.clone();
  }

  protected computeBackward(dy: Tensor): Tensor {
    if (this.fails === "backward") throw new RangeError("backward");
    return dy.clone();
  }
}

/** Counts its calls in buffers, one changed in place and one replaced, and adds noise of two generators. */
class Counting extends Layer {
  readonly changed = new StateBuffer("changed", zeros([2]));
  readonly replaced = new StateBuffer("replaced", zeros([]));
  readonly random: Random;

  constructor(seed: number) {
    super();
    this.random = new Random(seed);
  }

  protected compute(x: Tensor): Tensor {
    this.changed.value.data[1]! += 1;
    this.replaced.value = this.replaced.value.add(1);
    return x.add(randn(x.shape, { random: this.random })).add(randn([1]));
  }

  protected computeBackward(dy: Tensor): Tensor {
    return dy.clone();
  }
}

const CHANNELS = 2;

const PIECES = {
  conv: (random: Random) => new Conv2d(CHANNELS, CHANNELS, 3, { padding: 1, random }),
  norm: () => new BatchNorm2d(CHANNELS),
  average: () => new BatchNorm2d(CHANNELS, { momentum: null }),
  relu: () => new ReLU(),
  dropout: (random: Random) => new Dropout(0.5, { random }),
  dropout2d: (random: Random) => new Dropout2d(0.5, { random }),
  depth: (random: Random) => new StochasticDepth(0.5, "row", { random }),
  counting: () => new Counting(3),
  residual: (random: Random) =>
    new Residual(new Sequential(new Conv2d(CHANNELS, CHANNELS, 1, { random }), new BatchNorm2d(CHANNELS))),
} as const;

class Chain extends Composite {
  constructor(readonly layers: readonly Layer[]) {
    super();
  }

  compose(x: Value): Value {
    return x.through(...this.layers) as Value;
  }
}

/** A layer of one's own that calls its children by itself. */
class Calling extends Layer {
  constructor(readonly layers: readonly Layer[]) {
    super();
  }

  protected compute(x: Tensor): Tensor {
    return this.layers.reduce((y, layer) => layer.forward(y) as Tensor, x);
  }

  protected computeBackward(dy: Tensor): Tensor {
    return this.layers.reduceRight((dx, layer) => layer.backward(dx) as Tensor, dy);
  }
}

const CONTAINERS: Record<string, (layers: readonly Layer[]) => Layer> = {
  Sequential: (layers) => new Sequential(...layers),
  Composite: (layers) => new Chain(layers),
  graph: (layers) =>
    graph(["N", "C", "H", "W"], { layers }, (own, x) => x.through(...own.layers) as Value) as unknown as Layer,
  calling: (layers) => new Calling(layers),
  nested: (layers) => new Sequential(new Chain(layers.slice(0, 2)), new Calling(layers.slice(2))),
};

interface Plan {
  readonly container: string;
  readonly before: readonly (keyof typeof PIECES)[];
  readonly after: readonly (keyof typeof PIECES)[];
  readonly isTraining: boolean;
  /** How many forwards wait for their backwards. */
  readonly waiting: number;
  /** How many of them have gone back already. */
  readonly gone: number;
  readonly seed: number;
}

const piece = fc.constantFrom(...(Object.keys(PIECES) as (keyof typeof PIECES)[]));
const plans: fc.Arbitrary<Plan> = fc.record({
  container: fc.constantFrom(...Object.keys(CONTAINERS)),
  before: fc.array(piece, { minLength: 1, maxLength: 4 }),
  after: fc.array(piece, { maxLength: 2 }),
  isTraining: fc.boolean(),
  waiting: fc.integer({ min: 0, max: 5 }),
  gone: fc.integer({ min: 0, max: 2 }),
  seed: fc.nat(),
});

const SHAPE = [3, CHANNELS, 4, 5];

/** A network in the middle of its life, and the gradients that its waiting forwards get, the last first. */
function prepared({ container, before, after, isTraining, waiting, gone, seed }: Plan) {
  manualSeed(seed);
  const random = new Random(seed);
  const fragile = new Fragile();
  const make = (name: keyof typeof PIECES) => PIECES[name](random) as Layer;
  const model = CONTAINERS[container]!([...before.map(make), fragile, ...after.map(make)]).train();
  model.backward(model.forward(normal(SHAPE, 1)));
  if (!isTraining) model.eval();
  for (let i = 0; i < waiting; i++) model.forward(normal(SHAPE, i + 2));
  const left = isTraining ? Math.min(waiting, 4) : Math.min(waiting, 1);
  const back = Math.min(gone, left);
  for (let i = 0; i < back; i++) model.backward(normal(SHAPE, 10 + i));
  return { model, fragile, random, left: left - back };
}

/** All that the model consists of. */
function stateOf(model: Layer, random: Random) {
  return {
    buffers: Object.entries(model.stateDict()).map(([key, { data }]) => [key, [...data]]),
    gradients: model.namedParameters().map(([key, { grad, hasGrad }]) => [key, hasGrad, [...grad.data]]),
    generators: [
      random,
      defaultRandom(),
      ...model.modules().flatMap((each) => (each instanceof Counting ? [each.random] : [])),
    ].map(({ state }) => state),
  };
}

/** What the model does from here on: the backwards that wait, and one more step. */
function futureOf(model: Layer, left: number) {
  const backwards = Array.from({ length: left }, (_, i) => [...model.backward(normal(SHAPE, 20 + i)).data]);
  const y = model.forward(normal(SHAPE, 30));
  return { backwards, y: [...y.data], dx: [...model.backward(y).data] };
}

describe("a failed call changes nothing", () => {
  test("forward, in any container and mode, whatever waits", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const undisturbed = prepared(plan);
        const expected = [
          stateOf(undisturbed.model, undisturbed.random),
          futureOf(undisturbed.model, undisturbed.left),
        ];
        const { model, fragile, random, left } = prepared(plan);
        fragile.fails = "forward";
        expect(() => model.forward(normal(SHAPE, 40))).toThrow(RangeError);
        fragile.fails = "never";
        expect([stateOf(model, random), futureOf(model, left)]).toEqual(expected);
      }),
    );
  });

  test("backward: gradients are as before, whether there were any or not", () => {
    const loop = fc.constantFrom("zeroed", "read and zeroed", "accumulated", "written");
    fc.assert(
      fc.property(plans, loop, (plan, gradients) => {
        /** Where a failed backward leaves the model, and where none does. */
        const future = (isFailing: boolean) => {
          const { model, fragile, random } = prepared(plan);
          if (gradients === "read and zeroed") for (const { grad } of model.parameters()) void grad.data;
          if (gradients.endsWith("zeroed")) model.zeroGrad();
          if (gradients === "written") for (const { grad } of model.parameters()) grad.data.fill(3);
          const y = model.forward(normal(SHAPE, 40));
          fragile.fails = "backward";
          if (isFailing) expect(() => model.backward(y)).toThrow(RangeError);
          fragile.fails = "never";
          return [stateOf(model, random), futureOf(model, 0)];
        };
        expect(future(true)).toEqual(future(false));
      }),
    );
  });

  test("an index that an Embedding in the middle has no vector for", () => {
    const made = (mode: "train" | "eval") => {
      const random = new Random(1);
      const layers = {
        norm: new BatchNorm2d(CHANNELS),
        dropout: new Dropout(0.5, { random }),
        words: new Embedding(3, 5, { random }),
      };
      const network = graph([["N", CHANNELS, 4, 5], ["N"]], layers, (own, x, words) => {
        return x.through(own.norm, own.dropout).mean([1, 2]).add(own.words.of(words));
      });
      return { network: network[mode](), random };
    };
    for (const mode of ["train", "eval"] as const) {
      const future = (isFailing: boolean) => {
        const { network, random } = made(mode);
        const y = network.forward(normal(SHAPE, 1), tensor([0, 1, 2]));
        if (isFailing) {
          expect(() => network.forward(normal(SHAPE, 2), tensor([0, 3, 1]))).toThrow(
            /^Embedding \(words\) expects indices/,
          );
        }
        const state = Object.entries(network.stateDict()).map(([key, { data }]) => [key, [...data]]);
        return [state, random.state, network.backward(y).map((dx) => [...dx.data])];
      };
      expect(future(true)).toEqual(future(false));
    }
  });
});
