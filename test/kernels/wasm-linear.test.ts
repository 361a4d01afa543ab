/** The wasm kernels of Linear against the reference, with both kinds of SIMD. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { referenceLinear } from "../../src/kernels/reference/linear.js";
import { supports } from "../../src/kernels/wasm/assembler/simd.js";
import { wasmLinear } from "../../src/kernels/wasm/linear.js";
import type { LinearGeometry } from "../../src/shape/linear.js";
import { arrays, distance, normals } from "../support/wasm.js";

const simds = (["plain", "relaxed"] as const).filter(supports);

const size = fc.oneof(
  fc.integer({ min: 1, max: 5 }),
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 90, max: 120 }),
);
const geometry = fc.record({
  rows: size,
  inFeatures: fc.oneof(size, fc.integer({ min: 380, max: 800 })),
  outFeatures: size,
});

function operands({ rows, inFeatures, outFeatures }: LinearGeometry, seed: number) {
  const [x, weight, bias, y] = arrays(rows * inFeatures, outFeatures * inFeatures, outFeatures, rows * outFeatures);
  for (const [i, array] of [x, weight, bias, y].entries()) normals(array, seed + i);
  return { x, weight, bias, y };
}

for (const simd of simds) {
  describe(`wasm linear, ${simd}`, () => {
    const wasm = wasmLinear(simd);

    test("forward is within 1e-5 of the reference", () => {
      fc.assert(
        fc.property(geometry, fc.boolean(), fc.integer(), (g, biased, seed) => {
          const { x, weight, bias, y } = operands(g, seed);
          const expected = new Float32Array(y.length);
          referenceLinear.forward(g, x, weight, biased ? bias : undefined, expected);
          wasm.forward(g, x, weight, biased ? bias : undefined, y);
          expect(distance(y, expected, g.inFeatures)).toBeLessThan(1e-5);
        }),
      );
    });

    test("the input gradient is within 1e-5 of the reference", () => {
      fc.assert(
        fc.property(geometry, fc.integer(), (g, seed) => {
          const { x: dx, weight, y: dy } = operands(g, seed);
          const expected = new Float32Array(dx.length);
          referenceLinear.inputGradient(g, dy, weight, expected);
          wasm.inputGradient(g, dy, weight, dx);
          expect(distance(dx, expected, g.outFeatures)).toBeLessThan(1e-5);
        }),
      );
    });

    test("the weight gradient is added, within 1e-5 of the reference", () => {
      fc.assert(
        fc.property(geometry, fc.integer(), (g, seed) => {
          const { x, weight: dweight, y: dy } = operands(g, seed);
          const expected = dweight.slice();
          referenceLinear.weightGradient(g, x, dy, expected);
          wasm.weightGradient(g, x, dy, dweight);
          expect(distance(dweight, expected, g.rows)).toBeLessThan(1e-5);
        }),
      );
    });

    test("numbers around the results are left alone", () => {
      const g = { rows: 5, inFeatures: 7, outFeatures: 13 };
      const { x, weight, bias, y } = operands(g, 1);
      wasm.forward(g, x, weight, bias, y);
      const around = new Float32Array(y.buffer, y.byteOffset - 64, y.length + 32);
      expect([...around.slice(0, 16), ...around.slice(-16)].every(Number.isNaN)).toBe(true);
    });
  });
}
