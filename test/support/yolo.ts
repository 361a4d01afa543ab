/** Cases of YOLO networks: heads, what they say and what is there, and their formulas once more in plain words. */
import fc from "fast-check";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { type Anchor, type Box, iou, type Region } from "../../src/vision.js";
import { normal } from "./layers.js";

export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const overlapOfSizes = (a: Anchor, b: Anchor) => iou({ x: 0, y: 0, ...a }, { x: 0, y: 0, ...b });
const sizeOf = ({ width, height }: Anchor) => ({ width, height });

/** Predictions near what an untrained network gives, objects anywhere in the grid, and any head. */
export const lossCase = fc
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

export type LossCase = typeof lossCase extends fc.Arbitrary<infer T> ? T : never;
type Head = LossCase["head"];

/**
 * Halfway between the two neighbors of 0, the overlaps and 1 that lie farthest apart. The at most 405 overlaps stay
 * 1/812 away from it, so that no difference crosses it: a step h of tx moves a box by no more than h/2 of an object's
 * width, which changes the overlap by less than h; one of tw, by less than 3h.
 */
export function widestGap(overlaps: readonly number[]): number {
  const sorted = [0, ...overlaps, 1].sort((a, b) => a - b);
  const gaps = sorted.slice(1).map((high, i) => ({ middle: (high + sorted[i]!) / 2, gap: high - sorted[i]! }));
  return gaps.reduce((a, b) => (b.gap > a.gap ? b : a)).middle;
}

/** Targets in double precision, with rows left over before, between and after the objects. */
export function exactTargets(pictures: readonly (readonly Region<Box>[])[], most: number): Tensor {
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
export function boxesOf(prediction: Tensor, { anchors, numClasses, stride }: Head) {
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

/** The cell that a box has its center in, and where in it. */
export function cellOf({ x, y, width, height }: Box, stride: number) {
  const [right, down] = [(x + width / 2) / stride, (y + height / 2) / stride];
  const [j, i] = [Math.floor(right), Math.floor(down)];
  return { i, j, fx: right - j, fy: down - i };
}

/** The anchors in the order in which an object of this size would have them. */
export const preferred = (box: Box, anchors: readonly Anchor[]) =>
  [...anchors.keys()].sort(
    (a, b) => overlapOfSizes(sizeOf(box), anchors[b]!) - overlapOfSizes(sizeOf(box), anchors[a]!),
  );
