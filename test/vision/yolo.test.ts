/** The loss of a YOLO network and the reading of its output: by their definitions, against differences, and against each other. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError, StateError } from "../../src/shape/errors.js";
import { full, tensor, zeros } from "../../src/tensor/create.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import {
  type Anchor,
  type Box,
  decodeYolo,
  iou,
  type Region,
  type ScoredRegion,
  YoloLoss,
  type YoloLossOptions,
  yoloTargets,
} from "../../src/vision.js";
import { expectError } from "../support/errors.js";
import { normal } from "../support/layers.js";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const overlapOfSizes = (a: Anchor, b: Anchor) => iou({ x: 0, y: 0, ...a }, { x: 0, y: 0, ...b });
const sizeOf = ({ width, height }: Anchor) => ({ width, height });

/** Predictions near what an untrained network gives, objects anywhere in the grid, and any head. */
const lossCase = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    rows: fc.integer({ min: 1, max: 3 }),
    columns: fc.integer({ min: 1, max: 3 }),
    count: fc.integer({ min: 1, max: 3 }),
    numClasses: fc.integer({ min: 1, max: 4 }),
    stride: fc.constantFrom(1, 7.5, 8, 32),
    most: fc.integer({ min: 1, max: 5 }),
    reduction: fc.constantFrom("mean" as const, "sum" as const),
    seed: fc.integer(),
  })
  .map(({ batch, rows, columns, count, numClasses, stride, most, reduction, seed }) => {
    const random = new Random(seed);
    const side = () => stride * random.uniform(0.5, 3);
    const anchors = Array.from({ length: count }, () => ({ width: side(), height: side() }));
    const pictures = Array.from({ length: batch }, () =>
      Array.from({ length: random.integer(most + 1) }, (): Region<Box> => {
        const [width, height] = [side(), side()];
        const x = random.uniform(0.01, columns - 0.01) * stride - width / 2;
        const y = random.uniform(0.01, rows - 0.01) * stride - height / 2;
        return { label: random.integer(numClasses), region: { x, y, width, height } };
      }),
    );
    const head = { anchors, numClasses, stride };
    const prediction = normal([batch, count * (5 + numClasses), rows, columns], seed).to("float64");
    const factors = Array.from({ length: 4 }, () => random.uniform(0.5, 2));
    const [boxWeight = 1, objectWeight = 1, emptyWeight = 1, classWeight = 1] = factors;
    const boxes = boxesOf(prediction, head);
    const overlaps = boxes.flatMap(({ box, n }) => pictures[n]!.map(({ region }) => iou(box, region)));
    const ignoreThreshold = widestGap(overlaps);
    const options = { reduction, boxWeight, objectWeight, emptyWeight, classWeight, ignoreThreshold };
    return { head, prediction, pictures, targets: exactTargets(pictures, most), boxes, options, seed };
  });

type LossCase = typeof lossCase extends fc.Arbitrary<infer T> ? T : never;
type Head = LossCase["head"];

/**
 * Halfway between the two neighbours of 0, the overlaps and 1 that lie farthest apart. The at most 405 overlaps stay
 * 1/812 away from it, so that no difference crosses it: a step h of tx moves a box by no more than h/2 of an object's
 * width, which changes the overlap by less than h; one of tw, by less than 3h.
 */
function widestGap(overlaps: readonly number[]): number {
  const sorted = [0, ...overlaps, 1].sort((a, b) => a - b);
  const gaps = sorted.slice(1).map((high, i) => ({ middle: (high + sorted[i]!) / 2, gap: high - sorted[i]! }));
  return gaps.reduce((a, b) => (b.gap > a.gap ? b : a)).middle;
}

/** Targets in double precision, with rows left over before, between and behind the objects. */
function exactTargets(pictures: readonly (readonly Region<Box>[])[], most: number): Tensor {
  const data = new Float64Array(pictures.length * (most + 1) * 5).fill(-1);
  for (const [n, objects] of pictures.entries()) {
    for (const [i, { label, region }] of objects.entries()) {
      const row = i + Number(2 * i >= objects.length);
      data.set([region.x, region.y, region.width, region.height, label], (n * (most + 1) + row) * 5);
    }
  }
  return new Tensor(data, [pictures.length, most + 1, 5]);
}

/** Every box of an output, by the formula: what its numbers are, and where they lie. */
function boxesOf(prediction: Tensor, { anchors, numClasses, stride }: Head) {
  const [batch = 0, , rows = 0, columns = 0] = prediction.shape;
  const all: { n: number; a: number; i: number; j: number; t: number[]; box: Box }[] = [];
  for (let n = 0; n < batch; n++) {
    for (const [a, anchor] of anchors.entries()) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const t = Array.from({ length: 5 + numClasses }, (_, k) => prediction.at(n, a * (5 + numClasses) + k, i, j));
          const [width, height] = [anchor.width * Math.exp(t[2]!), anchor.height * Math.exp(t[3]!)];
          const [x, y] = [(j + sigmoid(t[0]!)) * stride - width / 2, (i + sigmoid(t[1]!)) * stride - height / 2];
          all.push({ n, a, i, j, t, box: { x, y, width, height } });
        }
      }
    }
  }
  return all;
}

