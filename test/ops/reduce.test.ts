/** Sums, means and maxima along dimensions, and their gradients. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { max, maxBackward, mean, meanBackward, sum, sumBackward } from "../../src/ops/reduce.js";
import { ShapeError } from "../../src/shape/errors.js";
import { ones, tensor, zeros } from "../../src/tensor/create.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { eachBackend } from "../support/backends.js";
import { expectError } from "../support/errors.js";
import { distinct, normal } from "../support/layers.js";
import { dimsOf, expectAdjoint, expectClose, expectDifferences, shapesOf } from "../support/ops.js";

const problems = (min: number) =>
  shapesOf(min, 5).chain((shape) => fc.tuple(fc.constant(shape), fc.option(dimsOf(shape), { nil: undefined })));

eachBackend("reductions", () => {
  test("sums and means are those of tensors, for any dimensions, counted from either end, and for empty tensors", () => {
    fc.assert(
      fc.property(problems(0), fc.boolean(), fc.nat(), ([shape, dims], keepDims, seed) => {
        const x = normal(shape, seed);
        expectClose(sum(x, dims, keepDims), x.sum(dims, { keepDims }), 10);
        expectClose(mean(x, dims, keepDims), x.mean(dims, { keepDims }));
      }),
    );
  });

  test("maxima are those of tensors, NaN where there is one", () => {
    fc.assert(
      fc.property(problems(1), fc.boolean(), fc.boolean(), fc.nat(), ([shape, dims], keepDims, hasNaN, seed) => {
        const x = normal(shape, seed).map((v, i) => (hasNaN && i % 7 === 3 ? Number.NaN : v));
        expectClose(max(x, dims, keepDims).y, x.max(dims, { keepDims }), 0);
      }),
    );
  });

  test("the adjoint of a sum is exact", () => {
    fc.assert(
      fc.property(problems(0), fc.nat(), ([shape, dims], seed) => {
        expectAdjoint(
          shape,
          (x) => sum(x, dims),
          (dy) => sumBackward(dy, shape, dims),
          seed,
        );
      }),
    );
  });

  test("the gradient of a mean is its share", () => {
    const dx = meanBackward(tensor([[3], [6]]), [2, 3, 5], [-1, 1]);
    expect([dx.shape, dx.at(0, 2, 4), dx.at(1, 0, 0)]).toEqual([[2, 3, 5], Math.fround(3 / 15), Math.fround(6 / 15)]);
  });

  test("of several equal maxima, the first one in row-major order gets the gradient", () => {
    const x = tensor([
      [
        [1, 5],
        [5, 0],
      ],
      [
        [5, 2],
        [0, 5],
      ],
    ]);
    const gradient = (dims?: number | readonly number[]) => {
      const { y, winners } = max(x, dims);
      return [...maxBackward(ones(y.shape), winners, x.shape, dims).data];
    };
    expect(gradient()).toEqual([0, 1, 0, 0, 0, 0, 0, 0]);
    expect(gradient([0, 2])).toEqual([0, 1, 1, 0, 0, 0, 0, 0]);
    expect(gradient(1)).toEqual([0, 1, 1, 0, 1, 0, 0, 1]);
  });

  test("a sum of tens of millions of terms goes on behind 2²⁴", () => {
    const many = 17_000_000;
    expect(sum(ones([many]), 0).item()).toBe(many);
    expect([...sum(ones([many / 2, 2]), 0).data]).toEqual([many / 2, many / 2]);
    expect(sum(ones([2, many / 1000, 500]), [0, 2]).data[0]).toBe(1000);
    expect(mean(ones([many]), 0).item()).toBe(1);
  });
});

describe("gradients agree with differences in double precision", () => {
  test.each([
    ["sum", sum, sumBackward],
    ["mean", mean, meanBackward],
  ] as const)("of %s", (_, f, backward) => {
    fc.assert(
      fc.property(problems(1), fc.nat(), ([shape, dims], seed) => {
        const run = (x: Tensor) => f(x, dims);
        expectDifferences([normal(shape, seed)] as const, run, (dy) => [backward(dy, shape, dims)], seed);
      }),
      { numRuns: 50 },
    );
  });

  test("of max", () => {
    fc.assert(
      fc.property(problems(1), fc.nat(), ([shape, dims], seed) => {
        const x = distinct(shape, seed);
        const { winners } = max(x.to("float64"), dims);
        const run = (input: Tensor) => max(input, dims).y;
        expectDifferences([x] as const, run, (dy) => [maxBackward(dy, winners, shape, dims)], seed);
      }),
      { numRuns: 50 },
    );
  });
});

test("a maximum of nothing is refused", () => {
  expectError(
    () => max(zeros([2, 0]), -1),
    ShapeError,
    "max expects at least one element along dim 1, but got the shape [2, 0]. Usual cause: an empty batch, or a slice that selects nothing.",
  );
});
