/** A checkpoint is loaded whole, or refused with a sentence, and then everything is as it was, bit for bit. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Batch, DataLoader, Dataset } from "../../src/data.js";
import {
  BatchNorm1d,
  Dropout,
  defaultRandom,
  Layer,
  Linear,
  manualSeed,
  Random,
  Sequential,
  type Tensor,
} from "../../src/index.js";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../../src/io.js";
import { FormatError, ShapeError, StateError } from "../../src/shape/errors.js";
import { splitState } from "../../src/train/optimizer-state.js";
import {
  Adam,
  AdamW,
  type FitOptions,
  fit,
  MSELoss,
  type Optimizer,
  ReduceLROnPlateau,
  type Scheduler,
  StepLR,
} from "../../src/train.js";
import { normal } from "../support/layers.js";

interface Choice {
  readonly features?: number;
  readonly layers?: number;
  readonly samples?: number;
  readonly drops?: number;
  readonly monitor?: string;
  readonly optimizer?: (model: Layer) => Optimizer;
  readonly scheduler?: (optimizer: Optimizer) => Scheduler;
}

/** A training with every part that a checkpoint can have. */
function training({ features = 4, layers = 1, samples = 24, drops = 1, monitor = "loss", ...make }: Choice = {}) {
  manualSeed(7);
  const body = Array.from({ length: layers }, () => [new Linear(features, features), new BatchNorm1d(features)]);
  const dropped = Array.from({ length: drops }, () => new Dropout(0.3));
  const model: Layer = new Sequential(new Linear(3, features), ...body.flat(), ...dropped, new Linear(features, 2));
  const dataset = new Dataset(normal([samples, 3], 1), normal([samples, 2], 2) as Tensor);
  const data = new DataLoader(dataset, { batchSize: 8, shuffle: true });
  const validation = new DataLoader(dataset, { batchSize: 8, shuffle: true });
  const optimizer = make.optimizer?.(model) ?? new Adam(model.parameters(), { lr: 0.01 });
  const scheduler = make.scheduler?.(optimizer) ?? new ReduceLROnPlateau(optimizer, { patience: 1 });
  const options: FitOptions<Tensor> = {
    loss: new MSELoss(),
    optimizer,
    scheduler,
    validation,
    epochs: 3,
    earlyStopping: { monitor },
  };
  return { model, data, validation, optimizer, scheduler, options };
}

/** Everything that a resume may change. */
const state = ({ model, data, validation, optimizer, scheduler }: ReturnType<typeof training>) => ({
  model: Object.entries(model.stateDict()).map(([key, tensor]) => [key, [...tensor.data]]),
  optimizer: [
    Object.entries(splitState(optimizer.stateDict()).tensors).map(([key, tensor]) => [key, [...tensor.data]]),
    splitState(optimizer.stateDict()).rest,
  ],
  groups: optimizer.groups.map(({ lr, initialLr }) => [lr, initialLr]),
  scheduler: scheduler.stateDict(),
  data: data.stateDict(),
  validation: validation.stateDict(),
  generators: model.modules().flatMap((layer) => (layer instanceof Dropout ? [layer.random.state] : [])),
  default: defaultRandom().state,
});

async function checkpointOf(made = training(), everySteps = 4): Promise<Uint8Array> {
  let last = new Uint8Array();
  await fit(made.model, made.data, {
    ...made.options,
    checkpoint: {
      everySteps,
      save: (bytes) => {
        last = bytes.slice();
      },
    },
    onStep: ({ globalStep, stop }) => {
      if (globalStep === everySteps) stop();
    },
  });
  return last;
}

