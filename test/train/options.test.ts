/** What plain JavaScript may pass to everything in this room that takes options: no compiler refuses it there. */
import { describe, expect, test } from "vitest";
import { Linear, Parameter, zeros } from "../../src/index.js";
import { ArgumentError } from "../../src/shape/errors.js";
import * as train from "../../src/train.js";
import { expectError } from "../support/errors.js";

/** A call with these options in the place where options belong. */
type Call = (options: never) => unknown;

const parameters = () => [new Parameter("p", zeros([2]))];
const sgd = () => new train.SGD(parameters());
const model = () => new Linear(1, 1);
const scores = zeros([2, 3]);

/** By the name that messages show: the call, and every option that there is. */
const TAKERS: Readonly<Record<string, readonly [call: Call, names: string]>> = {
  SGD: [(o) => new train.SGD(parameters(), o), "lr, weightDecay, maximize, momentum, dampening, nesterov"],
  Adam: [(o) => new train.Adam(parameters(), o), "lr, weightDecay, maximize, betas, eps, amsgrad"],
  AdamW: [(o) => new train.AdamW(parameters(), o), "lr, weightDecay, maximize, betas, eps, amsgrad"],
  Adamax: [(o) => new train.Adamax(parameters(), o), "lr, weightDecay, maximize, betas, eps"],
  RAdam: [(o) => new train.RAdam(parameters(), o), "lr, weightDecay, maximize, betas, eps, decoupledWeightDecay"],
  RMSprop: [(o) => new train.RMSprop(parameters(), o), "lr, weightDecay, maximize, alpha, eps, momentum, centered"],
  Rprop: [(o) => new train.Rprop(parameters(), o), "lr, maximize, etas, stepSizes"],
  Adagrad: [
    (o) => new train.Adagrad(parameters(), o),
    "lr, weightDecay, maximize, lrDecay, initialAccumulatorValue, eps",
  ],
  Adadelta: [(o) => new train.Adadelta(parameters(), o), "lr, weightDecay, maximize, rho, eps"],
  StepLR: [(o) => new train.StepLR(sgd(), o), "stepSize, gamma"],
  ExponentialLR: [(o) => new train.ExponentialLR(sgd(), o), "gamma"],
  CosineAnnealingLR: [(o) => new train.CosineAnnealingLR(sgd(), o), "tMax, etaMin"],
  LinearLR: [(o) => new train.LinearLR(sgd(), o), "startFactor, endFactor, totalIters"],
  PolynomialLR: [(o) => new train.PolynomialLR(sgd(), o), "totalIters, power"],
  OneCycleLR: [
    (o) => new train.OneCycleLR(sgd(), o),
    "maxLr, totalSteps, pctStart, annealStrategy, cycleMomentum, baseMomentum, maxMomentum, divFactor, finalDivFactor, threePhase",
  ],
  ReduceLROnPlateau: [
    (o) => new train.ReduceLROnPlateau(sgd(), o),
    "mode, factor, patience, threshold, thresholdMode, cooldown, minLr, eps",
  ],
  MSELoss: [(o) => new train.MSELoss(o), "reduction"],
  L1Loss: [(o) => new train.L1Loss(o), "reduction"],
  SmoothL1Loss: [(o) => new train.SmoothL1Loss(o), "reduction, beta"],
  HuberLoss: [(o) => new train.HuberLoss(o), "reduction, delta"],
  BCELoss: [(o) => new train.BCELoss(o), "reduction, weight"],
  BCEWithLogitsLoss: [(o) => new train.BCEWithLogitsLoss(o), "reduction, weight, posWeight"],
  KLDivLoss: [(o) => new train.KLDivLoss(o), "reduction, logTarget"],
  CrossEntropyLoss: [(o) => new train.CrossEntropyLoss(o), "reduction, weight, ignoreIndex, labelSmoothing"],
  NLLLoss: [(o) => new train.NLLLoss(o), "reduction, weight, ignoreIndex"],
  accuracy: [(o) => train.accuracy(scores, [0, 1], o), "ignoreIndex"],
  topKAccuracy: [(o) => train.topKAccuracy(scores, [0, 1], 2, o), "ignoreIndex"],
  "ConfusionMatrix.update": [(o) => new train.ConfusionMatrix(3).update(scores, [0, 1], o), "ignoreIndex"],
  clipGradNorm: [(o) => train.clipGradNorm(model().parameters(), 1, o), "normType"],
};

