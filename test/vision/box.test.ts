/** Boxes: identities of intersection, union and clipping on whole pixels, where sums are exact. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Box, clipBox, intersection, iou } from "../../src/vision.js";
import { box, pixelsOf } from "../support/boxes.js";

const offset = fc.integer({ min: -50, max: 50 });
const moved = (b: Box, dx: number, dy: number): Box => ({ ...b, x: b.x + dx, y: b.y + dy });

describe("intersection and iou", () => {
  test("are the pixels that both boxes cover, and these over the pixels that either covers", () => {
    fc.assert(
      fc.property(box, box, (a, b) => {
        const [inA, inB] = [pixelsOf(a), pixelsOf(b)];
        const both = [...inA].filter((pixel) => inB.has(pixel)).length;
        const either = new Set([...inA, ...inB]).size;
        expect(intersection(a, b)).toBe(both);
        expect(iou(a, b)).toBe(either === 0 ? 0 : both / either);
      }),
    );
  });

  test("are symmetric and the same wherever the two boxes move together", () => {
    fc.assert(
      fc.property(box, box, offset, offset, (a, b, dx, dy) => {
        expect(iou(b, a)).toBe(iou(a, b));
        expect(iou(moved(a, dx, dy), moved(b, dx, dy))).toBe(iou(a, b));
      }),
    );
  });

  test("lie between 0 and 1 for any real sizes, and a box has an iou of 1 with itself up to round-off", () => {
    const real = fc.double({ min: -1e3, max: 1e3, noNaN: true });
    const size = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
    const any = fc.record({ x: real, y: real, width: size, height: size });
    fc.assert(
      fc.property(any, any, (a, b) => {
        expect(iou(a, b)).toBeGreaterThanOrEqual(0);
        expect(iou(a, b)).toBeLessThanOrEqual(1);
        expect(iou(b, a)).toBe(iou(a, b));
        // x + width − x loses 1e-3 · 2⁻⁴³ at most (1e3 has its last bit at 2⁻⁴³), 1e-10 of a side.
        expect(iou(a, a)).toBeGreaterThan(1 - 1e-9);
      }),
    );
  });

  test("two empty boxes have 0, a box with a NaN has NaN", () => {
    const empty = { x: 3, y: 3, width: 0, height: 0 };
    expect(iou(empty, empty)).toBe(0);
    const whole = { x: 0, y: 0, width: 4, height: 4 };
    for (const key of ["x", "y", "width", "height"]) {
      expect(iou(whole, { ...whole, [key]: Number.NaN })).toBeNaN();
      expect(iou({ ...whole, [key]: Number.NaN }, whole)).toBeNaN();
    }
  });
});

describe("clipBox", () => {
  test("keeps the pixels that lie in the image", () => {
    fc.assert(
      fc.property(box, fc.nat(12), fc.nat(12), (b, width, height) => {
        const inside = pixelsOf({ x: 0, y: 0, width, height });
        const clipped = clipBox(b, width, height);
        expect(pixelsOf(clipped)).toEqual(new Set([...pixelsOf(b)].filter((pixel) => inside.has(pixel))));
        expect(clipped.width).toBeGreaterThanOrEqual(0);
        expect(clipped.height).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("cuts what sticks out, and leaves an empty box of one that is outside", () => {
    expect(clipBox({ x: -5, y: 10, width: 20, height: 20 }, 64, 64)).toEqual({ x: 0, y: 10, width: 15, height: 20 });
    expect(clipBox({ x: 70, y: -9, width: 5, height: 5 }, 64, 64)).toEqual({ x: 64, y: 0, width: 0, height: 0 });
  });
});
