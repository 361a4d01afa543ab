import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { tensor, zeros } from "../../src/tensor/create.js";
import { asDynamic, Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { expectClose } from "../support/fixtures.js";
import { normal } from "../support/layers.js";
import { build, expectSame, indicesOf, tensors } from "../support/naive.js";

/** A tensor, some of its dimensions in any order and from either end, and whether they stay. */
const reductions = (min: number) =>
  tensors(4, min).chain((x) =>
    fc.record({
      x: fc.constant(x),
      dims: fc.shuffledSubarray(x.shape.map((_, dim) => dim)),
      negative: fc.boolean(),
      keepDims: fc.boolean(),
    }),
  );

/** f(the elements of each group, in row-major order), for the groups that reducing `dims` makes. */
function naive(x: Tensor, dims: readonly number[], keepDims: boolean, f: (values: number[]) => number): Tensor {
  const groups = new Map<string, number[]>();
  const outer = x.shape.map((extent, dim) => (dims.includes(dim) ? 1 : extent));
  for (const index of indicesOf(outer)) groups.set(index.join(), []);
  for (const index of indicesOf(x.shape)) {
    groups.get(index.map((i, dim) => (dims.includes(dim) ? 0 : i)).join())!.push(x.at(...index));
  }
  const y = build(outer, (index) => f(groups.get(index.join())!));
  return keepDims ? y : y.reshape(outer.filter((_, dim) => !dims.includes(dim)));
}

const total = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
const average = (values: number[]) => total(values) / values.length;
const variance = (correction: number) => (values: number[]) => {
  const center = average(values);
  return total(values.map((value) => (value - center) ** 2)) / Math.max(0, values.length - correction);
};

describe("sum, mean, var, std", () => {
  // float32 sums that overflow or cancel are compared as they are: both sides add in double and round once.
  const cases = reductions(0);

  test.each([
    ["sum", total],
    ["mean", average],
  ] as const)("%s over any dimensions is its definition, NaN and infinities included", (name, f) => {
    fc.assert(
      fc.property(cases, ({ x, dims, negative, keepDims }) => {
        const named = negative ? dims.map((dim) => dim - x.rank) : dims;
        expectSame(x[name](named, { keepDims }), naive(x, dims, keepDims, f));
      }),
    );
  });

  test("var and std over any dimensions are their definition, for any correction", () => {
    const withCorrection = reductions(0).chain((c) =>
      fc.record({ c: fc.constant(c), correction: fc.integer({ min: 0, max: 3 }), seed: fc.nat() }),
    );
    fc.assert(
      fc.property(withCorrection, ({ c: { x, dims, keepDims }, correction, seed }) => {
        const y = normal(x.shape, seed);
        const want = naive(y, dims, keepDims, variance(correction));
        expectClose(y.var(dims, { keepDims, correction }), want, "var", 1e-6, 1e-12);
        expectClose(y.std(dims, { keepDims, correction }), want.sqrt(), "std", 1e-6, 1e-12);
      }),
    );
  });

  test("var divides by n − 1 unless told otherwise, and std is its root", () => {
    const x = tensor([1, 2, 3, 6]);
    expect(x.var().item()).toBe(Math.fround(14 / 3));
    expect(x.var(undefined, { correction: 0 }).item()).toBe(3.5);
    expect(x.std().item()).toBe(Math.fround(Math.sqrt(14 / 3)));
    expect(x.std(0, { correction: 0, keepDims: true }).toArray()).toEqual([Math.fround(Math.sqrt(3.5))]);
  });

  test("of nothing: sum 0, mean NaN, var NaN; of one element var is NaN", () => {
    const x = zeros([2, 0]);
    expect(x.sum(1).toArray()).toEqual([0, 0]);
    expect(x.mean(1).toArray()).toEqual([Number.NaN, Number.NaN]);
    expect(x.var(1).toArray()).toEqual([Number.NaN, Number.NaN]);
    expect(x.sum(0).shape).toEqual([0]);
    expect(tensor([5]).var().item()).toBeNaN();
    expect(tensor([1, 3]).var(0, { correction: 2 }).item()).toBe(Infinity);
  });

  test("sum in double precision: 1e8 + 1 − 1e8 is 1, and a large mean does not swallow the variance", () => {
    expect(tensor([1e8, 1, -1e8]).sum().item()).toBe(1);
    expect(
      tensor([1e6, 1e6 + 1, 1e6 + 2])
        .var()
        .item(),
    ).toBe(1);
  });

  test("NaN and infinities propagate", () => {
    const x = tensor([[1, Number.NaN], [Infinity, 1], [Infinity, -Infinity]]); // biome-ignore format: a matrix
    expect(x.sum(1).toArray()).toEqual([Number.NaN, Infinity, Number.NaN]);
    expect(x.mean(1).toArray()).toEqual([Number.NaN, Infinity, Number.NaN]);
    expect(x.var(1).toArray()).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});

describe("max, min, argmax, argmin", () => {
  const first = (better: (a: number, b: number) => boolean) => (values: number[]) => {
    const nan = values.findIndex(Number.isNaN);
    return nan >= 0 ? nan : values.findIndex((value) => !values.some((other) => better(other, value)));
  };
  const larger = first((a, b) => a > b);
  const smaller = first((a, b) => a < b);

  test("max and min over any dimensions are the first extreme element, or NaN where there is one", () => {
    fc.assert(
      fc.property(reductions(1), ({ x, dims, keepDims }) => {
        expectSame(
          x.max(dims, { keepDims }),
          naive(x, dims, keepDims, (values) => values[larger(values)]!),
        );
        expectSame(
          x.min(dims, { keepDims }),
          naive(x, dims, keepDims, (values) => values[smaller(values)]!),
        );
      }),
    );
  });

  test("argmax and argmin are its position along the dimension, or in row-major order; ties go to the first", () => {
    const cases = fc.record({ c: reductions(1), ties: fc.boolean(), seed: fc.nat() });
    fc.assert(
      fc.property(cases, ({ c: { x: drawn, dims, keepDims }, ties, seed }) => {
        const x = ties ? normal(drawn.shape, seed).map(Math.round) : drawn;
        const all = x.shape.map((_, dim) => dim);
        const dim = dims[0];
        const over = dim === undefined ? all : [dim];
        expectSame(x.argmax(dim, { keepDims }), naive(x, over, keepDims, larger));
        expectSame(x.argmin(dim, { keepDims }), naive(x, over, keepDims, smaller));
      }),
    );
    expect(tensor([1, 3, 3]).argmax().item()).toBe(1);
    expect(tensor([1, Number.NaN, 9, Number.NaN]).argmax().item()).toBe(1);
    expect(tensor([1, Number.NaN, -9]).argmin().item()).toBe(1);
    expect(tensor([-Infinity, -Infinity]).max().item()).toBe(-Infinity);
  });

  test("refuse to choose from nothing", () => {
    const x = asDynamic(zeros([2, 0, 3]));
    const cause = "Usual cause: an empty batch, or a slice that selects nothing.";
    for (const name of ["max", "min", "argmax", "argmin"] as const) {
      const text = `Tensor.${name} expects at least one element along dim 1, but got the shape [2, 0, 3]. ${cause}`;
      expectError(() => x[name as "max"](), ShapeError, text);
      expectError(() => x[name as "max"](1), ShapeError, text);
      expect(x[name as "max"](0).shape).toEqual([0, 3]);
    }
  });

  test("an index beyond 2²⁴ is exact, in double precision", () => {
    const x = new Tensor(new Float32Array(2 ** 24 + 2), [2 ** 24 + 2]);
    x.data[2 ** 24 + 1] = 1;
    expect(x.argmax().item()).toBe(2 ** 24 + 1);
    expect([x.argmax().dtype, x.max().dtype, tensor([1]).argmax().dtype]).toEqual(["float64", "float32", "float32"]);
  });
});

const REDUCTIONS = ["sum", "mean", "var", "std", "max", "min"] as const;

test.each(REDUCTIONS)("%s: no dimension means all, an empty list none, and the precision stays", (each) => {
  const name = each as "sum";
  const x = tensor([[1, 2], [3, 5]]); // biome-ignore format: a matrix
  expect(x[name]().shape).toEqual([]);
  expectSame(x[name](), x[name]([0, 1]));
  expectSame(x[name]([1, 0]), x[name]([-2, -1]));
  expect(x[name](undefined, { keepDims: true }).shape).toEqual([1, 1]);
  expect(x[name]([]).shape).toEqual([2, 2]);
  expect(tensor(3)[name]().shape).toEqual([]);
  expect([x[name](0).dtype, x.to("float64")[name](0).dtype]).toEqual(["float32", "float64"]);
});

test.each([...REDUCTIONS, "argmax", "argmin"] as const)("%s refuses dimensions that are none", (each) => {
  const x = asDynamic(zeros([2, 3]));
  const name = each as "sum";
  const cause = "Usual cause: a missing batch dimension, or a dimension that an earlier step removed.";
  expectError(
    () => x[name](2),
    ShapeError,
    `Tensor.${name} expects a dimension from -2 to 1, but got dim 2 for the shape [2, 3]. ${cause}`,
  );
  expectError(
    () => x[name](0.5),
    ArgumentError,
    `Tensor.${name} expects a dimension to be an integer, but got 0.5. Usual cause: an undefined variable.`,
  );
  expectError(
    () => asDynamic(tensor(1))[name](0),
    ShapeError,
    `Tensor.${name} expects no dimension, as the tensor has none, but got dim 0 for the shape []. ${cause}`,
  );
  expectError(
    () => x[name]([1, -1]),
    ArgumentError,
    `Tensor.${name} expects each dimension once, but got [1, -1] for the shape [2, 3]. Usual cause: a dimension named from both ends.`,
  );
});
