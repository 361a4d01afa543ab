/** Every sentence with which a loss refuses bad input. */
import { describe, expect, test } from "vitest";
import { writeNpy } from "../../src/io.js";
import { ArgumentError, ShapeError, StateError } from "../../src/shape/errors.js";
import { tensor, zeros } from "../../src/tensor/create.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import {
  accuracy,
  BCELoss,
  BCEWithLogitsLoss,
  CrossEntropyLoss,
  HuberLoss,
  KLDivLoss,
  type Labels,
  MSELoss,
  NLLLoss,
  SmoothL1Loss,
  type Weights,
} from "../../src/train.js";
import { expectError } from "../support/errors.js";

/** What plain JavaScript may pass: the compiler would refuse it. */
const untyped = <T>(value: unknown) => value as T;

const MARK = "a mark for what is to be left out: ignoreIndex says which";
const MEASURED = "probabilities or measured values, where the numbers of the classes are meant";
const BIGINTS = "BigInts, as 64-bit labels of numpy are read: Int32Array.from(labels, Number)";
const ONE_HOT_LISTS =
  "one-hot labels: give the number of each class, or tensor(labels), which is read as probabilities";

describe("labels", () => {
  test.each([
    [
      "one-hot labels of a loss that takes none",
      [2, 3],
      zeros([2, 3]),
      "labels of shape [2, 3]",
      "one-hot labels: give the class numbers, labels.argmax(1)",
    ],
    [
      "one-hot labels in a row",
      [2, 3],
      new Float32Array(6),
      "6",
      "one-hot labels in a row: a Tensor of the shape of the scores is read as probabilities, a list as class numbers",
    ],
    [
      "a missing batch dimension",
      [3],
      [0, 1],
      "2",
      "scores without a batch dimension: the model was given a single sample; unsqueeze(0) adds the dimension",
    ],
    [
      "a missing Flatten",
      [2, 3, 7, 7],
      [0, 1],
      "2",
      "a model without Flatten or global pooling, which gives one score a pixel",
    ],
    [
      "a missing Flatten, labels in a Tensor",
      [2, 3, 7, 7],
      zeros([2]),
      "labels of shape [2]",
      "a model without Flatten or global pooling, which gives one score a pixel",
    ],
  ] as const)("the sentence about their number names the true cause: %s", (_, shape, labels, got, cause) => {
    const scores = zeros(shape);
    const shown = (of: readonly number[]) => `[${of.join(", ")}]`;
    const wanted = shape.filter((_, dim) => (shape.length === 1 ? false : dim !== 1));
    const count = wanted.reduce<number>((a, b) => a * b, 1);
    for (const [who, call] of [
      ["NLLLoss", () => new NLLLoss().forward(scores, untyped<Labels>(labels))],
      ["accuracy", () => accuracy(scores, untyped<Labels>(labels))],
    ] as const) {
      expectError(
        call,
        ShapeError,
        `${who} expects ${count} labels ${shown(wanted)} for the scores ${shown(shape)}, but got ${got}. Usual cause: ${cause}.`,
      );
    }
  });

  test("a map of one pixel is as good as none: scores [N, C, 1, 1] take N labels", () => {
    const scores = [zeros([2, 3, 1, 1]), zeros([2, 3])];
    const losses = scores.map((each) => new CrossEntropyLoss().forward(each, untyped<number[]>([0, 1])));
    expect(losses[0]).toBe(losses[1]);
  });

  const ce = new CrossEntropyLoss();
  const refused = (
    labels: unknown,
    kind: new (message: string) => Error,
    text: string,
    scores: Tensor = zeros([2, 3]),
  ) => expectError(() => ce.forward(scores, untyped<Labels>(labels)), kind, text);

  test("a wrong count is refused", () => {
    refused(
      [0, 1, 2],
      ShapeError,
      "CrossEntropyLoss expects 2 labels [2] for the scores [2, 3], but got 3. Usual cause: labels of another batch, or a last batch that is smaller than the others.",
    );
    refused(
      Int32Array.of(0, 1),
      ShapeError,
      "CrossEntropyLoss expects 8 labels [2, 2, 2] for the scores [2, 3, 2, 2], but got 2. Usual cause: a model without Flatten or global pooling, which gives one score a pixel.",
      zeros([2, 3, 2, 2]),
    );
  });

  test("a Tensor of the right count but another shape is refused", () => {
    refused(
      zeros([2, 1]),
      ShapeError,
      "CrossEntropyLoss expects 2 labels [2] for the scores [2, 3], but got labels of shape [2, 1]. Usual cause: labels in a column [N, 1]: squeeze(1) makes them [N].",
    );
  });

  test.each([
    ["too large", [0, 3], "3", 1, "a model with fewer outputs than classes"],
    ["counted from 1", [2, 3], "3", 1, "classes counted from 1"],
    ["negative", [-1, 0], "-1", 0, MARK],
    ["fractional", [0, 0.5], "0.5", 1, MEASURED],
    ["NaN", [0, Number.NaN], "NaN", 1, "an entry that is missing, or text that Number could not read"],
    ["missing", [0, undefined], "NaN", 1, "an entry that is missing, or text that Number could not read"],
    ["too large in a Uint8Array", Uint8Array.of(0, 255), "255", 1, MARK],
    ["fractional in a Tensor", tensor([1.5, 0]), "1.5", 0, MEASURED],
    ["a BigInt", [0n, 1n], "0n", 0, BIGINTS],
    ["text", ["cat", "dog"], '"cat"', 0, "the classes' names: each one's place in the list of classes is its label"],
    ["a number in text", [0, "1"], '"1"', 1, "numbers that are still text: labels.map(Number)"],
    ["a boolean", [true, false], "true", 0, "true and false, where 1 and 0 are meant"],
    [
      "a one-hot list",
      [
        [0, 0, 1],
        [1, 0, 0],
      ],
      "[0, 0, 1]",
      0,
      ONE_HOT_LISTS,
    ],
    ["a one-hot typed array", [Float32Array.of(0, 0, 1), Float32Array.of(1, 0, 0)], "a Float32Array", 0, ONE_HOT_LISTS],
  ])("a label that is %s is refused with its cause", (_, labels, label, at, cause) => {
    refused(
      labels,
      ArgumentError,
      `CrossEntropyLoss expects labels that are integers from 0 to 2, but label ${at} is ${label}. Usual cause: ${cause}.`,
    );
  });

  test("−100 is ignored by default, but no label where ignoreIndex says another", () => {
    expect(ce.forward(zeros([2, 3]), [-100, 0])).toBeCloseTo(Math.log(3), 6);
    expectError(
      () => new NLLLoss({ ignoreIndex: 7 }).forward(zeros([2, 3]), [7, -100]),
      ArgumentError,
      "NLLLoss expects labels that are integers from 0 to 2, but label 1 is -100. Usual cause: a mark for what is to be left out: ignoreIndex says which.",
    );
  });

  test.each([
    ["a number", 1, "1", "a single label: put it in an array"],
    ["null", null, "null", "targets that are missing, or have another name"],
    ["undefined", undefined, "undefined", "targets that are missing, or have another name"],
    ["a name", "cat", '"cat"', "a class's name: its place in the list of classes is its label"],
    ["a BigInt", 1n, "1n", BIGINTS],
    ["64-bit integers", BigInt64Array.of(0n, 1n), "a BigInt64Array", BIGINTS],
    ["unsigned 64-bit integers", BigUint64Array.of(0n, 1n), "a BigUint64Array", BIGINTS],
    ["a Set", new Set([0, 1]), "a Set", "what holds the labels, where the labels themselves are meant"],
  ])("%s in place of labels is refused with its cause", (_, labels, what, cause) => {
    refused(
      labels,
      ArgumentError,
      `CrossEntropyLoss expects labels as an array of integers, an Int32Array, a Uint8Array or a Tensor, but got ${what}. Usual cause: ${cause}.`,
    );
  });

  test("a scalar has no classes", () => {
    refused(
      [0],
      ShapeError,
      "CrossEntropyLoss expects an input [N, C], [N, C, d₁, …] or [C], but got []. Usual cause: scores that were averaged already.",
      zeros([]),
    );
  });

  test("probabilities with an ignoreIndex that is a class are refused, as in torch", () => {
    expectError(
      () => new CrossEntropyLoss({ ignoreIndex: 0 }).forward(zeros([2, 3]), zeros([2, 3])),
      ArgumentError,
      "CrossEntropyLoss expects class labels with ignoreIndex 0, but got class probabilities, of which none can be ignored. Usual cause: labels of the same shape as the logits.",
    );
  });
});

