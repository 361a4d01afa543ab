/** The loss of a YOLO network: by its formula, against differences, and case by case. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { full, zeros } from "../../src/tensor/create.js";
import { Random } from "../../src/tensor/random.js";
import { type Box, iou, type Region, YoloLoss, yoloTargets } from "../../src/vision.js";
import { cellOf, exactTargets, type LossCase, lossCase, preferred, sigmoid } from "../support/yolo.js";

/** The loss, sum by sum as its formula has them. */
function definition({ head, boxes, pictures, options }: LossCase): number {
  const { anchors, stride } = head;
  let sum = 0;
  for (const [n, objects] of pictures.entries()) {
    const own = boxes.filter((box) => box.n === n);
    const taken = new Set<(typeof own)[0]>();
    for (const { label, region } of objects) {
      const { i, j, fx, fy } = cellOf(region, stride);
      const order = preferred(region, anchors).map(
        (a) => own.find((box) => box.a === a && box.i === i && box.j === j)!,
      );
      const free = order.find((box) => !taken.has(box));
      if (!free) continue;
      taken.add(free);
      const [tx, ty, tw, th, to, ...scores] = free.t as [number, number, number, number, number, ...number[]];
      const anchor = anchors[free.a]!;
      const errors = [
        sigmoid(tx) - fx,
        sigmoid(ty) - fy,
        tw - Math.log(region.width / anchor.width),
        th - Math.log(region.height / anchor.height),
      ];
      sum += options.boxWeight * errors.reduce((all, error) => all + error ** 2, 0);
      sum -= options.objectWeight * Math.log(sigmoid(to));
      const all = scores.reduce((all, score) => all + Math.exp(score), 0);
      sum -= options.classWeight * Math.log(Math.exp(scores[label]!) / all);
    }
    for (const box of own) {
      if (taken.has(box) || objects.some(({ region }) => iou(box.box, region) > options.ignoreThreshold)) continue;
      sum -= options.emptyWeight * Math.log(1 - sigmoid(box.t[4]!));
    }
  }
  return options.reduction === "mean" ? sum / pictures.length : sum;
}

