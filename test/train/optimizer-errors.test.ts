/** Every sentence with which an optimizer refuses bad input; a refused state changes nothing. */
import { describe, expect, test } from "vitest";
import { Parameter } from "../../src/graph/parameter.js";
import { Linear } from "../../src/layers/linear.js";
import { ArgumentError, ShapeError, StateError } from "../../src/shape/errors.js";
import { tensor, zeros } from "../../src/tensor/create.js";
import {
  Adadelta,
  Adagrad,
  Adam,
  AdamW,
  type Optimizer,
  type Parameters as OptimizerParameters,
  type OptimizerState,
  RMSprop,
  Rprop,
  SGD,
} from "../../src/train.js";
import { expectError } from "../support/errors.js";
import { normal } from "../support/layers.js";

const untyped = <T>(value: unknown) => value as T;
const p = new Parameter("weight", zeros([2, 3]));
const OTHER = "Usual cause: text or a BigInt, which Number converts, or another argument in its place.";

describe("parameters", () => {
  test.each([
    ["a model", new Linear(2, 3), "a Linear"],
    ["nothing", undefined, "undefined"],
  ])("%s in their place is refused", (_, parameters, got) => {
    expectError(
      () => new Adam(untyped<OptimizerParameters>(parameters)),
      ArgumentError,
      `Adam expects an array of parameters, but got ${got}. Usual cause: the model itself, where model.parameters() is meant.`,
    );
  });

  test("an empty list is refused", () => {
    const text =
      "SGD expects at least one parameter, but got none. Usual cause: a model that keeps its layers in private fields.";
    expectError(() => new SGD([]), ArgumentError, text);
    expectError(() => new SGD([{ parameters: [] }]), ArgumentError, text);
  });

  test.each([
    ["a tensor", tensor([1])],
    ["a layer", new Linear(2, 3)],
    ["null", null],
    ["a group of tensors", { parameters: [tensor([1])] }],
  ])("%s among them is refused", (_, entry) => {
    expectError(
      () => new SGD(untyped<OptimizerParameters>([p, entry])),
      ArgumentError,
      "SGD expects each entry to be a Parameter or { parameters, lr }, but one is neither. Usual cause: tensors or layers, where layer.parameters() is meant.",
    );
  });

  test("the same parameter twice is refused, also in two groups", () => {
    const text =
      'SGD expects each parameter once, but got "weight" of shape [2, 3] twice. Usual cause: a layer whose parameters are in two groups.';
    expectError(() => new SGD([p, p]), ArgumentError, text);
    expectError(() => new SGD([p, { parameters: [p] }]), ArgumentError, text);
  });
});

