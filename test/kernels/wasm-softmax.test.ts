/** The wasm softmax, along any dimension, against the reference. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { referenceSoftmax } from "../../src/kernels/reference/softmax.js";
import { wasmSoftmax } from "../../src/kernels/wasm/softmax.js";
import { expectNear, inMemory, spread } from "../support/kernels.js";

const geometry = fc.record({
  outer: fc.integer({ min: 0, max: 9 }),
  size: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(300)),
  inner: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 12 })),
});
const specials = fc.constantFrom([], [-Infinity], [-Infinity, Infinity], [NaN], [100, -100, 0], [3e38, -3e38]);

describe.each([
  ["softmax", "forward", "backward"],
  ["its logarithm", "logForward", "logBackward"],
] as const)("%s", (_, forward, backward) => {
  test("forward is within 1e-5 of the reference, which is an exponent's rounding", () => {
    fc.assert(
      fc.property(geometry, specials, fc.integer(), (g, special, seed) => {
        const x = spread(g.outer * g.size * g.inner, seed, special);
        const want = new Float32Array(x.length);
        referenceSoftmax[forward](g, x, want);
        const [, got] = inMemory([x, want], (input, y) => wasmSoftmax[forward](g, input, y));
        // e^(x − max) has the relative error that x − max has as an absolute one. The logarithm of a sum that is hardly
        // more than 1 has what the sum's additions, in double precision, lost of it.
        expectNear(got, want, 1e-5, () => (forward === "forward" ? 1e-44 : g.size * 2 ** -52));
      }),
    );
  });

  test("backward is within 1e-6 of the reference's terms", () => {
    fc.assert(
      fc.property(geometry, fc.integer(), (g, seed) => {
        const x = spread(g.outer * g.size * g.inner, seed);
        const [y, dy, want] = [new Float32Array(x.length), spread(x.length, seed + 1), new Float32Array(x.length)];
        referenceSoftmax[forward](g, x, y);
        referenceSoftmax[backward](g, y, dy, want);
        const [, , got] = inMemory([y, dy, want], (...arrays) => wasmSoftmax[backward](g, ...arrays));
        const largest = dy.reduce((most, d) => Math.max(most, Math.abs(d)), 0) * (forward === "forward" ? 1 : g.size);
        expectNear(got, want, 1e-6, () => 5e-7 * largest);
      }),
    );
  });
});

test("a line's softmax is the same bits alone, beside others, and along another dimension", () => {
  const lines = 7;
  const size = 13;
  const x = spread(lines * size, 1);
  const columns = x.map((_, i) => x[(i % lines) * size + Math.floor(i / lines)]!);
  const [, , rows, transposed] = inMemory([x, columns, x, x], (a, b, ya, yb) => {
    wasmSoftmax.forward({ outer: lines, size, inner: 1 }, a, ya);
    wasmSoftmax.forward({ outer: 1, size, inner: lines }, b, yb);
  });
  for (let line = 0; line < lines; line++) {
    const [, alone] = inMemory([x.subarray(line * size, (line + 1) * size), new Float32Array(size)], (a, y) =>
      wasmSoftmax.forward({ outer: 1, size, inner: 1 }, a, y),
    );
    expect([...rows.subarray(line * size, (line + 1) * size)]).toEqual([...alone]);
    expect([...alone].map((_, k) => transposed[k * lines + line])).toEqual([...alone]);
  }
});
