import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cosPi } from "../../src/train/math.js";

describe("cosPi", () => {
  test("is the cosine within 4e-16 on the first turn", () => {
    fc.assert(
      fc.property(fc.double({ min: -1, max: 1, noNaN: true }), (x) => {
        expect(Math.abs(cosPi(x) - Math.cos(Math.PI * x))).toBeLessThan(4e-16);
      }),
      { numRuns: 1000 },
    );
  });

  test("is exact at every multiple of a half", () => {
    for (let n = -10; n <= 10; n++) {
      expect(cosPi(n), `${n}`).toBe(n % 2 === 0 ? 1 : -1);
      expect(Math.abs(cosPi(n + 0.5)), `${n + 0.5}`).toBe(0);
    }
  });

  test("is even and repeats after 2, to the same bits where the sum is exact", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 20 }), fc.integer({ min: -8, max: 8 }), (n, turns) => {
        const x = n / 2 ** 19;
        expect(cosPi(-x)).toBe(cosPi(x));
        expect(cosPi(x + 2 * turns)).toBe(cosPi(x));
      }),
    );
  });
});
