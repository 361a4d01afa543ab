import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AdaptiveAvgPool2d, AdaptiveMaxPool2d } from "../../src/layers/adaptive-pool2d.js";
import { AvgPool2d } from "../../src/layers/avg-pool2d.js";
import { MaxPool2d } from "../../src/layers/max-pool2d.js";
import { ArgumentError, ShapeError, StateError } from "../../src/shape/errors.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { expectClose } from "../support/fixtures.js";
import { distinct, dot, expectGradients, normal } from "../support/layers.js";
import { build, expectSame } from "../support/naive.js";
import { awkward, expectBatchInvariance, expectChannelPermutation, naivePool, winner } from "../support/planes.js";

const outputSize = fc.tuple(fc.option(fc.integer({ min: 1, max: 9 })), fc.option(fc.integer({ min: 1, max: 9 })));

/** Any small image and any size to bring it to, larger than the image too. */
const adaptiveCase = fc.record({
  shape: fc.tuple(...[3, 3, 7, 7].map((max) => fc.integer({ min: 1, max }))),
  outputSize,
  seed: fc.integer(),
});

/** The positions that window i of `out` covers of a dimension: all whose unit interval overlaps [i, i + 1)·size/out. */
const windows = (size: number, out: number) =>
  Array.from({ length: out }, (_, i) =>
    Array.from({ length: size }, (_, at) => at).filter((at) => (at + 1) * out > i * size && at * out < (i + 1) * size),
  );

const windowsOf = (shape: readonly number[], [height, width]: readonly [number | null, number | null]) =>
  [windows(shape.at(-2)!, height ?? shape.at(-2)!), windows(shape.at(-1)!, width ?? shape.at(-1)!)] as const;

describe("AdaptiveAvgPool2d", () => {
  test("is the mean of each window, for any sizes", () => {
    fc.assert(
      fc.property(adaptiveCase, ({ shape, outputSize, seed }) => {
        const x = normal(shape, seed);
        const pool = new AdaptiveAvgPool2d(outputSize);
        const want = naivePool(x, ...windowsOf(shape, outputSize), (values) => {
          return values.reduce((sum, value) => sum + value, 0) / values.length;
        });
        expectClose(pool.forward(x), want, "output", 1e-6, 1e-6);
        expect(pool.outputShape(shape)).toEqual(want.shape);
      }),
    );
  });

  test("gradients agree with differences within 1e-6, for any sizes", () => {
    fc.assert(
      fc.property(adaptiveCase, ({ shape, outputSize, seed }) =>
        expectGradients(new AdaptiveAvgPool2d(outputSize), shape, { seed }),
      ),
    );
  });

  test("backward is the adjoint of forward: ⟨pool x, y⟩ = ⟨x, poolᵀ y⟩", () => {
    fc.assert(
      fc.property(adaptiveCase, ({ shape, outputSize, seed }) => {
        const pool = new AdaptiveAvgPool2d(outputSize);
        const x = normal(shape, seed);
        const pooled = pool.forward(x);
        const y = normal(pooled.shape, seed + 1);
        expect(dot(pooled, y)).toBeCloseTo(dot(x, pool.backward(y)), 3);
      }),
    );
  });

  test("constant images stay constant", () => {
    fc.assert(
      fc.property(adaptiveCase, ({ shape, outputSize }) => {
        const y = new AdaptiveAvgPool2d(outputSize).forward(build(shape, () => 0.7));
        expectSame(
          y,
          build(y.shape, () => 0.7),
        );
      }),
    );
  });

  test("is AvgPool2d where the size divides the input's", () => {
    const x = normal([2, 3, 6, 8], 1);
    expectSame(new AdaptiveAvgPool2d([3, 2]).forward(x), new AvgPool2d([2, 4]).forward(x));
  });

  test("null keeps the input's size, and one number is both", () => {
    expect(new AdaptiveAvgPool2d([null, 3]).outputShape([1, 4, 5, 6])).toEqual([1, 4, 5, 3]);
    expect(new AdaptiveAvgPool2d([3, null]).outputShape([4, 5, 6])).toEqual([4, 3, 6]);
    expect(new AdaptiveAvgPool2d(2).outputShape([4, 5, 6])).toEqual([4, 2, 2]);
  });

  test("is the same for each image of a batch, and commutes with a permutation of the channels", () => {
    fc.assert(
      fc.property(adaptiveCase, ({ shape, outputSize, seed }) => {
        expectBatchInvariance(new AdaptiveAvgPool2d(outputSize), shape, seed);
        expectChannelPermutation(new AdaptiveAvgPool2d(outputSize), shape, seed);
      }),
    );
  });
});

