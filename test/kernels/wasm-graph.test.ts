/** The wasm kernels of operations on several tensors (arithmetic, layout, reductions, matrix products) against the reference. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Operation } from "../../src/kernels/arithmetic.js";
import type { Products } from "../../src/kernels/matmul.js";
import { referenceArithmetic } from "../../src/kernels/reference/arithmetic.js";
import { referenceLayout } from "../../src/kernels/reference/layout.js";
import { referenceMatmul } from "../../src/kernels/reference/matmul.js";
import { referenceMax, referenceSum } from "../../src/kernels/reference/reduce.js";
import { wasmArithmetic } from "../../src/kernels/wasm/arithmetic.js";
import { supports } from "../../src/kernels/wasm/assembler/simd.js";
import { wasmLayout } from "../../src/kernels/wasm/layout.js";
import { wasmMatmul } from "../../src/kernels/wasm/matmul.js";
import { wasmMax, wasmSum } from "../../src/kernels/wasm/reduce.js";
import { sizeOf, stridesOf } from "../../src/shape/shape.js";
import { broadcastStrides, loopsOf } from "../../src/tensor/loops.js";
import { expectNear, expectSame, inMemory, SPECIAL, spread } from "../support/kernels.js";
import { distance } from "../support/wasm.js";

const size = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 9 }) }, fc.constantFrom(1, 16, 33));
const shapes = fc.array(size, { maxLength: 5 }).filter((shape) => sizeOf(shape) <= 20_000);

describe("arithmetic", () => {
  const operation = fc.constantFrom<Operation>("add", "subtract", "multiply", "divide");
  /** A shape, and which of its dimensions each operand repeats: not both the same one. */
  const problem = shapes.chain((shape) =>
    fc.tuple(
      fc.constant(shape),
      fc.array(fc.constantFrom("neither", "a", "b"), { minLength: shape.length, maxLength: shape.length }),
    ),
  );

  test("of operands that broadcast has the bits of the reference", () => {
    fc.assert(
      fc.property(operation, problem, fc.integer(), (which, [shape, repeats], seed) => {
        const operand = (name: string) => shape.map((extent, dim) => (repeats[dim] === name ? 1 : extent));
        const [left, right] = [operand("a"), operand("b")];
        const loops = loopsOf(shape, broadcastStrides(left, shape), broadcastStrides(right, shape));
        const [a, b] = [spread(sizeOf(left), seed, SPECIAL), spread(sizeOf(right), seed + 1, SPECIAL)];
        const want = new Float32Array(sizeOf(shape));
        referenceArithmetic.combine(which, loops, a, b, want);
        const [, , got] = inMemory([a, b, want], (...arrays) => wasmArithmetic.combine(which, loops, ...arrays));
        expectSame(got, want);
      }),
    );
  });
});

