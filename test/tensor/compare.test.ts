import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/shape/errors.js";
import { tensor, zeros } from "../../src/tensor/create.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { tensors } from "../support/naive.js";

const hasNaN = (x: Tensor) => x.data.some(Number.isNaN);
const plain = "Usual cause: a plain array, or a tensor after JSON or postMessage, which tensor(data) converts.";

describe("allClose", () => {
  test("is |a − b| ≤ atol + rtol·|b| for finite numbers", () => {
    const number = fc.double({ min: -100, max: 100, noNaN: true });
    const tolerance = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(number, number, tolerance, tolerance, (a, b, rtol, atol) => {
        const [x, y] = [tensor([0, a]).to("float64"), tensor([0, b]).to("float64")];
        x.data[1] = a;
        y.data[1] = b;
        expect(x.allClose(y, { rtol, atol })).toBe(Math.abs(a - b) <= atol + rtol * Math.abs(b));
      }),
    );
  });

  test("of any tensor with itself holds, with NaN only when asked", () => {
    fc.assert(
      fc.property(tensors(), (x) => {
        expect(x.allClose(x.clone())).toBe(!hasNaN(x));
        expect(x.allClose(x.clone(), { equalNan: true })).toBe(true);
      }),
    );
  });

  test("has torch's tolerances 1e-5 and 1e-8, relative to the other tensor", () => {
    expect(tensor([100.0009]).allClose(tensor([100]))).toBe(true);
    expect(tensor([100.002]).allClose(tensor([100]))).toBe(false);
    expect(tensor([9e-9]).allClose(tensor([0]))).toBe(true);
    expect(tensor([2e-8]).allClose(tensor([0]))).toBe(false);
    expect([
      tensor([2]).allClose(tensor([1]), { rtol: 0.5 }),
      tensor([1]).allClose(tensor([2]), { rtol: 0.5 }),
    ]).toEqual([false, true]);
  });

  test("an infinity is close to itself alone, whatever the tolerance", () => {
    const infinite = tensor([Infinity]);
    expect(infinite.allClose(tensor([Infinity]))).toBe(true);
    const wide = { rtol: 1, atol: 1e30 };
    expect(infinite.allClose(tensor([-Infinity]), wide)).toBe(false);
    expect(infinite.allClose(tensor([1]), wide)).toBe(false);
    expect(tensor([1]).allClose(infinite, wide)).toBe(false);
    expect(tensor([1]).allClose(tensor([Number.NaN]), { ...wide, equalNan: true })).toBe(false);
  });

  test("other shapes are never close, even where they would broadcast", () => {
    expect(zeros([2, 1]).allClose(zeros([1, 2]))).toBe(false);
    expect(zeros([1]).allClose(zeros([]))).toBe(false);
    expect(zeros([0, 2]).allClose(zeros([0, 3]))).toBe(false);
    expect(zeros([0]).allClose(zeros([0]))).toBe(true);
  });
});

describe("equals", () => {
  test("holds for a copy without NaN and fails when any element differs", () => {
    const cases = tensors(3, 1).chain((x) => fc.tuple(fc.constant(x), fc.nat(x.size - 1)));
    fc.assert(
      fc.property(cases, ([x, at]) => {
        expect(x.equals(x.clone())).toBe(!hasNaN(x));
        const y = x.clone();
        y.data[at] = x.data[at] === 0 ? 1 : -x.data[at]!;
        expect(x.equals(y)).toBe(false);
      }),
    );
  });

  test("takes −0 for 0 and compares shapes and values, not precision", () => {
    expect(tensor([0]).equals(tensor([-0]))).toBe(true);
    expect(tensor([1]).equals(tensor([1]).to("float64"))).toBe(true);
    expect(zeros([2, 3]).equals(zeros([3, 2]))).toBe(false);
  });
});

test("allClose and equals refuse arrays", () => {
  const array = [1] as unknown as Tensor;
  expectError(
    () => tensor([1]).allClose(array),
    ArgumentError,
    `Tensor.allClose expects a Tensor, but got [1]. ${plain}`,
  );
  expectError(() => tensor([1]).equals(array), ArgumentError, `Tensor.equals expects a Tensor, but got [1]. ${plain}`);
});
