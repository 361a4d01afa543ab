/** Trainings that are awaited together, or interleaved in any way, give the bits that they give one after the other. */
import { describe, expect, test } from "vitest";
import { type Batch, compose, DataLoader, Dataset, randomNoise, randomRotate, randomShift } from "../../src/data.js";
import {
  Conv2d,
  Dropout,
  Dropout2d,
  defaultRandom,
  Flatten,
  Layer,
  Linear,
  manualSeed,
  ReLU,
  randn,
  Sequential,
  type Tensor,
} from "../../src/index.js";
import { Adam, accuracy, CrossEntropyLoss, evaluate, type FitOptions, fit } from "../../src/train.js";
import { normal } from "../support/layers.js";

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const clouds = (samples: number, seed: number) =>
  new Dataset(
    normal([samples, 1, 8, 8], seed),
    Int32Array.from({ length: samples }, (_, i) => i % 3),
  );

/** A layer of one's own that draws from the default generator, as one would write it first. */
class Noise extends Layer {
  protected compute(x: Tensor): Tensor {
    return this.training ? x.add(randn(x.shape)) : x;
  }
  protected computeBackward(dy: Tensor): Tensor {
    return dy;
  }
  protected override inferShape(shape: readonly number[]): number[] {
    return [...shape];
  }
}

/** A training with everything that draws: dropout, shuffling, augmentation, and what one writes oneself. */
function make(width: number) {
  const model = new Sequential(
    new Conv2d(1, width, 3),
    new Noise() as Layer,
    new Dropout2d(0.2) as Layer,
    new ReLU() as Layer,
    new Flatten() as Layer,
    new Dropout(0.4) as Layer,
    new Linear(width * 36, 3) as Layer,
  ) as Layer;
  const transform = compose(randomShift(1), randomRotate(10), randomNoise(0.1));
  const data = new DataLoader(clouds(40, width), { batchSize: 8, shuffle: true, transform });
  const optimizer = new Adam(model.parameters(), { lr: 0.01 });
  return { model, data, optimizer, loss: new CrossEntropyLoss() };
}

type Made = ReturnType<typeof make>;
const bits = (all: readonly Made[]) =>
  all.map(({ model, data }) => [
    Object.values(model.stateDict()).map(({ data: numbers }) => [...numbers]),
    data.stateDict(),
  ]);

/** Three of them, made one after the other from one seed. */
function three(): readonly Made[] {
  manualSeed(5);
  return [make(4), make(5), make(6)];
}

/** Two epochs with an evaluation after each; `wait` decides whose turn it is. */
function run(made: Made, wait: () => Promise<unknown>, validation: Iterable<Batch<Int32Array>>) {
  const { model, data } = made;
  const options: FitOptions<Int32Array> = {
    ...made,
    epochs: 2,
    validation,
    metrics: { accuracy },
    onStep: async () => void (await wait()),
    onEpoch: async () => void (await evaluate(model, validation, { loss: new CrossEntropyLoss() })),
  };
  return fit(model, data, options);
}

describe("three trainings awaited together", () => {
  /** The bits that they end with, and the default generator's state. */
  async function outcome(go: (all: readonly Made[], validation: Iterable<Batch<Int32Array>>) => Promise<unknown>) {
    const all = three();
    const validation = new DataLoader(clouds(30, 9), { batchSize: 10 });
    await go(all, validation);
    return { bits: bits(all), state: defaultRandom().state };
  }
  const sequential = () =>
    outcome(async (all, validation) => {
      for (const each of all) await run(each, async () => {}, validation);
    });

  test.each([
    ["without waiting", () => async () => {}],
    ["each waiting as long as it likes", (i: number) => () => pause((7 * (i + 1)) % 5)],
    ["the last one first", (i: number) => () => pause(4 - 2 * i)],
  ])("%s, give the bits that they give one after the other", async (_, waits) => {
    const together = await outcome((all, validation) =>
      Promise.all(all.map((each, i) => run(each, waits(i), validation))),
    );
    expect(together).toEqual(await sequential());
  });

  test("beside others that draw from the default generator, do so too", async () => {
    const together = await outcome(async (all, validation) => {
      const trainings = Promise.all(all.map((each) => run(each, () => pause(1), validation)));
      let draws = 0;
      const others = setInterval(() => {
        randn([3]);
        draws++;
      }, 1);
      await trainings;
      clearInterval(others);
      expect(draws).toBeGreaterThan(0);
    });
    expect(together.bits).toEqual((await sequential()).bits);
  });
});

test("each seeded by its own, with manualSeed in between, gives the bits of its seed", async () => {
  const train = async (seed: number, wait: () => Promise<unknown>) => {
    manualSeed(seed);
    const made = make(4);
    await run(made, wait, new DataLoader(clouds(30, 9), { batchSize: 10 }));
    return bits([made]);
  };
  const alone = [await train(1, async () => {}), await train(2, async () => {}), await train(1, async () => {})];
  expect(alone[0]).toEqual(alone[2]);
  expect(alone[0]).not.toEqual(alone[1]);
  expect(await Promise.all([1, 2, 1].map((seed, i) => train(seed, () => pause(i))))).toEqual(alone);
});

test("loops written by hand give the same bits interleaved, too", async () => {
  const byHand = async ({ model, data, optimizer, loss }: Made, wait: () => Promise<unknown>) => {
    for (const { inputs, targets } of data) {
      optimizer.zeroGrad();
      loss.forward(model.forward(inputs), targets);
      model.backward(loss.backward());
      optimizer.step();
      await wait();
    }
  };
  const own = () => {
    manualSeed(5);
    const all = [make(4), make(5)];
    // Without the layer that draws from the default generator: who is next on the clock is next there.
    return all.map((made) => {
      (made.model as Sequential).layers[1]?.freeze();
      return made;
    });
  };
  const sequential = own();
  for (const each of sequential) await byHand(each, async () => {});
  const together = own();
  await Promise.all(together.map((each, i) => byHand(each, () => pause(3 - i))));
  expect(bits(together)).toEqual(bits(sequential));
});

test("resumed together from checkpoints, they give the bits of uninterrupted ones", async () => {
  const validation = () => new DataLoader(clouds(30, 9), { batchSize: 10 });
  const whole = three();
  for (const each of whole) await run(each, async () => {}, validation());
  const saved: Uint8Array[] = [0, 0, 0].map(() => new Uint8Array());
  await Promise.all(
    three().map((each, i) =>
      fit(each.model, each.data, {
        ...each,
        epochs: 2,
        validation: validation(),
        metrics: { accuracy },
        checkpoint: { everySteps: 3, save: (bytes) => void saved.splice(i, 1, bytes) },
        onStep: async ({ globalStep, stop }) => {
          await pause(i);
          if (globalStep === 3 + i) stop();
        },
      }),
    ),
  );
  const resumed = three();
  manualSeed(99);
  const validations = resumed.map(validation);
  const before = defaultRandom().state;
  await Promise.all(
    resumed.map((each, i) =>
      fit(each.model, each.data, {
        ...each,
        epochs: 2,
        validation: validations[i]!,
        metrics: { accuracy },
        resume: saved[i]!,
        onStep: async () => void (await pause(3 - i)),
      }),
    ),
  );
  expect(bits(resumed)).toEqual(bits(whole));
  expect(defaultRandom().state).toEqual(before);
});