describe("AdaptiveMaxPool2d", () => {
  test("is the maximum of each window, in value and position, ties, NaN and infinities included", () => {
    fc.assert(
      fc.property(adaptiveCase, fc.constantFrom(normal, awkward), ({ shape, outputSize, seed }, draw) => {
        const x = draw(shape, seed);
        const pool = new AdaptiveMaxPool2d(outputSize, { returnIndices: true });
        const windows = windowsOf(shape, outputSize);
        const y = pool.forward(x);
        expectSame(
          y,
          naivePool(x, ...windows, (values) => values[winner(values)]!),
        );
        expectSame(
          pool.indices,
          naivePool(x, ...windows, (values, positions) => positions[winner(values)]!),
        );
        expect(pool.outputShape(shape)).toEqual(y.shape);
      }),
      { numRuns: 200 },
    );
  });

  test("gradients agree with differences within 1e-6, for any sizes", () => {
    fc.assert(
      fc.property(adaptiveCase, ({ shape, outputSize, seed }) =>
        expectGradients(new AdaptiveMaxPool2d(outputSize), shape, { seed, input: distinct(shape, seed) }),
      ),
    );
  });

  test("is MaxPool2d where the size divides the input's", () => {
    const x = normal([2, 3, 6, 8], 1);
    expectSame(new AdaptiveMaxPool2d([3, 4]).forward(x), new MaxPool2d(2).forward(x));
  });

  test("ties send the whole gradient to the first maximum, also where windows overlap", () => {
    const pool = new AdaptiveMaxPool2d([1, 2]);
    pool.forward(new Tensor(Float32Array.of(1, 2, 2), [1, 1, 3]));
    expect([...pool.backward(new Tensor(Float32Array.of(3, 4), [1, 1, 2])).data]).toEqual([0, 7, 0]);
  });

  test("null keeps the input's size, and one number is both", () => {
    expect(new AdaptiveMaxPool2d([null, 3]).outputShape([1, 4, 5, 6])).toEqual([1, 4, 5, 3]);
    expect(new AdaptiveMaxPool2d(2).outputShape([4, 5, 6])).toEqual([4, 2, 2]);
  });

  test("is the same for each image of a batch, and commutes with a permutation of the channels", () => {
    fc.assert(
      fc.property(adaptiveCase, ({ shape, outputSize, seed }) => {
        expectBatchInvariance(new AdaptiveMaxPool2d(outputSize), shape, seed);
        expectChannelPermutation(new AdaptiveMaxPool2d(outputSize), shape, seed);
      }),
    );
  });
});

describe.each([
  ["AdaptiveAvgPool2d", AdaptiveAvgPool2d],
  ["AdaptiveMaxPool2d", AdaptiveMaxPool2d],
] as const)("%s refuses", (name, Pool) => {
  test("an outputSize that is zero, fractional or no size", () => {
    const cause = "Usual cause: a division without Math.floor, or an undefined variable.";
    expectError(
      () => new Pool(0),
      ArgumentError,
      `${name} expects outputSize to be a positive integer, but got 0. ${cause}`,
    );
    expectError(
      () => new Pool([null, 1.5]),
      ArgumentError,
      `${name} expects outputSize to be a positive integer, but got 1.5. ${cause}`,
    );
    for (const [wrong, shown] of [
      [[2, 2, 2], "[2, 2, 2]"],
      [undefined, "undefined"],
    ] as const) {
      expectError(
        () => new Pool(wrong as unknown as number),
        ArgumentError,
        `${name} expects outputSize to be a number or [height, width], where null keeps the input's size, but got ${shown}.`,
      );
    }
  });

  test("an input that is no image, or has no pixels", () => {
    expectError(
      () => new Pool(2).forward(normal([5, 5], 0)),
      ShapeError,
      `${name} expects an input [N, C, H, W] or [C, H, W], but got [5, 5]. Usual cause: images flattened too early, or a missing channel dimension: reshape them to [N, 1, H, W].`,
    );
    expectError(
      () => new Pool(2).outputShape([1, 3, 4, 0]),
      ShapeError,
      `${name} expects images that are not empty, but got [1, 3, 4, 0]. Usual cause: a slice that came out empty.`,
    );
  });
});

describe("AdaptiveMaxPool2d refuses", () => {
  test("indices that were not asked for, or do not exist yet", () => {
    expectError(
      () => new AdaptiveMaxPool2d(2).indices,
      StateError,
      "AdaptiveMaxPool2d.indices expects a layer with { returnIndices: true }, but this one lacks it.",
    );
    expectError(
      () => new AdaptiveMaxPool2d(2, { returnIndices: true }).indices,
      StateError,
      "AdaptiveMaxPool2d.indices expects a forward before it, but none has run. Usual cause: the indices of another layer.",
    );
  });

  test("a positional returnIndices", () => {
    expectError(
      () => new AdaptiveMaxPool2d(2, true as unknown as object),
      ArgumentError,
      "AdaptiveMaxPool2d expects its options to be an object of returnIndices, but got true. Usual cause: torch's positional arguments are named here.",
    );
  });
});
