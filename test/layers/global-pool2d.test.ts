import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GlobalAvgPool2d, GlobalMaxPool2d } from "../../src/layers/global-pool2d.js";
import { ShapeError } from "../../src/shape/errors.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { expectClose } from "../support/fixtures.js";
import { distinct, dot, expectGradients, normal } from "../support/layers.js";
import { build, expectSame } from "../support/naive.js";
import { awkward, expectBatchInvariance, expectChannelPermutation, naivePool, winner } from "../support/planes.js";

/** Any small batch of images. */
const imagesCase = fc.record({
  shape: fc.tuple(...[3, 3, 6, 6].map((max) => fc.integer({ min: 1, max }))),
  seed: fc.integer(),
});

/** The one window that covers everything. */
const whole = (shape: readonly number[]) =>
  [[[...Array(shape.at(-2)).keys()]], [[...Array(shape.at(-1)).keys()]]] as const;

describe("GlobalAvgPool2d", () => {
  test("is each channel's mean, [N, C, H, W] → [N, C, 1, 1]", () => {
    fc.assert(
      fc.property(imagesCase, ({ shape, seed }) => {
        const x = normal(shape, seed);
        const y = new GlobalAvgPool2d().forward(x);
        const want = naivePool(x, ...whole(shape), (values) => values.reduce((a, b) => a + b) / values.length);
        expectClose(y, want, "output", 1e-6, 1e-6);
        expect(new GlobalAvgPool2d().outputShape(shape)).toEqual([shape[0], shape[1], 1, 1]);
      }),
    );
  });

  test("gradients agree with differences within 1e-6", () => {
    fc.assert(fc.property(imagesCase, ({ shape, seed }) => expectGradients(new GlobalAvgPool2d(), shape, { seed })));
  });

  test("backward spreads the gradient evenly, the adjoint of the mean", () => {
    const pool = new GlobalAvgPool2d();
    const x = normal([2, 3, 4, 2], 1);
    const y = pool.forward(x);
    const dx = pool.backward(y);
    expectSame(
      dx,
      build(x.shape, ([n, c]) => y.at(n!, c!, 0, 0) / 8),
    );
    expect(dot(y, y)).toBeCloseTo(dot(x, dx), 5);
  });

  test("constant images stay constant", () => {
    const y = new GlobalAvgPool2d().forward(build([2, 3, 5, 7], () => 0.7));
    expectSame(
      y,
      build([2, 3, 1, 1], () => 0.7),
    );
  });
});

describe("GlobalMaxPool2d", () => {
  test("is each channel's maximum, NaN and infinities included, [N, C, H, W] → [N, C, 1, 1]", () => {
    fc.assert(
      fc.property(imagesCase, fc.constantFrom(normal, awkward), ({ shape, seed }, draw) => {
        const x = draw(shape, seed);
        expectSame(
          new GlobalMaxPool2d().forward(x),
          naivePool(x, ...whole(shape), (values) => values[winner(values)]!),
        );
        expect(new GlobalMaxPool2d().outputShape(shape)).toEqual([shape[0], shape[1], 1, 1]);
      }),
    );
  });

  test("gradients agree with differences within 1e-6", () => {
    fc.assert(
      fc.property(imagesCase, ({ shape, seed }) =>
        expectGradients(new GlobalMaxPool2d(), shape, { seed, input: distinct(shape, seed) }),
      ),
    );
  });

  test("the first of equal maxima gets the gradient", () => {
    const pool = new GlobalMaxPool2d();
    pool.forward(new Tensor(Float32Array.of(1, 5, 5, 5), [1, 2, 2]));
    expect([...pool.backward(new Tensor(Float32Array.of(3), [1, 1, 1])).data]).toEqual([0, 3, 0, 0]);
  });
});

describe.each([
  ["GlobalAvgPool2d", GlobalAvgPool2d],
  ["GlobalMaxPool2d", GlobalMaxPool2d],
] as const)("%s", (name, Pool) => {
  test("is the same for each image of a batch, unbatched too, and commutes with a permutation of the channels", () => {
    fc.assert(
      fc.property(imagesCase, ({ shape, seed }) => {
        expectBatchInvariance(new Pool(), shape, seed);
        expectChannelPermutation(new Pool(), shape, seed);
      }),
    );
    const x = normal([3, 4, 5], 1);
    const y = new Pool().forward(x);
    expectSame(new Tensor(y.data, [1, 3, 1, 1]), new Pool().forward(new Tensor(x.data, [1, 3, 4, 5])));
  });

  test("refuses an input that is no image, or has no pixels, by its own name", () => {
    expectError(
      () => new Pool().forward(normal([5, 5], 0)),
      ShapeError,
      `${name} expects an input [N, C, H, W] or [C, H, W], but got [5, 5]. Usual cause: images flattened too early, or a missing channel dimension: reshape them to [N, 1, H, W].`,
    );
    expectError(
      () => new Pool().outputShape([1, 3, 0, 4]),
      ShapeError,
      `${name} expects images that are not empty, but got [1, 3, 0, 4]. Usual cause: a slice that came out empty.`,
    );
  });
});
