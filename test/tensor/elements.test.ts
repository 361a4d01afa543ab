import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { stridesOf } from "../../src/shape/shape.js";
import { arange, tensor, zeros } from "../../src/tensor/create.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { indicesOf, tensors } from "../support/naive.js";

describe("Tensor", () => {
  test("wraps its data without a copy and knows its size, rank and precision", () => {
    const data = new Float64Array([1, 2, 3, 4, 5, 6]);
    const x = new Tensor(data, [1, 2, 3]);
    expect(x.data).toBe(data);
    expect([x.size, x.rank, x.dtype]).toEqual([6, 3, "float64"]);
    expect([zeros([]).size, zeros([]).rank, zeros([2, 0]).size, zeros([1]).dtype]).toEqual([1, 0, 0, "float32"]);
  });

  test("refuses another number of elements than its shape has", () => {
    const text = "Tensor expects 6 numbers for the shape [2, 3], but got 5.";
    expectError(() => new Tensor(new Float32Array(5), [2, 3]), ShapeError, text);
  });

  test("clone shares nothing", () => {
    const x = tensor([1, 2]);
    const y = x.clone();
    y.data[0] = 9;
    expect([x.toArray(), y.toArray()]).toEqual([
      [1, 2],
      [9, 2],
    ]);
    expect(x.to("float64").clone().dtype).toBe("float64");
  });

  test("to converts and copies, or returns the tensor itself", () => {
    const x = tensor([0.1]);
    const double = x.to("float64");
    expect(double.dtype).toBe("float64");
    expect(double.item()).toBe(Math.fround(0.1));
    expect(double.to("float32").dtype).toBe("float32");
    expect(x.to("float32")).toBe(x);
    double.data[0] = 1;
    expect(x.item()).toBe(Math.fround(0.1));
  });

  test("Tensor<S> is a Tensor, in generic code too", () => {
    const widen = <S extends readonly number[]>(x: Tensor<S>): Tensor => x;
    expect(widen(zeros([2])).shape).toEqual([2]);
  });
});