describe.each(supports("relaxed") ? (["plain", "relaxed"] as const) : (["plain"] as const))("in %s", (simd) => {
  const layout = wasmLayout;

  test("a copy in any order of dimensions has every element of the reference, and touches no other", () => {
    const problem = shapes.chain((shape) =>
      fc.tuple(fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }), fc.constant(shape)),
    );
    fc.assert(
      fc.property(
        problem,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 5 }),
        ([order, shape], step, at) => {
          const result = order.map((dim) => shape[dim]!);
          const strides = order.map((dim) => step * stridesOf(shape)[dim]!);
          const loops = loopsOf(result, strides, stridesOf(result));
          const from = spread(at + step * sizeOf(shape), 1, SPECIAL);
          const want = spread(sizeOf(shape) + at, 2);
          const [, got] = inMemory([from, want], (source, target) => layout.copy(loops, source, at, target, at));
          referenceLayout.copy(loops, from, at, want, at);
          expectSame(got, want);
          const back = { ...loops, strides: loops.strides.toReversed() };
          const [, spreadOut] = inMemory([want, from], (source, target) => layout.copy(back, source, at, target, at));
          referenceLayout.copy(back, want, at, from, at);
          expectSame(spreadOut, from);
        },
      ),
    );
  });

  test("transposing more columns than are taken at a time", () => {
    const [rows, columns] = [37, 301];
    const from = spread(rows * columns, 1);
    const loops = loopsOf([rows, columns], [1, rows], [columns, 1]);
    const [, got] = inMemory([from, from], (source, target) => layout.copy(loops, source, 0, target, 0));
    for (const i of [0, 1, 35, 36]) {
      for (const j of [0, 127, 128, 300]) expect(got[i * columns + j]).toBe(from[j * rows + i]);
    }
  });

  test.each([0, 1, 33])("filling %d numbers", (length) => {
    const [got] = inMemory([new Float32Array(length)], (y) => layout.fill(y, 0.1));
    expectSame(got, new Float32Array(length).fill(0.1));
  });

  test("a batch of products, added or not, is within 1e-6 of the reference's norm", () => {
    const matmul = wasmMatmul(simd);
    const extent = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(97, 400));
    const problem = fc.record({
      ...{ rows: extent, depth: extent, columns: extent, aTransposed: fc.boolean(), bTransposed: fc.boolean() },
      batch: fc.array(fc.tuple(fc.nat(1), fc.nat(1), fc.nat(1)), { minLength: 1, maxLength: 3 }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(problem, ({ batch, seed, ...sizes }) => {
        const [as, bs, cs] = [0, 1, 2].map((i) => batch.map((one) => one[i]!)) as [number[], number[], number[]];
        const add = new Set(cs).size < 2 || cs.length > 2;
        const g: Products = { ...sizes, as, bs, cs, add };
        const { rows, depth, columns } = g;
        const a = Float32Array.from(spread(2 * rows * depth, seed), Math.sin);
        const b = Float32Array.from(spread(2 * depth * columns, seed + 1), Math.sin);
        const want = Float32Array.from(spread(2 * rows * columns, seed + 2), Math.sin);
        const [, , got] = inMemory([a, b, want], (...arrays) => matmul.multiply(g, ...arrays));
        referenceMatmul.multiply(g, a, b, want);
        expect(distance(got, want, depth)).toBeLessThanOrEqual(1e-6);
      }),
      { numRuns: 60 },
    );
  });
});

describe("reductions", () => {
  const geometry = fc
    .record({
      outer: fc.integer({ min: 0, max: 9 }),
      size: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(300)),
      inner: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 40 })),
    })
    .filter(({ outer, size, inner }) => outer * size * inner <= 30_000);

  test("sums and means are the reference's but for the last bit", () => {
    fc.assert(
      fc.property(
        geometry,
        fc.constantFrom(1, 7, 3e7),
        fc.constantFrom([], [Infinity], [NaN]),
        fc.integer(),
        (g, divisor, special, seed) => {
          const x = spread(g.outer * g.size * g.inner, seed, special);
          const want = new Float32Array(g.outer * g.inner);
          referenceSum.sum(g, x, want, divisor);
          const [, got] = inMemory([x, want], (input, y) => wasmSum.sum(g, input, y, divisor));
          expectNear(got, want, 2 ** -23, () => (g.size * 1e-12) / divisor);
        },
      ),
    );
  });

  test("sums of products are the reference's but for the last bit", () => {
    fc.assert(
      fc.property(geometry, fc.integer(), (g, seed) => {
        const [a, b] = [spread(g.outer * g.size * g.inner, seed), spread(g.outer * g.size * g.inner, seed + 1)];
        const want = new Float32Array(g.outer * g.inner);
        referenceSum.sumProducts(g, a, b, want);
        const [, , got] = inMemory([a, b, want], (...arrays) => wasmSum.sumProducts(g, ...arrays));
        expectNear(got, want, 2 ** -23, () => g.size * 1e-10);
      }),
    );
  });

  test("a sum of nothing is 0", () => {
    for (const inner of [1, 21]) {
      const [, got] = inMemory([new Float32Array(0), new Float32Array(2 * inner).fill(3)], (x, y) =>
        wasmSum.sum({ outer: 2, size: 0, inner }, x, y, 1),
      );
      expect([...got].every((value) => value === 0)).toBe(true);
    }
  });

  test("maxima are the first ones, or the first NaN", () => {
    fc.assert(
      fc.property(
        geometry,
        fc.constantFrom([], [3, 3, 0, -0], [NaN, 1], [-Infinity]),
        fc.integer(),
        (g, special, seed) => {
          const x = spread(g.outer * g.size * g.inner, seed, special);
          const [want, wantWinners] = [new Float32Array(g.outer * g.inner), new Float32Array(g.outer * g.inner)];
          referenceMax.forward(g, x, want, wantWinners);
          const [, got, winners] = inMemory([x, want, want], (...arrays) => wasmMax.forward(g, ...arrays));
          expectSame(got, want);
          expect(new Int32Array(winners.buffer)).toEqual(new Int32Array(wantWinners.buffer));
        },
      ),
    );
  });
});
