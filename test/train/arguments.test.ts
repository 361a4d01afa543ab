/** What fit and evaluate say to arguments and options that cannot work: nothing has changed then. */
import { describe, expect, test } from "vitest";
import { DataLoader, Dataset } from "../../src/data.js";
import { BatchNorm1d, Linear, ones, Sequential, tensor, zeros } from "../../src/index.js";
import { ArgumentError, ShapeError, StateError } from "../../src/shape/errors.js";
import { splitState } from "../../src/train/optimizer-state.js";
import {
  Adam,
  accuracy,
  ConfusionMatrix,
  CrossEntropyLoss,
  evaluate,
  fit,
  MSELoss,
  SGD,
  StepLR,
} from "../../src/train.js";
import { normal } from "../support/layers.js";

const model = new Sequential(new Linear(3, 4), new BatchNorm1d(4), new Linear(4, 2));
const optimizer = new SGD(model.parameters(), { lr: 0.1 });
const loss = new MSELoss();
const good = [{ inputs: normal([4, 3], 1), targets: normal([4, 2], 2) }];
const base = { loss, optimizer };
const other = new SGD(new Linear(3, 2).parameters());

const facts = () =>
  structuredClone([
    Object.values(model.stateDict()).map(({ data }) => [...data]),
    model.modules().map(({ training }) => training),
    splitState(optimizer.stateDict()).rest,
  ]);

/** Calls with anything, expects this refusal, and that nothing has changed. */
async function refused(
  call: (...args: never[]) => Promise<unknown>,
  args: readonly unknown[],
  text: string,
  kind: new (message: string) => Error = ArgumentError,
): Promise<void> {
  model.eval();
  const before = facts();
  const error = await call(...(args as never[])).catch((caught: unknown) => caught);
  expect((error as Error)?.message).toBe(text);
  expect(error).toBeInstanceOf(kind);
  model.eval();
  expect(facts()).toEqual(before);
}

const BATCHES = "a DataLoader or another iterable of { inputs, targets }, but got";
const LOSS = "expects loss to be a loss such as new CrossEntropyLoss(), but got";
const dataset = new Dataset(ones([2, 3]), ones([2, 2]));

