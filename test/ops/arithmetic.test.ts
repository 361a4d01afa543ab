/** Arithmetic of tensors that broadcast, and its gradients. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as arithmetic from "../../src/ops/arithmetic.js";
import { addInto } from "../../src/ops/merge.js";
import { ShapeError } from "../../src/shape/errors.js";
import { zeros } from "../../src/tensor/create.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { eachBackend } from "../support/backends.js";
import { expectError } from "../support/errors.js";
import { normal } from "../support/layers.js";
import { expectClose, expectDifferences, shapesOf } from "../support/ops.js";

/** Two shapes that broadcast: dimensions of a common one that either repeats or lacks. */
const pairs = shapesOf(0).chain((shape) => {
  const operand = fc
    .tuple(fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }), fc.nat(shape.length))
    .map(([repeats, missing]) => shape.map((size, dim) => (repeats[dim] ? 1 : size)).slice(missing));
  return fc.tuple(operand, operand);
});

/** Away from 0, which nothing is divided by. */
function operands(shapes: readonly (readonly number[])[], seed: number): [Tensor, Tensor] {
  return shapes.map((shape, i) => normal(shape, (seed >>> 0) + i).map((v) => v + Math.sign(v))) as [Tensor, Tensor];
}

const METHODS = { add: "add", subtract: "sub", multiply: "mul", divide: "div" } as const;
const FORWARDS = {
  add: (a: Tensor, b: Tensor) => arithmetic.add(a, b),
  subtract: arithmetic.subtract,
  multiply: arithmetic.multiply,
  divide: arithmetic.divide,
};
const names = Object.keys(METHODS) as (keyof typeof METHODS)[];

/** The gradients of either operation in the same form. */
function backward(name: keyof typeof METHODS, dy: Tensor, a: Tensor, b: Tensor, wanted: arithmetic.Wanted) {
  switch (name) {
    case "add":
      return arithmetic.addBackward(dy, a.shape, b.shape, wanted);
    case "subtract":
      return arithmetic.subtractBackward(dy, a.shape, b.shape, wanted);
    case "multiply":
      return arithmetic.multiplyBackward(dy, a, b, wanted);
    case "divide":
      return arithmetic.divideBackward(dy, a, b, wanted);
  }
}

eachBackend("arithmetic", () => {
  test.each(names)("%s has the bits of the tensors' own method", (name) => {
    fc.assert(
      fc.property(pairs, fc.integer(), (shapes, seed) => {
        const [a, b] = operands(shapes, seed);
        const got = FORWARDS[name](a, b);
        const want: Tensor = a[METHODS[name]](b);
        expect([got.shape, [...got.data]]).toEqual([want.shape, [...want.data]]);
      }),
    );
  });

  test.each(names)("%s has gradients that agree with those in double precision", (name) => {
    fc.assert(
      fc.property(pairs, fc.integer(), (shapes, seed) => {
        const [a, b] = operands(shapes, seed);
        const dy = normal(FORWARDS[name](a, b).shape, seed >>> 0);
        const got = backward(name, dy, a, b, [true, true]);
        const want = backward(name, dy.to("float64"), a.to("float64"), b.to("float64"), [true, true]);
        for (const i of [0, 1] as const) expectClose(got[i]!, want[i]!, 100);
      }),
    );
  });

  test("by a number is by every element, and the gradient's factor is the same", () => {
    const x = normal([3, 7], 1);
    expect(arithmetic.scale(x, 0.1).equals(x.mul(Math.fround(0.1)))).toBe(true);
    expect(arithmetic.divideBy(x, 0.3).equals(x.div(Math.fround(0.3)))).toBe(true);
    expect(arithmetic.shift(x, 0.1).equals(x.add(Math.fround(0.1)))).toBe(true);
    expect(arithmetic.scale(x.to("float64"), 0.1).equals(x.to("float64").mul(0.1))).toBe(true);
  });

  test("a sum in place", () => {
    const [sum, x] = [normal([3, 7], 1), normal([3, 7], 2)];
    const want = sum.add(x);
    addInto(sum, x);
    expect(sum.equals(want)).toBe(true);
  });
});

describe("gradients", () => {
  test.each(names)("of %s agree with differences in double precision", (name) => {
    fc.assert(
      fc.property(pairs, fc.nat(), (shapes, seed) => {
        const run = (a: Tensor, b: Tensor) => FORWARDS[name](a, b);
        expectDifferences(operands(shapes, seed), run, (dy, a, b) => backward(name, dy, a, b, [true, true]), seed);
      }),
      { numRuns: 50 },
    );
  });

  test.each(names)("of %s are there as far as they are wanted", (name) => {
    const [a, b] = operands([[2, 3], [3]], 1);
    const dy = normal([2, 3], 3);
    const both = backward(name, dy, a, b, [true, true]);
    expect(backward(name, dy, a, b, [false, false])).toEqual([undefined, undefined]);
    expect(backward(name, dy, a, b, [true, false])[1]).toBe(undefined);
    expect(backward(name, dy, a, b, [false, true])[1]!.equals(both[1]!)).toBe(true);
  });
});

test("shapes that do not broadcast are refused with the sentence of tensors", () => {
  expectError(
    () => arithmetic.multiply(zeros([2, 3]), zeros([2])),
    ShapeError,
    "multiply expects shapes that broadcast (sizes equal or 1, matched from the last dimension), but got [2, 3] and [2], where 3 meets 2. Usual cause: a missing unsqueeze.",
  );
});