describe("at and set", () => {
  test("read and write the row-major element, from the front and from the end", () => {
    fc.assert(
      fc.property(tensors(), (x) => {
        const strides = stridesOf(x.shape);
        for (const index of indicesOf(x.shape)) {
          const flat = index.reduce((sum, i, dim) => sum + i * strides[dim]!, 0);
          const fromEnd = index.map((i, dim) => i - x.shape[dim]!);
          expect(x.at(...index)).toBe(x.data[flat]);
          expect(x.at(...fromEnd)).toBe(x.data[flat]);
          const y = x.clone();
          expect(y.set(42, ...fromEnd)).toBe(y);
          expect(y.data.map((value, i) => Number(!Object.is(value, x.data[i]) || i === flat))).toEqual(
            x.data.map((_, i) => Number(i === flat)),
          );
          expect(y.data[flat]).toBe(42);
        }
      }),
    );
  });

  const x = zeros([2, 3]);
  test.each([
    ["Tensor.at", (...indices: number[]) => x.at(...indices)],
    ["Tensor.set", (...indices: number[]) => x.set(1, ...indices)],
  ])("%s refuses wrong indices and changes nothing", (who, run) => {
    const count = "Usual cause: a missing batch index; slice() takes fewer.";
    const outside = "Usual cause: a loop that runs one too far, or swapped dimensions.";
    expectError(
      () => run(1),
      ShapeError,
      `${who} expects one index for each of the 2 dimensions of [2, 3], but got 1. ${count}`,
    );
    expectError(
      () => run(0, 0, 0),
      ShapeError,
      `${who} expects one index for each of the 2 dimensions of [2, 3], but got 3. ${count}`,
    );
    const expected = (dim: number, range: string, got: number) =>
      `${who} expects an index from ${range} along dim ${dim} of the shape [2, 3], but got ${got}. ${outside}`;
    expectError(() => run(0, 3), ShapeError, expected(1, "-3 to 2", 3));
    expectError(() => run(-3, 0), ShapeError, expected(0, "-2 to 1", -3));
    expectError(() => run(0, 0.5), ShapeError, expected(1, "-3 to 2", 0.5));
    expectError(() => run(Number.NaN, 0), ShapeError, expected(0, "-2 to 1", Number.NaN));
    expect(x.toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  test("refuse any index along an empty dimension", () => {
    expectError(
      () => zeros([2, 0]).at(0, 0),
      ShapeError,
      "Tensor.at expects no index, for the dimension is empty, along dim 1 of the shape [2, 0], but got 0. Usual cause: a loop that runs one too far, or swapped dimensions.",
    );
  });
});

test("item is the only element, of any shape, and refuses to choose", () => {
  expect(tensor(3).item()).toBe(3);
  expect(tensor([[[4]]]).item()).toBe(4);
  const cause = "Usual cause: a missing sum(), mean() or at().";
  const refused = (shape: string, count: number) =>
    `Tensor.item expects one element, but got the shape ${shape} with ${count}. ${cause}`;
  expectError(() => tensor([1, 2]).item(), ShapeError, refused("[2]", 2));
  expectError(() => zeros([0]).item(), ShapeError, refused("[0]", 0));
});

test("toArray nests the elements by dimension, and its type by rank", () => {
  expect(arange(6).reshape([1, 2, 3]).toArray()).toEqual([
    [
      [0, 1, 2],
      [3, 4, 5],
    ],
  ]);
  expect(tensor(7).toArray()).toBe(7);
  expect(zeros([2, 0]).toArray()).toEqual([[], []]);
  expect(zeros([0, 2]).toArray()).toEqual([]);
});

describe("iteration", () => {
  test("gives the tensors along the first dimension", () => {
    fc.assert(
      fc.property(tensors(4), (x) => {
        fc.pre(x.rank > 0);
        const parts = [...x];
        expect(parts.map((part) => part.shape)).toEqual(Array.from({ length: x.shape[0]! }, () => x.shape.slice(1)));
        expect(parts.flatMap((part) => [...part.data])).toEqual([...x.data]);
      }),
    );
  });

  test("of a scalar gives its number, so that toEqual compares elements", () => {
    expect([...tensor(7)]).toEqual([7]);
    fc.assert(
      fc.property(tensors(4, 1), (x) => {
        expect(x).toEqual(x.clone());
        const y = x.clone();
        y.data[x.size - 1] = x.data[x.size - 1] === 0 ? 1 : 0;
        expect(x).not.toEqual(y);
      }),
    );
  });
});

describe("slice", () => {
  const position = fc.integer({ min: -6, max: 6 });
  const range = fc.tuple(fc.option(position), fc.option(position), fc.integer({ min: 1, max: 3 }));

  /** The positions that JavaScript's own slice keeps, which reads ranges as Python does. */
  const kept = (extent: number, start: number | null, end: number | null, step: number) =>
    Array.from({ length: extent }, (_, i) => i)
      .slice(start ?? 0, end ?? extent)
      .filter((_, i) => i % step === 0);

  test("takes what Python's ranges take, for any ranges, picks and whole dimensions", () => {
    const cases = tensors(4).chain((x) =>
      fc.record({
        x: fc.constant(x),
        slices: fc
          .tuple(
            ...x.shape.map((extent) =>
              fc.oneof(
                range,
                fc.constant(null),
                fc.constant(undefined),
                ...(extent > 0 ? [fc.integer({ min: -extent, max: extent - 1 })] : []),
              ),
            ),
          )
          .chain((slices) => fc.nat(slices.length).map((length) => slices.slice(0, length))),
      }),
    );
    fc.assert(
      fc.property(cases, ({ x, slices }) => {
        const positions = x.shape.map((extent, dim) => {
          const wanted = slices[dim];
          if (typeof wanted === "number") return [wanted];
          return wanted ? kept(extent, ...wanted) : kept(extent, null, null, 1);
        });
        const want: number[] = [];
        for (const index of indicesOf(positions.map(({ length }) => length))) {
          want.push(x.at(...index.map((i, dim) => positions[dim]![i]!)));
        }
        const y = x.slice(...slices);
        expect([...y.data]).toEqual(want);
        const dropped = (dim: number) => typeof slices[dim] === "number";
        expect(y.shape).toEqual(positions.map(({ length }) => length).filter((_, dim) => !dropped(dim)));
      }),
    );
  });

  test("reads the forms of the documentation", () => {
    const x = arange(24).reshape([2, 3, 4]);
    expect(x.slice([0, 2], [1, null], 3).toArray()).toEqual([
      [7, 11],
      [19, 23],
    ]);
    expect(x.slice(-1, -1).toArray()).toEqual([20, 21, 22, 23]);
    expect(x.slice(null, 0, [1]).toArray()).toEqual([
      [1, 2, 3],
      [13, 14, 15],
    ]);
    expect(x.slice(0, 0, [null, null, 2]).toArray()).toEqual([0, 2]);
    expect(x.slice([-1, 99]).shape).toEqual([1, 3, 4]);
    expect(x.slice([2, 1]).shape).toEqual([0, 3, 4]);
    expect(x.slice().equals(x)).toBe(true);
  });

  test("refuses what it cannot read", () => {
    const x = zeros([2, 3]);
    expectError(
      () => x.slice(0, 1, 2),
      ShapeError,
      "Tensor.slice expects at most one slice for each dimension of [2, 3], but got 3. Usual cause: a range written as two numbers; write [0, 2].",
    );
    expectError(
      () => x.slice(null, 3),
      ShapeError,
      "Tensor.slice expects an index from -3 to 2 along dim 1 of the shape [2, 3], but got 3. Usual cause: a loop that runs one too far, or swapped dimensions.",
    );
    const form =
      "Tensor.slice expects each slice to be an integer, null or [start, end, step] of integers with step ≥ 1";
    expectError(() => x.slice([0, 2, 0]), ArgumentError, `${form}, but got [0, 2, 0].`);
    expectError(() => x.slice([0, 2, -1]), ArgumentError, `${form}, but got [0, 2, -1].`);
    expectError(() => x.slice([0.5, 2]), ArgumentError, `${form}, but got [0.5, 2].`);
    expectError(() => x.slice([0, Number.NaN]), ArgumentError, `${form}, but got [0, NaN].`);
    expectError(() => x.slice("0:2" as unknown as null), ArgumentError, `${form}, but got "0:2".`);
  });
});