describe.each([
  ["fit", fit],
  ["evaluate", evaluate],
] as const)("%s refuses", (who, call) => {
  test.each<[string, unknown, string]>([
    ["nothing", undefined, "undefined. Usual cause: arguments in another order"],
    ["a class", Linear, "a Function. Usual cause: a class, where new is missing"],
    ["layers in an array", [new Linear(3, 2)], "[a Linear]. Usual cause: arguments in another order"],
  ])("%s as a model", (_, given, rest) =>
    refused(call, [given, good, base], `${who} expects its model to be a Layer, but got ${rest}.`),
  );

  test.each<[string, unknown, string]>([
    [
      "a tensor",
      ones([4, 3]),
      "a Tensor. Usual cause: inputs without targets: new DataLoader(new Dataset(inputs, targets), { batchSize: 32 })",
    ],
    [
      "a data set",
      dataset,
      "a Dataset. Usual cause: a data set that is not cut into batches yet: new DataLoader(dataset, { batchSize: 32 })",
    ],
    ["a batch", good[0], "an object. Usual cause: a single batch: put it in an array"],
    ["undefined", undefined, "undefined. Usual cause: arguments in another order"],
    ["a class", DataLoader, "a Function. Usual cause: a class, where new is missing"],
    ["a function", () => good, "a Function. Usual cause: a function that gives the batches: call it"],
    ["a promise", Promise.resolve(good), "a Promise. Usual cause: a missing await"],
    ["text", "train.bin", '"train.bin". Usual cause: arguments in another order'],
    [
      "an asynchronous iterable",
      (async function* () {})(),
      "an object. Usual cause: an asynchronous iterable: collect its batches in an array first",
    ],
  ])("%s as data", (_, given, rest) =>
    refused(call, [model, given, base], `${who} expects its data to be ${BATCHES} ${rest}.`),
  );

  test.each<[string, unknown, string]>([
    [
      "a pair",
      [ones([1, 3]), ones([1, 2])],
      "[a Tensor, a Tensor]. Usual cause: pairs [inputs, targets], where { inputs, targets } is meant",
    ],
    ["other names", { x: 1 }, "an object. Usual cause: other names than inputs and targets"],
    [
      "a sample",
      dataset.get(0),
      "an object. Usual cause: single samples, where batches are meant: put them in a Dataset and that in a DataLoader",
    ],
    [
      "plain numbers",
      { inputs: [1, 2, 3], targets: [0] },
      "one whose inputs are [1, 2, 3]. Usual cause: a plain array: wrap it with tensor(data, shape)",
    ],
    ["no targets", { inputs: ones([1, 3]) }, "one without targets. Usual cause: other names than inputs and targets"],
    ["a promise", Promise.resolve(good[0]), "a Promise. Usual cause: a missing await"],
    ["undefined", undefined, "undefined. Usual cause: other names than inputs and targets"],
  ])("batches that are %s, before any has run", async (_, batch, rest) => {
    const text = `${who} expects each batch in its data to be { inputs, targets } with a Tensor of inputs, but batch 2 is ${rest}.`;
    await refused(call, [model, [good[0], batch], base], text);
    const { message } = await (call as typeof evaluate)(
      model,
      new Set([batch]) as never,
      who === "fit" ? base : { loss },
    ).then(
      () => new Error(),
      (error: Error) => error,
    );
    expect(message).toBe(text.replace("batch 2", "batch 1"));
  });

  test("inputs that are a scalar", () =>
    refused(
      call,
      [model, [{ inputs: tensor(1), targets: [0] }], base],
      `${who} expects the inputs of each batch in its data to have a first dimension that counts samples, but batch 1 has a scalar. Usual cause: a missing batch dimension.`,
      ShapeError,
    ));

  test.each<[string, unknown, string]>([
    ["none", undefined, `${LOSS} undefined. Usual cause: a forgotten option`],
    ["a class", CrossEntropyLoss, `${LOSS} a Function. Usual cause: a class, where new is missing`],
    [
      "a name",
      "mse",
      `${LOSS} "mse". Usual cause: a function or a name, where an object with forward and backward is meant`,
    ],
    [
      "a function",
      () => 0,
      `${LOSS} a Function. Usual cause: a function or a name, where an object with forward and backward is meant`,
    ],
    [
      "null",
      null,
      `${LOSS} null. Usual cause: a function or a name, where an object with forward and backward is meant`,
    ],
    [
      "one that reduces nothing",
      new MSELoss({ reduction: "none" }),
      'expects loss to be one that gives a single number, with reduction "mean" or "sum", but got "none". Usual cause: a loss made for weighting its rows by hand',
    ],
  ])("%s as a loss", (_, given, rest) =>
    refused(
      call,
      [model, good, { ...base, loss: given }].map((each, i) =>
        i === 2 && who === "evaluate" ? { loss: given } : each,
      ),
      `${who} ${rest}.`,
    ),
  );

  test("a loss that gives no number", () =>
    refused(
      call,
      [
        model,
        good,
        { ...(who === "fit" ? base : {}), loss: { forward: () => zeros([1]), backward: () => zeros([4, 2]) } },
      ],
      `${who} expects what loss.forward gives to be a number, but got a Tensor. Usual cause: a loss of one's own that returns a Tensor: return its item().`,
    ));
});