describe("YoloLoss", () => {
  test("is what its formula says, for any head, objects, weights and reduction", () => {
    fc.assert(
      fc.property(lossCase, (c) => {
        const want = definition(c);
        const got = new YoloLoss(c.head, c.options).forward(c.prediction, c.targets);
        expect(Math.abs(got - want)).toBeLessThanOrEqual(1e-11 * (1 + want));
      }),
    );
  });

  // What a difference errs by is ten times less: rounding, of at most 729 sums by 1.1·10⁻¹⁶ of the loss and of as many
  // numbers by 4.4·10⁻¹⁶, over 2h; and h²/6 times the third derivative, to which each number adds less than 2.
  test("the gradient in any direction agrees with differences within 1e-6 of the loss", () => {
    const step = 1e-5;
    fc.assert(
      fc.property(lossCase, ({ head, prediction, targets, options, seed }) => {
        const loss = new YoloLoss(head, options);
        const random = new Random(seed + 1);
        const direction = prediction.map(() => random.uniform(-1, 1));
        const value = loss.forward(prediction, targets);
        const gradient = loss.backward();
        expect(gradient.shape).toEqual(prediction.shape);
        expect(gradient.dtype).toBe("float64");
        const above = loss.forward(prediction.add(direction.mul(step)), targets);
        const below = loss.forward(prediction.sub(direction.mul(step)), targets);
        const slope = gradient.mul(direction).sum().item();
        expect(Math.abs((above - below) / (2 * step) - slope)).toBeLessThan(1e-6 * (1 + value));
      }),
    );
  });

  test("a batch's mean is the mean of its pictures', and neither rows left over nor the objects' order in other cells count", () => {
    fc.assert(
      fc.property(lossCase, ({ head, prediction, pictures, targets, options }) => {
        const loss = new YoloLoss(head, { ...options, reduction: "mean" });
        const whole = loss.forward(prediction, targets);
        const gradient = loss.backward();
        const parts = pictures.map((objects, n) => {
          // By cells, and within a cell as they were.
          const cell = ({ region }: Region<Box>) => {
            const { i, j } = cellOf(region, head.stride);
            return -(3 * i + j);
          };
          const sorted = [...objects].sort((a, b) => cell(a) - cell(b));
          const value = loss.forward(prediction.slice([n, n + 1]), exactTargets([sorted], sorted.length));
          expect(
            loss
              .backward()
              .div(pictures.length)
              .allClose(gradient.slice([n, n + 1]), { atol: 1e-13 }),
          ).toBe(true);
          return value;
        });
        const mean = parts.reduce((sum, part) => sum + part, 0) / parts.length;
        expect(Math.abs(whole - mean)).toBeLessThanOrEqual(1e-12 * (1 + mean));
      }),
    );
  });

  test("single precision gives the same value, and the gradient rounded", () => {
    fc.assert(
      fc.property(lossCase, ({ head, prediction, targets, options }) => {
        const loss = new YoloLoss(head, options);
        const value = loss.forward(prediction, targets);
        const gradient = loss.backward();
        expect(loss.forward(prediction.to("float32"), targets)).toBe(value);
        const rounded = loss.backward();
        expect(rounded.dtype).toBe("float32");
        expect(rounded.allClose(gradient.to("float32"), { rtol: 2 ** -22, atol: 1e-30 })).toBe(true);
      }),
    );
  });

  const anchors = [
    { width: 8, height: 8 },
    { width: 8, height: 24 },
  ];
  const head = { anchors, numClasses: 2, stride: 8 };
  const at = (x: number, y: number, width: number, height: number, label = 0): Region<Box> => ({
    label,
    region: { x: x - width / 2, y: y - height / 2, width, height },
  });
  /** Which of the two anchors of the cell of row i and column j learn a box: their tx has a slope. */
  const learners = (objects: readonly Region<Box>[], i: number, j: number) => {
    const loss = new YoloLoss(head);
    loss.forward(full([1, 14, 2, 3], 0.5), yoloTargets([objects]));
    const gradient = loss.backward();
    return [0, 1].filter((a) => gradient.at(0, 7 * a, i, j) !== 0);
  };

  test("an object belongs to the cell of its center and the anchor of its shape; the next one there takes the other anchor", () => {
    const tall = at(13, 5, 7, 22);
    expect(learners([tall], 0, 1)).toEqual([1]);
    expect(learners([tall], 0, 0)).toEqual([]);
    expect(learners([at(13, 5, 9, 9)], 0, 1)).toEqual([0]);
    // On the border of two cells it belongs to the later one.
    expect(learners([at(16, 8, 9, 9)], 1, 2)).toEqual([0]);
    expect(learners([tall, at(11, 6, 8, 24)], 0, 1)).toEqual([0, 1]);
    const loss = new YoloLoss(head, { ignoreThreshold: 1 });
    const three = loss.forward(zeros([1, 14, 2, 3]), yoloTargets([[tall, at(11, 6, 8, 24), at(12, 6, 8, 24)]]));
    // A third one finds no anchor, and teaches nothing.
    expect(loss.forward(zeros([1, 14, 2, 3]), yoloTargets([[tall, at(11, 6, 8, 24)]]))).toBe(three);
  });

  test("a box that finds another's object is left alone from the threshold on", () => {
    // All boxes are 8 × 8 or 8 × 24 around the middle of their cell: of the first anchor one hits, of the second one by ⅓.
    const objects = [[at(12, 4, 8, 8)]];
    const empties = (ignoreThreshold: number) => {
      const loss = new YoloLoss(head, { ignoreThreshold });
      loss.forward(zeros([1, 14, 2, 3]), yoloTargets(objects));
      const gradient = loss.backward();
      return [0, 1].flatMap((a) => [0, 1, 2].map((j) => gradient.at(0, 7 * a + 4, 0, j)));
    };
    expect(empties(0.4)).toEqual([0.25, -0.5, 0.25, 0.25, 0.25, 0.25]);
    expect(empties(0.3)).toEqual([0.25, -0.5, 0.25, 0.25, 0, 0.25]);
  });

  test("pictures without objects teach that there are none", () => {
    const loss = new YoloLoss(head, { emptyWeight: 2 });
    const value = loss.forward(zeros([3, 14, 2, 3]), yoloTargets([[], [], []]));
    expect(value).toBeCloseTo(2 * 12 * Math.LN2, 12);
    const gradient = loss.backward();
    expect(gradient.sum().item()).toBeCloseTo(2 * 12 * 0.5, 6);
    expect(gradient.slice(null, 4).data.every((slope) => slope === Math.fround(1 / 3))).toBe(true);
  });

  test("logits of any size give finite losses; NaN gives NaN; an empty batch has the mean NaN", () => {
    const loss = new YoloLoss(head);
    const targets = yoloTargets([[at(12, 4, 8, 8)]]);
    for (const size of [1e4, -1e4]) {
      expect(Number.isFinite(loss.forward(full([1, 14, 2, 3], size), targets))).toBe(true);
      expect(loss.backward().data.every(Number.isFinite)).toBe(true);
    }
    expect(loss.forward(full([1, 14, 2, 3], Number.NaN), targets)).toBeNaN();
    expect(loss.forward(zeros([0, 14, 2, 3]), zeros([0, 1, 5]))).toBeNaN();
    expect(loss.backward().shape).toEqual([0, 14, 2, 3]);
    expect(new YoloLoss(head, { reduction: "sum" }).forward(zeros([0, 14, 2, 3]), zeros([0, 1, 5]))).toBe(0);
  });
});

describe("yoloTargets", () => {
  const object = { label: 3, region: { x: 10, y: 8, width: 14, height: 20 } };

  test("has a row an object, and rows of label -1 behind them", () => {
    const targets = yoloTargets([[object, { ...object, label: 0 }], []]);
    expect(targets.shape).toEqual([2, 2, 5]);
    const none = [0, 0, 0, 0, -1];
    expect([...targets.data]).toEqual([10, 8, 14, 20, 3, 10, 8, 14, 20, 0, ...none, ...none]);
    expect(yoloTargets([[], []]).shape).toEqual([2, 1, 5]);
    expect(yoloTargets([[object]], { maxObjects: 4 }).shape).toEqual([1, 4, 5]);
    expect(yoloTargets([]).shape).toEqual([0, 1, 5]);
  });
});
