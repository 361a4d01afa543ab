/** Boxes out of the output of a YOLO network: those that its loss taught, those that the formula gives, and one by hand. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tensor, zeros } from "../../src/tensor/create.js";
import { type Box, decodeYolo, iou, type ScoredRegion, YoloLoss } from "../../src/vision.js";
import { boxesOf, cellOf, exactTargets, lossCase, preferred, sigmoid, widestGap } from "../support/yolo.js";

/** Objects in cells of their own, and what a network says that knows them: logits so sure that nothing is left to lose. */
const perfectCase = lossCase.map(({ head, pictures, prediction }) => {
  const { anchors, numClasses, stride } = head;
  const known = zeros(prediction.shape).to("float64");
  const put = (n: number, a: number, k: number, i: number, j: number, value: number) => {
    const [, channels = 0, rows = 0, columns = 0] = known.shape;
    known.data[((n * channels + a * (5 + numClasses) + k) * rows + i) * columns + j] = value;
  };
  for (const { n, a, i, j } of boxesOf(prediction, head)) put(n, a, 4, i, j, -50);
  const alone = pictures.map((objects, n) => {
    const cells = new Set<string>();
    return objects.filter(({ label, region }) => {
      const { i, j, fx, fy } = cellOf(region, stride);
      if (cells.has(`${i}, ${j}`)) return false;
      cells.add(`${i}, ${j}`);
      const [a = 0] = preferred(region, anchors);
      const size = [Math.log(region.width / anchors[a]!.width), Math.log(region.height / anchors[a]!.height)];
      const numbers = [Math.log(fx / (1 - fx)), Math.log(fy / (1 - fy)), ...size, 50];
      for (const [k, value] of numbers.entries()) put(n, a, k, i, j, value);
      put(n, a, 5 + label, i, j, 50);
      return true;
    });
  });
  return { head, known, objects: alone };
});

describe("decodeYolo", () => {
  test("finds every object of logits that have nothing left to lose", () => {
    fc.assert(
      fc.property(perfectCase, ({ head, known, objects }) => {
        const most = objects.reduce((most, { length }) => Math.max(most, length), 1);
        // Rounding of coordinates of 10⁻¹⁶ to the square, and 81 · e⁻⁵⁰.
        expect(new YoloLoss(head).forward(known, exactTargets(objects, most))).toBeLessThan(1e-18);
        const found = decodeYolo(known, head, { iouThreshold: 1 });
        for (const [n, truths] of objects.entries()) {
          expect(found[n]).toHaveLength(truths.length);
          for (const { label, region } of truths) {
            const { i, j } = cellOf(region, head.stride);
            const own = found[n]!.find((other) => {
              const cell = cellOf(other.region, head.stride);
              return cell.i === i && cell.j === j;
            })!;
            expect(own.label).toBe(label);
            expect(own.score).toBeCloseTo(1, 12);
            for (const key of ["x", "y", "width", "height"] as const) {
              expect(Math.abs(own.region[key] - region[key])).toBeLessThan(1e-12 * head.stride);
            }
          }
        }
      }),
    );
  });

  test("gives every class of every box whose score reaches the threshold, best first", () => {
    fc.assert(
      fc.property(lossCase, ({ head, prediction, boxes, pictures }) => {
        const candidates = boxes.flatMap(({ n, t, box }) => {
          const all = t.slice(5).reduce((sum, score) => sum + Math.exp(score), 0);
          return t.slice(5).map((score, label) => ({
            ...{ n, label, region: box },
            score: (sigmoid(t[4]!) * Math.exp(score)) / all,
          }));
        });
        const scoreThreshold = widestGap(candidates.map(({ score }) => score));
        const found = decodeYolo(prediction, head, { scoreThreshold, iouThreshold: 1 });
        expect(found).toHaveLength(pictures.length);
        for (const [n, detections] of found.entries()) {
          const want = candidates
            .filter((each) => each.n === n && each.score > scoreThreshold)
            .sort((a, b) => b.score - a.score);
          expect(detections).toHaveLength(want.length);
          for (const [i, { label, score, region }] of detections.entries()) {
            // Which of two is better, rounding decides where their scores are the same to the last bits.
            const same = want.find((each) => each.label === label && overlaps(each.region, region) > 1 - 1e-6)!;
            expect(Math.abs(same.score - score)).toBeLessThan(1e-14);
            expect(Math.abs(want[i]!.score - score)).toBeLessThan(1e-14);
          }
        }
      }),
    );
  });

  test("of one class's boxes that overlap, the best stays; other classes' stay as well", () => {
    fc.assert(
      fc.property(lossCase, fc.double({ min: 0, max: 1, noNaN: true }), ({ head, prediction }, iouThreshold) => {
        const all = decodeYolo(prediction, head, { scoreThreshold: 0.05, iouThreshold: 1 });
        for (const [n, kept] of decodeYolo(prediction, head, { scoreThreshold: 0.05, iouThreshold }).entries()) {
          const isKept = (one: (typeof kept)[0]) => kept.some((other) => sameDetection(one, other));
          for (const [i, one] of all[n]!.entries()) {
            const better = all[n]!.slice(0, i).filter((other) => other.label === one.label && isKept(other));
            expect(isKept(one)).toBe(better.every(({ region }) => iou(region, one.region) <= iouThreshold));
          }
          expect(kept.every((one) => all[n]!.some((other) => sameDetection(one, other)))).toBe(true);
        }
      }),
    );
  });

  const head = { anchors: [{ width: 10, height: 20 }], numClasses: 2, stride: 16 };
  /** One cell: tx … to, and two classes. */
  const one = (...numbers: number[]) => tensor(numbers, [1, 7, 1, 1]);

  test("an example by hand", () => {
    // σ(0) = ½, exp(log 2) = 2; σ(log 4) = ⅘ and classes of ¾ and ¼.
    const output = one(0, 0, Math.LN2, 0, Math.log(4), Math.log(3), 0);
    const [found = []] = decodeYolo(output, head, { scoreThreshold: 0.1 });
    expect(found.map(({ label }) => label)).toEqual([0, 1]);
    expect(found[0]?.score).toBeCloseTo(0.6, 6);
    expect(found[1]?.score).toBeCloseTo(0.2, 6);
    for (const { region } of found) {
      for (const [key, want] of Object.entries({ x: -2, y: -2, width: 20, height: 20 })) {
        expect(region[key as keyof Box]).toBeCloseTo(want, 5);
      }
    }
    expect(decodeYolo(output, head)[0]).toHaveLength(1); // from ½ on by default
    expect(decodeYolo(output, head, { scoreThreshold: 0.61 })).toEqual([[]]);
    expect(decodeYolo(zeros([0, 7, 1, 1]), head)).toEqual([]);
    expect(decodeYolo(zeros([2, 7, 0, 1]), head)).toEqual([[], []]);
  });
});

const sameDetection = (a: ScoredRegion<Box>, b: ScoredRegion<Box>) =>
  a.label === b.label && a.score === b.score && overlaps(a.region, b.region) === 1;

/** Their overlap; of boxes without area, whether they are the same. */
const overlaps = (a: Box, b: Box) =>
  a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height ? 1 : iou(a, b);
