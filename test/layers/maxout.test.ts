import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ReLU } from "../../src/layers/activations/relu.js";
import { Linear } from "../../src/layers/linear.js";
import { Maxout, MaxoutLinear } from "../../src/layers/maxout.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { distinct, expectGradients, integers, normal } from "../support/layers.js";
import { build, expectSame } from "../support/naive.js";
import { awkward, expectBatchInvariance } from "../support/planes.js";

/** A Maxout along any dimension, counted from either end, and a shape that it takes. */
const maxoutCase = fc
  .record({
    before: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
    channels: fc.integer({ min: 1, max: 3 }),
    pieces: fc.integer({ min: 1, max: 4 }),
    after: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
    fromEnd: fc.boolean(),
    seed: fc.integer(),
  })
  .map(({ before, channels, pieces, after, fromEnd, seed }) => ({
    shape: [...before, channels * pieces, ...after],
    dim: before.length,
    pieces,
    layer: new Maxout(pieces, { dim: fromEnd ? -1 - after.length : before.length }),
    seed,
  }));

/** Which of the pieces wins: the first NaN, else the first maximum. */
function winner(values: readonly number[]): number {
  const nan = values.findIndex(Number.isNaN);
  return nan >= 0 ? nan : values.indexOf(Math.max(...values));
}

describe("Maxout", () => {
  test.each([
    ["normal numbers", normal],
    ["ties, NaN and infinities", awkward],
  ] as const)("is the maximum of each group and sends the gradient to it, for any shape: %s", (_, draw) => {
    fc.assert(
      fc.property(maxoutCase, ({ layer, shape, dim, pieces, seed }) => {
        const x = draw(shape, seed);
        const group = (index: number[]) =>
          Array.from({ length: pieces }, (_, k) => x.at(...index.with(dim, index[dim]! * pieces + k)));
        const outputShape = shape.with(dim, shape[dim]! / pieces);
        const y = build(outputShape, (index) => group(index)[winner(group(index))]!);
        expect(layer.outputShape(shape)).toEqual(outputShape);
        expectSame(layer.forward(x), y);

        const dy = normal(outputShape, seed + 1);
        const dx = build(shape, (index) => {
          const to = index.with(dim, Math.floor(index[dim]! / pieces));
          return winner(group(to)) === index[dim]! % pieces ? dy.at(...to) : 0;
        });
        expectSame(layer.backward(dy), dx);
      }),
    );
  });

  test("has gradients that agree with differences within 1e-6, for any shape", () => {
    fc.assert(
      fc.property(maxoutCase, ({ layer, shape, seed }) => {
        expectGradients(layer, shape, { seed, input: distinct(shape, seed) });
      }),
    );
  });

  test("of x and 0 is ReLU, of x and −x is |x|", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const x = normal([5, 1], seed);
        const pairs = (second: (v: number) => number) =>
          build([5, 2], ([n, k]) => (k === 0 ? x.at(n!, 0) : second(x.at(n!, 0))));
        expectSame(new Maxout(2).forward(pairs(() => 0)), new ReLU().forward(x));
        expectSame(new Maxout(2).forward(pairs((v) => -v)), x.map(Math.abs));
      }),
    );
  });

  test("does to a batch what it does to each sample, and has no parameters", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expectBatchInvariance(new Maxout(3), [4, 6, 2], seed);
      }),
    );
    expect(new Maxout(3).parameters()).toEqual([]);
  });

  test("tells of channels that pieces does not divide, a missing dimension and bad arguments", () => {
    const maxout = new Maxout(3);
    const indivisible =
      "Maxout expects a multiple of 3 channels along dim 1, but its input [2, 4] has 4. Usual cause: a layer before it without pieces times as many channels as Maxout returns.";
    expectError(() => maxout.forward(normal([2, 4], 1)), ShapeError, indivisible);
    expectError(() => maxout.outputShape([2, 4]), ShapeError, indivisible);
    expectError(
      () => maxout.forward(normal([6], 1)),
      ShapeError,
      "Maxout expects a dimension from -1 to 0, but got dim 1 for the shape [6]. Usual cause: a missing batch dimension, or a dimension that an earlier step removed.",
    );
    const arithmetic = "Usual cause: a division without Math.floor, or an undefined variable.";
    expectError(
      () => new Maxout(0),
      ArgumentError,
      `Maxout expects pieces to be a positive integer, but got 0. ${arithmetic}`,
    );
    expectError(
      () => new Maxout(2, { dim: 0.5 }),
      ArgumentError,
      `Maxout expects dim to be an integer, but got 0.5. ${arithmetic}`,
    );
    expectError(
      () => new Maxout(2, 1 as never),
      ArgumentError,
      "Maxout expects its options to be an object of dim, but got 1. Usual cause: torch's positional arguments are named here.",
    );
  });
});

/** Any small MaxoutLinear and a shape that it takes. */
const linearCase = fc
  .record({
    leading: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
    inFeatures: fc.integer({ min: 1, max: 4 }),
    outFeatures: fc.integer({ min: 1, max: 4 }),
    pieces: fc.integer({ min: 1, max: 4 }),
    bias: fc.boolean(),
    seed: fc.integer(),
  })
  .map(({ leading, inFeatures, outFeatures, pieces, bias, seed }) => ({
    layer: new MaxoutLinear(inFeatures, outFeatures, { pieces, bias, random: new Random(seed) }),
    linear: new Linear(inFeatures, pieces * outFeatures, { bias, random: new Random(seed) }),
    maxout: new Maxout(pieces, { dim: -1 }),
    shape: [...leading, inFeatures],
    outputShape: [...leading, outFeatures],
    pieces,
    seed,
  }));

