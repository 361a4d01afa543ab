import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { eye, full, randn, tensor, zeros } from "../../src/tensor/create.js";
import { Random } from "../../src/tensor/random.js";
import { asDynamic, Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { integers } from "../support/layers.js";
import { broadcastShapes, build, expectSame } from "../support/naive.js";

/** Reaches past two tiles of four columns, so that every tail is drawn. */
const size = fc.integer({ min: 0, max: 9 });

describe("matmul", () => {
  test("of two matrices is the triple loop, exactly for integers", () => {
    fc.assert(
      fc.property(size, size, size, fc.nat(), (m, k, n, seed) => {
        const a = integers([m, k], seed);
        const b = integers([k, n], seed + 1);
        const want = build([m, n], ([i, j]) => {
          let sum = 0;
          for (let p = 0; p < k; p++) sum += a.at(i!, p) * b.at(p, j!);
          return sum;
        });
        expectSame(a.matmul(b), want);
      }),
    );
  });

  test("of batches whose leading dimensions broadcast is the product of each pair of matrices", () => {
    fc.assert(
      fc.property(broadcastShapes, size, size, size, fc.nat(), (batch, m, k, n, seed) => {
        const a = integers([...batch.a, m, k], seed);
        const b = integers([...batch.b, k, n], seed + 1);
        const matrix = (x: Tensor, index: readonly number[]) => {
          const leading = x.shape.slice(0, -2);
          const own = index.slice(index.length - leading.length);
          return x.slice(...own.map((i, dim) => (leading[dim] === 1 ? 0 : i)));
        };
        const y = a.matmul(b);
        expect(y.shape).toEqual([...batch.result, m, n]);
        const want = build(y.shape, (index) => {
          const [i, j] = index.slice(-2) as [number, number];
          const lead = index.slice(0, -2);
          return matrix(a, lead).matmul(matrix(b, lead)).at(i, j);
        });
        expectSame(y, want);
      }),
      { numRuns: 60 },
    );
  });

  test("reads a vector as a row on the left and as a column on the right, and drops that dimension", () => {
    fc.assert(
      fc.property(size, size, size, fc.nat(), (batch, k, n, seed) => {
        const vector = integers([k], seed);
        const right = integers([batch, k, n], seed + 1);
        const left = integers([batch, n, k], seed + 2);
        expectSame(vector.matmul(right), vector.unsqueeze(0).matmul(right).squeeze(1).reshape([batch, n]));
        expectSame(left.matmul(vector), left.matmul(vector.unsqueeze(1)).reshape([batch, n]));
        expectSame(vector.matmul(vector), vector.mul(vector).sum());
      }),
    );
    expect(tensor([1, 2]).matmul(tensor([3, 4])).shape).toEqual([]);
    expect(tensor([1, 2]).matmul(tensor([[3], [4]])).shape).toEqual([1]);
    expect(
      tensor([[1, 2]])
        .matmul(tensor([3, 4]))
        .toArray(),
    ).toEqual([11]);
  });

  test("by the identity is nothing, also where elements are not finite on the diagonal only", () => {
    const x = randn([4, 4], { random: new Random(1) });
    expectSame(x.matmul(eye(4)), x);
    expectSame(eye(4).matmul(x), x);
  });

  test("propagates NaN and infinities: 0 · ∞ is NaN", () => {
    const x = tensor([[0, 1]]);
    expect(x.matmul(tensor([[Infinity], [1]])).toArray()).toEqual([[Number.NaN]]);
    expect(x.matmul(tensor([[2], [Infinity]])).toArray()).toEqual([[Infinity]]);
    expect(x.matmul(tensor([[Number.NaN], [1]])).toArray()).toEqual([[Number.NaN]]);
  });

  test("sums in double precision: 2²⁴ + 1 ones are not lost", () => {
    const a = new Tensor(Float32Array.of(2 ** 24, 1, -(2 ** 24)), [1, 3]);
    expect(a.matmul(full([3, 1], 1)).toArray()).toEqual([[1]]);
  });

  test("is double as soon as one side is", () => {
    const x = eye(2);
    expect([x.matmul(x).dtype, x.matmul(x.to("float64")).dtype, x.to("float64").matmul(x).dtype]).toEqual([
      "float32",
      "float64",
      "float64",
    ]);
  });

  test("refuses scalars, inner sizes that differ, batches that do not broadcast, and arrays", () => {
    const scalar = "Usual cause: a scalar, which mul multiplies by.";
    expectError(
      () => asDynamic(tensor(2)).matmul(zeros([2])),
      ShapeError,
      `Tensor.matmul expects vectors or matrices, but got [] and [2]. ${scalar}`,
    );
    expectError(
      () => zeros([2, 2]).matmul(asDynamic(tensor(2))),
      ShapeError,
      `Tensor.matmul expects vectors or matrices, but got [2, 2] and []. ${scalar}`,
    );
    const inner = "Tensor.matmul expects as many columns on the left as rows on the right";
    const cause = "Usual cause: a missing transpose(-2, -1).";
    expectError(
      () => zeros([2, 3]).matmul(asDynamic(zeros([2, 3]))),
      ShapeError,
      `${inner}, but got [2, 3] with 3 and [2, 3] with 2. ${cause}`,
    );
    expectError(
      () => zeros([4]).matmul(asDynamic(zeros([5, 3, 2]))),
      ShapeError,
      `${inner}, but got [4] with 4 and [5, 3, 2] with 3. ${cause}`,
    );
    expectError(
      () => zeros([2, 2, 3]).matmul(asDynamic(zeros([4, 3, 2]))),
      ShapeError,
      "Tensor.matmul expects shapes that broadcast (sizes equal or 1, matched from the last dimension), but got [2] and [4], where 2 meets 4. Usual cause: a missing unsqueeze.",
    );
    expectError(
      () => zeros([2, 2]).matmul([[1], [2]] as unknown as Tensor),
      ArgumentError,
      "Tensor.matmul expects a Tensor, but got [[…], […]]. Usual cause: a plain array, or a tensor after JSON or postMessage, which tensor(data) converts.",
    );
  });
});
