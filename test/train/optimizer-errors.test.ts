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
  type OptimizerState,
  type Parameters,
  RMSprop,
  Rprop,
  SGD,
} from "../../src/train.js";
import { expectError } from "../support/errors.js";
import { normal } from "../support/layers.js";

const untyped = <T>(value: unknown) => value as T;
const p = new Parameter("weight", zeros([2, 3]));

describe("parameters", () => {
  test.each([
    ["a model", new Linear(2, 3), "a Linear"],
    ["nothing", undefined, "undefined"],
  ])("%s in their place is refused", (_, parameters, got) => {
    expectError(
      () => new Adam(untyped<Parameters>(parameters)),
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
      () => new SGD(untyped<Parameters>([p, entry])),
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
  const finite = "Usual cause: a division without Math.floor, or a variable that is undefined.";
  const cases: [make: () => unknown, text: string][] = [
    [() => new SGD([p], { lr: -1 }), "SGD expects lr to be a number ≥ 0, but got -1."],
    [() => new SGD([p], { lr: Number.NaN }), "SGD expects lr to be a number ≥ 0, but got NaN."],
    [() => new SGD([p], { lr: Infinity }), `SGD expects lr to be a finite number, but got Infinity. ${finite}`],
    [() => new SGD([{ parameters: [p], lr: -2 }]), "SGD expects lr to be a number ≥ 0, but got -2."],
    [() => new SGD([p], { weightDecay: -1 }), "SGD expects weightDecay to be a number ≥ 0, but got -1."],
    [() => new SGD([p], { momentum: -1 }), "SGD expects momentum to be a number ≥ 0, but got -1."],
    [
      () => new SGD([p], { dampening: Number.NaN }),
      `SGD expects dampening to be a finite number, but got NaN. ${finite}`,
    ],
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
    [() => new Adam([p], { betas: untyped(0.9) }), "Adam expects betas to be two numbers, but got 0.9."],
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
      "Rprop expects no weightDecay, since only the gradient's sign counts, but got one. Usual cause: options of another optimizer.",
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

  /** A changed copy of a good state is refused with this text, and changes nothing. */
  function refused(
    change: (tensors: OptimizerState["tensors"], numbers: OptimizerState["numbers"]) => void,
    kind: new (message: string) => Error,
    text: string,
  ): void {
    const { optimizer } = stepped();
    const before = optimizer.stateDict();
    const { tensors, numbers } = stepped().optimizer.stateDict();
    numbers["group.0.lr"] = 0.5;
    change(tensors, numbers);
    expectError(() => optimizer.loadStateDict({ tensors, numbers }), kind, text);
    expect(optimizer.stateDict()).toEqual(before);
  }

  const mismatch = (lists: string) =>
    `Adam.loadStateDict expects the state of the same optimizer over the same parameters, but got ${lists}. Usual cause: a checkpoint of another model, or other options than when it was saved.`;

  test("a missing tensor is refused", () => {
    refused((tensors) => delete tensors["1.exp_avg"], StateError, mismatch("missing: 1.exp_avg"));
  });

  test("missing numbers are refused", () => {
    refused(
      (_, numbers) => {
        delete numbers.momentum;
        delete numbers["group.0.lr"];
      },
      StateError,
      mismatch("missing: group.0.lr, momentum"),
    );
  });

  test("the state of another optimizer is refused", () => {
    refused(
      (tensors) => {
        tensors["0.square_avg"] = zeros([2, 3]);
        delete tensors["0.exp_avg"];
      },
      StateError,
      mismatch("missing: 0.exp_avg; unexpected: 0.square_avg"),
    );
  });

  test("more parameters than there are, and tensors without a step count, are refused", () => {
    refused(
      (tensors, numbers) => {
        numbers["2.step"] = 1;
        tensors["2.exp_avg"] = zeros([1]);
      },
      StateError,
      mismatch("unexpected: 2.step, 2.exp_avg"),
    );
    refused((_, numbers) => delete numbers["1.step"], StateError, mismatch("unexpected: 1.exp_avg, 1.exp_avg_sq"));
  });

  test("a long list of keys is cut", () => {
    refused(
      (tensors) => {
        for (let i = 10; i < 20; i++) tensors[`${i}.exp_avg`] = zeros([1]);
      },
      StateError,
      mismatch(`unexpected: ${[10, 11, 12, 13, 14, 15, 16, 17].map((i) => `${i}.exp_avg`).join(", ")} and 2 more`),
    );
  });

  test("a tensor of another shape is refused", () => {
    refused(
      (tensors) => {
        tensors["0.exp_avg_sq"] = zeros([3, 2]);
      },
      ShapeError,
      "Adam.loadStateDict expects 0.exp_avg_sq to have its parameter's shape [2, 3], but got [3, 2]. Usual cause: a checkpoint of another model, or parameters in another order.",
    );
  });

  test.each([-1, 0.5, Number.NaN])("a step count of %f is refused", (count) => {
    refused(
      (_, numbers) => {
        numbers["0.step"] = count;
      },
      StateError,
      `Adam.loadStateDict expects 0.step to be a count, but got ${count}. Usual cause: a checkpoint that was edited or written by another program.`,
    );
  });

  test("a learning rate that is no number, as JSON writes Infinity, is refused", () => {
    refused(
      (_, numbers) => {
        numbers["group.0.lr"] = untyped<number>(null);
      },
      StateError,
      "Adam.loadStateDict expects group.0.lr to be a finite number, but got null. Usual cause: a checkpoint that was edited or written by another program.",
    );
  });

  test("an untouched state is one too: it starts from the beginning", () => {
    const { optimizer, parameters } = stepped();
    optimizer.loadStateDict(new Adam(parameters).stateDict());
    expect(optimizer.stateDict().numbers).toEqual({ "group.0.lr": 0.001, momentum: 0.9 });
  });
});

describe("a setting that was changed to what is none", () => {
  const ARITHMETIC = "Usual cause: a division without Math.floor, or a variable that is undefined.";
  test.each([
    ["lr", SGD, (o) => (o.groups[0]!.lr = Number.NaN), `a finite number, but got NaN. ${ARITHMETIC}`],
    ["weightDecay", Adadelta, (o) => (o.groups[0]!.weightDecay = untyped("0")), `a finite number, but got "0"`],
    ["momentum", SGD, (o) => (o.momentum = untyped(undefined)), "a number ≥ 0, but got undefined"],
    ["momentum", RMSprop, (o) => (o.momentum = -1), "a number ≥ 0, but got -1"],
    ["betas[0]", Adam, (o) => (o.momentum = untyped(undefined)), "a number from 0 to below 1, but got undefined"],
    ["betas[1]", AdamW, (o) => (o.betas = [0.9, 1]), "a number from 0 to below 1, but got 1"],
  ] as readonly [string, typeof SGD, (optimizer: SGD & { betas: unknown }) => void, string][])(
    "%s, in %o",
    (setting, Kind, change, text) => {
      const parameter = new Parameter("weight", tensor([1, 2]));
      parameter.grad.data.fill(1);
      const optimizer = new Kind([parameter]) as SGD & { betas: unknown };
      change(optimizer);
      let message = "";
      try {
        optimizer.step();
      } catch (error) {
        expect(error).toBeInstanceOf(ArgumentError);
        message = (error as Error).message;
      }
      expect(message).toContain(`${Kind.name} expects ${setting} to be ${text}`);
      expect([...parameter.value.data]).toEqual([1, 2]);
      expect(optimizer.stateDict().tensors).toEqual({});
    },
  );
});
