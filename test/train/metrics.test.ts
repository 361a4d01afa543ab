import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { tensor, zeros } from "../../src/tensor/create.js";
import { Random } from "../../src/tensor/random.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { accuracy, ConfusionMatrix, topKAccuracy } from "../../src/train.js";
import { expectError } from "../support/errors.js";
import { integers } from "../support/layers.js";

/** Scores with many ties, of any rank, and labels of which some are to be ignored. */
const scored = fc
  .record({
    batch: fc.integer({ min: 1, max: 6 }),
    classes: fc.integer({ min: 1, max: 6 }),
    pixels: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
    seed: fc.integer(),
  })
  .map(({ batch, classes, pixels, seed }) => {
    const random = new Random(seed);
    const count = batch * pixels.reduce((product, size) => product * size, 1);
    const labels = Array.from({ length: count }, () => (random.integer(5) === 0 ? -100 : random.integer(classes)));
    const scores = integers([batch, classes, ...pixels], seed);
    // One row of scores for each label, as plain arrays.
    const rows = scores.reshape([batch, classes, -1]).permute([0, 2, 1]).reshape([count, classes]).toArray();
    return { scores, labels, classes, rows };
  });

/** The classes of one row in descending order of their scores, the first of equals first. */
const ranking = (row: readonly number[]) => row.map((_, c) => c).sort((a, b) => row[b]! - row[a]! || a - b);

describe("accuracy and topKAccuracy", () => {
  test("count the labels among the k first of the sorted scores", () => {
    fc.assert(
      fc.property(scored, ({ scores, labels, classes, rows }) => {
        const counted = labels.flatMap((label, i) => (label === -100 ? [] : [ranking(rows[i]!).indexOf(label)]));
        for (let k = 1; k <= classes; k++) {
          const want = counted.filter((rank) => rank < k).length / counted.length;
          expect(topKAccuracy(scores, labels, k)).toBe(want);
          if (k === 1) expect(accuracy(scores, labels)).toBe(want);
          if (k === classes && counted.length > 0) expect(want).toBe(1);
        }
      }),
    );
  });

  test("accuracy is the share of rows whose argmax is the label, also where NaN is the highest", () => {
    const scores = tensor([
      [1, 3, 2],
      [Number.NaN, 5, Number.NaN],
      [0, 0, 0],
    ]);
    expect([...scores.argmax(1).data]).toEqual([1, 0, 0]);
    expect(accuracy(scores, [1, 0, 0])).toBe(1);
    expect(accuracy(scores, [1, 1, 2])).toBe(1 / 3);
  });

  test("take a single row, leave out ignoreIndex, and are NaN of nothing", () => {
    expect(accuracy(tensor([1, 2]), [1])).toBe(1);
    expect(accuracy(tensor([[1, 2], [1, 2]]), [1, 255], { ignoreIndex: 255 })).toBe(1); // biome-ignore format: rows
    expect(accuracy(tensor([[1, 2]]), [-100])).toBeNaN();
  });

  test("refuse bad input", () => {
    expectError(
      () => topKAccuracy(zeros([2, 3]), [0, 1], 4),
      ArgumentError,
      "topKAccuracy expects k to be at most the number of classes, 3, but got 4. Usual cause: k = 5 with a handful of classes.",
    );
    expectError(
      () => topKAccuracy(zeros([2, 3]), [0, 1], 0),
      ArgumentError,
      "topKAccuracy expects k to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expectError(
      () => accuracy(zeros([2, 3]), [0, 3]),
      ArgumentError,
      "accuracy expects labels that are integers from 0 to 2, but label 1 is 3. Usual cause: a model with fewer outputs than classes.",
    );
    expectError(
      () => accuracy(zeros([2, 3]), [0]),
      ShapeError,
      "accuracy expects 2 labels [2] for the scores [2, 3], but got 1. Usual cause: labels of another batch, or a last batch that is smaller than the others.",
    );
    expectError(
      () => accuracy([1, 0] as unknown as Tensor, [1, 0]),
      ArgumentError,
      "accuracy expects its scores to be a Tensor. Usual cause: predicted classes, where the model's output is meant.",
    );
    expectError(
      () => accuracy(zeros([]), [0]),
      ShapeError,
      "accuracy expects an input [N, C], [N, C, d₁, …] or [C], but got []. Usual cause: scores that were averaged already.",
    );
  });
});

