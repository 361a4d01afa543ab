import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/shape/errors.js";
import { averagePrecision, iou, meanAveragePrecision, type Picture } from "../../src/vision.js";
import { box } from "../support/boxes.js";
import { expectError } from "../support/errors.js";

const scored = fc.array(fc.record({ score: fc.nat(5), hit: fc.boolean() }), { maxLength: 12 });

/** By the definition: for each truth found or not, the best precision among all score limits that find as many. */
function naive(predictions: readonly { score: number; hit: boolean }[], truths: number): number {
  const limits = [...new Set(predictions.map(({ score }) => score))];
  const points = limits.map((limit) => {
    const kept = predictions.filter(({ score }) => score >= limit);
    const right = kept.filter(({ hit }) => hit).length;
    return { right, precision: right / kept.length };
  });
  let sum = 0;
  for (let n = 1; n <= truths; n++) {
    sum += Math.max(0, ...points.filter(({ right }) => right >= n).map(({ precision }) => precision));
  }
  return sum / truths;
}

describe("averagePrecision", () => {
  test("is the mean over the truths of the best precision that finds as many", () => {
    fc.assert(
      fc.property(scored, fc.nat(3), (predictions, missed) => {
        const truths = predictions.filter(({ hit }) => hit).length + missed;
        const scores = predictions.map(({ score }) => score);
        const hits = predictions.map(({ hit }) => hit);
        const got = averagePrecision(scores, hits, truths);
        if (truths === 0) return void expect(got).toBeNaN();
        // At most 15 terms ≤ 1, each rounded a few times.
        expect(Math.abs(got - naive(predictions, truths))).toBeLessThan(1e-13);
      }),
    );
  });

  test("examples by hand", () => {
    expect(averagePrecision([0.9, 0.8, 0.7], [true, false, true], 2)).toBeCloseTo(0.5 + 0.5 * (2 / 3), 14);
    expect(averagePrecision([1, 2], [false, true], 1)).toBe(1);
    expect(averagePrecision([1, 1], [false, true], 1)).toBe(0.5);
    expect(averagePrecision([], [], 3)).toBe(0);
    expect(averagePrecision([1], [false], 0)).toBeNaN();
  });

  test("refuses what cannot be", () => {
    const refused = (scores: number[], hits: boolean[], truths: number, got: string) =>
      expectError(
        () => averagePrecision(scores, hits, truths),
        ArgumentError,
        `averagePrecision expects one score and one hit per prediction and no more hits than truths, but got ${got}. Usual cause: two predictions that both count as a hit of one object.`,
      );
    refused([1], [], 0, "1 scores, 0 of them NaN, and 0 hits among 0 for 0 truths");
    refused([Number.NaN], [true], 1, "1 scores, 1 of them NaN, and 1 hits among 1 for 1 truths");
    refused([1, 2], [true, true], 1, "2 scores, 0 of them NaN, and 2 hits among 2 for 1 truths");
  });
});

describe("meanAveragePrecision", () => {
  const full = box.map((b) => ({ ...b, width: b.width + 1, height: b.height + 1 }));
  const truth = fc.record({ label: fc.nat(2), region: full });
  const pictures = fc.array(fc.array(truth, { maxLength: 4 }), { minLength: 1, maxLength: 4 });

  test("is 1 of the truths themselves at any threshold, 0 of nothing, and NaN where nothing is", () => {
    fc.assert(
      fc.property(pictures, fc.double({ min: 0, max: 1, noNaN: true }), (all, iouThreshold) => {
        const exact = all.map(
          (truths): Picture<(typeof truths)[0]["region"]> => ({
            truths,
            predictions: truths.map((each, i) => ({ ...each, score: i })).reverse(),
          }),
        );
        const nothing = all.map((truths) => ({ truths, predictions: [] }));
        const some = all.some((truths) => truths.length > 0);
        const near = (value: number, want: number) =>
          some ? expect(Math.abs(value - want)).toBeLessThan(1e-13) : expect(value).toBeNaN();
        near(meanAveragePrecision(nothing, iou), 0);
        if (iouThreshold === 0) return; // then any overlap will do, and one may take another's
        near(meanAveragePrecision(exact, iou, { iouThreshold: 1 }), 1);
      }),
    );
  });

  test("an example by hand: two classes, a second hit of one object, a miss, and a picture without objects", () => {
    const at = (x: number) => ({ x, y: 0, width: 10, height: 10 });
    const example = [
      {
        truths: [
          { label: 1, region: at(0) },
          { label: 1, region: at(100) },
          { label: 2, region: at(50) },
        ],
        predictions: [
          { label: 1, score: 0.9, region: at(1) }, // 9/11 of the first
          { label: 1, score: 0.8, region: at(0) }, // the first again
          { label: 1, score: 0.7, region: at(103) }, // 7/13 of the second
          { label: 2, score: 0.9, region: at(0) }, // where a 1 is
        ],
      },
      {
        truths: [],
        predictions: [
          { label: 1, score: 0.95, region: at(0) },
          { label: 3, score: 1, region: at(0) },
        ],
      },
    ];
    // Class 1: wrong, right, wrong, right of 2 truths: ½ · ½ + ½ · ½. Class 2: 0. Class 3 has no truth.
    expect(meanAveragePrecision(example, iou)).toBe(0.5 / 2);
    // At 0.75 the second is lost, and the exact second prediction does find nothing, for the first has taken its truth.
    expect(meanAveragePrecision(example, iou, { iouThreshold: 0.75 })).toBe(0.25 / 2);
    expect(meanAveragePrecision(example, iou, { iouThreshold: [0.5, 0.75] })).toBe((0.25 + 0.125) / 2);
  });

  test("refuses thresholds that are no share", () => {
    expectError(
      () => meanAveragePrecision([], iou, { iouThreshold: [0.5, 50] }),
      ArgumentError,
      "meanAveragePrecision expects iouThreshold to be a number from 0 to 1, but got 50.",
    );
    expectError(
      () => meanAveragePrecision([], iou, 0.5 as never),
      ArgumentError,
      "meanAveragePrecision expects its options to be an object of iouThreshold, but got 0.5. Usual cause: torch's positional arguments are named here.",
    );
  });
});
