import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LogSoftmax, Softmax } from "../../src/layers/softmax.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { expectClose } from "../support/fixtures.js";
import { expectGradients, normal } from "../support/layers.js";
import { build } from "../support/naive.js";
import { expectBatchInvariance } from "../support/planes.js";

/** Any small shape with one of its dimensions, counted from either end. */
const alongDim = fc
  .record({
    shape: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
    at: fc.nat(),
    fromEnd: fc.boolean(),
    seed: fc.integer(),
  })
  .map(({ shape, at, fromEnd, seed }) => {
    const dim = at % shape.length;
    return { shape, at: dim, dim: fromEnd ? dim - shape.length : dim, seed };
  });

/** log Σ e^x along `at`, for every element of x, as defined: no shift, in double precision. */
const logSum = (x: Tensor, at: number) => (index: number[]) =>
  Math.log(
    Array.from({ length: x.shape[at]! }, (_, k) => Math.exp(x.at(...index.with(at, k)))).reduce((a, b) => a + b, 0),
  );

const vector = (...values: number[]) => new Tensor(Float32Array.from(values), [values.length]);

describe("Softmax and LogSoftmax", () => {
  test("are e^x / Σ e^x and x − log Σ e^x along any dimension of any shape", () => {
    fc.assert(
      fc.property(alongDim, ({ shape, at, dim, seed }) => {
        const x = normal(shape, seed);
        const sum = logSum(x, at);
        const log = build(shape, (index) => x.at(...index) - sum(index));
        expectClose(new LogSoftmax(dim).forward(x), log, "logarithm", 1e-6, 1e-6);
        expectClose(new Softmax(dim).forward(x), log.map(Math.exp), "softmax", 1e-6, 1e-7);
        expect(new Softmax(dim).outputShape(shape)).toEqual(shape);
      }),
    );
  });

  test("Softmax sums to 1 along its dimension, LogSoftmax is its logarithm", () => {
    fc.assert(
      fc.property(alongDim, ({ shape, at, dim, seed }) => {
        const x = normal(shape, seed).mul(10);
        const y = new Softmax(dim).forward(x);
        for (const sum of y.sum(at).data) expect(Math.abs(sum - 1)).toBeLessThanOrEqual(2 ** -22);
        expectClose(new LogSoftmax(dim).forward(x).map(Math.exp), y, "e^logarithm", 1e-5, 1e-7);
      }),
    );
  });

  test("do not change when every input of a line is shifted", () => {
    fc.assert(
      fc.property(alongDim, fc.integer({ min: -100, max: 100 }), ({ shape, dim, seed }, shift) => {
        const x = normal(shape, seed).mul(8).map(Math.round); // integers, so that the shift rounds nothing
        const [softmax, logSoftmax] = [new Softmax(dim), new LogSoftmax(dim)];
        expect(softmax.forward(x.add(shift)).data).toEqual(softmax.forward(x).data);
        expect(logSoftmax.forward(x.add(shift)).data).toEqual(logSoftmax.forward(x).data);
      }),
    );
  });

  test("have gradients that agree with differences within 1e-6, along any dimension of any shape", () => {
    fc.assert(
      fc.property(alongDim, ({ shape, dim, seed }) => {
        expectGradients(new Softmax(dim), shape, { seed });
        expectGradients(new LogSoftmax(dim), shape, { seed });
      }),
      { numRuns: 50 },
    );
  });

  test("neither overflow nor underflow for large inputs", () => {
    expect([...new Softmax(0).forward(vector(3e38, 3e38, -3e38)).data]).toEqual([0.5, 0.5, 0]);
    expect([...new Softmax(0).forward(vector(-1e4, -1e4)).data]).toEqual([0.5, 0.5]);
    expect([...new LogSoftmax(0).forward(vector(1e4, 0)).data]).toEqual([0, -1e4]);
  });

  test("do to a batch what they do to each sample", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expectBatchInvariance(new Softmax(1), [3, 4, 2], seed);
        expectBatchInvariance(new LogSoftmax(-1), [3, 4, 2], seed);
      }),
      { numRuns: 20 },
    );
  });

  test("take a scalar as one number along dim 0 or −1, and empty tensors", () => {
    for (const dim of [0, -1]) {
      expect(new Softmax(dim).forward(new Tensor(Float32Array.of(3), [])).item()).toBe(1);
      expect(new LogSoftmax(dim).forward(new Tensor(Float32Array.of(3), [])).item()).toBe(0);
    }
    expect(new Softmax(1).forward(new Tensor(new Float32Array(0), [0, 3])).shape).toEqual([0, 3]);
    expect(new Softmax(1).forward(new Tensor(new Float32Array(0), [3, 0])).shape).toEqual([3, 0]);
  });

  test.each([
    ["Softmax", Softmax],
    ["LogSoftmax", LogSoftmax],
  ] as const)("%s tells of a dim that is no dimension, or no integer", (name, Class) => {
    for (const dim of [2, -3]) {
      const text = `${name} expects a dimension from -2 to 1, but got dim ${dim} for the shape [3, 4]. Usual cause: a missing batch dimension, or a dimension that an earlier step removed.`;
      const layer = new Class(dim);
      expectError(() => layer.forward(normal([3, 4], 1)), ShapeError, text);
      expectError(() => layer.outputShape([3, 4]), ShapeError, text);
    }
    expectError(
      () => new (Class as new (dim?: number) => Softmax)(),
      ArgumentError,
      `${name} expects dim to be an integer, but got undefined. Usual cause: a division without Math.floor, or an undefined variable.`,
    );
  });
});