describe("ConfusionMatrix", () => {
  test("counts every pair of true and predicted class, over batches", () => {
    fc.assert(
      fc.property(scored, ({ scores, labels, classes, rows }) => {
        const matrix = new ConfusionMatrix(classes);
        matrix.update(scores, labels).update(scores, labels);
        const want = Array.from({ length: classes }, () => Array<number>(classes).fill(0));
        labels.forEach((label, i) => {
          if (label !== -100) want[label]![ranking(rows[i]!)[0]!]! += 2;
        });
        expect(matrix.counts).toEqual(want);
        const total = labels.filter((label) => label !== -100).length;
        expect(matrix.total).toBe(2 * total);
        if (total > 0) expect(matrix.accuracy).toBeCloseTo(accuracy(scores, labels), 12);
      }),
    );
  });

  const example = () =>
    new ConfusionMatrix(["cat", "dog", "cow"]).update([0, 0, 1, 1, 1, 0], Uint8Array.of(0, 0, 0, 1, 1, 1));

  test("takes predicted classes themselves, and gives precision, recall and counts of a class", () => {
    const matrix = example();
    expect(matrix.counts).toEqual([
      [2, 1, 0],
      [1, 2, 0],
      [0, 0, 0],
    ]);
    expect(matrix.count(0, 1)).toBe(1);
    expect(matrix.precision(0)).toBe(2 / 3);
    expect(matrix.recall(1)).toBe(2 / 3);
    expect(matrix.precision(2)).toBeNaN();
    expect(matrix.recall(2)).toBeNaN();
    expect(matrix.accuracy).toBe(4 / 6);
  });

  test("iou is what a class shares over what either is, and its mean leaves out classes that nobody saw", () => {
    const matrix = example();
    expect([0, 1, 2].map((c) => matrix.iou(c))).toEqual([2 / 4, 2 / 4, Number.NaN]);
    expect(matrix.meanIou).toBe(0.5);
    expect(new ConfusionMatrix(2).meanIou).toBeNaN();
    expect(new ConfusionMatrix(2).update([1, 1], [0, 0]).meanIou).toBe(0);
    fc.assert(
      fc.property(scored, ({ scores, labels, classes, rows }) => {
        const matrix = new ConfusionMatrix(classes).update(scores, labels);
        const counted = labels.flatMap((label, i) =>
          label === -100 ? [] : [{ label, predicted: ranking(rows[i]!)[0]! }],
        );
        const ious = Array.from({ length: classes }, (_, c) => {
          const either = counted.filter(({ label, predicted }) => label === c || predicted === c);
          return either.filter(({ label, predicted }) => label === predicted).length / either.length;
        });
        ious.forEach((iou, c) => {
          expect(matrix.iou(c)).toBe(iou);
        });
        const seen = ious.filter((iou) => !Number.isNaN(iou));
        expect(matrix.meanIou).toBe(seen.reduce((sum, iou) => sum + iou, 0) / seen.length);
      }),
    );
  });

  test("prints a table", () => {
    expect(String(example())).toBe(
      [
        "   actual   cat   dog  cow  recall",
        "      cat     2     1    0    66.7",
        "      dog     1     2    0    66.7",
        "      cow     0     0    0       –",
        "precision  66.7  66.7    –    66.7",
        "accuracy 66.7% of 6",
      ].join("\n"),
    );
  });

  test("the table fits 80 columns, whatever the classes are called and however many there are", () => {
    const name = fc.string({ minLength: 1, maxLength: 60, unit: fc.constantFrom("a", "B", "7", " ") });
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 40 }), fc.nat(1e7), (names, count) => {
        const matrix = new ConfusionMatrix(names);
        for (let c = 0; c < names.length; c++) matrix.update([c], [count % names.length]);
        const lines = String(matrix).split("\n");
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
        // Every class has its column in one of the parts, and every part a row for each class.
        const parts = String(matrix).split("\n\n");
        expect(parts.every((part) => part.split("\n").filter((line) => line !== "").length >= names.length + 2)).toBe(
          true,
        );
      }),
    );
    const digits = new ConfusionMatrix(10);
    for (let c = 0; c < 10; c++) digits.update(Array(1000 + c).fill(c), Array(1000 + c).fill(c));
    expect(String(digits).split("\n")).toHaveLength(13);
  });

  test("reset forgets", () => {
    const matrix = example();
    matrix.reset();
    expect(matrix.total).toBe(0);
    expect(matrix.accuracy).toBeNaN();
  });

  test("refuses bad input, and has counted nothing then", () => {
    const matrix = new ConfusionMatrix(3);
    const refused = (run: () => unknown, kind: new (message: string) => Error, text: string) => {
      expectError(run, kind, text);
      expect(matrix.total).toBe(0);
    };
    const labels = (i: number, label: number) =>
      `ConfusionMatrix expects labels that are integers from 0 to 2, but label ${i} is ${label}. Usual cause: ${label < 0 ? "a mark for what is to be left out: ignoreIndex says which" : "a model with fewer outputs than classes"}.`;
    refused(() => matrix.update([0, 1], [0, 3]), ArgumentError, labels(1, 3));
    refused(() => matrix.update([0, -1], [0, 2]), ArgumentError, labels(1, -1));
    refused(() => matrix.update([0, -100], [0, 2]), ArgumentError, labels(1, -100));
    refused(
      () => matrix.update(zeros([2, 4]), [0, 1]),
      ShapeError,
      "ConfusionMatrix expects 3 classes, but its input [2, 4] has 4. Usual cause: another number of classes than the matrix was made for.",
    );
    refused(
      () => matrix.update([0, 1], [0]),
      ShapeError,
      "ConfusionMatrix expects 2 labels [2] for the scores [2, 3], but got 1. Usual cause: labels of another batch, or a last batch that is smaller than the others.",
    );
    refused(
      () => matrix.count(3, 0),
      ArgumentError,
      "ConfusionMatrix expects a class from 0 to 2, but got 3. Usual cause: classes counted from 1.",
    );
    expectError(
      () => new ConfusionMatrix(0),
      ArgumentError,
      "ConfusionMatrix expects classes to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    );
  });
});
