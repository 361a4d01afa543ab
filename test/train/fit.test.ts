import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { DataLoader, Dataset } from "../../src/data.js";
import {
  ArgumentError,
  BatchNorm1d,
  Dropout,
  type Layer,
  Linear,
  manualSeed,
  Random,
  ReLU,
  Sequential,
  StateError,
  type Tensor,
} from "../../src/index.js";
import { writeSafetensors } from "../../src/io.js";
import { FormatError } from "../../src/shape/errors.js";
import { splitState } from "../../src/train/optimizer-state.js";
import {
  Adam,
  accuracy,
  CrossEntropyLoss,
  type EpochEvent,
  evaluate,
  type FitOptions,
  fit,
  MSELoss,
  OneCycleLR,
  SGD,
  type StepEvent,
  StepLR,
} from "../../src/train.js";
import { normal } from "../support/layers.js";

/** Two clouds that a small network tells apart. */
function clouds(samples: number, seed: number): Dataset<Int32Array> {
  const random = new Random(seed);
  const labels = Int32Array.from({ length: samples }, () => random.integer(2));
  const inputs = normal([samples, 3], seed);
  labels.forEach((label, i) => {
    inputs.data[3 * i]! += label === 1 ? 2 : -2;
  });
  return new Dataset(inputs, labels);
}