describe("weights", () => {
  test("a class weight for another number of classes is refused", () => {
    expectError(
      () => new CrossEntropyLoss({ weight: [1, 2] }).forward(zeros([2, 3]), [0, 1]),
      ShapeError,
      "CrossEntropyLoss expects 2 classes, one for each weight, but its input [2, 3] has 3. Usual cause: weights of another data set, or classes that are not on dim 1.",
    );
  });

  test("a class weight of two dimensions is refused", () => {
    expectError(
      () => new NLLLoss({ weight: zeros([2, 3]) }),
      ShapeError,
      'NLLLoss expects weight to have one dimension, [classes], but got [2, 3]. Usual cause: one weight a pixel, which reduction "none" and a product are for.',
    );
  });

  test("a weight that does not broadcast to the prediction, or is larger, is refused", () => {
    const text = (own: string) =>
      `BCEWithLogitsLoss expects posWeight ${own} to broadcast to the prediction [2, 3]. Usual cause: one weight a class for images [N, C, H, W], which needs the shape [C, 1, 1].`;
    for (const posWeight of [zeros([2]), zeros([2, 2, 3]), zeros([4, 3])]) {
      expectError(
        () => new BCEWithLogitsLoss({ posWeight }).forward(zeros([2, 3]), zeros([2, 3])),
        ShapeError,
        text(`[${posWeight.shape.join(", ")}]`),
      );
    }
  });

  test("a number in place of weights is refused", () => {
    expectError(
      () => new BCELoss({ weight: untyped<Weights>(2) }),
      ArgumentError,
      "BCELoss expects weight to be a Tensor or an array of numbers, but got 2. Usual cause: one weight for all, which the loss is multiplied by instead.",
    );
  });
});