describe("options", () => {
  const finite = "Usual cause: a division without Math.floor, or an undefined variable.";
  const cases: [make: () => unknown, text: string][] = [
    [() => new SGD([p], { lr: -1 }), "SGD expects lr to be a number ≥ 0, but got -1."],
    [() => new SGD([p], { lr: Number.NaN }), "SGD expects lr to be a number ≥ 0, but got NaN."],
    [() => new SGD([p], { lr: Infinity }), `SGD expects lr to be a finite number, but got Infinity. ${finite}`],
    [() => new SGD([{ parameters: [p], lr: -2 }]), "SGD expects lr to be a number ≥ 0, but got -2."],
    [() => new SGD([p], { weightDecay: -1 }), "SGD expects weightDecay to be a number ≥ 0, but got -1."],
    [() => new SGD([p], { momentum: -1 }), "SGD expects momentum to be a number ≥ 0, but got -1."],
    [() => new SGD([p], { dampening: Number.NaN }), `SGD expects dampening to be a number, but got NaN. ${finite}`],
    [
      () => new SGD([p], { nesterov: true }),
      "SGD expects a momentum and no dampening with nesterov, but got momentum 0 and dampening 0. Usual cause: nesterov without momentum: 0.9.",
    ],
    [
      () => new SGD([p], { nesterov: true, momentum: 0.9, dampening: 0.1 }),
      "SGD expects a momentum and no dampening with nesterov, but got momentum 0.9 and dampening 0.1. Usual cause: nesterov without momentum: 0.9.",
    ],
    [
      () => new SGD([p], untyped<object>(0.1)),
      "SGD expects its options to be an object of lr, weightDecay, maximize, momentum, dampening, nesterov, but got 0.1. Usual cause: torch's positional arguments are named here.",
    ],
    [() => new Adam([p], { betas: [1, 0.9] }), "Adam expects betas[0] to be a number from 0 to below 1, but got 1."],
    [
      () => new AdamW([p], { betas: [0.9, -1] }),
      "AdamW expects betas[1] to be a number from 0 to below 1, but got -1.",
    ],
    [() => new Adam([p], { betas: untyped(0.9) }), "Adam expects betas to be an array of 2 numbers, but got 0.9."],
    [() => new Adam([p], { eps: -1 }), "Adam expects eps to be a number ≥ 0, but got -1."],
    [() => new RMSprop([p], { alpha: 1 }), "RMSprop expects alpha to be a number from 0 to below 1, but got 1."],
    [() => new RMSprop([p], { momentum: -1 }), "RMSprop expects momentum to be a number ≥ 0, but got -1."],
    [() => new Adagrad([p], { lrDecay: -1 }), "Adagrad expects lrDecay to be a number ≥ 0, but got -1."],
    [
      () => new Adagrad([p], { initialAccumulatorValue: -1 }),
      "Adagrad expects initialAccumulatorValue to be a number ≥ 0, but got -1.",
    ],
    [() => new Adadelta([p], { rho: 1.5 }), "Adadelta expects rho to be a number from 0 to 1, but got 1.5."],
    [
      () => new Rprop([p], { etas: [1.2, 0.5] }),
      "Rprop expects etas to be one factor between 0 and 1 and one above 1, but got [1.2, 0.5].",
    ],
    [
      () => new Rprop([p], { stepSizes: [1, 0] }),
      "Rprop expects stepSizes to be the smallest and the largest step, but got [1, 0].",
    ],
    [
      () => new Rprop([p], untyped<object>({ weightDecay: 0.1 })),
      'Rprop expects each option to be one of lr, maximize, etas, stepSizes, but got "weightDecay". Usual cause: a misspelled option, or one of another class.',
    ],
  ];

  for (const [make, text] of cases) test(text, () => expectError(make, ArgumentError, text));

  test("a learning rate that cannot be is refused later too, and leaves the old one", () => {
    const optimizer = new SGD([p], { lr: 0.5 });
    expectError(
      () => {
        optimizer.lr = Number.NaN;
      },
      ArgumentError,
      "SGD expects lr to be a number ≥ 0, but got NaN.",
    );
    expect(optimizer.lr).toBe(0.5);
  });
});