/** Everything a training draws random numbers for: weights, order, dropout; batch norm has state of its own. */
function training({ own = false, drops = 1 }: { readonly own?: boolean; readonly drops?: number } = {}) {
  manualSeed(7);
  const drop = Array.from({ length: drops }, () => new Dropout(0.3, own ? { random: new Random(5) } : {}));
  const layers: Layer[] = [new Linear(3, 8), new BatchNorm1d(8), new ReLU(), ...drop, new Linear(8, 2)];
  const model = new Sequential(...layers);
  const data = new DataLoader(clouds(50, 1), { batchSize: 8, shuffle: true });
  const optimizer = new Adam(model.parameters(), { lr: 0.01 });
  const scheduler = new StepLR(optimizer, { stepSize: 2, gamma: 0.5 });
  return { model, data, optimizer, scheduler, loss: new CrossEntropyLoss() };
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

async function expectRejection(
  promise: Promise<unknown>,
  kind: new (...args: never[]) => Error,
  text: string,
): Promise<void> {
  const error = await rejection(promise);
  expect(error).toBeInstanceOf(kind);
  expect((error as Error).message).toBe(text);
}

/** Keeps the last checkpoint that it was given. */
class Keeper {
  bytes: Uint8Array | undefined;
  readonly save = (bytes: Uint8Array) => {
    this.bytes = bytes;
  };
  get resume() {
    return this.bytes ? { resume: this.bytes } : {};
  }
}

describe("fit", () => {
  test("learns: the loss falls and held-out accuracy rises above 95 %", async () => {
    const { model, data, ...options } = training();
    const validation = new DataLoader(clouds(200, 2), { batchSize: 64 });
    const history = await fit(model, data, { ...options, epochs: 12, validation, metrics: { accuracy } });
    expect(history.ended).toBe("epochs");
    expect(history.epochs).toHaveLength(12);
    const [first, last] = [history.epochs[0]!, history.epochs.at(-1)!];
    expect(last.loss).toBeLessThan(first.loss / 2);
    expect(last.validation?.metrics.accuracy).toBeGreaterThan(0.95);
    expect(last.validation?.samples).toBe(200);
    expect(model.training).toBe(true);
  });

  test("does what a loop by hand does, bit for bit", async () => {
    const byFit = training();
    await fit(byFit.model, byFit.data, { ...byFit, epochs: 2 });
    const byHand = training();
    for (let epoch = 0; epoch < 2; epoch++) {
      for (const { inputs, targets } of byHand.data) {
        byHand.optimizer.zeroGrad();
        byHand.loss.forward(byHand.model.forward(inputs), targets);
        byHand.model.backward(byHand.loss.backward());
        byHand.optimizer.step();
      }
      byHand.scheduler.step();
    }
    expect(byFit.model.stateDict()).toEqual(byHand.model.stateDict());
    expect(byFit.optimizer.lr).toBe(byHand.optimizer.lr);
  });

  test("tells every step: epoch, step, losses, rate, samples", async () => {
    const { model, data, scheduler: _, ...options } = training();
    const steps: StepEvent[] = [];
    await fit(model, data, { ...options, epochs: 2, onStep: (event) => void steps.push(event) });
    expect(steps.map(({ epoch, step }) => [epoch, step])).toEqual(
      [1, 2].flatMap((epoch) => [1, 2, 3, 4, 5, 6, 7].map((step) => [epoch, step])),
    );
    expect(steps.map(({ globalStep }) => globalStep)).toEqual(Array.from({ length: 14 }, (_, i) => i + 1));
    expect(
      steps.every(({ steps: all, epochs, learningRate }) => all === 7 && epochs === 2 && learningRate === 0.01),
    ).toBe(true);
    expect(steps[6]?.samples).toBe(50);
    const weighted = steps.slice(0, 7).reduce((sum, { loss }, i) => sum + loss * (i < 6 ? 8 : 2), 0) / 50;
    expect(steps[6]?.meanLoss).toBeCloseTo(weighted, 12);
    expect(steps.every(({ secondsLeft }) => secondsLeft !== undefined && secondsLeft >= 0)).toBe(true);
    expect(steps[6]?.secondsLeft).toBe(0);
  });

  test("waits for callbacks, calls all of them in order, and onEnd also after an error", async () => {
    const { model, data, ...options } = training();
    const calls: string[] = [];
    const slow = {
      onStart: async () => {
        await Promise.resolve();
        calls.push("start");
      },
      onEpoch: async () => {
        await Promise.resolve();
        calls.push("slow epoch");
      },
      onEnd: () => void calls.push("end"),
    };
    await fit(model, data, { ...options, callbacks: [slow], onEpoch: () => void calls.push("epoch") });
    expect(calls).toEqual(["start", "slow epoch", "epoch", "end"]);
    const broken = { onStep: () => Promise.reject(new Error("full disk")), onEnd: () => void calls.push("end") };
    await expectRejection(fit(model, data, { ...options, callbacks: [broken] }), Error, "full disk");
    expect(calls.at(-1)).toBe("end");
  });

  test("stop() ends the training after that step or epoch, without an error", async () => {
    const a = training();
    let steps = 0;
    const byStep = await fit(a.model, a.data, {
      ...a,
      epochs: 5,
      onStep: ({ stop }) => {
        if (++steps === 3) stop();
      },
    });
    expect([steps, byStep.ended, byStep.epochs.length]).toEqual([3, "callback", 0]);
    const b = training();
    const byEpoch = await fit(b.model, b.data, { ...b, epochs: 5, onEpoch: ({ stop }: EpochEvent) => stop() });
    expect([byEpoch.ended, byEpoch.epochs.length]).toEqual(["callback", 1]);
  });

  test("an aborted signal rejects with its reason between two steps; what was learned stays", async () => {
    const { model, data, ...options } = training();
    const controller = new AbortController();
    const before = model.stateDict();
    let steps = 0;
    const run = fit(model, data, {
      ...options,
      epochs: 100,
      signal: controller.signal,
      onStep: () => {
        if (++steps === 4) controller.abort(new Error("enough"));
      },
    });
    await expectRejection(run, Error, "enough");
    expect(steps).toBe(4);
    expect(model.stateDict()).not.toEqual(before);
    await expectRejection(fit(model, data, { ...options, signal: controller.signal }), Error, "enough");
  });

  test.each([
    [25, 1],
    [0, 0],
  ])("timers run between steps that take %d ms", async (milliseconds, expected) => {
    const { model, data, ...options } = training();
    let time = 0;
    const now = vi.spyOn(performance, "now").mockImplementation(() => time);
    let ticks = 0;
    const timer = setTimeout(() => ticks++);
    try {
      const onStep = () => {
        time += milliseconds;
      };
      await fit(model, data, { ...options, epochs: 2, onStep });
      expect(ticks).toBe(expected);
    } finally {
      clearTimeout(timer);
      now.mockRestore();
    }
  });

  test("clips gradients and steps a per-step scheduler", async () => {
    manualSeed(1);
    const model = new Sequential(new Linear(3, 2));
    const optimizer = new SGD(model.parameters(), { lr: 1 });
    const before = model.stateDict()["0.weight"]!;
    const data = [{ inputs: normal([4, 3], 1).mul(1000), targets: normal([4, 2], 2).mul(1000) }];
    await fit(model, data, { loss: new MSELoss(), optimizer, clipGradNorm: 0.5 });
    const moved = model.stateDict()["0.weight"]!.sub(before);
    expect(Math.sqrt(moved.square().sum().item())).toBeLessThanOrEqual(0.5 + 1e-6);
    const rates: number[] = [];
    const scheduler = new OneCycleLR(optimizer, { maxLr: 0.1, totalSteps: 6, cycleMomentum: false });
    const small = [data[0]!, data[0]!, data[0]!];
    await fit(model, small, {
      loss: new MSELoss(),
      optimizer,
      scheduler,
      schedule: "step",
      onStep: ({ learningRate }) => void rates.push(learningRate),
    });
    expect(new Set(rates).size).toBe(3);
  });

  test("early stopping waits `patience` epochs and gives the best epoch's weights back", async () => {
    manualSeed(3);
    const model = new Sequential(new Linear(3, 2));
    // A rate this large diverges from the second epoch on.
    const optimizer = new SGD(model.parameters(), { lr: 0.9 });
    const data = [{ inputs: normal([16, 3], 1).mul(3), targets: normal([16, 2], 2) }];
    const states: Record<string, Tensor>[] = [];
    const history = await fit(model, data, {
      loss: new MSELoss(),
      optimizer,
      epochs: 50,
      validation: data,
      earlyStopping: { patience: 3 },
      onEpoch: () => void states.push(model.stateDict()),
    });
    expect(history.ended).toBe("earlyStopping");
    const losses = history.epochs.map(({ validation }) => validation!.loss);
    const best = losses.indexOf(Math.min(...losses));
    expect(history.epochs).toHaveLength(best + 4);
    expect(model.stateDict()).toEqual(states[best]);
  });

  test("early stopping can watch a metric, which has to grow", async () => {
    const { model, data, ...options } = training();
    const history = await fit(model, data, {
      ...options,
      epochs: 40,
      validation: new DataLoader(clouds(40, 3), { batchSize: 40 }),
      metrics: { constant: () => 0.5 },
      earlyStopping: { monitor: "constant", patience: 2, restoreBest: false },
    });
    expect(history.epochs).toHaveLength(3);
  });

  test("options that cannot work are refused before anything happens", async () => {
    const { model, data, ...options } = training();
    const before = model.stateDict();
    const refused = async (change: object, text: string) => {
      const error = await rejection(
        (async () => fit(model, data, { ...options, ...change } as FitOptions<Int32Array>))(),
      );
      expect(error).toBeInstanceOf(ArgumentError);
      expect((error as Error).message).toBe(text);
    };
    const cause = "Usual cause: a division without Math.floor, or an undefined variable.";
    await refused({ epochs: 1.5 }, `fit expects epochs to be an integer ≥ 0, but got 1.5. ${cause}`);
    await refused({ schedule: "batch" }, 'fit expects schedule to be one of "epoch", "step", but got "batch".');
    await refused(
      { checkpoint: { everySteps: 0, save: () => {} } },
      `fit expects checkpoint.everySteps to be a positive integer, but got 0. ${cause}`,
    );
    await refused(
      { earlyStopping: { monitor: "accuracy" } },
      'fit expects earlyStopping.monitor to be one of "loss", but got "accuracy".',
    );
    await refused(
      { clipGradNorm: Number.NaN },
      `fit expects clipGradNorm to be a finite number, but got NaN. ${cause}`,
    );
    expect(model.stateDict()).toEqual(before);
  });

  test("data without batches is an error, not an epoch of nothing", async () => {
    const { model, ...options } = training();
    await expectRejection(
      fit(model, [], options),
      ArgumentError,
      "fit expects data that gives batches in every epoch, but this epoch had none. Usual cause: a generator object, which can be gone through only once; pass a DataLoader or an array.",
    );
  });
});

describe("checkpoint and resume", () => {
  /** The end of a training that is stopped after `steps` steps and continued by a fresh process. */
  async function interrupted(steps: number, everySteps: number, own: boolean) {
    const first = training({ own });
    const kept = new Keeper();
    await fit(first.model, first.data, {
      ...first,
      epochs: 3,
      checkpoint: { everySteps, save: kept.save },
      onStep: ({ globalStep, stop }) => {
        if (globalStep === steps) stop();
      },
    });
    const second = training({ own });
    manualSeed(12345); // a fresh process has drawn other numbers
    const history = await fit(second.model, second.data, { ...second, epochs: 3, ...kept.resume });
    return { ...second, history };
  }

  test("continues to the same bits as an uninterrupted run, wherever it stopped", async () => {
    for (const own of [false, true]) {
      const whole = training({ own });
      const history = await fit(whole.model, whole.data, { ...whole, epochs: 3 });
      // In the middle of an epoch, at an epoch's last step, one after it, and after everything.
      for (const [steps, every] of [
        [5, 5],
        [7, 7],
        [8, 8],
        [10, 3],
        [21, 21],
      ] as const) {
        const resumed = await interrupted(steps, every, own);
        expect(resumed.model.stateDict(), `stopped at ${steps}`).toEqual(whole.model.stateDict());
        expect(resumed.optimizer.stateDict()).toEqual(whole.optimizer.stateDict());
        expect(resumed.scheduler.stateDict()).toEqual(whole.scheduler.stateDict());
        expect(resumed.data.stateDict()).toEqual(whole.data.stateDict());
        const facts = (entries: typeof history.epochs) => entries.map(({ seconds: _, ...entry }) => entry);
        expect(facts(resumed.history.epochs)).toEqual(facts(history.epochs));
      }
    }
  });

  test("is written at the end of every epoch by default", async () => {
    const { model, data, ...options } = training();
    const epochs: number[] = [];
    await fit(model, data, { ...options, epochs: 3, checkpoint: { save: (_, { epoch }) => void epochs.push(epoch) } });
    expect(epochs).toEqual([2, 3, 4]);
  });

  test("data that cannot say where it stands is gone through again up to its place", async () => {
    const batches = [...training().data];
    const run = async (resume?: Uint8Array, stopAt?: number) => {
      const { model, data: _, ...options } = training();
      const kept = new Keeper();
      await fit(model, batches, {
        ...options,
        epochs: 2,
        ...(resume && { resume }),
        checkpoint: { everySteps: 3, save: kept.save },
        onStep: ({ globalStep, stop }) => {
          if (globalStep === stopAt) stop();
        },
      });
      return { state: model.stateDict(), saved: kept.bytes };
    };
    const whole = await run();
    const { saved } = await run(undefined, 9);
    expect((await run(saved)).state).toEqual(whole.state);
  });

  test("early stopping resumes with its best epoch and its patience", async () => {
    const make = () => {
      manualSeed(3);
      const model = new Sequential(new Linear(3, 2));
      const data = [{ inputs: normal([16, 3], 1).mul(3), targets: normal([16, 2], 2) }];
      const optimizer = new SGD(model.parameters(), { lr: 0.9 });
      return { model, data, options: { loss: new MSELoss(), optimizer, epochs: 50, earlyStopping: { patience: 4 } } };
    };
    const whole = make();
    const expected = await fit(whole.model, whole.data, whole.options);
    const first = make();
    const kept = new Keeper();
    await fit(first.model, first.data, {
      ...first.options,
      checkpoint: kept,
      onEpoch: ({ epoch, stop }) => {
        if (epoch === 2) stop();
      },
    });
    const second = make();
    const history = await fit(second.model, second.data, { ...second.options, ...kept.resume });
    expect(history.ended).toBe("earlyStopping");
    expect(history.epochs).toHaveLength(expected.epochs.length);
    expect(second.model.stateDict()).toEqual(whole.model.stateDict());
  });

  test("a file that is no checkpoint, or another training's, is refused and changes nothing", async () => {
    const { model, data, ...options } = training();
    const kept = new Keeper();
    await fit(model, data, { ...options, checkpoint: kept });
    const other = training();
    const before = other.model.stateDict();
    const { scheduler: _, ...without } = other;
    await expectRejection(
      fit(other.model, other.data, { ...without, ...kept.resume }),
      StateError,
      "fit expects to resume with the same parts as before, but scheduler is missing. Usual cause: other options than the run was started with.",
    );
    await expectRejection(
      fit(other.model, other.data, { ...other, resume: writeSafetensors(model.stateDict()) }),
      FormatError,
      'fit expects resume to be a checkpoint, but the file has no "faltung.checkpoint" in its metadata. Usual cause: a file of weights only; load it with model.loadStateDict(readSafetensors(bytes)).',
    );
    await expectRejection(
      fit(other.model, other.data, {
        ...other,
        resume: writeSafetensors({}, { metadata: { "faltung.checkpoint": '{"version":1}' } }),
      }),
      FormatError,
      'fit expects a checkpoint of version 3, but this one is of version 1. Usual cause: a checkpoint of another release; its weights can still be read: model.loadStateDict takes those tensors of readSafetensors(bytes) whose names begin with "model.", without it.',
    );
    const smaller = new DataLoader(clouds(24, 1), { batchSize: 8, shuffle: true });
    await expectRejection(
      fit(other.model, smaller, { ...other, ...kept.resume }),
      StateError,
      "DataLoader.loadStateDict expects a state of 24 samples in batches of 8, but got one of 50 in batches of 8. Usual cause: resuming with other data or another batchSize than the run was started with.",
    );
    const twice = training({ drops: 2 });
    await expectRejection(
      fit(twice.model, twice.data, { ...twice, ...kept.resume }),
      StateError,
      "fit expects to resume a model with 3 random generators, but the checkpoint has 2. Usual cause: a checkpoint of another model.",
    );
    expect(other.model.stateDict()).toEqual(before);
    expect(splitState(other.optimizer.stateDict()).tensors).toEqual({});
  });

  test("a truncated or changed checkpoint never half-loads", async () => {
    const { model, data, ...options } = training();
    const kept = new Keeper();
    await fit(model, data, { ...options, checkpoint: kept });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: (kept.bytes?.length ?? 0) - 1 }), async (length) => {
        const fresh = training();
        const before = fresh.model.stateDict();
        const error = await rejection(
          fit(fresh.model, fresh.data, { ...fresh, resume: kept.bytes!.subarray(0, length) }),
        );
        expect(error).toBeInstanceOf(FormatError);
        expect(fresh.model.stateDict()).toEqual(before);
      }),
      { numRuns: 40 },
    );
  });
});

describe("evaluate", () => {
  test("weighs batches by their samples and puts every layer's mode back", async () => {
    const { model, data, loss } = training();
    model.layers[3]?.eval();
    const modes = model.modules().map(({ training: mode }) => mode);
    const whole = await evaluate(model, [data.dataset as Dataset<Int32Array>], { loss, metrics: { accuracy } });
    const parts = await evaluate(model, new DataLoader(data.dataset, { batchSize: 7 }), {
      loss,
      metrics: { accuracy },
    });
    expect(parts.loss).toBeCloseTo(whole.loss, 6);
    expect(parts.metrics.accuracy).toBeCloseTo(whole.metrics.accuracy!, 12);
    expect(parts.samples).toBe(50);
    expect(model.modules().map(({ training: mode }) => mode)).toEqual(modes);
  });

  test("sums where the loss sums", async () => {
    const { model, data } = training();
    const mean = await evaluate(model, data, { loss: new CrossEntropyLoss() });
    const sum = await evaluate(model, data, { loss: new CrossEntropyLoss({ reduction: "sum" }) });
    expect(sum.loss).toBeCloseTo(mean.loss, 6);
  });
});
