import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { boxMask, iou, type Mask, maskArea, maskBox, maskIou, maskOf } from "../../src/vision.js";
import { expectError } from "../support/errors.js";
import { drawn, drawnMask, mapOf, size } from "../support/maps.js";

const mask = (s: { width: number; height: number }) => mapOf(s, 1).map((map) => maskOf(map, 1));
/** Places of the pixels inside. */
const inside = ({ data }: Mask) => new Set([...data.keys()].filter((at) => data[at] !== 0));

describe("maskOf and maskArea", () => {
  test("the masks of all labels part the picture", () => {
    fc.assert(
      fc.property(
        size.chain((s) => mapOf(s, 3)),
        (map) => {
          const masks = [0, 1, 2, 3].map((label) => maskOf(map, label));
          for (const at of map.data.keys())
            expect(masks.map(({ data }) => data[at])).toEqual(
              [0, 1, 2, 3].map((label) => Number(map.data[at] === label)),
            );
          expect(masks.reduce((sum, each) => sum + maskArea(each), 0)).toBe(map.data.length);
        },
      ),
    );
  });

  test("any value but 0 is inside", () => {
    expect(maskArea({ width: 3, height: 1, data: Uint8Array.of(0, 1, 255) })).toBe(2);
  });
});

describe("maskIou", () => {
  test("is the shared pixels over all pixels, symmetric, and 1 with itself", () => {
    const pair = size.chain((s) => fc.tuple(mask(s), mask(s)));
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const [inA, inB] = [inside(a), inside(b)];
        const either = new Set([...inA, ...inB]).size;
        expect(maskIou(a, b)).toBe(either === 0 ? 0 : [...inA].filter((at) => inB.has(at)).length / either);
        expect(maskIou(b, a)).toBe(maskIou(a, b));
        expect(maskIou(a, a)).toBe(inA.size === 0 ? 0 : 1);
      }),
    );
  });

  test("an example by hand, whatever numbers stand for inside", () => {
    const a = drawnMask("##.", "##.");
    const b = { ...drawnMask(".##", ".##"), data: Uint8Array.of(0, 9, 255, 0, 1, 2) };
    expect(maskIou(a, b)).toBe(2 / 6);
  });

  test("refuses masks of different pictures", () => {
    expectError(
      () => maskIou(drawnMask("##"), drawnMask("#", "#")),
      ShapeError,
      "maskIou expects two maps of one size, but got 2×1 and 1×2. Usual cause: a prediction at the network's size beside a truth at the picture's.",
    );
  });
});

describe("maskBox and boxMask", () => {
  test("the box of a mask is the smallest that has all of its pixels", () => {
    fc.assert(
      fc.property(size.chain(mask), (m) => {
        const box = maskBox(m);
        const pixels = [...inside(m)].map((at) => ({ x: at % m.width, y: Math.floor(at / m.width) }));
        if (!box) return void expect(pixels).toEqual([]);
        const [xs, ys] = [pixels.map(({ x }) => x), pixels.map(({ y }) => y)];
        const [x, y] = [Math.min(...xs), Math.min(...ys)];
        expect(box).toEqual({ x, y, width: Math.max(...xs) + 1 - x, height: Math.max(...ys) + 1 - y });
      }),
    );
  });

  test("the box of a box's mask is the box, and masks of whole boxes overlap as the boxes do", () => {
    const edge = fc.nat(5);
    const box = fc.record({
      x: edge,
      y: edge,
      width: fc.integer({ min: 1, max: 5 }),
      height: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(box, box, (a, b) => {
        expect(maskBox(boxMask(a, 10, 10))).toEqual(a);
        expect(maskIou(boxMask(a, 10, 10), boxMask(b, 10, 10))).toBe(iou(a, b));
      }),
    );
  });

  test("a box with any edges covers the pixels whose centers it has, cut off at the picture's edges", () => {
    const edge = fc.double({ min: -8, max: 8, noNaN: true });
    const length = fc.double({ min: 0, max: 12, noNaN: true });
    fc.assert(
      fc.property(edge, edge, length, length, size, (x, y, width, height, picture) => {
        const { data } = boxMask({ x, y, width, height }, picture.width, picture.height);
        for (const [at, value] of data.entries()) {
          const [cx, cy] = [(at % picture.width) + 0.5, Math.floor(at / picture.width) + 0.5];
          expect(value).toBe(Number(cx >= x && cx < x + width && cy >= y && cy < y + height));
        }
      }),
    );
  });

  test("an empty mask has no box, an empty box no pixel", () => {
    expect(maskBox(drawnMask("..", ".."))).toBeUndefined();
    expect(maskArea(boxMask({ x: 1, y: 1, width: 0, height: 3 }, 4, 4))).toBe(0);
    expect(maskArea(boxMask({ x: -9, y: 1, width: 3, height: 3 }, 4, 4))).toBe(0);
    expect(maskArea(boxMask({ x: 9, y: 1, width: 3, height: 3 }, 4, 4))).toBe(0);
  });

  test("refuse what is no mask, no box and no size", () => {
    expectError(
      () => maskBox({ width: 3, height: 1, data: new Uint8Array(4) }),
      ArgumentError,
      "maskBox expects a map of at least 1×1 pixels with one value each, but got 3×1 with 4 values. Usual cause: width and height taken from another picture, or a picture with several channels.",
    );
    expectError(
      () => maskOf({ ...drawn("12"), width: 1.5 }, 1),
      ArgumentError,
      "maskOf expects a map of at least 1×1 pixels with one value each, but got 1.5×1 with 2 values. Usual cause: width and height taken from another picture, or a picture with several channels.",
    );
    expectError(
      () => boxMask({ x: 0, y: 0, width: -1, height: 1 }, 4, 4),
      ArgumentError,
      "boxMask expects boxes of finite numbers with a width and height of at least 0, but box 0 is { x: 0, y: 0, width: -1, height: 1 }. Usual cause: corners [x1, y1, x2, y2] where a size belongs, or a network whose output is NaN.",
    );
    expectError(
      () => boxMask({ x: 0, y: 0, width: 1, height: 1 }, 0, 4),
      ArgumentError,
      "boxMask expects width to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    );
  });
});
