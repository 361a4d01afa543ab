/** Non-maximum suppression against its definition: what is kept, what is dropped and why, in which order. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/index.js";
import { type Box, iou, nms, softNms } from "../../src/vision.js";
import { box } from "../support/boxes.js";
import { expectError } from "../support/errors.js";

/** Few different scores, so that ties are drawn. */
const score = fc.integer({ min: 0, max: 8 }).map((eighths) => eighths / 8);
const found = fc.array(fc.record({ box, score, label: fc.nat(2) }), { maxLength: 12 });
const threshold = fc.constantFrom(0, 0.2, 0.5, 0.75, 1);

const apart = (cases: readonly { box: Box; score: number; label: number }[]) => ({
  boxes: cases.map((one) => one.box),
  scores: cases.map((one) => one.score),
  labels: cases.map((one) => one.label),
});

/** Places of the boxes, best first, the first of equals first. */
const ranked = (scores: readonly number[]) => scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);

describe("nms", () => {
  test("keeps a box exactly if no better kept one of its class overlaps it by more than the threshold", () => {
    fc.assert(
      fc.property(found, threshold, fc.boolean(), (cases, iouThreshold, perClass) => {
        const { boxes, scores, labels } = apart(cases);
        const kept = nms(boxes, scores, { iouThreshold, ...(perClass && { labels }) });
        expect(kept).toEqual(ranked(scores).filter((i) => kept.includes(i)));
        const suppressed = (i: number, place: number) =>
          kept.some(
            (k) =>
              ranked(scores).indexOf(k) < place &&
              (!perClass || labels[k] === labels[i]) &&
              iou(boxes[k]!, boxes[i]!) > iouThreshold,
          );
        for (const [place, i] of ranked(scores).entries()) expect(kept.includes(i)).toBe(!suppressed(i, place));
      }),
    );
  });

  test("is idempotent: of what it kept it drops nothing", () => {
    fc.assert(
      fc.property(found, threshold, (cases, iouThreshold) => {
        const { boxes, scores, labels } = apart(cases);
        const kept = nms(boxes, scores, { iouThreshold, labels });
        const again = nms(
          kept.map((i) => boxes[i]!),
          kept.map((i) => scores[i]!),
          { iouThreshold, labels: kept.map((i) => labels[i]!) },
        );
        expect(again).toEqual(kept.map((_, i) => i));
      }),
    );
  });

  test("with labels it is nms of each class by itself", () => {
    fc.assert(
      fc.property(found, threshold, (cases, iouThreshold) => {
        const { boxes, scores, labels } = apart(cases);
        const each = [0, 1, 2].flatMap((label) => {
          const own = labels.map((_, i) => i).filter((i) => labels[i] === label);
          return nms(
            own.map((i) => boxes[i]!),
            own.map((i) => scores[i]!),
            { iouThreshold },
          ).map((i) => own[i]!);
        });
        expect(nms(boxes, scores, { iouThreshold, labels })).toEqual(ranked(scores).filter((i) => each.includes(i)));
      }),
    );
  });

  test("scoreThreshold is as if lower boxes were not there, maxDetections cuts the list", () => {
    fc.assert(
      fc.property(found, threshold, score, fc.nat(5), (cases, iouThreshold, scoreThreshold, maxDetections) => {
        const { boxes, scores } = apart(cases);
        const high = scores.map((_, i) => i).filter((i) => scores[i]! >= scoreThreshold);
        const want = nms(
          high.map((i) => boxes[i]!),
          high.map((i) => scores[i]!),
          { iouThreshold },
        ).map((i) => high[i]!);
        expect(nms(boxes, scores, { iouThreshold, scoreThreshold })).toEqual(want);
        const first = nms(boxes, scores, { iouThreshold, scoreThreshold, maxDetections });
        expect(first).toEqual(want.slice(0, maxDetections));
      }),
    );
  });

  test("three boxes, one of which doubles the first", () => {
    const boxes = [
      { x: 0, y: 0, width: 10, height: 10 },
      { x: 1, y: 0, width: 10, height: 10 }, // iou 90 / 110 with the first
      { x: 30, y: 0, width: 10, height: 10 },
    ];
    expect(nms(boxes, [0.8, 0.7, 0.9])).toEqual([2, 0]);
    expect(nms(boxes, Float32Array.of(0.8, 0.9, 0.1), { labels: [1, 1, 1] })).toEqual([1, 2]);
    expect(nms(boxes, [0.8, 0.7, 0.9], { labels: [1, 2, 1] })).toEqual([2, 0, 1]);
    expect(nms(boxes, [0.8, 0.7, 0.9], { iouThreshold: 90 / 110 })).toEqual([2, 0, 1]);
    expect(nms(boxes, [Infinity, -Infinity, 0])).toEqual([0, 2]);
    expect(nms([], [])).toEqual([]);
  });

  test("bad arguments", () => {
    const boxes = [
      { x: 0, y: 0, width: 1, height: 1 },
      { x: 2, y: 0, width: 1, height: 1 },
    ];
    const refuses = (run: () => unknown, text: string) => expectError(run, ArgumentError, text);
    refuses(
      () => nms(boxes, [1]),
      "nms expects one score per box, but got 2 boxes and 1 scores. Usual cause: boxes that were filtered without their scores.",
    );
    refuses(
      () => nms(boxes, [1, 1], { labels: [1, 2, 3] }),
      "nms expects one label per box, but got 2 boxes and 3 labels. Usual cause: boxes that were filtered without their labels.",
    );
    refuses(
      () => nms(boxes, [1, Number.NaN]),
      "nms expects scores that are numbers, but score 1 is NaN. Usual cause: a network whose output is NaN.",
    );
    const cause = "Usual cause: corners [x1, y1, x2, y2] where a size belongs, or a network whose output is NaN.";
    refuses(
      () => nms([{ x: 0, y: 0, width: -1, height: 1 }], [1]),
      `nms expects boxes of finite numbers with a width and height of at least 0, but box 0 is { x: 0, y: 0, width: -1, height: 1 }. ${cause}`,
    );
    refuses(
      () => nms([boxes[0]!, { x: 0, y: Number.NaN, width: 1, height: 1 }], [1, 1]),
      `nms expects boxes of finite numbers with a width and height of at least 0, but box 1 is { x: 0, y: NaN, width: 1, height: 1 }. ${cause}`,
    );
    refuses(
      () => nms(boxes, [1, 1], 0.5 as never),
      "nms expects its options to be an object of iouThreshold, labels, scoreThreshold, maxDetections, but got 0.5. Usual cause: torch's positional arguments are named here.",
    );
    refuses(
      () => nms(boxes, [1, 1], { iouThreshold: 50 }),
      "nms expects iouThreshold to be a number from 0 to 1, but got 50.",
    );
    refuses(
      () => nms(boxes, [1, 1], { scoreThreshold: Number.NaN }),
      "nms expects scoreThreshold to be a number ≥ -Infinity, but got NaN.",
    );
    refuses(
      () => nms(boxes, [1, 1], { maxDetections: 1.5 }),
      "nms expects maxDetections to be an integer ≥ 0, but got 1.5. Usual cause: a division without Math.floor, or an undefined variable.",
    );
  });
});

