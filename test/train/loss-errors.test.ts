/** Every sentence with which a loss refuses bad input. */
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError, StateError } from "../../src/shape/errors.js";
import { tensor, zeros } from "../../src/tensor/create.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import {
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

describe("labels", () => {
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
      "CrossEntropyLoss expects 2 labels [2] for the scores [2, 3], but got 3. Usual cause: labels of another batch, or one-hot labels, which need the shape of the scores.",
    );
    refused(
      Int32Array.of(0, 1),
      ShapeError,
      "CrossEntropyLoss expects 8 labels [2, 2, 2] for the scores [2, 3, 2, 2], but got 2. Usual cause: labels of another batch, or one-hot labels, which need the shape of the scores.",
      zeros([2, 3, 2, 2]),
    );
  });

  test("a Tensor of the right count but another shape is refused", () => {
    refused(
      zeros([2, 1]),
      ShapeError,
      "CrossEntropyLoss expects 2 labels [2] for the scores [2, 3], but got labels of shape [2, 1]. Usual cause: labels of another batch, or one-hot labels, which need the shape of the scores.",
    );
  });

  test.each([
    ["too large", [0, 3], "label 1 is 3"],
    ["negative", [-1, 0], "label 0 is -1"],
    ["fractional", [0, 0.5], "label 1 is 0.5"],
    ["NaN", [0, Number.NaN], "label 1 is NaN"],
    ["too large in a Uint8Array", Uint8Array.of(0, 255), "label 1 is 255"],
    ["fractional in a Tensor", tensor([1.5, 0]), "label 0 is 1.5"],
  ])("a label that is %s is refused", (_, labels, what) => {
    refused(
      labels,
      ArgumentError,
      `CrossEntropyLoss expects labels that are integers from 0 to 2, but ${what}. Usual cause: classes counted from 1, or a model with fewer outputs than classes.`,
    );
  });

  test("−100 is ignored by default, but no label where ignoreIndex says another", () => {
    expect(ce.forward(zeros([2, 3]), [-100, 0])).toBeCloseTo(Math.log(3), 6);
    expectError(
      () => new NLLLoss({ ignoreIndex: 7 }).forward(zeros([2, 3]), [7, -100]),
      ArgumentError,
      "NLLLoss expects labels that are integers from 0 to 2, but label 1 is -100. Usual cause: classes counted from 1, or a model with fewer outputs than classes.",
    );
  });

  test.each([
    ["a number", 1, "number"],
    ["null", null, "null"],
    ["undefined", undefined, "undefined"],
  ])("%s in place of labels is refused", (_, labels, what) => {
    refused(
      labels,
      ArgumentError,
      `CrossEntropyLoss expects labels as an array of integers, an Int32Array, a Uint8Array or a Tensor, but got ${what}. Usual cause: a single label: put it in an array.`,
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
      "CrossEntropyLoss expects 2 classes, one for each weight, but its input [2, 3] has 3. Usual cause: weights of another data set, or classes that are not on axis 1.",
    );
  });

  test("a class weight of two axes is refused", () => {
    expectError(
      () => new NLLLoss({ weight: zeros([2, 3]) }),
      ShapeError,
      'NLLLoss expects weight to have one axis, [classes], but got [2, 3]. Usual cause: one weight a pixel, which reduction "none" and a product are for.',
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
      "BCELoss expects weight to be a Tensor or an array of numbers, but got a value of type number. Usual cause: one weight for all, which the loss is multiplied by instead.",
    );
  });
});

describe("predictions and targets", () => {
  test("shapes that differ are refused, not broadcast", () => {
    expectError(
      // @ts-expect-error the same sentence
      () => new MSELoss().forward(zeros([4, 1]), zeros([4])),
      ShapeError,
      "MSELoss expects a target of the prediction's shape [4, 1], but got [4]. Usual cause: a model's last axis of size 1: reshape one of the two, for they are not broadcast.",
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
      `CrossEntropyLoss expects its options to be an object such as { reduction: "sum" }, but got "mean". Usual cause: torch's positional arguments are named here.`,
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
      "NLLLoss expects ignoreIndex to be an integer, but got 0.5. Usual cause: a division without Math.floor, or a variable that is undefined.",
    ],
    [
      () => new SmoothL1Loss({ beta: Infinity }),
      "SmoothL1Loss expects beta to be a finite number, but got Infinity. Usual cause: a division without Math.floor, or a variable that is undefined.",
    ],
  ];
  for (const [make, text] of cases) test(text, () => expectError(make, ArgumentError, text));
});