/** Expects the resume to fail and to leave a training that has already run as it was. */
async function refused(bytes: Uint8Array, made = training()): Promise<Error> {
  // It has a state of its own, in the middle of an epoch that was broken off.
  await checkpointOf(made, 2);
  const before = state(made);
  const calls: string[] = [];
  const error = await fit(made.model, made.data, {
    ...made.options,
    resume: bytes,
    callbacks: [{ onStart: () => void calls.push("start"), onEnd: () => void calls.push("end") }],
  }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(Error);
  expect(["FormatError", "StateError", "ShapeError", "ArgumentError"]).toContain((error as Error).name);
  expect((error as Error).message).toMatch(/^\S+( \S+)* expects? .*\.$/s);
  expect(state(made)).toEqual(before);
  expect(calls).toEqual([]);
  return error as Error;
}

const DAMAGED =
  "fit expects a checkpoint as it was written, but its bytes do not match its checksum. Usual cause: a program that was killed while it wrote the file, a failing disk, or a checkpoint that was edited.";

describe("a damaged checkpoint is refused and changes nothing:", () => {
  test("cut off anywhere, with the cause that a killed program leaves", async () => {
    const bytes = await checkpointOf();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), async (length) => {
        const error = await refused(bytes.subarray(0, length));
        expect(error).toBeInstanceOf(FormatError);
        expect(error.message).toMatch(/a program that was killed while it wrote/);
      }),
      { numRuns: 25, examples: [[0], [7], [8], [40], [bytes.length - 1]] },
    );
  });

  test("any byte changed, in the numbers too", async () => {
    const bytes = await checkpointOf();
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const damaged = bytes.slice();
          damaged[at] = damaged[at]! ^ by;
          expect(await refused(damaged)).toBeInstanceOf(FormatError);
        },
      ),
      {
        numRuns: 40,
        examples: [
          [bytes.length - 1, 1],
          [8 + 37, 1],
          [8 + 44, 1],
        ],
      },
    );
  });

  test("full length, but zeros from some place on, as after a loss of power", async () => {
    const bytes = await checkpointOf();
    for (const from of [0, 8, 100, bytes.length >> 1, bytes.length - 9]) {
      const zeroed = bytes.slice();
      zeroed.fill(0, from);
      expect(await refused(zeroed)).toBeInstanceOf(FormatError);
    }
  });

  test("bytes appended, two checkpoints in one file, or parts of two", async () => {
    const [a, b] = [await checkpointOf(), await checkpointOf(training(), 5)];
    await refused(Uint8Array.of(...a, 0));
    await refused(Uint8Array.of(...a, ...b));
    expect((await refused(Uint8Array.of(...a.subarray(0, -40), ...b.subarray(-40)))).message).toBe(DAMAGED);
  });

  test("tensors or text that were edited: swapped, missing, extra, of another shape or type", async () => {
    const bytes = await checkpointOf();
    const metadata = readSafetensorsMetadata(bytes);
    const edits: ((tensors: Record<string, Tensor>) => void)[] = [
      () => {},
      (t) => void Object.assign(t, { "model.0.weight": t["best.0.weight"], "best.0.weight": t["model.0.weight"] }),
      (t) => void delete t["model.0.weight"],
      (t) => void delete t["optimizer.0.exp_avg"],
      (t) => void Object.assign(t, { "model.extra": t["model.0.bias"]! }),
      (t) => void Object.assign(t, { "model.0.bias": t["model.0.weight"]! }),
      (t) => void Object.assign(t, { "model.0.bias": t["model.0.bias"]!.clone().to("float64") }),
      (t) => void t["best.0.bias"]!.data.fill(Number.NaN),
    ];
    for (const edit of edits) {
      const tensors = readSafetensors(bytes);
      edit(tensors);
      const edited = writeSafetensors(tensors, { metadata });
      // As it was is as it was, whoever wrote it.
      if (edit === edits[0]) expect(edited).toEqual(bytes);
      else expect((await refused(edited)).message).toBe(DAMAGED);
    }
    const saved = JSON.parse(metadata["faltung.checkpoint"]!) as Record<string, unknown>;
    for (const key of Object.keys(saved)) {
      for (const value of [undefined, null, 7, "x", [], {}, { $number: "NaN" }]) {
        if (key === "version" && typeof value === "number") continue;
        const text = JSON.stringify({ ...saved, [key]: value });
        const edited = writeSafetensors(readSafetensors(bytes), {
          metadata: { ...metadata, "faltung.checkpoint": text },
        });
        expect((await refused(edited)).message, `${key}: ${JSON.stringify(value)}`).toBe(DAMAGED);
      }
    }
    for (const text of ["", "null", "[]", "{", "7", '"x"']) {
      const edited = writeSafetensors(readSafetensors(bytes), {
        metadata: { ...metadata, "faltung.checkpoint": text },
      });
      expect((await refused(edited)).message).toBe(DAMAGED);
    }
  }, 60_000);

  test("what is no bytes at all", async () => {
    for (const resume of ["run.ckpt", {}, 7, [1, 2]]) {
      const error = await refused(resume as unknown as Uint8Array);
      expect(error.message).toMatch(/^fit's resume expects the bytes of a file/);
    }
  });
});