describe("loadStateDict", () => {
  /** An optimizer of two parameters after two steps. */
  function stepped(): { optimizer: Adam; parameters: Parameter[] } {
    const parameters = [new Parameter("weight", normal([2, 3], 1)), new Parameter("bias", normal([3], 2))];
    const optimizer = new Adam(parameters);
    for (const parameter of parameters) parameter.grad.data.fill(1);
    optimizer.step();
    optimizer.step();
    return { optimizer, parameters };
  }

  type Changed = { state: Record<string, Record<string, unknown>>; param_groups: Record<string, unknown>[] };

  /** A changed copy of a good state is refused with this text, and changes nothing. */
  function refused(change: (state: Changed) => void, kind: new (message: string) => Error, text: string): void {
    const { optimizer } = stepped();
    const before = optimizer.stateDict();
    const state = stepped().optimizer.stateDict() as unknown as Changed;
    state.param_groups[0]!.lr = 0.5;
    change(state);
    expectError(() => optimizer.loadStateDict(untyped<OptimizerState>(state)), kind, text);
    expect(optimizer.stateDict()).toEqual(before);
  }

  const ANOTHER = "Usual cause: a checkpoint of another model or optimizer, or other groups than when it was saved.";
  const EDITED = "Usual cause: a checkpoint that was edited or written by another program.";
  const mismatch = (lists: string) =>
    `Adam.loadStateDict expects the state of the same optimizer over the same parameters, but got ${lists}. ${ANOTHER}`;

  test("a missing tensor is refused", () => {
    refused(({ state }) => delete state[1]!.exp_avg, StateError, mismatch("missing: state[1].exp_avg"));
  });

  test("missing options are refused", () => {
    refused(
      ({ param_groups: [group] }) => {
        delete group!.betas;
        delete group!.weight_decay;
      },
      StateError,
      mismatch("missing: param_groups[0].weight_decay, param_groups[0].betas"),
    );
  });

  test("the state of another optimizer is refused", () => {
    refused(
      ({ state, param_groups: [group] }) => {
        state[0]!.square_avg = zeros([2, 3]);
        delete state[0]!.exp_avg;
        group!.alpha = 0.9;
      },
      StateError,
      mismatch("missing: state[0].exp_avg; unexpected: param_groups[0].alpha, state[0].square_avg"),
    );
  });

  test("more parameters than there are, and tensors without a step count, are refused", () => {
    refused(({ state }) => Object.assign(state, { 2: state[0] }), StateError, mismatch("unexpected: state[2]"));
    refused(({ state }) => delete state[1]!.step, StateError, mismatch("missing: state[1].step"));
  });

  test("other groups, or parameters in others, are refused", () => {
    refused(
      ({ param_groups }) => param_groups.push(param_groups[0]!),
      StateError,
      `Adam.loadStateDict expects param_groups of length 1, as many as the optimizer has groups, but got 2. ${ANOTHER}`,
    );
    for (const [params, got] of [
      [[0, 1, 2], "3: [0, 1, 2]"],
      [[1, 2], "2: [1, 2]"],
      [undefined, "undefined"],
    ] as const) {
      refused(
        ({ param_groups: [group] }) => Object.assign(group!, { params }),
        StateError,
        `Adam.loadStateDict expects param_groups[0].params to count the group's parameters, 2 from 0 on, but got ${got}. ${ANOTHER}`,
      );
    }
    const { parameters } = stepped();
    const two = new SGD(parameters.map((parameter) => ({ parameters: [parameter] })));
    const state = untyped<OptimizerState>({
      ...two.stateDict(),
      param_groups: [...two.stateDict().param_groups].reverse(),
    });
    expectError(
      () => two.loadStateDict(state),
      StateError,
      `SGD.loadStateDict expects param_groups[0].params to count the group's parameters, 1 from 0 on, but got 1: [1]. ${ANOTHER}`,
    );
  });

  test("a group or an entry that is no object is refused", () => {
    refused(
      ({ param_groups }) => Object.assign(param_groups, [7]),
      ArgumentError,
      "Adam.loadStateDict expects param_groups[0] to be an object of options and params, but got 7.",
    );
    refused(
      ({ state }) => Object.assign(state, { 1: null }),
      ArgumentError,
      "Adam.loadStateDict expects state[1] to be an object of step and running quantities, but got null.",
    );
    refused(
      ({ state }) => Object.assign(state[1]!, { exp_avg: 7 }),
      ArgumentError,
      "Adam.loadStateDict expects state[1].exp_avg to be a Tensor, but got 7.",
    );
  });

  test("a long list of keys is cut", () => {
    refused(
      ({ state }) => {
        for (let i = 10; i < 20; i++) state[i] = {};
      },
      StateError,
      mismatch(`unexpected: ${[10, 11, 12, 13, 14, 15, 16, 17].map((i) => `state[${i}]`).join(", ")} and 2 more`),
    );
  });

  test("a tensor of another shape is refused", () => {
    refused(
      ({ state }) => Object.assign(state[0]!, { exp_avg_sq: zeros([3, 2]) }),
      ShapeError,
      "Adam.loadStateDict expects state[0].exp_avg_sq to have its parameter's shape [2, 3], but got [3, 2]. Usual cause: a checkpoint of another model, or parameters in another order.",
    );
  });

  test.each([-1, 0.5, Number.NaN])("a step count of %f is refused", (step) => {
    refused(
      ({ state }) => Object.assign(state[0]!, { step }),
      StateError,
      `Adam.loadStateDict expects state[0].step to be a count, but got ${step}. ${EDITED}`,
    );
  });

  const group: readonly (readonly [object, string])[] = [
    [{ lr: null }, `Adam expects lr to be a number, but got null. ${OTHER}`],
    [{ lr: Infinity }, "Adam expects lr to be a finite number, but got Infinity. Usual cause: a division without Math.floor, or an undefined variable."], // biome-ignore format: one line
    [{ weight_decay: -1 }, "Adam expects weightDecay to be a number ≥ 0, but got -1."],
    [{ betas: [0.9] }, "Adam expects betas to be an array of 2 numbers, but got [0.9]."],
    [{ betas: [0.9, "1"] }, `Adam expects betas[1] to be a number, but got "1". ${OTHER}`],
    [{ betas: [0.9, 1] }, "Adam expects betas[1] to be a number from 0 to below 1, but got 1."],
    [{ amsgrad: 0 }, "Adam expects amsgrad to be true or false, but got 0."],
    [{ initial_lr: "x" }, `Adam expects initial_lr to be a finite number, but got "x". ${OTHER}`],
  ];
  test.each(group)("options that cannot work are refused: %o", (options, text) => {
    refused(({ param_groups: [group] }) => Object.assign(group!, options), ArgumentError, text);
  });

  test("an untouched state is one too: it starts from the beginning", () => {
    const { optimizer, parameters } = stepped();
    const untouched = new Adam(parameters, { lr: 0.5 }).stateDict();
    optimizer.loadStateDict(untouched);
    expect(optimizer.stateDict()).toEqual(untouched);
    expect(untouched.state).toEqual({});
  });
});

