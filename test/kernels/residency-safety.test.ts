/**
 * Tensors in the engine's memory never overwrite each other: a model that has run before, with other batches and in other
 * modes, computes the same bits as one that was just made and whose tensors are all arrays of their own.
 */
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import {
  AvgPool2d,
  BatchNorm2d,
  Cache,
  Conv2d,
  Dropout,
  Flatten,
  GELU,
  GroupNorm,
  Identity,
  Layer,
  Linear,
  LocalResponseNorm,
  Maxout,
  MaxPool2d,
  manualSeed,
  Parallel,
  PixelShuffle,
  PixelUnshuffle,
  Random,
  ReLU,
  Residual,
  Sequential,
  setBackend,
  type Tensor,
  Upsample,
  ZeroPad2d,
} from "../../src/index.js";
import { free, memory, take, trouble } from "../../src/kernels/wasm/memory.js";
import { SGD } from "../../src/train.js";
import { expectNear } from "../support/kernels.js";
import { normal } from "../support/layers.js";

const CHANNELS = 4;
const SIZE = 6;

/** A composite as a user may write one: calls a child twice, and keeps tensors for its backward. */
class TwiceAndScale extends Layer {
  readonly #cache = new Cache<{ x: Tensor; y: Tensor }>();
  constructor(readonly child: Layer) {
    super();
  }
  protected compute(x: Tensor): Tensor {
    const y = this.child.forward(this.child.forward(x));
    this.#cache.push({ x, y });
    return x.mul(y);
  }
  protected computeBackward(dy: Tensor): Tensor {
    const { x, y } = this.#cache.pop(this.name);
    const dx = this.child.backward(this.child.backward(dy.mul(x)));
    return dx.add(dy.mul(y));
  }
}

/** What makes a layer that keeps the shape `[N, 4, 6, 6]`. */
type Make = () => Layer;
const { shape } = fc.letrec<{ shape: Make; chain: Make[] }>((tie) => ({
  chain: fc.array(tie("shape"), { minLength: 1, maxLength: 3 }),
  shape: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<Make>(
      () => new Conv2d(CHANNELS, CHANNELS, 3, { padding: 1 }),
      () => new Conv2d(CHANNELS, CHANNELS, 3, { padding: 1, groups: CHANNELS }),
      () => new Conv2d(CHANNELS, CHANNELS, 1),
      () => new BatchNorm2d(CHANNELS),
      () => new GroupNorm(2, CHANNELS),
      () => new ReLU(),
      () => new GELU(),
      () => new Dropout(0.3),
      () => new Identity(),
      () => new MaxPool2d(3, { stride: 1, padding: 1 }),
      () => new AvgPool2d(3, { stride: 1, padding: 1 }),
      () => new LocalResponseNorm(3),
      () => new Sequential(new Upsample({ scaleFactor: 2 }), new MaxPool2d(2)) as Layer,
      () => new Sequential(new PixelUnshuffle(2), new PixelShuffle(2)) as Layer,
      () => new Sequential(new Conv2d(CHANNELS, 2 * CHANNELS, 1), new Maxout(2)) as Layer,
      () => new Sequential(new ZeroPad2d(1), new Conv2d(CHANNELS, CHANNELS, 3)) as Layer,
    ),
    tie("chain").map((makes) => () => new Sequential(...makes.map((make) => make()))),
    tie("shape").map((make) => () => new Residual(make())),
    tie("shape").map((make) => () => new TwiceAndScale(make())),
    tie("chain").map((makes) => () => new Parallel([...makes.map((make) => make()), new ReLU()], { merge: "add" })),
    fc.tuple(tie("shape"), tie("shape")).map(([one, other]) => () => {
      const join = new Conv2d(2 * CHANNELS, CHANNELS, 1);
      return new Sequential(new Parallel([one(), other()]), join) as Layer;
    }),
  ),
}));

const network = fc
  .array(shape, { minLength: 1, maxLength: 4 })
  .map(
    (makes) => () =>
      new Sequential(...makes.map((make) => make()), new Flatten(), new Linear(CHANNELS * SIZE * SIZE, 3)) as Layer,
  );

const step = fc.record({ batch: fc.integer({ min: 1, max: 6 }), training: fc.boolean(), learns: fc.boolean() });

afterEach(() => {
  setBackend("wasm");
  Object.assign(trouble, { growsAlways: false, compactsAlways: false, movesAlways: false });
});

/** Runs `action` while no tensor gets a place in the engine's memory: all are ordinary arrays then. */
function withoutSpans<T>(action: () => T): T {
  trouble.noSpans = true;
  try {
    return action();
  } finally {
    trouble.noSpans = false;
  }
}