describe("predictions and targets", () => {
  test("shapes that differ are refused, not broadcast", () => {
    expectError(
      // @ts-expect-error the same sentence
      () => new MSELoss().forward(zeros([4, 1]), zeros([4])),
      ShapeError,
      "MSELoss expects a target of the prediction's shape [4, 1], but got [4]. Usual cause: a model's last dimension of size 1: reshape one of the two, for they are not broadcast.",
    );
  });

  test.each([
    [[2, 3], [2], "class labels, where a target for each output is meant: CrossEntropyLoss takes labels"],
    [[3], [1, 3], "a model's last dimension of size 1: reshape one of the two, for they are not broadcast"],
    [[3], [5, 3], "a missing batch dimension: the model was given a single sample"],
    [[2, 3, 7, 7], [2, 3], "a missing Flatten or global pooling"],
    [[4, 3], [2, 3], "targets of another batch"],
    [[4, 3], [4, 5], "a model that was made for other targets"],
  ])("of the shapes %j and %j are refused with their cause", (shape, target, cause) => {
    expectError(
      () => new BCEWithLogitsLoss().forward(zeros(shape) as Tensor, zeros(target) as Tensor),
      ShapeError,
      `BCEWithLogitsLoss expects a target of the prediction's shape [${shape.join(", ")}], but got [${target.join(", ")}]. Usual cause: ${cause}.`,
    );
  });

  test("what is no Tensor is refused with its cause", () => {
    expectError(
      () => new MSELoss().forward(tensor([1]), untyped<Tensor>(BigInt64Array.of(1n))),
      ArgumentError,
      `MSELoss.forward expects its target to be a Tensor. Usual cause: ${BIGINTS}.`,
    );
    expectError(
      () => new MSELoss().forward(untyped<Tensor>(undefined), tensor([1])),
      ArgumentError,
      "MSELoss.forward expects its prediction to be a Tensor, but got undefined. Usual cause: a function that returned something else, or nothing.",
    );
  });

  test("plain arrays are refused", () => {
    expectError(
      () => new MSELoss().forward(untyped<Tensor>([1]), tensor([1])),
      ArgumentError,
      "MSELoss.forward expects its prediction to be a Tensor. Usual cause: a plain array: wrap it with tensor(data, shape).",
    );
    expectError(
      () => new MSELoss().forward(tensor([1]), untyped<Tensor>([1])),
      ArgumentError,
      "MSELoss.forward expects its target to be a Tensor. Usual cause: a plain array: wrap it with tensor(data, shape).",
    );
  });

  test.each([1.5, -0.1, Number.NaN])("BCELoss refuses the probability %f", (p) => {
    expectError(
      () => new BCELoss().forward(tensor([0.5, p]), tensor([1, 1])),
      ArgumentError,
      `BCELoss expects probabilities from 0 to 1, but element 1 of the prediction is ${Math.fround(p)}. Usual cause: a missing Sigmoid; BCEWithLogitsLoss takes logits.`,
    );
  });

  test("backward before forward is refused", () => {
    expectError(
      () => new CrossEntropyLoss().backward(),
      StateError,
      "CrossEntropyLoss.backward expects a forward before it, but none waits for its backward. Usual cause: backward called twice, before forward, or after two forwards, of which a loss keeps the last.",
    );
  });
});

