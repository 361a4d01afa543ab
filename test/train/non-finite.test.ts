/** NaN and infinities: in losses, gradients, parameters, metrics, validation; what stops, what is told, what is kept. */
import { describe, expect, test } from "vitest";
import { type Batch, DataLoader, Dataset } from "../../src/data.js";
import {
  BatchNorm1d,
  Layer,
  Linear,
  manualSeed,
  Sequential,
  StateBuffer,
  type Tensor,
  tensor,
  zeros,
} from "../../src/index.js";
import { readSafetensors } from "../../src/io.js";
import { StateError } from "../../src/shape/errors.js";
import { splitState } from "../../src/train/optimizer-state.js";
import {
  Adam,
  CrossEntropyLoss,
  type FitOptions,
  fit,
  MSELoss,
  NonFiniteError,
  type NonFiniteEvent,
  ReduceLROnPlateau,
  SGD,
  StepLR,
} from "../../src/train.js";
import { normal } from "../support/layers.js";

type Options = FitOptions<Tensor>;

/** A network with running statistics, trained with everything that has a state. */
function training(lr = 0.01) {
  manualSeed(3);
  const model: Layer = new Sequential(new Linear(3, 4), new BatchNorm1d(4), new Linear(4, 2));
  const optimizer = new Adam(model.parameters(), { lr });
  const scheduler = new StepLR(optimizer, { stepSize: 3 });
  return { model, loss: new MSELoss(), optimizer, scheduler, schedule: "step" as const };
}

const batches = (count: number): Batch<Tensor>[] =>
  Array.from({ length: count }, (_, i) => ({ inputs: normal([8, 3], i), targets: normal([8, 2], 100 + i) }));

/** Batch number `at` with `value` among its inputs or targets. */
function spoilt(at: number, value: number, where: "inputs" | "targets" = "inputs"): Batch<Tensor>[] {
  const all = batches(6);
  all[at]![where].data[4] = value;
  return all;
}

const state = ({ model, optimizer, scheduler }: ReturnType<typeof training>) =>
  structuredClone([
    Object.entries(model.stateDict()).map(([key, { data }]) => [key, [...data]]),
    Object.entries(splitState(optimizer.stateDict()).tensors).map(([key, { data }]) => [key, [...data]]),
    splitState(optimizer.stateDict()).rest,
    scheduler.stateDict(),
  ]);

async function failure(run: Promise<unknown>): Promise<NonFiniteError> {
  const error = await run.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(NonFiniteError);
  return error as NonFiniteError;
}

const END = 'The error\'s checkpoint is the last good one. To go on regardless: nonFinite: "continue".';