/** Runs `action` while the engine's memory has no room at all. */
function withoutRoom<T>(action: () => T): T {
  const blocks: [at: number, size: number][] = [];
  for (let size = 2 ** 28; size >= 64; size /= 2) {
    for (let at = take(size); at !== undefined; at = take(size)) blocks.push([at, size]);
  }
  try {
    return action();
  } finally {
    for (const [at, size] of blocks) free(at, size);
  }
}

describe("a model with a history", () => {
  test.each([
    ["", {}],
    [", while the memory grows at every turn", { growsAlways: true }],
    [", while everything moves at every turn", { movesAlways: true }],
    [", while both happen", { growsAlways: true, movesAlways: true }],
    [", while what lies there moves together at every turn", { growsAlways: true, compactsAlways: true }],
  ])(
    "computes the same bits as a new one of ordinary arrays, whatever batches and modes it has seen, beside another model%s",
    (_, troubles) => {
      Object.assign(trouble, troubles);
      const models = fc.tuple(network, network);
      fc.assert(
        fc.property(models, fc.array(step, { minLength: 2, maxLength: 5 }), fc.integer(), (makes, steps, seed) => {
          manualSeed(seed);
          const pair = makes.map((make) => make());
          const optimizers = pair.map((model) => new SGD(model.parameters(), { lr: 0.01, momentum: 0.9 }));
          for (const [i, { batch, training, learns }] of steps.entries()) {
            const inputs = pair.map((_, k) => normal([batch + k, CHANNELS, SIZE, SIZE], 10 * i + k));
            const pass = (all: readonly Layer[]) => {
              // The same elements are dropped, whatever each model has drawn before.
              for (const layer of all.flatMap((model) => model.modules())) {
                if (layer instanceof Dropout) layer.random.seed(i);
              }
              // Both forwards come before both backwards, so that what either keeps has to outlast the other.
              const outputs = all.map((model, k) => {
                model.zeroGrad();
                return (training ? model.train() : model.eval()).forward(inputs[k]!);
              });
              const gradients = all.map((model, k) => model.backward(normal(outputs[k]!.shape, 100 + k)));
              return { outputs, gradients };
            };
            const others = withoutSpans(() =>
              pair.map((model, k) => {
                const other = makes[k]!();
                other.loadStateDict(model.stateDict());
                return other;
              }),
            );
            const got = pass(pair);
            const want = withoutSpans(() => pass(others));
            for (const [k, model] of pair.entries()) {
              expect(got.outputs[k]!.data).toEqual(want.outputs[k]!.data);
              expect(got.gradients[k]!.data).toEqual(want.gradients[k]!.data);
              const [own, fresh] = [model, others[k]!].map((one) => one.parameters().map(({ grad }) => grad.toArray()));
              expect(own).toEqual(fresh);
              expect(model.stateDict()).toEqual(others[k]!.stateDict());
            }
            if (learns) for (const optimizer of optimizers) optimizer.step();
          }
        }),
        { numRuns: 25 },
      );
    },
  );
});

describe("models that are dropped", () => {
  /** Output and input gradient of a new model. */
  function results(): Float32Array[] {
    const model = new Sequential(new Linear(128, 128, { random: new Random(1) }), new ReLU());
    const y = model.forward(normal([4, 128], 2));
    return [y.data, model.backward(normal(y.shape, 3)).data] as Float32Array[];
  }

  test("by the thousand in one loop, where nothing can be given back, leave the memory bounded and results right", () => {
    const want = results();
    const before = memory().buffer.byteLength;
    for (let i = 0; i < 3500; i++) {
      const got = results();
      if (i % 500 === 499) expect(got).toEqual(want);
    }
    // All of them would take 490 MB.
    expect(memory().buffer.byteLength - before).toBeLessThan(400e6);
    expect(results()).toEqual(want);
  });

  test("leave the engine what it needs: whatever has a place makes room for a kernel", () => {
    const want = results();
    const model = new Linear(512, 512);
    const x = normal([1, 512], 1);
    const y = model.forward(x);
    withoutRoom(() => expect(take(64)).toBeUndefined());
    expect(model.forward(x).data).toEqual(y.data);
    expect(results()).toEqual(want);
  });

  test("where there is no room at all, the reference computes", () => {
    const [y, dx] = results();
    const [otherY, otherDx] = withoutRoom(results);
    expectNear(otherY!, y!, 1e-5, () => 1e-5);
    expectNear(otherDx!, dx!, 1e-5, () => 1e-5);
    expect(results()).toEqual([y, dx]);
  });
});