describe("softNms", () => {
  const methods = fc.constantFrom("gaussian" as const, "linear" as const);

  test("each score is the given one times the decay of every box before it", () => {
    fc.assert(
      fc.property(found, methods, threshold, fc.boolean(), (cases, method, iouThreshold, perClass) => {
        const { boxes, scores, labels } = apart(cases);
        const options = { method, iouThreshold, sigma: 0.4, scoreThreshold: 0, ...(perClass && { labels }) };
        const kept = softNms(boxes, scores, options);
        expect(kept.map(({ index }) => index).sort((a, b) => a - b)).toEqual(boxes.map((_, i) => i));
        for (const [place, { index, score }] of kept.entries()) {
          let want = scores[index]!;
          for (const { index: other } of kept.slice(0, place)) {
            if (perClass && labels[other] !== labels[index]) continue;
            const overlap = iou(boxes[other]!, boxes[index]!);
            if (method === "gaussian") want *= Math.exp((-overlap * overlap) / 0.4);
            else if (overlap > iouThreshold) want *= 1 - overlap;
          }
          expect(score).toBeCloseTo(want, 12);
          if (place > 0) expect(score).toBeLessThanOrEqual(kept[place - 1]!.score);
        }
      }),
    );
  });

  test("boxes that do not overlap keep their scores and come in nms's order", () => {
    fc.assert(
      fc.property(fc.array(score, { maxLength: 8 }), methods, (scores, method) => {
        const boxes = scores.map((_, i) => ({ x: 10 * i, y: 0, width: 10, height: 5 }));
        const want = nms(boxes, scores).map((index) => ({ index, score: scores[index] }));
        expect(softNms(boxes, scores, { method, scoreThreshold: 0 })).toEqual(want);
      }),
    );
  });

  test("the paper's case: the second of two boxes that overlap by 0.6 stays with less", () => {
    const boxes = [
      { x: 0, y: 0, width: 8, height: 10 },
      { x: 2, y: 0, width: 8, height: 10 }, // iou 60 / 100
      { x: 0, y: 0, width: 8, height: 10 },
    ];
    const linear = softNms(boxes, [0.9, 0.8, 0.7], { method: "linear" });
    expect(linear).toEqual([
      { index: 0, score: 0.9 },
      { index: 1, score: 0.8 * (1 - 0.6) },
    ]);
    const gaussian = softNms(boxes, [0.9, 0.8, 0.7]);
    expect(gaussian.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(gaussian[1]!.score).toBeCloseTo(0.8 * Math.exp(-0.36 / 0.5), 12);
    expect(gaussian[2]!.score).toBeCloseTo(0.7 * Math.exp(-1 / 0.5) * Math.exp(-0.36 / 0.5), 12);
    expect(softNms(boxes, [0.9, 0.8, 0.7], { labels: [0, 1, 2] }).map(({ score }) => score)).toEqual([0.9, 0.8, 0.7]);
    expect(softNms(boxes, [0.9, 0.8, 0.7], { scoreThreshold: 0.85 })).toEqual([{ index: 0, score: 0.9 }]);
    expect(softNms([], [])).toEqual([]);
  });

  test("bad arguments", () => {
    const boxes = [{ x: 0, y: 0, width: 1, height: 1 }];
    const refuses = (run: () => unknown, text: string) => expectError(run, ArgumentError, text);
    refuses(
      () => softNms(boxes, []),
      "softNms expects one score per box, but got 1 boxes and 0 scores. Usual cause: boxes that were filtered without their scores.",
    );
    refuses(
      () => softNms(boxes, [1], { labels: [] }),
      "softNms expects one label per box, but got 1 boxes and 0 labels. Usual cause: boxes that were filtered without their labels.",
    );
    refuses(
      () => softNms(boxes, [-2]),
      "softNms expects scores from 0 to 1, but score 0 is -2. Usual cause: logits instead of probabilities.",
    );
    refuses(
      () => softNms(boxes, [Number.NaN]),
      "softNms expects scores from 0 to 1, but score 0 is NaN. Usual cause: a network whose output is NaN.",
    );
    refuses(
      () => softNms([{ x: Infinity, y: 0, width: 1, height: 1 }], [1]),
      "softNms expects boxes of finite numbers with a width and height of at least 0, but box 0 is { x: Infinity, y: 0, width: 1, height: 1 }. Usual cause: corners [x1, y1, x2, y2] where a size belongs, or a network whose output is NaN.",
    );
    refuses(
      () => softNms(boxes, [1], "linear" as never),
      'softNms expects its options to be an object of method, sigma, iouThreshold, labels, scoreThreshold, but got "linear". Usual cause: torch\'s positional arguments are named here.',
    );
    refuses(
      () => softNms(boxes, [1], { method: "hard" as never }),
      'softNms expects method to be one of "gaussian", "linear", but got "hard".',
    );
    refuses(() => softNms(boxes, [1], { sigma: 0 }), "softNms expects sigma to be a number above 0, but got 0.");
    refuses(
      () => softNms(boxes, [1], { iouThreshold: -1 }),
      "softNms expects iouThreshold to be a number from 0 to 1, but got -1.",
    );
    refuses(
      () => softNms(boxes, [1], { scoreThreshold: -1 }),
      "softNms expects scoreThreshold to be a number from 0 to 1, but got -1.",
    );
  });
});