describe("a batch whose loss or gradient is not finite", () => {
  test.each([
    [
      "NaN among the inputs",
      spoilt(3, Number.NaN),
      "NaN",
      "the batch itself, whose inputs hold NaN (sample 1): missing values, or a division by a deviation of 0",
    ],
    [
      "an infinite target",
      spoilt(3, Infinity, "targets"),
      "Infinity",
      "the batch itself, whose targets hold Infinity (sample 2): missing values, or a division by a deviation of 0",
    ],
  ])("(%s) stops fit before its step changes anything, with the cause", async (_, data, value, cause) => {
    const good = training();
    await fit(good.model, batches(3), good);
    const bad = training();
    const events: NonFiniteEvent[] = [];
    const error = await failure(fit(bad.model, data, { ...bad, onNonFinite: (event) => void events.push(event) }));
    const sentence = `fit expects finite numbers, but the loss at step 4 of epoch 1 is ${value}. Usual cause: ${cause}.`;
    expect(error.message).toBe(`${sentence} ${END}`);
    expect(error).toBeInstanceOf(StateError);
    expect(events).toEqual([
      { epoch: 1, step: 4, globalStep: 4, what: "loss", value: Number(value), message: sentence },
    ]);
    expect(error.event).toBe(events[0]);
    expect(state(bad)).toEqual(state(good));
    expect(Object.keys(error)).not.toContain("checkpoint");
  });

  test("leaves a checkpoint that goes on behind it, as if that batch had never been", async () => {
    const data = spoilt(3, Number.NaN);
    const whole = training();
    await fit(
      whole.model,
      data.filter((_, i) => i !== 3),
      whole,
    );
    const bad = training();
    const error = await failure(fit(bad.model, data, bad));
    const resumed = training();
    const history = await fit(resumed.model, data, { ...resumed, resume: error.checkpoint! });
    expect(state(resumed)).toEqual(state(whole));
    expect(history.epochs).toHaveLength(1);
  });

  test("does so with a loader that knows its place, too", async () => {
    const inputs = normal([24, 3], 1);
    inputs.data[3 * 13] = Number.NaN;
    const loader = () => new DataLoader(new Dataset(inputs, normal([24, 2], 2)), { batchSize: 8 });
    const bad = training();
    const error = await failure(fit(bad.model, loader(), bad));
    const resumed = training();
    const steps: number[] = [];
    await fit(resumed.model, loader(), {
      ...resumed,
      resume: error.checkpoint!,
      onStep: ({ step }) => void steps.push(step),
    });
    expect(steps).toEqual([3]);
  });

  test("with labels that are all ignored names them", async () => {
    const model = new Linear(3, 2);
    const data = [{ inputs: normal([2, 3], 1), targets: [-100, -100] }];
    const error = await failure(
      fit(model, data, { loss: new CrossEntropyLoss(), optimizer: new SGD(model.parameters()) }),
    );
    expect(error.event.message).toBe(
      "fit expects finite numbers, but the loss at step 1 of epoch 1 is NaN. Usual cause: a batch whose labels are all ignored (ignoreIndex -100), so that there is nothing to take the mean of.",
    );
  });

  test("names weights that were NaN before, and has no checkpoint then", async () => {
    const bad = training();
    bad.model.parameters()[0]!.value.data[2] = Number.NaN;
    const error = await failure(fit(bad.model, batches(1), bad));
    expect(error.message).toBe(
      'fit expects finite numbers, but the loss at step 1 of epoch 1 is NaN. Usual cause: the model itself, whose 0.weight holds NaN: weights of a training that had diverged, or a step that overflowed. To go on regardless: nonFinite: "continue".',
    );
    expect(error.checkpoint).toBeUndefined();
  });

  test("of a finite loss: the gradient is looked at before the step", async () => {
    const bad = training();
    const before = state(bad);
    // The slope of a root at 0.
    const loss = { forward: () => 0, backward: () => tensor(Array.from({ length: 8 }, () => [Infinity, 0])) };
    const error = await failure(fit(bad.model, batches(2), { ...bad, loss }));
    expect(error.event).toMatchObject({ what: "gradient", step: 1 });
    expect(error.message).toMatch(
      /^fit expects finite numbers, but the gradient of 0\.weight at step 1 of epoch 1 is (NaN|Infinity)\. Usual cause: a learning rate that is too high \(it is 0\.01\), inputs that are not normalized, or a logarithm, root or division by 0 in a loss or layer of one's own\./,
    );
    expect(state(bad)).toEqual(before);
  });

  test('trains on with nonFinite: "continue", as a loop by hand would, and is told all the same', async () => {
    const byFit = training();
    const data = spoilt(3, Number.NaN);
    const steps: number[] = [];
    const history = await fit(byFit.model, data, {
      ...byFit,
      nonFinite: "continue",
      callbacks: [{ onNonFinite: ({ step }) => void steps.push(step) }],
    });
    const byHand = training();
    for (const { inputs, targets } of data) {
      byHand.optimizer.zeroGrad();
      const value = byHand.loss.forward(byHand.model.forward(inputs), targets);
      byHand.model.backward(byHand.loss.backward());
      byHand.optimizer.step();
      byHand.scheduler.step(value);
    }
    expect(state(byFit)).toEqual(state(byHand));
    expect(history.epochs[0]?.loss).toBeNaN();
    expect(steps.slice(0, 2)).toEqual([4, 5]);
  });
});