describe("a setting that was changed to what is none", () => {
  const ARITHMETIC = "Usual cause: a division without Math.floor, or an undefined variable.";
  type Change = (group: { lr: number; weightDecay: number; momentum: number; betas: unknown }) => void;
  test.each<[string, new (parameters: Parameter[]) => Optimizer, Change, string]>([
    ["lr", SGD, (g) => (g.lr = Number.NaN), `a number, but got NaN. ${ARITHMETIC}`],
    ["lr", SGD, (g) => (g.lr = Infinity), `a finite number, but got Infinity. ${ARITHMETIC}`],
    ["weightDecay", Adadelta, (g) => (g.weightDecay = untyped("0")), `a number, but got "0". ${OTHER}`],
    ["momentum", SGD, (g) => (g.momentum = untyped(undefined)), `a number, but got undefined. ${ARITHMETIC}`],
    ["momentum", RMSprop, (g) => (g.momentum = -1), "a number ≥ 0, but got -1."],
    ["betas", Adam, (g) => (g.betas = 0.9), "an array of 2 numbers, but got 0.9."],
    ["betas[0]", Adam, (g) => (g.betas = [undefined, 0.9]), `a number, but got undefined. ${ARITHMETIC}`],
    ["betas[1]", AdamW, (g) => (g.betas = [0.9, 1]), "a number from 0 to below 1, but got 1."],
  ])("%s, in %o", (setting, Kind, change, text) => {
    const parameter = new Parameter("weight", tensor([1, 2]));
    parameter.grad.data.fill(1);
    const optimizer = new Kind([parameter]);
    change(optimizer.groups[0] as unknown as Parameters<Change>[0]);
    expectError(() => optimizer.step(), ArgumentError, `${Kind.name} expects ${setting} to be ${text}`);
    expect([...parameter.value.data]).toEqual([1, 2]);
    expect(optimizer.stateDict().state).toEqual({});
  });
});
