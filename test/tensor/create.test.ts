import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import type { Shape } from "../../src/shape/shape.js";
import {
  arange,
  eye,
  fromTypedArray,
  full,
  ones,
  onesLike,
  rand,
  randn,
  tensor,
  zeros,
  zerosLike,
} from "../../src/tensor/create.js";
import type { TensorData } from "../../src/tensor/nested.js";
import { defaultRandom, Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { build, expectSame, shapes, tensors } from "../support/naive.js";

describe("tensor", () => {
  test("of nested arrays and toArray are inverse, for any shape and any float32", () => {
    // [[], []] tells [2, 0], but an outer empty array tells nothing of the dimensions inside.
    fc.assert(fc.property(tensors(4, 1), (x) => expectSame(tensor(x.toArray() as TensorData), x)));
    expect(tensor([[], []]).shape).toEqual([2, 0]);
    expect(tensor([]).shape).toEqual([0]);
  });

  test("of flat numbers or a typed array and a shape holds them in row-major order", () => {
    fc.assert(
      fc.property(tensors(), (x) => {
        expectSame(tensor([...x.data], x.shape), x);
        expectSame(tensor(x.data, x.shape), x);
      }),
    );
  });

  test("copies: neither side sees what the other writes", () => {
    const data = new Float32Array([1, 2]);
    const x = tensor(data, [2]);
    data[0] = 9;
    x.data[1] = 7;
    expect([...data, ...x.data]).toEqual([9, 2, 1, 7]);
  });

  test("takes a number, every typed array, rows that are typed arrays, and nested arrays with a shape", () => {
    expectSame(tensor(3), new Tensor(new Float32Array([3]), []));
    const kinds = [Int8Array, Int16Array, Int32Array, Uint8Array, Uint8ClampedArray, Uint16Array, Uint32Array];
    for (const Kind of [...kinds, Float32Array, Float64Array])
      expect(tensor(new Kind([1, 2])).toArray()).toEqual([1, 2]);
    expect(tensor([new Uint8Array([1, 2]), new Float64Array([3, 4])]).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(tensor([[1, 2, 3, 4]], [2, 2]).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(tensor(new Float64Array([0.1])).dtype).toBe("float32");
  });

  test("does not see later changes of the shape's array", () => {
    const shape = [1, 2];
    const x = tensor([1, 2], shape);
    shape.push(3);
    expect(x.shape).toEqual([1, 2]);
  });

  test("refuses ragged arrays", () => {
    const ragged = "Usual cause: a missing number or a nested row.";
    expectError(
      () => tensor([[1, 2], [3]]),
      ShapeError,
      `tensor expects arrays of equal lengths, but got 1 entries at [1] where the first array of that depth has 2. ${ragged}`,
    );
    expectError(
      () =>
        tensor([
          [[1], [2]],
          [[3], new Float32Array(2)],
        ]),
      ShapeError,
      `tensor expects arrays of equal lengths, but got 2 entries at [1, 1] where the first array of that depth has 1. ${ragged}`,
    );
    const depth = "Usual cause: a missing or extra pair of brackets.";
    expectError(
      () => tensor([[1, 2], 3]),
      ShapeError,
      `tensor expects arrays nested to the same depth, but got a number at [1]. ${depth}`,
    );
    expectError(
      () => tensor([1, [2, 3]]),
      ShapeError,
      `tensor expects arrays nested to the same depth, but got an array at [1]. ${depth}`,
    );
  });

  test.each([
    ["text", ["1", "2"], '"1" at [0]'],
    ["a missing entry", [1, undefined], "undefined at [1]"],
    ["null", [[1], [null]], "null at [1, 0]"],
    ["a boolean", [[true]], "true at [0, 0]"],
    ["nothing", undefined, "undefined"],
    ["a Map", new Map(), "a Map"],
    ["BigInts", new BigInt64Array(2), "a BigInt64Array"],
    ["a DataView", new DataView(new ArrayBuffer(4)), "a DataView"],
    ["a tensor", zeros([2]), "a Tensor"],
  ])("refuses %s", (_, data, got) => {
    expectError(
      () => tensor(data as unknown as TensorData),
      ArgumentError,
      `tensor expects numbers, nested arrays of numbers or a typed array, but got ${got}. Usual cause: unparsed text, or a missing entry.`,
    );
  });

  test("refuses another number of elements than its shape has", () => {
    expectError(
      () => tensor([1, 2, 3], [2, 2] as Shape),
      ShapeError,
      "tensor expects 4 numbers for the shape [2, 2], but got 3. Usual cause: a shape with missing dimensions, or of another data set.",
    );
  });
});

describe("fromTypedArray", () => {
  test("shares a Float32Array: what is written to either is seen in both", () => {
    const data = new Float32Array([1, 2, 3, 4]);
    const x = fromTypedArray(data, [2, 2]);
    expect(x.data).toBe(data);
    data[3] = 9;
    expect(x.at(1, 1)).toBe(9);
  });

  test("converts and copies any other typed array", () => {
    for (const data of [new Float64Array([1, 2]), new Uint8Array([1, 2]), new Int32Array([1, 2])]) {
      const x = fromTypedArray(data);
      expect(x.dtype).toBe("float32");
      data[0] = 9;
      expect(x.toArray()).toEqual([1, 2]);
    }
  });

  test("refuses plain arrays and another number of elements than its shape has", () => {
    expectError(
      () => fromTypedArray([1, 2] as unknown as Float32Array, [2]),
      ArgumentError,
      "fromTypedArray expects a typed array of numbers, but got [1, 2]. Usual cause: a plain array or BigInts; tensor() takes nested arrays.",
    );
    expectError(
      () => fromTypedArray(new Uint8Array(3), [2]),
      ShapeError,
      "fromTypedArray expects 2 numbers for the shape [2], but got 3. Usual cause: a shape with missing dimensions, or of another data set.",
    );
  });
});

describe("zeros, ones, full and their like", () => {
  test("hold their value in any shape", () => {
    fc.assert(
      fc.property(shapes(), fc.float(), (shape, value) => {
        expectSame(
          zeros(shape),
          build(shape, () => 0),
        );
        expectSame(
          ones(shape),
          build(shape, () => 1),
        );
        expectSame(
          full(shape, value),
          build(shape, () => value),
        );
      }),
    );
  });

  test("zerosLike and onesLike have the shape and precision of their tensor", () => {
    const x = full([2, 3], 5);
    expectSame(zerosLike(x), zeros([2, 3]));
    expectSame(onesLike(x), ones([2, 3]));
    expect([zerosLike(x.to("float64")).dtype, onesLike(x.to("float64")).dtype]).toEqual(["float64", "float64"]);
  });

  const whole = "Usual cause: a division without Math.floor, or an undefined variable.";
  const random = new Random(1);
  test.each([
    ["zeros", (shape: number[]) => zeros(shape)],
    ["ones", (shape: number[]) => ones(shape)],
    ["full", (shape: number[]) => full(shape, 1)],
    ["rand", (shape: number[]) => rand(shape, { random })],
    ["randn", (shape: number[]) => randn(shape, { random })],
    ["tensor", (shape: number[]) => tensor([1], shape)],
    ["fromTypedArray", (shape: number[]) => fromTypedArray(new Float32Array(1), shape)],
    ["Tensor", (shape: number[]) => new Tensor(new Float32Array(1), shape)],
  ])("%s refuses what is no shape", (who, make) => {
    const expectsIntegers = (got: string) => `${who} expects a shape of integers ≥ 0, but got ${got}. ${whole}`;
    expectError(() => make([2, 1.5]), ArgumentError, expectsIntegers("[2, 1.5]"));
    expectError(() => make([-1, -1]), ArgumentError, expectsIntegers("[-1, -1]"));
    expectError(() => make([Number.NaN]), ArgumentError, expectsIntegers("[NaN]"));
    expectError(
      () => make(["2"] as unknown as number[]),
      ArgumentError,
      `${who} expects a shape of integers ≥ 0, but got ["2"]. Usual cause: text or a BigInt, which Number converts, or another argument in its place.`,
    );
    expectError(
      () => make(3 as unknown as number[]),
      ArgumentError,
      `${who} expects a shape as an array, but got 3. Usual cause: sizes given one by one; write [2, 3].`,
    );
    expectError(
      () => make([65536, 65536]),
      ArgumentError,
      `${who} expects a shape of at most 2147483647 elements, but got [65536, 65536], which has 4294967296 (17.2 GB). Usual cause: a size that is far larger than meant, or two arguments swapped.`,
    );
  });
});

describe("arange", () => {
  test("counts from start by step and stops before end", () => {
    const half = fc.integer({ min: -20, max: 20 }).map((x) => x / 2);
    fc.assert(
      fc.property(half, half, half, (start, end, step) => {
        fc.pre(step !== 0 && (end - start) * step >= 0);
        const want: number[] = [];
        for (let x = start; step > 0 ? x < end : x > end; x += step) want.push(x);
        expect(arange(start, end, step).toArray()).toEqual(want);
      }),
    );
  });

  test("has start 0 and step 1 by default", () => {
    expect(arange(3).toArray()).toEqual([0, 1, 2]);
    expect(arange(2, 5).toArray()).toEqual([2, 3, 4]);
    expect(arange(0).shape).toEqual([0]);
  });

  test.each([
    [0, 3, 0],
    [0, 3, -1],
    [0, Infinity, 1],
    [Number.NaN, 1, 1],
    [0, 3, Infinity],
  ])("refuses %d to %d by %d", (start, end, step) => {
    expectError(
      () => arange(start, end, step),
      ArgumentError,
      `arange expects finite bounds and a step that leads from start to end, but got start ${start}, end ${end}, step ${step}. Usual cause: a missing minus sign of the step.`,
    );
  });
});

test("eye has ones where row = column", () => {
  fc.assert(
    fc.property(fc.nat(6), fc.nat(6), (rows, columns) => {
      expectSame(
        eye(rows, columns),
        build([rows, columns], ([i, j]) => Number(i === j)),
      );
      expectSame(eye(rows), eye(rows, rows));
    }),
  );
  const whole = "Usual cause: a division without Math.floor, or an undefined variable.";
  expectError(() => eye(-1), ArgumentError, `eye expects rows to be an integer ≥ 0, but got -1. ${whole}`);
  expectError(() => eye(2, 0.5), ArgumentError, `eye expects columns to be an integer ≥ 0, but got 0.5. ${whole}`);
});

describe("rand and randn", () => {
  test("give the same bits for the same seed: pinned numbers", () => {
    // The generator's first three numbers, cut to 24 bits.
    const bits = [393288148, 2174103013, 3814759091];
    expect(rand([3], { random: new Random(1) }).toArray()).toEqual(bits.map((b) => (b >>> 8) / 2 ** 24));
    expect(randn([3], { random: new Random(1) }).toArray()).toEqual([
      -0.42192327976226807, 0.4366670250892639, -1.4569166898727417,
    ]);
  });

  test("draw from the default generator when given none", () => {
    for (const make of [rand, randn]) {
      const random = new Random(0);
      random.state = defaultRandom().state;
      expectSame(make([5]), make([5], { random }));
    }
  });

  test("rand is in [0, 1) with mean 1/2 and variance 1/12, also where 53 bits would round up to 1", () => {
    const x = rand([50_000], { random: new Random(2) });
    expect(x.min().item()).toBeGreaterThanOrEqual(0);
    expect(x.max().item()).toBeLessThan(1);
    expect(Math.abs(x.mean().item() - 1 / 2)).toBeLessThan(5 * Math.sqrt(1 / 12 / x.size));
    expect(Math.abs(x.var().item() - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / x.size));
    const ones = new Random(0);
    ones.bits = () => 0xffffffff;
    expect(rand([1], { random: ones }).item()).toBe(1 - 2 ** -24);
  });

  test("randn has mean 0 and variance 1", () => {
    const x = randn([50_000], { random: new Random(3) });
    expect(Math.abs(x.mean().item())).toBeLessThan(5 / Math.sqrt(x.size));
    expect(Math.abs(x.var().item() - 1)).toBeLessThan(5 * Math.sqrt(2 / x.size));
  });
});

test.each<[string, () => unknown, got: string]>([
  ["zeros", () => zeros(...(plain([2], { dtype: "float64" }) as [[2]])), "an object"],
  ["zeros", () => zeros(...(plain([2], "float64") as [[2]])), '"float64"'],
  ["ones", () => ones(...(plain([2], "float64") as [[2]])), '"float64"'],
  ["full", () => full(...(plain([2], 1, { dtype: "float64" }) as [[2], 1])), "an object"],
  ["tensor", () => tensor(...(plain([1, 2], [2], "float64") as [[1, 2], [2]])), '"float64"'],
  ["tensor", () => tensor(...(plain([1, 2], { dtype: "uint8" }) as [[1, 2], [2]])), "an object"],
  ["tensor", () => tensor(...(plain([1, 2], "float64") as [[1, 2], [2]])), '"float64"'],
  ["fromTypedArray", () => fromTypedArray(...(plain(new Float32Array(2), "float64") as [Float32Array])), '"float64"'],
])("%s refuses an element type, which it would lose", (who, make, got) => {
  expectError(
    make,
    ArgumentError,
    `${who} expects no element type or options, but got ${got}. Usual cause: torch's dtype: all are float32, and .to("float64") converts.`,
  );
});

test("what map passes on beside a shape is let be", () => {
  expect([[1], [2]].map(zeros).map(({ shape }) => shape)).toEqual([[1], [2]]);
});

test("no typed array at all, and sizes one by one", () => {
  for (const [args, got] of [
    [[], "undefined"],
    [[null], "null"],
  ] as const) {
    expectError(
      () => fromTypedArray(...(args as unknown as [Float32Array])),
      ArgumentError,
      `fromTypedArray expects a typed array of numbers, but got ${got}. Usual cause: a plain array or BigInts; tensor() takes nested arrays.`,
    );
  }
  for (const [who, make] of Object.entries({ rand, randn })) {
    expectError(
      () => make(...(plain(2, 3, 4) as unknown as [[2]])),
      ArgumentError,
      `${who} expects a shape as an array, but got 2. Usual cause: sizes given one by one; write [2, 3].`,
    );
  }
});

function plain(...args: unknown[]): unknown[] {
  return args;
}