describe("a learning rate that is too high", () => {
  test("ends with finite weights and the sentence that names it, at whatever step it shows", async () => {
    for (const lr of [10, 1e3, 1e10, 1e30]) {
      manualSeed(1);
      const model = new Linear(3, 2);
      const saved: Uint8Array[] = [];
      const run = fit(model, batches(200), {
        loss: new MSELoss(),
        optimizer: new SGD(model.parameters(), { lr }),
        checkpoint: { everySteps: 1, save: (bytes) => void saved.push(bytes) },
      });
      const error = await failure(run);
      // Every checkpoint that was saved holds finite weights, the last one too.
      const fresh = new Linear(3, 2);
      const kept = error.checkpoint ?? saved.at(-1);
      if (!kept) continue;
      const optimizer = new SGD(fresh.parameters(), { lr });
      await fit(fresh, batches(200), { loss: new MSELoss(), optimizer, resume: kept, epochs: 0 });
      expect([...fresh.weight.value.data, ...fresh.bias!.value.data].every(Number.isFinite)).toBe(true);
    }
  });

  test("that overflows in the very last step is no trained model", async () => {
    const model = new Linear(1, 1, { bias: false });
    model.weight.value.data[0] = 1e38;
    const data = [{ inputs: tensor([[1]]), targets: tensor([[0]]) }];
    const loss = { forward: () => 1, backward: () => tensor([[-1e38]]) };
    let saves = 0;
    const run = fit(model, data, {
      loss,
      optimizer: new SGD(model.parameters(), { lr: 1e10 }),
      checkpoint: { save: () => void saves++ },
    });
    const error = await failure(run);
    expect(error.event.what).toBe("parameter");
    expect(error.checkpoint).toBeUndefined();
    expect(saves).toBe(0);
  });
});

describe("early stopping", () => {
  /** A training whose validation gives these values in turn: what ended it, and whose epoch's weights it gave back. */
  async function watched(values: readonly number[], options: Partial<Options> & { readonly monitor?: string }) {
    manualSeed(1);
    const model = new Linear(1, 1);
    const weights: number[] = [];
    const data = [{ inputs: tensor([[1], [2]]), targets: tensor([[2], [4]]) }];
    const loss = new MSELoss();
    // What is measured in eval mode is the validation.
    const measured = {
      forward: (x: Tensor, y: Tensor) => (model.training ? loss.forward(x, y) : values[weights.length]!),
      backward: () => loss.backward(),
    };
    const { monitor = "validationLoss", ...rest } = options;
    const history = await fit(model, data, {
      loss: measured,
      optimizer: new SGD(model.parameters(), { lr: 0.01 }),
      epochs: values.length,
      validation: data,
      metrics: { metric: () => values[weights.length]! },
      earlyStopping: { monitor, patience: 3 },
      onEpoch: () => void weights.push(model.weight.value.item()),
      ...rest,
    });
    return {
      ended: history.ended,
      epochs: history.epochs.length,
      restored: 1 + weights.indexOf(model.weight.value.item()),
    };
  }

  test.each([
    ["a metric that begins with NaN", "metric", [Number.NaN, 0.5, 0.6, 0.7, 0.8], "epochs", 5, 5],
    ["NaN between", "metric", [0.5, Number.NaN, Number.NaN, 0.6], "epochs", 4, 4],
    ["a loss that begins with NaN", "validationLoss", [Number.NaN, 5, 4, 3], "epochs", 4, 4],
    ["a loss that begins at infinity", "validationLoss", [Infinity, 5, 4, 6], "epochs", 4, 3],
    ["a loss of −∞", "validationLoss", [5, -Infinity, 4, 6], "epochs", 4, 3],
    ["NaN from some epoch on", "validationLoss", [5, 4, Number.NaN, Number.NaN, Number.NaN, 1], "earlyStopping", 5, 2],
    ["a perfect metric of ∞", "metric", [1, Infinity, 3, 4, 5], "earlyStopping", 5, 2],
    ["a metric of −∞", "metric", [-Infinity, 1, 0.5], "epochs", 3, 2],
    ["nothing but NaN", "metric", [Number.NaN, Number.NaN, Number.NaN, Number.NaN], "earlyStopping", 3, 3],
  ] as const)("%s", async (_, monitor, values, ended, epochs, restored) => {
    expect(await watched(values, { monitor })).toEqual({ ended, epochs, restored });
  });

  test("a validation loss that is not finite is told, and does not stop by itself", async () => {
    const events: NonFiniteEvent[] = [];
    await watched([1, Number.NaN, 0.5], { onNonFinite: (event) => void events.push(event) });
    expect(events.map(({ what, epoch, message }) => [what, epoch, message])).toEqual([
      [
        "validationLoss",
        2,
        "fit expects finite numbers, but the validation loss after step 1 of epoch 2 is NaN. Usual cause: a batch of the validation data that holds NaN or whose labels are all ignored, or a logarithm of 0 in the loss.",
      ],
    ]);
  });

  test("a training that it has ended does not go on when it is resumed", async () => {
    const saved: Uint8Array[] = [];
    const run = (resume?: Uint8Array) => {
      manualSeed(1);
      const model = new Linear(3, 2);
      const options = {
        loss: new MSELoss(),
        optimizer: new SGD(model.parameters(), { lr: 0 }),
        epochs: 9,
        earlyStopping: { patience: 2 },
        checkpoint: { save: (bytes: Uint8Array) => void saved.push(bytes) },
        ...(resume && { resume }),
      };
      return fit(model, batches(2), options);
    };
    const first = await run();
    expect([first.ended, first.epochs.length]).toEqual(["earlyStopping", 3]);
    const again = await run(saved.at(-1));
    expect([again.ended, again.epochs.length]).toEqual(["earlyStopping", 3]);
  });
});

