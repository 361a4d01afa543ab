import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { tensor, zeros } from "../../src/tensor/create.js";
import { asDynamic, Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { broadcastAt, broadcastShapes, build, expectSame, indicesOf, tensors } from "../support/naive.js";

/** C's pow, which torch follows: 1 to any power is 1, and so is (−1)^±∞. */
const pow = (a: number, b: number) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b);

/** NaN where either number is, else what comes first in this order. */
const first = (order: (a: number, b: number) => number) => (a: number, b: number) =>
  Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : ([a, b].sort(order)[0] ?? Number.NaN);

const BINARY = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  div: (a: number, b: number) => a / b,
  pow,
  maximum: first((a, b) => b - a),
  minimum: first((a, b) => a - b),
  eq: (a: number, b: number) => (a === b ? 1 : 0),
  ne: (a: number, b: number) => (a === b ? 0 : 1),
  gt: (a: number, b: number) => (a > b ? 1 : 0),
  ge: (a: number, b: number) => (a > b || a === b ? 1 : 0),
  lt: (a: number, b: number) => (a < b ? 1 : 0),
  le: (a: number, b: number) => (a < b || a === b ? 1 : 0),
};
const names = Object.keys(BINARY) as (keyof typeof BINARY)[];

/** Mostly small integers, so that pairs are often equal, and now and then a special value. */
const element = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity, 0.5, 1e-40, 3e38) },
);
const filled = (shape: readonly number[]) => {
  const length = shape.reduce((product, extent) => product * extent, 1);
  return fc
    .array(element, { minLength: length, maxLength: length })
    .map((values) => new Tensor(Float32Array.from(values), shape));
};
/** −0 is 0: which of them a maximum of both is, torch leaves open. */
const plusZero = (x: Tensor) => x.map((value) => value + 0);

describe.each(names)("%s", (each) => {
  const f = BINARY[each];
  const name = each as "add"; // the compiler has one type for each of them

  test("of any two shapes that broadcast is its definition at every index", () => {
    const cases = broadcastShapes.chain(({ a, b, result }) => fc.tuple(filled(a), filled(b), fc.constant(result)));
    fc.assert(
      fc.property(cases, ([a, b, shape]) => {
        const want = build(shape, (index) => f(broadcastAt(a, index), broadcastAt(b, index)));
        expectSame(plusZero(a[name](b)), plusZero(want));
      }),
    );
  });

  test("with a number is its definition at every element", () => {
    fc.assert(
      fc.property(
        tensors(2).chain((x) => filled(x.shape)),
        element,
        (x, number) => {
          expectSame(plusZero(x[name](number)), plusZero(build(x.shape, (index) => f(x.at(...index), number))));
        },
      ),
    );
  });

  test("follows the precision of its operands: double as soon as one is", () => {
    const single = tensor([0.1, 0.2]);
    const double = single.to("float64");
    const dtypes = [single[name](single), single[name](double), double[name](single), double[name](double)].map(
      (y) => y.dtype,
    );
    expect(dtypes).toEqual(["float32", "float64", "float64", "float64"]);
    expect([single[name](2).dtype, double[name](2).dtype]).toEqual(["float32", "float64"]);
    expect(single[name](tensor([[1]]).to("float64")).dtype).toBe("float64");
  });

  test("refuses shapes that do not broadcast, and what is not a tensor", () => {
    const cause = "Usual cause: a missing unsqueeze.";
    const meet = `Tensor.${name} expects shapes that broadcast (sizes equal or 1, matched from the last dimension)`;
    expectError(
      () => zeros([2, 3])[name](asDynamic(zeros([2]))),
      ShapeError,
      `${meet}, but got [2, 3] and [2], where 3 meets 2. ${cause}`,
    );
    expectError(
      () => zeros([0])[name](asDynamic(zeros([4, 3]))),
      ShapeError,
      `${meet}, but got [0] and [4, 3], where 0 meets 3. ${cause}`,
    );
    const plain = "a plain array, or a tensor after JSON or postMessage, which tensor(data) converts";
    const refused = (got: string, cause = plain) =>
      `Tensor.${name} expects a Tensor or a number, but got ${got}. Usual cause: ${cause}.`;
    const run = (other: unknown) => zeros([2])[name](other as Tensor);
    expectError(() => run([1, 2]), ArgumentError, refused("[1, 2]"));
    expectError(() => run(undefined), ArgumentError, refused("undefined", "a missing argument or return"));
    expectError(() => run(null), ArgumentError, refused("null"));
    expectError(() => run("1"), ArgumentError, refused('"1"'));
    expectError(() => run(new Float32Array(2)), ArgumentError, refused("a Float32Array"));
  });
});

test("double results keep double precision", () => {
  const third = tensor([1]).to("float64").div(3);
  expect(third.item()).toBe(1 / 3);
  expect(tensor([1]).div(3).item()).toBe(Math.fround(1 / 3));
});

