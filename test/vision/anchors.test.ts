import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/shape/errors.js";
import { Random } from "../../src/tensor/random.js";
import { type Anchor, fitAnchors } from "../../src/vision.js";
import { expectError } from "../support/errors.js";

/** Whole sizes: their sums are exact, and so are means of equal ones. */
const extent = fc.integer({ min: 1, max: 40 });
const sizes = fc.array(fc.record({ width: extent, height: extent }), { minLength: 1, maxLength: 30 });
const seed = fc.integer();

const distinct = (boxes: readonly Anchor[]) =>
  [...new Map(boxes.map((box) => [`${box.width}×${box.height}`, box])).values()].sort(byArea);
const byArea = (a: Anchor, b: Anchor) => a.width * a.height - b.width * b.height || a.width - b.width;

/** Boxes and a count of anchors that they have enough sizes for. */
const fit = fc
  .record({ boxes: sizes, share: fc.double({ min: 0, max: 1, noNaN: true }), seed })
  .map(({ boxes, share, seed }) => ({ boxes, seed, count: Math.max(1, Math.floor(share * distinct(boxes).length)) }));

const fitted = (boxes: readonly Anchor[], count: number, seed: number) =>
  fitAnchors(boxes, count, { random: new Random(seed) });

describe("fitAnchors", () => {
  test("gives as many sizes as asked for, by area, between the smallest and the largest; the same for a seed", () => {
    fc.assert(
      fc.property(fit, ({ boxes, count, seed }) => {
        const anchors = fitted(boxes, count, seed);
        expect(anchors).toHaveLength(count);
        expect(anchors).toEqual([...anchors].sort(byArea));
        for (const side of ["width", "height"] as const) {
          const all = boxes.map((box) => box[side]);
          for (const anchor of anchors) {
            expect(anchor[side]).toBeGreaterThanOrEqual(Math.min(...all));
            expect(anchor[side]).toBeLessThanOrEqual(Math.max(...all));
          }
        }
        expect(fitted(boxes, count, seed)).toEqual(anchors);
      }),
    );
  });

  test("an anchor for each size is each size", () => {
    fc.assert(
      fc.property(sizes, seed, (boxes, seed) => {
        const different = distinct(boxes);
        expect(fitted(boxes, different.length, seed)).toEqual(different);
      }),
    );
  });

  test("knows no unit and no dimension: boxes twice as large have anchors twice as large, turned boxes turned ones", () => {
    fc.assert(
      fc.property(fit, ({ boxes, count, seed }) => {
        const anchors = fitted(boxes, count, seed);
        const doubled = ({ width, height }: Anchor) => ({ width: 2 * width, height: 2 * height });
        expect(fitted(boxes.map(doubled), count, seed)).toEqual(anchors.map(doubled));
        const turned = ({ width, height }: Anchor) => ({ width: height, height: width });
        expect(fitted(boxes.map(turned), count, seed).sort(byArea)).toEqual(anchors.map(turned).sort(byArea));
      }),
    );
  });

  test("one anchor is the mean size where that fits best, and stays a box where the mean fits worse", () => {
    const square = (side: number) => ({ width: side, height: side });
    for (let seed = 0; seed < 5; seed++) {
      expect(fitted([10, 12, 14].map(square), 1, seed)).toEqual([square(12)]);
      // A mean of 50.5 would overlap neither of them as much: 0.039 + 0.255 < 1.
      expect([square(1), square(100)]).toContainEqual(fitted([1, 100].map(square), 1, seed)[0]);
    }
  });

  test("finds groups of sizes, whatever the boxes' places", () => {
    const random = new Random(1);
    const groups = [
      { width: 10, height: 10 },
      { width: 10, height: 80 },
      { width: 80, height: 20 },
    ];
    const boxes = Array.from({ length: 300 }, (_, i) => {
      const { width = 0, height = 0 } = groups[i % 3] ?? {};
      return {
        x: random.uniform(0, 500),
        y: random.uniform(0, 500),
        width: width + random.uniform(-1, 1),
        height: height + random.uniform(-1, 1),
      };
    });
    const anchors = fitted(boxes, 3, 1);
    for (const [i, { width, height }] of groups.entries()) {
      expect(Math.abs((anchors[i]?.width ?? 0) - width)).toBeLessThan(0.5);
      expect(Math.abs((anchors[i]?.height ?? 0) - height)).toBeLessThan(0.5);
    }
  });

  test("tells sizes apart that differ in their last bits", () => {
    const sizes = [1, 1 + 2 ** -52, 1 + 2 ** -51].map((width) => ({ width, height: 1 }));
    expect(fitted(sizes, 3, 1)).toHaveLength(3);
  });

  test("refuses what gives no anchors", () => {
    const box = { width: 2, height: 3 };
    const refused = (run: () => unknown, text: string) => expectError(run, ArgumentError, `fitAnchors expects ${text}`);
    refused(
      () => fitAnchors([box, box, { width: 3, height: 2 }], 3),
      "boxes of at least 3 different sizes for 3 anchors, but got 2 in 3 boxes. Usual cause: the boxes of one picture instead of the whole training set.",
    );
    refused(
      () => fitAnchors([], 1),
      "boxes of at least 1 different sizes for 1 anchors, but got 0 in 0 boxes. Usual cause: the boxes of one picture instead of the whole training set.",
    );
    refused(
      () => fitAnchors([box, { width: 0, height: 3 }], 1),
      "boxes with a finite width and height above 0, but box 1 is 0×3. Usual cause: sizes as [width, height] instead of { width, height }.",
    );
    refused(
      () => fitAnchors([[2, 3] as never], 1),
      "boxes with a finite width and height above 0, but box 0 is undefined×undefined. Usual cause: sizes as [width, height] instead of { width, height }.",
    );
    refused(
      () => fitAnchors([box], 0),
      "count to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    refused(
      () => fitAnchors([box], 1, new Random(1).uniform() as never),
      `its options to be an object of random, but got ${new Random(1).uniform()}. Usual cause: torch's positional arguments are named here.`,
    );
  });

  test("a refused call draws no number", () => {
    const random = new Random(1);
    const { state } = random;
    expect(() => fitAnchors([{ width: 1, height: 1 }], 2, { random })).toThrow(ArgumentError);
    expect(random.state).toEqual(state);
  });
});
