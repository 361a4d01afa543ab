/** Products of vectors, matrices and batches, and their gradients. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { matmul, matmulBackward } from "../../src/ops/matmul.js";
import { matmulGeometry } from "../../src/shape/broadcast.js";
import { ones } from "../../src/tensor/create.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { eachBackend } from "../support/backends.js";
import { integers, normal } from "../support/layers.js";
import { expectClose, expectDifferences } from "../support/ops.js";

const size = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 9 }) }, fc.constantFrom(0, 1, 20));
const batches = fc.array(fc.constantFrom(1, 2, 3), { maxLength: 2 });
/** Two shapes that have a product: vectors, matrices, batches of which either repeats or lacks dimensions. */
const pairs = fc
  .record({
    ...{ m: size, k: size, n: size, batch: batches, vectors: fc.constantFrom("neither", "left", "right", "both") },
    ...{ ones: fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 2, maxLength: 2 }), lacks: fc.nat(2) },
  })
  .map(({ m, k, n, batch, vectors, ones: repeats, lacks }): [number[], number[]] => {
    const left = batch.map((extent, i) => (repeats[i]![0] ? 1 : extent));
    const right = batch.map((extent, i) => (repeats[i]![1] ? 1 : extent)).slice(lacks);
    return [
      vectors === "left" || vectors === "both" ? [k] : [...left, m, k],
      vectors === "right" || vectors === "both" ? [k] : [...right, k, n],
    ];
  });

eachBackend("matmul", () => {
  test("is that of tensors: vectors, matrices, batches that broadcast, nothing", () => {
    fc.assert(
      fc.property(pairs, fc.nat(), ([left, right], seed) => {
        const [a, b] = [integers(left, seed), integers(right, seed + 1)];
        expectClose(matmul(a, b), a.matmul(b), 0);
      }),
    );
  });

  test("has gradients that agree with those in double precision", () => {
    fc.assert(
      fc.property(pairs, fc.nat(), ([left, right], seed) => {
        const [a, b] = [integers(left, seed), integers(right, seed + 1)];
        const dy = integers(matmulGeometry("matmul", left, right).shape, seed + 2);
        const got = matmulBackward(dy, a, b, [true, true]);
        const want = matmulBackward(dy.to("float64"), a.to("float64"), b.to("float64"), [true, true]);
        for (const i of [0, 1] as const) expectClose(got[i]!, want[i]!, 0);
      }),
    );
  });

  test("sums of very many terms go on behind 2²⁴", () => {
    const many = 17_000_000;
    expect(matmul(ones([many]), ones([many])).item()).toBe(many);
    const [, db] = matmulBackward(ones([many, 1]), ones([many, 1]), ones([1, 1]), [false, true]);
    expect(db!.item()).toBe(many);
  });
});

test("gradients agree with differences in double precision, and are there as far as they are wanted", () => {
  fc.assert(
    fc.property(pairs, fc.nat(), (shapes, seed) => {
      const [a, b] = shapes.map((shape, i) => normal(shape, seed + i)) as [Tensor, Tensor];
      expectDifferences([a, b], matmul, (dy, x, y) => matmulBackward(dy, x, y, [true, true]), seed);
      const dy = normal(matmul(a, b).shape, seed);
      expect(matmulBackward(dy, a, b, [false, true])[0]).toBe(undefined);
      expect(matmulBackward(dy, a, b, [true, false])[1]).toBe(undefined);
    }),
    { numRuns: 60 },
  );
});