describe("fit refuses", () => {
  const shown =
    "one of loss, optimizer, epochs, scheduler, schedule, validation, metrics, clipGradNorm, earlyStopping, callbacks, onStep, onEpoch, nonFinite, onNonFinite, signal, checkpoint, resume";
  const scheduler = "scheduler to be a scheduler such as new StepLR(optimizer, { stepSize: 10 }), but got";
  test.each<[string, object | undefined, string]>([
    [
      "no options",
      undefined,
      "its options to be an object with a loss and an optimizer at least, but got undefined. Usual cause: a forgotten third argument: { loss: new CrossEntropyLoss(), optimizer }",
    ],
    [
      "the loss in their place",
      loss,
      `its options to be an object of ${shown.slice(7)}, but got a Loss. Usual cause: torch's positional arguments are named here`,
    ],
    [
      "a misspelled one",
      { ...base, epoch: 3 },
      `each option to be ${shown}, but got "epoch". Usual cause: a misspelling of epochs`,
    ],
    [
      "a loader's",
      { ...base, batchSize: 3 },
      `each option to be ${shown}, but got "batchSize". Usual cause: a misspelled option, or one of another class`,
    ],
    [
      "no optimizer",
      { loss },
      "optimizer to be an optimizer such as new Adam(model.parameters()), but got undefined. Usual cause: a forgotten option",
    ],
    [
      "a name as optimizer",
      { loss, optimizer: "adam" },
      'optimizer to be an optimizer such as new Adam(model.parameters()), but got "adam". Usual cause: a name or a class, where an object is meant',
    ],
    [
      "a class as optimizer",
      { loss, optimizer: Adam },
      "optimizer to be an optimizer such as new Adam(model.parameters()), but got a Function. Usual cause: a name or a class, where an object is meant",
    ],
    [
      "a rate as scheduler",
      { ...base, scheduler: 0.1 },
      `${scheduler} 0.1. Usual cause: a learning rate or a function, where an object is meant`,
    ],
    [
      "a function as scheduler",
      { ...base, scheduler: () => 0.1 },
      `${scheduler} a Function. Usual cause: a learning rate or a function, where an object is meant`,
    ],
    [
      "a data set as validation",
      { ...base, validation: dataset },
      `validation to be ${BATCHES} a Dataset. Usual cause: a data set that is not cut into batches yet: new DataLoader(dataset, { batchSize: 32 })`,
    ],
    [
      "a share as validation",
      { ...base, validation: 0.1 },
      `validation to be ${BATCHES} 0.1. Usual cause: arguments in another order`,
    ],
    [
      "a function as metrics",
      { ...base, metrics: accuracy },
      "metrics to be an object of functions such as { accuracy }, but got a Function. Usual cause: a single function: give it a name by { }",
    ],
    [
      "names as metrics",
      { ...base, metrics: ["accuracy"] },
      'metrics to be an object of functions such as { accuracy }, but got ["accuracy"]. Usual cause: a single function: give it a name by { }',
    ],
    [
      "a class among metrics",
      { ...base, metrics: { ConfusionMatrix } },
      "metrics.ConfusionMatrix to be a function of predictions and targets, but got a Function. Usual cause: what a metric returned, or a class",
    ],
    ["a negative norm", { ...base, clipGradNorm: -1 }, "clipGradNorm to be a number ≥ 0, but got -1"],
    ["another nonFinite", { ...base, nonFinite: "skip" }, 'nonFinite to be one of "stop", "continue", but got "skip"'],
    [
      "a function as callbacks",
      { ...base, callbacks: () => {} },
      "callbacks to be an array of objects such as [{ onStep }], but got a Function. Usual cause: a single callback: put it in an array",
    ],
    [
      "functions as callbacks",
      { ...base, callbacks: [() => {}] },
      "each callback to be an object such as { onStep }, but got a Function. Usual cause: a function: name it { onStep }",
    ],
    [
      "no function in a callback",
      { ...base, callbacks: [{ onEpoch: 3 }] },
      "onEpoch to be a function, but got 3. Usual cause: what a function returned, where the function itself is meant",
    ],
    [
      "no function as onStep",
      { ...base, onStep: "log" },
      'onStep to be a function, but got "log". Usual cause: what a function returned, where the function itself is meant',
    ],
    [
      "a controller as signal",
      { ...base, signal: new AbortController() },
      "signal to be an AbortSignal, but got an AbortController. Usual cause: the AbortController, where its signal is meant",
    ],
    [
      "a path as checkpoint",
      { ...base, checkpoint: "run.ckpt" },
      "checkpoint.save to be a function that keeps the bytes, but got undefined. Usual cause: a path, where (bytes) => writeFileAtomic(path, bytes) is meant",
    ],
  ])("%s", (_, options, rest) => refused(fit, [model, good, options], `fit expects ${rest}.`));

  test("options of its options that there are not", async () => {
    await refused(
      fit,
      [model, good, { ...base, earlyStopping: { patients: 3 } }],
      `fit's earlyStopping expects each option to be one of monitor, patience, minDelta, restoreBest, but got "patients". Usual cause: a misspelling of patience.`,
    );
    await refused(
      fit,
      [model, good, { ...base, earlyStopping: true }],
      "fit's earlyStopping expects its options to be an object of monitor, patience, minDelta, restoreBest, but got true. Usual cause: torch's positional arguments are named here.",
    );
    await refused(
      fit,
      [model, good, { ...base, checkpoint: { every: 3, save: () => {} } }],
      `fit's checkpoint expects each option to be one of everySteps, save, but got "every". Usual cause: a misspelling of everySteps.`,
    );
  });

  test("an optimizer and a scheduler that have nothing to do with it", async () => {
    await refused(
      fit,
      [model, good, { loss, optimizer: other }],
      "fit expects an optimizer over parameters of its model, but SGD has none of them. Usual cause: the parameters of another model, or of layers that were replaced since.",
      StateError,
    );
    await refused(
      fit,
      [model, good, { ...base, scheduler: new StepLR(other, { stepSize: 1 }) }],
      "fit expects a scheduler of its optimizer, but StepLR was made with another one. Usual cause: an optimizer that was made anew, without its scheduler.",
      StateError,
    );
  });

  test("a loader whose labels do not fit, with running statistics as they were", () =>
    refused(
      fit,
      [model, new DataLoader(new Dataset(normal([4, 3], 1), normal([4, 5], 2)), { batchSize: 4 }), base],
      "MSELoss expects a target of the prediction's shape [4, 2], but got [4, 5]. Usual cause: a model that was made for other targets.",
      ShapeError,
    ));

  test("but takes a record of the whole training, and objects of any class that keep checkpoints and listen", async () => {
    class Keeper {
      steps = 0;
      bytes: Uint8Array | undefined;
      onStep() {
        this.steps++;
      }
      save(bytes: Uint8Array) {
        this.bytes = bytes;
      }
    }
    const keeper = new Keeper();
    const all = { model, data: good, ...base, callbacks: [keeper], checkpoint: keeper };
    await fit(all.model, all.data, all);
    expect(keeper.steps).toBe(1);
    expect(keeper.bytes).toBeInstanceOf(Uint8Array);
  });
});