describe("options", () => {
  test("an unknown reduction is refused", () => {
    expectError(
      () => new MSELoss({ reduction: untyped<"mean">("average") }),
      ArgumentError,
      'MSELoss expects reduction to be one of "mean", "sum", "none", but got "average".',
    );
    expectError(
      () => new CrossEntropyLoss({ reduction: untyped<"mean">("batchmean") }),
      ArgumentError,
      'CrossEntropyLoss expects reduction to be one of "mean", "sum", "none", but got "batchmean".',
    );
    expectError(
      () => new KLDivLoss({ reduction: untyped<"mean">("batch") }),
      ArgumentError,
      'KLDivLoss expects reduction to be one of "mean", "batchmean", "sum", "none", but got "batch".',
    );
  });

  test("torch's positional arguments are refused", () => {
    expectError(
      () => new CrossEntropyLoss(untyped<object>("mean")),
      ArgumentError,
      `CrossEntropyLoss expects its options to be an object of reduction, weight, ignoreIndex, labelSmoothing, but got "mean". Usual cause: torch's positional arguments are named here.`,
    );
  });

  const cases: [make: () => unknown, text: string][] = [
    [
      () => new CrossEntropyLoss({ labelSmoothing: 1.1 }),
      "CrossEntropyLoss expects labelSmoothing to be a number from 0 to 1, but got 1.1.",
    ],
    [() => new SmoothL1Loss({ beta: -1 }), "SmoothL1Loss expects beta to be a number ≥ 0, but got -1."],
    [() => new HuberLoss({ delta: 0 }), "HuberLoss expects delta to be a number above 0, but got 0."],
    [
      () => new NLLLoss({ ignoreIndex: 0.5 }),
      "NLLLoss expects ignoreIndex to be an integer, but got 0.5. Usual cause: a division without Math.floor, or an undefined variable.",
    ],
    [
      () => new SmoothL1Loss({ beta: Infinity }),
      "SmoothL1Loss expects beta to be a finite number, but got Infinity. Usual cause: a division without Math.floor, or an undefined variable.",
    ],
  ];
  for (const [make, text] of cases) test(text, () => expectError(make, ArgumentError, text));
});

describe("usual causes by what was given", () => {
  const x = zeros([2, 3]);
  const labels = tensor([0, 1]);
  const promise = untyped<Tensor>(Promise.resolve(x));
  const cases: [run: () => unknown, kind: typeof ArgumentError | typeof ShapeError, text: string][] = [
    [
      () => new CrossEntropyLoss().forward(labels, untyped<Labels>(x)),
      ShapeError,
      "CrossEntropyLoss expects 1 labels [] for the scores [2], but got labels of shape [2, 3]. Usual cause: predictions and labels swapped.",
    ],
    [
      () => new CrossEntropyLoss().forward(untyped<Tensor>([0, 1]), untyped<Labels>(x)),
      ArgumentError,
      "CrossEntropyLoss.forward expects its prediction to be a Tensor, but got [0, 1]. Usual cause: predictions and labels swapped.",
    ],
    [
      () => accuracy(labels, x),
      ShapeError,
      "accuracy expects 1 labels [] for the scores [2], but got labels of shape [2, 3]. Usual cause: predictions and labels swapped.",
    ],
    [
      () => accuracy(untyped<Tensor>([0, 1]), x),
      ArgumentError,
      "accuracy expects its scores to be a Tensor. Usual cause: predictions and labels swapped.",
    ],
    [
      () => accuracy(x, untyped<Labels>(["0", "1"])),
      ArgumentError,
      'accuracy expects labels that are integers from 0 to 2, but label 0 is "0". Usual cause: numbers that are still text: labels.map(Number).',
    ],
    [
      () => accuracy(x, untyped<Labels>(promise)),
      ArgumentError,
      "accuracy expects labels as an array of integers, an Int32Array, a Uint8Array or a Tensor, but got a Promise. Usual cause: a missing await.",
    ],
    [
      () => new MSELoss().forward(promise, x),
      ArgumentError,
      "MSELoss.forward expects its prediction to be a Tensor, but got a Promise. Usual cause: a missing await.",
    ],
    [
      () => new MSELoss().forward(x, untyped<Tensor>(3)),
      ArgumentError,
      "MSELoss.forward expects its target to be a Tensor, but got 3. Usual cause: a number, which tensor(x) wraps.",
    ],
    [
      () => writeNpy(untyped<Tensor>([1, 2])),
      ArgumentError,
      "writeNpy expects a Tensor, but got [1, 2]. Usual cause: an array: wrap it with tensor(data).",
    ],
  ];
  test.each(cases)("%s", (run, kind, text) => {
    expectError(run, kind, text);
  });
});