describe("a checkpoint of another training is refused and changes nothing:", () => {
  const model = "fit expects to resume the model that the checkpoint is of, but";
  const another = "Usual cause: a checkpoint of another model, or a model that was changed since.";
  const options = "Usual cause: other options than the run was started with.";
  test.each<[string, Choice, new (message: string) => Error, string]>([
    [
      "another width",
      { features: 5 },
      ShapeError,
      `${model} its 0.weight has the shape [4, 3] and had [5, 3]. ${another}`,
    ],
    [
      "fewer layers",
      { layers: 0, drops: 3 },
      StateError,
      "fit expects to resume a model with 2 random generators, but the checkpoint has 4. Usual cause: a checkpoint of another model.",
    ],
    ["more layers", { layers: 2 }, StateError, `${model} the model has no 4.num_batches_tracked. ${another}`],
    [
      "another optimizer of the same quantities",
      { optimizer: (m) => new AdamW(m.parameters(), { lr: 0.01 }) },
      StateError,
      `fit expects to resume with the same parts as before, but optimizer is Adam and was AdamW. ${options}`,
    ],
    [
      "an optimizer of fewer parameters",
      { optimizer: (m) => new Adam(m.parameters().slice(1)) },
      StateError,
      "Adam.loadStateDict expects param_groups[0].params to count the group's parameters, 6 from 0 on, but got 5: [0, 1, 2, 3, 4]. ",
    ],
    [
      "another scheduler",
      { scheduler: (o) => new StepLR(o, { stepSize: 2 }) },
      StateError,
      `fit expects to resume with the same parts as before, but scheduler is ReduceLROnPlateau and was StepLR. ${options}`,
    ],
    ["another quantity to watch", { monitor: "validationLoss" }, StateError, ""],
    [
      "other data",
      { samples: 32 },
      StateError,
      "DataLoader.loadStateDict expects a state of 24 samples in batches of 8, but got one of 32 in batches of 8.",
    ],
  ])("%s", async (what, choice, kind, text) => {
    const bytes = await checkpointOf(training(choice));
    const error = await refused(bytes);
    expect(error).toBeInstanceOf(kind);
    if (text.startsWith("Adam") || text.startsWith("Data")) expect(error.message, what).toContain(text.slice(0, 60));
    else if (text) expect(error.message).toBe(text);
    else
      expect(error.message).toBe(
        `fit expects to resume with the same parts as before, but earlyStopping is loss and was validationLoss. ${options}`,
      );
  });

  test("a source of one's own that refuses its state, after which nothing has changed either", async () => {
    const source = {
      *[Symbol.iterator]() {
        yield* [1, 2, 3, 4, 5].map((seed) => ({
          inputs: normal([4, 3], seed),
          targets: normal([4, 2], seed) as Tensor,
        }));
      },
      stateDict: () => ({ place: 1 }),
      loadStateDict: () => {
        throw new RangeError("no such place");
      },
    };
    const made = { ...training(), data: source };
    let bytes = new Uint8Array();
    await fit(made.model, source, {
      ...made.options,
      epochs: 1,
      checkpoint: {
        save: (saved) => {
          bytes = saved.slice();
        },
      },
    });
    const other = training();
    const before = state(other);
    await expect(fit(other.model, source, { ...other.options, resume: bytes })).rejects.toThrow("no such place");
    expect(state(other)).toEqual(before);
  });
});

test("a model in double precision goes on without rounding", async () => {
  const make = () => {
    const made = training();
    made.model.to("float64");
    const data = Array.from({ length: 6 }, (_, i) => ({
      inputs: normal([4, 3], i).to("float64") as Tensor,
      targets: normal([4, 2], i).to("float64") as Tensor,
    }));
    return { ...made, data };
  };
  const run = async (made: ReturnType<typeof make>, more: Partial<FitOptions<Tensor>>) => {
    await fit(made.model, made.data, { ...made.options, epochs: 1, ...more });
    return Object.values(made.model.stateDict()).map(({ data }) => [...data]);
  };
  const whole = await run(make(), {});
  let bytes = new Uint8Array();
  await run(make(), {
    checkpoint: {
      everySteps: 3,
      save: (saved) => {
        bytes = saved.slice();
      },
    },
    onStep: ({ step, stop }) => {
      if (step === 3) stop();
    },
  });
  expect(await run(make(), { resume: bytes })).toEqual(whole);
});

test("a resume repeats generators in objects and those of the validation's loader", async () => {
  class Noise extends Layer {
    readonly draws = { each: [new Random(4)] };
    protected compute(x: Tensor): Tensor {
      return x.mul(1 + 0.1 * this.draws.each[0]!.uniform());
    }
    protected computeBackward(dy: Tensor): Tensor {
      return dy;
    }
  }
  const make = () => {
    manualSeed(7);
    const model: Layer = new Sequential(new Noise(), new Linear(3, 2));
    const dataset = new Dataset(normal([24, 3], 1), normal([24, 2], 2) as Tensor);
    const jitter = (batch: Batch<Tensor>, random: Random) => ({ ...batch, inputs: batch.inputs.add(random.uniform()) });
    const validation = new DataLoader(dataset, { batchSize: 8, transform: jitter });
    const options = {
      loss: new MSELoss(),
      optimizer: new Adam(model.parameters(), { lr: 0.01 }),
      validation,
      epochs: 4,
    };
    return { model, data: new DataLoader(dataset, { batchSize: 8, shuffle: true }), options };
  };
  const losses = (history: Awaited<ReturnType<typeof fit>>) => history.epochs.map(({ validation }) => validation?.loss);
  const whole = make();
  const saved: Uint8Array[] = [];
  const save = (bytes: Uint8Array) => void saved.push(bytes.slice());
  const history = await fit(whole.model, whole.data, { ...whole.options, checkpoint: { save } });
  const rest = make();
  const resumed = await fit(rest.model, rest.data, { ...rest.options, resume: saved[1]! });
  expect(losses(resumed)).toEqual(losses(history));
  expect(rest.model.stateDict()).toEqual(whole.model.stateDict());
});