describe("elementwise functions", () => {
  const UNARY = {
    neg: (x: number) => -x,
    abs: Math.abs,
    square: (x: number) => x ** 2,
    sqrt: Math.sqrt,
    exp: Math.exp,
    log: Math.log,
    tanh: Math.tanh,
    sigmoid: (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
    relu: (x: number) => (x > 0 || Number.isNaN(x) ? x : 0),
  };

  test.each(Object.keys(UNARY) as (keyof typeof UNARY)[])(
    "%s of any float32 is its definition, within 4 ulp",
    (name) => {
      fc.assert(
        fc.property(tensors(3), (x) => {
          // In double precision, where a rounding to float32 cannot hide an error.
          const got = x.to("float64")[name]();
          expect(got.shape).toEqual(x.shape);
          got.data.forEach((value, i) => {
            const want = UNARY[name](x.data[i]!);
            if (Object.is(value, want) || value === want) return;
            expect(Math.abs(value - want)).toBeLessThanOrEqual(4 * Number.EPSILON * Math.abs(want) + 1e-307);
          });
          expectSame(
            plusZero(x[name]()),
            plusZero(
              build(x.shape, (index) =>
                Math.fround(
                  x
                    .to("float64")
                    [name]()
                    .at(...index),
                ),
              ),
            ),
          );
        }),
      );
    },
  );

  test("at the ends: NaN stays NaN, limits are limits", () => {
    const special = tensor([Number.NaN, Infinity, -Infinity]);
    expect(special.neg().toArray()).toEqual([Number.NaN, -Infinity, Infinity]);
    expect(special.abs().toArray()).toEqual([Number.NaN, Infinity, Infinity]);
    expect(special.square().toArray()).toEqual([Number.NaN, Infinity, Infinity]);
    expect(special.sqrt().toArray()).toEqual([Number.NaN, Infinity, Number.NaN]);
    expect(special.exp().toArray()).toEqual([Number.NaN, Infinity, 0]);
    expect(special.log().toArray()).toEqual([Number.NaN, Infinity, Number.NaN]);
    expect(special.tanh().toArray()).toEqual([Number.NaN, 1, -1]);
    expect(special.sigmoid().toArray()).toEqual([Number.NaN, 1, 0]);
    expect(special.relu().toArray()).toEqual([Number.NaN, Infinity, 0]);
    expect(tensor([1000, -1000]).sigmoid().toArray()).toEqual([1, 0]);
  });

  test("clip is min(max(x, low), high), with high where low > high, and NaN for NaN", () => {
    fc.assert(
      fc.property(tensors(2), fc.float({ noNaN: true }), fc.float({ noNaN: true }), (x, low, high) => {
        const want = build(x.shape, (index) => {
          const value = x.at(...index);
          if (Number.isNaN(value)) return value;
          if (value > high || low > high) return high;
          if (value < low) return low;
          return value;
        });
        expectSame(plusZero(x.clip(low, high)), plusZero(want));
      }),
    );
    expect(tensor([-2, 0.5, 2, Number.NaN]).clip(-Infinity, 1).toArray()).toEqual([-2, 0.5, 1, Number.NaN]);
  });

  test("map gives the value and its row-major index, and keeps shape and precision", () => {
    fc.assert(
      fc.property(tensors(3), (x) => {
        const calls: [number, number][] = [];
        const y = x.map((value, index) => {
          calls.push([value, index]);
          return index;
        });
        expect(calls).toEqual([...x.data].map((value, index) => [value, index]));
        let next = 0;
        expectSame(
          y,
          build(x.shape, () => next++),
        );
      }),
    );
    expect(
      zeros([2])
        .to("float64")
        .map(() => 0.1).data[0],
    ).toBe(0.1);
  });

  test("powers follow C where JavaScript differs: 1 to NaN and ±1 to an infinity are 1", () => {
    const base = tensor([1, 1, -1, 1, Number.NaN]);
    expect(base.pow(tensor([Number.NaN, Infinity, -Infinity, 5, 0])).toArray()).toEqual([1, 1, 1, 1, 1]);
    expect(tensor([2, 9]).pow(0.5).at(1)).toBe(3);
  });
});

test("no result shares memory with its tensor or changes it", () => {
  const x = tensor([[1, 2], [3, 4]]); // biome-ignore format: a matrix
  const y = tensor([[5, 6], [7, 8]]); // biome-ignore format: a matrix
  const results: Tensor[] = [
    ...(names as "add"[]).flatMap((name): Tensor[] => [x[name](y), x[name](1), x[name](tensor([[1]]))]),
    x.neg(), x.abs(), x.square(), x.sqrt(), x.exp(), x.log(), x.tanh(), x.sigmoid(), x.relu(), x.clip(0, 9), x.map((v) => v),
    x.slice(), x.slice(0), x.reshape([4]), x.reshape([2, 2]), x.flatten(), x.squeeze(), x.squeeze(0), x.unsqueeze(0),
    x.transpose(0, 1), x.transpose(0, 0), x.permute([0, 1]), x.pad([]), x.pad([0, 0]), x.matmul(y), x.clone(), ...x,
    x.sum([]), x.sum(), x.mean(0), x.var(0), x.std(0), x.max([]), x.min([]), x.argmax(0), x.argmin(0),
  ]; // biome-ignore format: a list
  for (const result of results) {
    expect(result.data.buffer).not.toBe(x.data.buffer);
    expect(result.data.buffer).not.toBe(y.data.buffer);
    result.data.fill(99);
  }
  expect(new Set(results.map((result) => result.data.buffer)).size).toBe(results.length);
  expect([x.toArray(), y.toArray()]).toEqual([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]); // biome-ignore format: two matrices
  expect([...indicesOf([2, 2])]).toHaveLength(4);
});
