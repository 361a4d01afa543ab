/** The wasm kernels that treat channels alike (bias, PReLU, merge) and those of gradients against the reference. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { referenceBias } from "../../src/kernels/reference/bias.js";
import { referenceGradient } from "../../src/kernels/reference/gradient.js";
import { referenceMerge } from "../../src/kernels/reference/merge.js";
import { referencePReLU } from "../../src/kernels/reference/prelu.js";
import { wasmBias } from "../../src/kernels/wasm/bias.js";
import { wasmGradient } from "../../src/kernels/wasm/gradient.js";
import { wasmMerge } from "../../src/kernels/wasm/merge.js";
import { wasmPReLU } from "../../src/kernels/wasm/prelu.js";
import { expectNear, expectSame, inMemory, SPECIAL, spread } from "../support/kernels.js";

const size = fc.integer({ min: 1, max: 9 });
const inner = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 }));
const outer = fc.integer({ min: 0, max: 5 });

/** Σ |x|, NaN left out: what the rounding of a sum is in proportion to. */
function magnitude(terms: Float32Array): number {
  return terms.reduce((sum, term) => sum + (Number.isNaN(term) ? 0 : Math.abs(term)), 0);
}

describe("bias", () => {
  test("is added as in the reference, bit by bit", () => {
    fc.assert(
      fc.property(outer, size, inner, fc.integer(), (n, c, p, seed) => {
        const bias = spread(c, seed, SPECIAL);
        const want = spread(n * c * p, seed + 1, SPECIAL);
        const [, got] = inMemory([bias, want], (b, y) => wasmBias.add(n, c, p, b, y));
        referenceBias.add(n, c, p, bias, want);
        expectSame(got, want);
      }),
    );
  });

  test("has the gradient of the reference, to the rounding of a sum in double precision", () => {
    fc.assert(
      fc.property(outer, size, inner, fc.integer(), (n, c, p, seed) => {
        const dy = spread(n * c * p, seed);
        const want = spread(c, seed + 1);
        const [, got] = inMemory([dy, want], (d, db) => wasmBias.gradient(n, c, p, d, db));
        referenceBias.gradient(n, c, p, dy, want);
        expectNear(got, want, 1.2e-7, () => 1e-15 * magnitude(dy));
      }),
    );
  });

  test("adds its gradient to numbers outside the engine's memory", () => {
    const dbias = Float32Array.of(10, 20, 30);
    inMemory([Float32Array.of(1, 2, 3, 4, 5, 6)], (dy) => wasmBias.gradient(2, 3, 1, dy, dbias));
    expect([...dbias]).toEqual([15, 27, 39]);
  });
});

describe("PReLU", () => {
  const geometry = fc.record({ outer, size, inner });

  test("and its input gradient are the reference's, bit by bit", () => {
    fc.assert(
      fc.property(geometry, fc.integer(), (g, seed) => {
        const length = g.outer * g.size * g.inner;
        const [x, dy, weight] = [spread(length, seed, SPECIAL), spread(length, seed + 1), spread(g.size, seed + 2)];
        const want = new Float32Array(length);
        const [, , , y, dx] = inMemory([x, weight, dy, want, want], (...arrays) => {
          wasmPReLU.forward(g, arrays[0], arrays[1], arrays[3]);
          wasmPReLU.inputGradient(g, arrays[0], arrays[1], arrays[2], arrays[4]);
        });
        referencePReLU.forward(g, x, weight, want);
        expectSame(y, want);
        referencePReLU.inputGradient(g, x, weight, dy, want);
        expectSame(dx, want);
      }),
    );
  });

  test("has the slopes' gradient of the reference, to the rounding of the products", () => {
    fc.assert(
      fc.property(geometry, fc.boolean(), fc.integer(), (g, isSpecial, seed) => {
        const length = g.outer * g.size * g.inner;
        const x = isSpecial ? spread(length, seed, [NaN, 0, -0, -1, 2]) : spread(length, seed);
        const dy = spread(length, seed + 1);
        const want = spread(g.size, seed + 2);
        const [, , got] = inMemory([x, dy, want], (...arrays) => wasmPReLU.weightGradient(g, ...arrays));
        referencePReLU.weightGradient(g, x, dy, want);
        expectNear(got, want, 1.2e-7, () => 1e-7 * magnitude(x.map((v, i) => v * dy[i]!)));
      }),
    );
  });
});

test("branches are added as in the reference, bit by bit", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 }), fc.boolean(), fc.integer(), (length, relu, seed) => {
      const [a, b] = [spread(length, seed, SPECIAL), spread(length, seed + 1, SPECIAL)];
      const want = new Float32Array(length);
      const [, , got] = inMemory([a, b, want], (...arrays) => wasmMerge.add(...arrays, relu));
      referenceMerge.add(a, b, want, relu);
      expectSame(got, want);
    }),
  );
});

describe("gradients", () => {
  const length = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 16380, max: 33000 }));

  test("have the sums of powers and the maximum of the reference", () => {
    fc.assert(
      fc.property(length, fc.constantFrom(1, 2, 3), fc.boolean(), fc.integer(), (n, exponent, isSpecial, seed) => {
        const g = spread(n, seed, isSpecial ? [3e38, -3e38, 1e-45, Infinity] : []);
        const want = referenceGradient.powerSum(g, exponent);
        const got = { sum: Number.NaN, max: Number.NaN };
        inMemory([g], (array) => {
          got.sum = wasmGradient.powerSum(array, exponent);
          got.max = wasmGradient.maxAbs(array);
        });
        expectNear([got.sum], [want], 1e-13);
        expect(got.max).toBe(referenceGradient.maxAbs(g));
      }),
      { numRuns: 50 },
    );
  });

  test("have a sum of squares that is that of its blocks in ascending order, whoever adds them up", () => {
    const block = 16384;
    inMemory([spread(2 * block + 1001, 1)], (g) => {
      const parts = [g.subarray(0, block), g.subarray(block, 2 * block), g.subarray(2 * block)];
      const sums = parts.map((part) => wasmGradient.powerSum(part, 2));
      expect(wasmGradient.powerSum(g, 2)).toBe(sums.reduce((sum, part) => sum + part, 0));
    });
  });

  test("are scaled to a rounding, and clamped as in the reference", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.constantFrom(0, 0.1, 1, 2), fc.integer(), (n, by, seed) => {
        const g = spread(n, seed, SPECIAL);
        const [scaled, clamped] = inMemory([g, g], (a, b) => {
          wasmGradient.scale(a, by);
          wasmGradient.clamp(b, by);
        });
        const [wantScaled, wantClamped] = [g.slice(), g.slice()];
        referenceGradient.scale(wantScaled, by);
        referenceGradient.clamp(wantClamped, by);
        expectNear(scaled, wantScaled, 1.2e-7, () => 1e-44);
        expectNear(clamped, wantClamped, 1e-7);
      }),
    );
  });
});
