/** The wasm resizing against the reference, bit by bit. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { referenceUpsample } from "../../src/kernels/reference/upsample.js";
import { wasmUpsample } from "../../src/kernels/wasm/upsample.js";
import { type UpsampleMode, upsampleDims, upsampleSettings } from "../../src/shape/upsample.js";
import { expectSame, inMemory, SPECIAL, spread } from "../support/kernels.js";

const problem = fc.record({
  mode: fc.constantFrom<UpsampleMode>("nearest", "nearest-exact", "linear"),
  size: fc.integer({ min: 1, max: 20 }),
  out: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(1100)),
  outer: fc.integer({ min: 0, max: 9 }),
  inner: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 12 })),
  isSpecial: fc.boolean(),
  seed: fc.integer(),
});

test("resizing a dimension, up or down, and its adjoint have the bits of the reference", () => {
  fc.assert(
    fc.property(problem, ({ mode, size, out, outer, inner, isSpecial, seed }) => {
      const [dim] = upsampleDims("Upsample", upsampleSettings("Upsample", { mode, size: out }), [1, 1, size]);
      const x = spread(outer * size * inner, seed, isSpecial ? SPECIAL : []);
      const dy = spread(outer * out * inner, seed + 1, isSpecial ? SPECIAL : []);
      const [wantY, wantX] = [new Float32Array(dy.length), new Float32Array(x.length)];
      referenceUpsample.forward(dim!, outer, inner, x, wantY);
      const [, y] = inMemory([x, dy], (from, to) => wasmUpsample.forward(dim!, outer, inner, from, to));
      expectSame(y, wantY);
      referenceUpsample.backward(dim!, outer, inner, dy, wantX);
      const [, dx] = inMemory([dy, x], (from, to) => wasmUpsample.backward(dim!, outer, inner, from, to));
      expectSame(dx, wantX);
    }),
  );
});

test("bicubic mixes four pixels", () => {
  const settings = upsampleSettings("Upsample", { mode: "bicubic", size: [7, 11] });
  for (const [i, dim] of upsampleDims("Upsample", settings, [1, 1, 5, 4]).entries()) {
    for (const inner of [1, 6]) {
      const x = spread(5 * dim.size * inner, i);
      const want = new Float32Array(5 * dim.out * inner);
      referenceUpsample.forward(dim, 5, inner, x, want);
      const [, y] = inMemory([x, want], (from, to) => wasmUpsample.forward(dim, 5, inner, from, to));
      expectSame(y, want);
      expect(dim.taps).toBe(4);
    }
  }
});