describe.each(Object.entries(TAKERS))("%s", (who, [call, names]) => {
  const untyped = (options: unknown) => call(options as never);

  test("refuses an option that it has not, and names those that it has", () => {
    const known = names.includes(",") ? `one of ${names}` : names;
    expectError(
      () => untyped({ callback: 1 }),
      ArgumentError,
      `${who} expects each option to be ${known}, but got "callback". Usual cause: a misspelled option, or one of another class.`,
    );
    for (const name of names.split(", ")) {
      const misspelled = `${name}s`;
      expectError(
        () => untyped({ [misspelled]: 1 }),
        ArgumentError,
        `${who} expects each option to be ${known}, but got "${misspelled}". Usual cause: a misspelling of ${name}.`,
      );
    }
  });

  test("refuses what is no object", () => {
    for (const [options, shown] of [
      [0.1, "0.1"],
      ["mean", '"mean"'],
      [null, "null"],
      [[1], "[1]"],
      [model(), "a Linear"],
    ] as const) {
      expectError(
        () => untyped(options),
        ArgumentError,
        `${who} expects its options to be an object of ${names}, but got ${shown}. Usual cause: torch's positional arguments are named here.`,
      );
    }
  });
});

test("every class and function of the room that takes options is among them", () => {
  const others = ["Loss", "Optimizer", "Scheduler", "NonFiniteError", "ConfusionMatrix", "clipGradValue"];
  // Whose options have tests of their own: they ask for more than an object of known names.
  const own = ["fit", "evaluate", "summary", "initializers"];
  const named = Object.keys(TAKERS).map((name) => name.split(".")[0] ?? name);
  expect(new Set([...named, ...others, ...own])).toEqual(new Set(Object.keys(train)));
});

test.each(["learningRate", "learning_rate", "LR"])("the learning rate is called lr, not %s", (name) => {
  expectError(
    () => new train.Adam(parameters(), { [name]: 0.1 }),
    ArgumentError,
    `Adam expects each option to be one of lr, weightDecay, maximize, betas, eps, amsgrad, but got "${name}". Usual cause: a misspelling of lr.`,
  );
});

test("a group of parameters has known options too", () => {
  const group = (options: object) => [{ parameters: parameters(), ...options }];
  expectError(
    () => new train.SGD(group({ learningRate: 1 }), {}),
    ArgumentError,
    `SGD's group expects each option to be one of parameters, lr, weightDecay, maximize, momentum, dampening, nesterov, but got "learningRate". Usual cause: a misspelling of lr.`,
  );
});

test("options that are true or false take nothing else", () => {
  expectError(
    () => new train.SGD(parameters(), { nesterov: "yes" as never }),
    ArgumentError,
    'SGD expects nesterov to be true or false, but got "yes".',
  );
  expectError(
    () => new train.KLDivLoss({ logTarget: 0 as never }),
    ArgumentError,
    "KLDivLoss expects logTarget to be true or false, but got 0.",
  );
});

describe("ConfusionMatrix", () => {
  test.each([
    [2 ** 31, "at most 8192, but got 2147483648. Usual cause: samples or pixels, where classes are meant."],
    [8193, "at most 8192, but got 8193. Usual cause: samples or pixels, where classes are meant."],
    [undefined, "their number or an array of their names, but got undefined."],
    ["cat", 'their number or an array of their names, but got "cat".'],
  ])("refuses %s classes", (classes, rest) => {
    expectError(
      () => new train.ConfusionMatrix(classes as number),
      ArgumentError,
      `ConfusionMatrix expects classes to be ${rest}`,
    );
  });
});

describe("summary", () => {
  test("refuses what is no model, and what is no shape", () => {
    const shape = "summary expects inputShape to be an array of sizes such as [1, 3, 224, 224], but got";
    const layer = model();
    for (const [args, text] of [
      [[], "summary expects its model to be a Layer, but got undefined. Usual cause: arguments in another order."],
      [
        [Linear],
        "summary expects its model to be a Layer, but got a Function. Usual cause: a class, where new is missing.",
      ],
      [[layer], `${shape} undefined. Usual cause: a forgotten argument: summary(model, [1, 3, 224, 224]).`],
      [[layer, zeros([1, 1])], `${shape} a Tensor. Usual cause: a tensor, where its shape is meant.`],
      [[layer, [1.5, 1]], `${shape} [1.5, 1]. Usual cause: a size that is no whole number.`],
    ] as const) {
      expectError(() => (train.summary as (...args: readonly unknown[]) => unknown)(...args), ArgumentError, text);
    }
  });
});