describe("MaxoutLinear", () => {
  test("is Linear followed by Maxout, forward and backward, with the same first weights, for any shape", () => {
    fc.assert(
      fc.property(linearCase, ({ layer, linear, maxout, shape, outputShape, seed }) => {
        const [x, dy] = [normal(shape, seed), normal(outputShape, seed + 1)];
        expect(layer.outputShape(shape)).toEqual(outputShape);
        expect(layer.multiplyAdds(shape)).toBe(linear.multiplyAdds(shape));
        expectSame(layer.forward(x), maxout.forward(linear.forward(x)));
        expectSame(layer.backward(dy), linear.backward(maxout.backward(dy)));
        expectSame(layer.weight.grad, linear.weight.grad);
        if (layer.bias && linear.bias) expectSame(layer.bias.grad, linear.bias.grad);
        expect(Object.keys(layer.stateDict())).toEqual(Object.keys(linear.stateDict()));
      }),
    );
  });

  test("is maxₖ weight[o · pieces + k] · x + bias[o · pieces + k], exactly on integers", () => {
    fc.assert(
      fc.property(linearCase, ({ layer, shape, outputShape, pieces, seed }) => {
        const x = integers(shape, seed);
        const weight = integers(layer.weight.value.shape, seed + 1);
        layer.weight.value.data.set(weight.data);
        const bias = integers([weight.shape[0]!], seed + 2);
        layer.bias?.value.data.set(bias.data);
        const piece = (index: number[], row: number) => {
          const products = Array.from(
            { length: shape.at(-1)! },
            (_, i) => weight.at(row, i) * x.at(...index.with(-1, i)),
          );
          return products.reduce((a, b) => a + b, layer.bias ? bias.at(row) : 0);
        };
        const y = build(outputShape, (index) =>
          Math.max(...Array.from({ length: pieces }, (_, k) => piece(index, index.at(-1)! * pieces + k))),
        );
        expectSame(layer.forward(x).add(0), y.add(0));
      }),
    );
  });

  test("has gradients that agree with differences within 1e-6", () => {
    fc.assert(
      fc.property(linearCase, ({ layer, linear, pieces, shape, seed }) => {
        const input = normal(shape, seed);
        // A difference must not step over the place where another piece becomes the largest.
        const affine = [...linear.forward(input).data];
        const groups = affine.flatMap((_, i) => (i % pieces === 0 ? [affine.slice(i, i + pieces)] : []));
        const leads = groups
          .map((group) => group.sort((a, b) => b - a))
          .map(([first, second]) => first! - (second ?? -Infinity));
        fc.pre(leads.every((lead) => lead > 1e-3));
        expectGradients(layer, shape, { seed, input });
      }),
      { numRuns: 50 },
    );
  });

  test("with rows w and 0 is ReLU of w · x", () => {
    const layer = new MaxoutLinear(2, 1, { bias: false });
    layer.weight.value.data.set([1, -2, 0, 0]);
    expect([...layer.forward(new Tensor(Float32Array.of(5, 1, 1, 5), [2, 2])).data]).toEqual([3, 0]);
  });

  test("has two pieces by default, and leaves frozen gradients alone", () => {
    const layer = new MaxoutLinear(3, 4);
    expect([layer.pieces, layer.weight.value.shape, layer.bias?.value.shape]).toEqual([2, [8, 3], [8]]);
    layer.weight.requiresGrad = false;
    if (layer.bias) layer.bias.requiresGrad = false;
    layer.forward(normal([2, 3], 1));
    layer.backward(normal([2, 4], 2));
    for (const { grad } of layer.parameters()) expect(grad.data.every((g) => g === 0)).toBe(true);
  });

  test("tells of other features and bad arguments", () => {
    const layer = new MaxoutLinear(3, 4);
    const text =
      "MaxoutLinear expects 3 features, but its input [2, 5] has 5. Usual cause: inFeatures computed for another image size, padding or stride.";
    expectError(() => layer.forward(normal([2, 5], 1)), ShapeError, text);
    expectError(() => layer.outputShape([2, 5]), ShapeError, text);
    const arithmetic = "Usual cause: a division without Math.floor, or an undefined variable.";
    for (const [option, make] of [
      ["inFeatures", () => new MaxoutLinear(0, 1)],
      ["outFeatures", () => new MaxoutLinear(1, 0)],
      ["pieces", () => new MaxoutLinear(1, 1, { pieces: 0 })],
    ] as const) {
      expectError(
        make,
        ArgumentError,
        `MaxoutLinear expects ${option} to be a positive integer, but got 0. ${arithmetic}`,
      );
    }
    expectError(
      () => new MaxoutLinear(1, 1, 2 as never),
      ArgumentError,
      "MaxoutLinear expects its options to be an object of pieces, bias, random, but got 2. Usual cause: torch's positional arguments are named here.",
    );
  });
});