describe("evaluate refuses", () => {
  test("data without a batch: the mean of nothing is no number", async () => {
    const none = (who: string, what: string) =>
      `${who} expects ${what} that gives batches, but there were none. Usual cause: a generator object, which can be gone through only once; pass a DataLoader or an array.`;
    await refused(evaluate, [model, [], { loss }], none("evaluate", "data"));
    const error = await fit(model, good, { ...base, validation: [] }).catch((caught: unknown) => caught);
    expect((error as Error).message).toBe(none("fit", "validation data"));
  });

  test("metrics that return no number", () =>
    refused(
      evaluate,
      [model, good, { loss, metrics: { sum: () => zeros([]) } }],
      "evaluate expects what the metric sum returns to be a number, but got a Tensor. Usual cause: a Tensor, of which item() is meant, or a missing return.",
    ));

  test("unknown options", () =>
    refused(
      evaluate,
      [model, good, { loss, metric: {} }],
      'evaluate expects each option to be one of loss, metrics, signal, but got "metric". Usual cause: a misspelling of metrics.',
    ));
});

test("a scheduler or optimizer that is given another's state says whose it is", () => {
  const state = "SGD.loadStateDict expects its state to be { state, param_groups } as stateDict returns it, but got";
  for (const [given, rest] of [
    [undefined, "undefined. Usual cause: a state dict of something else, or text that is still to be parsed"],
    [{}, "an object. Usual cause: a state dict of something else, or text that is still to be parsed"],
    ["{}", '"{}". Usual cause: a state dict of something else, or text that is still to be parsed'],
    [model.stateDict(), "an object. Usual cause: the model's state dict, where the optimizer's is meant"],
  ] as const) {
    expect(() => optimizer.loadStateDict(given as never)).toThrow(new ArgumentError(`${state} ${rest}.`));
  }
  const momentum = new SGD(model.parameters(), { momentum: 0.9 });
  const { state: untouched, param_groups } = momentum.stateDict();
  const saved = { state: untouched, param_groups: [{ ...param_groups[0]!, momentum: -1 }] };
  expect(() => momentum.loadStateDict(saved)).toThrow(
    new ArgumentError("SGD expects momentum to be a number ≥ 0, but got -1."),
  );
  expect(() => new StepLR(optimizer, { stepSize: 1 }).loadStateDict("x" as never)).toThrow(
    new ArgumentError(
      'StepLR.loadStateDict expects its state to be what stateDict returned, but got "x". Usual cause: text that is still to be parsed.',
    ),
  );
});