/** The cell that a box has its centre in, and where in it. */
function cellOf({ x, y, width, height }: Box, stride: number) {
  const [right, down] = [(x + width / 2) / stride, (y + height / 2) / stride];
  const [j, i] = [Math.floor(right), Math.floor(down)];
  return { i, j, fx: right - j, fy: down - i };
}

/** The anchors in the order in which an object of this size would have them. */
const preferred = (box: Box, anchors: readonly Anchor[]) =>
  [...anchors.keys()].sort(
    (a, b) => overlapOfSizes(sizeOf(box), anchors[b]!) - overlapOfSizes(sizeOf(box), anchors[a]!),
  );

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

  test("an object belongs to the cell of its centre and the anchor of its shape; the next one there takes the other anchor", () => {
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

  test("refuses heads and options that cannot be", () => {
    const refused = (options: object, made: unknown, text: string) =>
      expectError(
        () => new YoloLoss(made as Head, options as YoloLossOptions<"mean">),
        ArgumentError,
        `YoloLoss expects ${text}`,
      );
    for (const name of ["boxWeight", "objectWeight", "emptyWeight", "classWeight"]) {
      refused({ [name]: -1 }, head, `${name} to be a number ≥ 0, but got -1.`);
    }
    refused({ ignoreThreshold: 60 }, head, "ignoreThreshold to be a number from 0 to 1, but got 60.");
    refused({ reduction: "none" }, head, 'reduction to be one of "mean", "sum", but got "none".');
    refused(
      {},
      8,
      "its options to be an object such as { anchors, numClasses: 10, stride: 8 }, but got 8. Usual cause: torch's positional arguments are named here.",
    );
    refused(
      {},
      { ...head, anchors: 5 },
      "anchors to be a list of one size at least, but got 5. Usual cause: a number of anchors: fitAnchors finds as many sizes.",
    );
    refused(
      {},
      { ...head, anchors: [] },
      "anchors to be a list of one size at least, but got none. Usual cause: a number of anchors: fitAnchors finds as many sizes.",
    );
    refused(
      {},
      { ...head, anchors: [{ width: 8, height: Number.NaN }] },
      "anchors with a finite width and height above 0, but anchor 0 is 8×NaN. Usual cause: sizes as [width, height], where { width, height } belongs.",
    );
    refused(
      {},
      { ...head, numClasses: 0 },
      "numClasses to be a positive integer, but got 0. Usual cause: a division without Math.floor, or a variable that is undefined.",
    );
    refused({}, { ...head, stride: 0 }, "stride to be a number above 0, but got 0.");
  });

  test("refuses predictions and targets that do not fit, and stays as it was", () => {
    const loss = new YoloLoss(head);
    const good = zeros([1, 14, 2, 3]);
    loss.forward(good, yoloTargets([[]]));
    const refused = (
      prediction: unknown,
      target: unknown,
      kind: typeof ShapeError | typeof ArgumentError,
      text: string,
    ) => expectError(() => loss.forward(prediction as Tensor, target as Tensor), kind, text);
    const noTargets = zeros([1, 1, 5]);
    refused(
      [1],
      noTargets,
      ArgumentError,
      "YoloLoss.forward expects its prediction to be a Tensor. Usual cause: a plain array: wrap it with tensor(data, shape).",
    );
    refused(
      zeros([14, 2, 3]),
      noTargets,
      ShapeError,
      "YoloLoss expects an input [N, anchors · (5 + numClasses), H, W], but got [14, 2, 3]. Usual cause: a picture without batch axis.",
    );
    refused(
      zeros([1, 30, 2, 3]),
      noTargets,
      ShapeError,
      "YoloLoss expects 14 channels (2 anchors × (5 + 2 classes)), but its input [1, 30, 2, 3] has 30. Usual cause: a network made for another number of anchors or classes.",
    );
    refused(
      good,
      [[]],
      ArgumentError,
      "YoloLoss.forward expects its target to be a Tensor. Usual cause: lists of objects: yoloTargets makes a tensor of them.",
    );
    for (const shape of [
      [1, 5],
      [2, 1, 5],
      [1, 1, 4],
      [1, 1, 5, 1],
    ]) {
      refused(
        good,
        zeros(shape),
        ShapeError,
        `YoloLoss expects targets [1, most, 5], x, y, width, height and label of each object, but got [${shape.join(", ")}]. Usual cause: the targets of another batch.`,
      );
    }
    // No class, no size, or a centre beyond each of the four edges.
    const rows = [
      [8, 0, 8, 8, 2],
      [8, 0, 8, 8, 0.5],
      [8, 0, 8, 8, -2],
      [8, 0, 0, 8, 1],
      [8, 0, 8, Number.NaN, 1],
      [8, 0, Infinity, 8, 1],
      [20, 0, 8, 8, 1],
      [-5, 0, 8, 8, 1],
      [8, 12, 8, 8, 1],
      [8, -5, 8, 8, 1],
    ];
    for (const row of rows) {
      refused(
        good,
        tensor([0, 0, 8, 8, 1, ...row], [1, 2, 5]),
        ArgumentError,
        `YoloLoss expects objects with a label from 0 to 1 (or -1 for none), a size above 0, and a centre inside of the grid of 24×16 pixels, but object 1 of picture 0 is [${row.join(", ")}]. Usual cause: boxes as corners, in cells or as shares of the picture, where x, y, width and height in pixels belong.`,
      );
    }
    // The first forward still waits for its backward.
    expect(loss.backward().shape).toEqual(good.shape);
    expectError(
      () => loss.backward(),
      StateError,
      "YoloLoss.backward expects a forward before it, but none waits for its backward. Usual cause: backward called twice, or before forward.",
    );
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
    expect(yoloTargets([[object]], { most: 4 }).shape).toEqual([1, 4, 5]);
    expect(yoloTargets([]).shape).toEqual([0, 1, 5]);
  });

  test("refuses what is no object, and too many", () => {
    const refused = (run: () => unknown, text: string) =>
      expectError(run, ArgumentError, `yoloTargets expects ${text}`);
    refused(() => yoloTargets([[], [object, object]], { most: 1 }), "at most 1 objects a picture, but got 2.");
    refused(
      () => yoloTargets([], { most: 0 }),
      "most to be a positive integer, but got 0. Usual cause: a division without Math.floor, or a variable that is undefined.",
    );
    refused(
      () => yoloTargets([], 4 as never),
      "its options to be an object such as { most: 4 }, but got 4. Usual cause: torch's positional arguments are named here.",
    );
    for (const label of [-1, 0.5]) {
      refused(
        () => yoloTargets([[{ ...object, label }]]),
        `a label to be an integer ≥ 0, but got ${label}. Usual cause: a division without Math.floor, or a variable that is undefined.`,
      );
    }
    refused(
      () => yoloTargets([[{ label: 1, region: { x: 1, y: 2, width: 0, height: 3 } }]]),
      "boxes with a finite width and height above 0, but box 0 is 0×3. Usual cause: sizes as [width, height], where { width, height } belongs.",
    );
    refused(
      () => yoloTargets([[{ label: 1, region: { x: Number.NaN, y: 2, width: 3, height: 4 } }]]),
      "boxes of finite numbers with a width and height of at least 0, but box 0 is { x: NaN, y: 2, width: 3, height: 4 }. Usual cause: corners [x1, y1, x2, y2] where a size belongs, or a network whose output is NaN.",
    );
  });
});

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

  test("refuses options and outputs that cannot be", () => {
    const refused = (
      run: () => unknown,
      text: string,
      kind: typeof ArgumentError | typeof ShapeError = ArgumentError,
    ) => expectError(run, kind, text);
    const output = one(0, 0, 0, 0, 0, 0, 0);
    for (const name of ["scoreThreshold", "iouThreshold"]) {
      refused(
        () => decodeYolo(output, head, { [name]: 50 }),
        `decodeYolo expects ${name} to be a number from 0 to 1, but got 50.`,
      );
    }
    refused(
      () => decodeYolo(output, head, 0.5 as never),
      "decodeYolo expects its options to be an object such as { scoreThreshold: 0.5 }, but got 0.5. Usual cause: torch's positional arguments are named here.",
    );
    refused(
      () => decodeYolo(output, { ...head, stride: -8 }),
      "decodeYolo expects stride to be a number above 0, but got -8.",
    );
    refused(
      () => decodeYolo(zeros([1, 8, 2, 3]), head),
      "decodeYolo expects 7 channels (1 anchors × (5 + 2 classes)), but its input [1, 8, 2, 3] has 8. Usual cause: a network made for another number of anchors or classes.",
      ShapeError,
    );
    refused(
      () => decodeYolo(one(0, 0, 0, 0, Number.NaN, 0, 0), head),
      "nms expects scores that are numbers, but score 0 is NaN. Usual cause: a network whose output is NaN.",
    );
    refused(
      () => decodeYolo(one(0, 0, Number.NaN, 0, 9, 0, 9), head),
      "nms expects boxes of finite numbers with a width and height of at least 0, but box 0 is { x: NaN, y: -2, width: NaN, height: 20 }. Usual cause: corners [x1, y1, x2, y2] where a size belongs, or a network whose output is NaN.",
    );
  });
});

const sameDetection = (a: ScoredRegion<Box>, b: ScoredRegion<Box>) =>
  a.label === b.label && a.score === b.score && overlaps(a.region, b.region) === 1;

/** Their overlap; of boxes without area, whether they are the same. */
const overlaps = (a: Box, b: Box) =>
  a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height ? 1 : iou(a, b);