test.each([
  ["min", [Number.NaN, Infinity, -Infinity]],
  ["max", [Number.NaN, -Infinity, Infinity]],
] as const)("ReduceLROnPlateau (%s) has a state that JSON can hold, whatever it was shown", (mode, metrics) => {
  const make = () => new ReduceLROnPlateau(new SGD(new Linear(1, 1).parameters(), { lr: 1 }), { mode, patience: 0 });
  const scheduler = make();
  for (const metric of metrics) {
    scheduler.step(metric);
    const copy = make();
    copy.loadStateDict(JSON.parse(JSON.stringify(scheduler.stateDict())));
    expect(copy.stateDict()).toEqual(scheduler.stateDict());
  }
  // NaN and the worst are no improvement, the best is.
  expect(scheduler.optimizer.lr).toBeCloseTo(0.01, 12);
});

test("buffers in arrays and objects are put back as well, and the error is named", async () => {
  class Averaged extends Layer {
    readonly stats = [{ mean: new StateBuffer("mean", zeros([1])) }];
    protected compute(x: Tensor): Tensor {
      const { value } = this.stats[0]!.mean;
      value.set(0.9 * value.item() + 0.1 * x.mean().item(), 0);
      return x;
    }
    protected computeBackward(dy: Tensor): Tensor {
      return dy;
    }
  }
  manualSeed(3);
  const layer = new Averaged();
  const model = new Sequential(layer, new Linear(3, 2));
  const optimizer = new SGD(model.parameters(), { lr: 0.01 });
  const error = await failure(fit(model, spoilt(1, Number.NaN), { loss: new MSELoss(), optimizer }));
  expect(error.name).toBe("NonFiniteError");
  const after = layer.stats[0]!.mean.value.item();
  expect(after).toBe(Math.fround(0.1 * normal([8, 3], 0).mean().item()));
  expect(readSafetensors(error.checkpoint!)["model.0.stats.0.mean"]!.item()).toBe(after);
});
