import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AvgPool2d } from "../../src/layers/avg-pool2d.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { expectClose } from "../support/fixtures.js";
import { dot, expectGradients, integers, normal } from "../support/layers.js";
import { build, expectSame } from "../support/naive.js";
import {
  cropped,
  expectBatchInvariance,
  expectChannelPermutation,
  naivePool,
  type WindowCase,
  windowCase,
  windowsAlong,
} from "../support/planes.js";

interface AverageCase extends WindowCase {
  readonly countIncludePad: boolean;
  readonly divisorOverride: number | undefined;
}

/** Any small average pooling: a window without dilation, and how its sum is divided. */
const averageCase: fc.Arbitrary<AverageCase> = fc
  .tuple(windowCase, fc.boolean(), fc.option(fc.constantFrom(1, 3, -2), { nil: undefined }))
  .map(([c, countIncludePad, divisorOverride]) => ({ ...c, dilation: [1, 1], countIncludePad, divisorOverride }));

const layerOf = ({ kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride }: AverageCase) =>
  new AvgPool2d(kernelSize, {
    stride,
    padding,
    ceilMode,
    countIncludePad,
    ...(divisorOverride === undefined ? {} : { divisorOverride }),
  });

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** An image [1, size, size] of ones. */
const ones = (size: number) => build([1, size, size], () => 1);

describe("AvgPool2d", () => {
  test("is each window's sum over its divisor, for any geometry", () => {
    fc.assert(
      fc.property(averageCase, (c) => {
        const x = normal(c.shape, c.seed);
        const [rows, columns] = [windowsAlong(0, c), windowsAlong(1, c)];
        // Pixels of a window that lie in the input or its padding; ceil mode's overhang does not count.
        const counted = (dim: 0 | 1, window: readonly number[]) =>
          window.filter((at) => at < c.shape[dim + 2]! + c.padding[dim]).length;
        const want = naivePool(x, rows, columns, (values, _, row, column) => {
          const pixels = c.countIncludePad ? counted(0, row) * counted(1, column) : values.length;
          return sum(values) / (c.divisorOverride ?? pixels);
        });
        const pool = layerOf(c);
        expectClose(pool.forward(x), want, "output", 1e-6, 1e-6);
        expect(pool.outputShape(x.shape)).toEqual(want.shape);
      }),
    );
  });

  test("gradients agree with differences within 1e-6, for any geometry", () => {
    fc.assert(fc.property(averageCase, (c) => expectGradients(layerOf(c), c.shape, { seed: c.seed })));
  });

  test("backward is the adjoint of forward, exactly on integers: ⟨pool x, y⟩ = ⟨x, poolᵀ y⟩", () => {
    fc.assert(
      fc.property(averageCase, (c) => {
        const pool = layerOf({ ...c, divisorOverride: 1 });
        const x = integers(c.shape, c.seed);
        const pooled = pool.forward(x);
        const y = integers(pooled.shape, c.seed + 1);
        expect(dot(pooled, y)).toBe(dot(x, pool.backward(y)));
      }),
    );
  });

  test("is linear: pool(2a − 3b) = 2 pool a − 3 pool b", () => {
    fc.assert(
      fc.property(averageCase, (c) => {
        const [a, b] = [normal(c.shape, c.seed), normal(c.shape, c.seed + 1)];
        const mix = (p: Tensor, q: Tensor) => build(p.shape, (at) => 2 * p.at(...at) - 3 * q.at(...at));
        const pool = layerOf(c);
        expectClose(pool.forward(mix(a, b)), mix(pool.forward(a), pool.forward(b)), "output", 1e-5, 1e-5);
      }),
    );
  });

  test("commutes with translation by its stride", () => {
    fc.assert(
      fc.property(averageCase, ({ kernelSize, stride, shape: [n, c, height, width], seed }) => {
        const pool = new AvgPool2d(kernelSize, { stride });
        const x = normal([n, c, height + stride[0] + kernelSize[0], width + stride[1] + kernelSize[1]], seed);
        expectSame(pool.forward(cropped(x, ...stride)), cropped(pool.forward(x), 1, 1));
      }),
    );
  });

  test("is the same for each image of a batch, and unbatched", () => {
    fc.assert(
      fc.property(averageCase, (c) => {
        expectBatchInvariance(layerOf(c), c.shape, c.seed);
        const x = normal(c.shape.slice(1), c.seed);
        const y = layerOf(c).forward(x);
        expectSame(new Tensor(y.data, [1, ...y.shape]), layerOf(c).forward(new Tensor(x.data, [1, ...x.shape])));
      }),
    );
  });

  test("commutes with a permutation of the channels", () => {
    fc.assert(fc.property(averageCase, (c) => expectChannelPermutation(layerOf(c), c.shape, c.seed)));
  });

  test("constant images stay constant where padding does not count", () => {
    fc.assert(
      fc.property(averageCase, (c) => {
        const pool = layerOf({ ...c, countIncludePad: false, divisorOverride: undefined });
        const y = pool.forward(build(c.shape, () => 0.7));
        expectSame(
          y,
          build(y.shape, () => 0.7),
        );
      }),
    );
  });

  test("padding counts as zeros unless countIncludePad is false", () => {
    expect([...new AvgPool2d(2, { padding: 1 }).forward(ones(2)).data]).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect([...new AvgPool2d(2, { padding: 1, countIncludePad: false }).forward(ones(2)).data]).toEqual([1, 1, 1, 1]);
  });

  test("what ceil mode adds beyond the padding does not count", () => {
    const y = new AvgPool2d(2, { ceilMode: true }).forward(ones(3));
    expect([...y.data]).toEqual([1, 1, 1, 1]);
  });

  test("divisorOverride replaces the count, and may be negative", () => {
    expect([...new AvgPool2d(2, { divisorOverride: 8 }).forward(ones(2)).data]).toEqual([0.5]);
    expect([...new AvgPool2d(2, { divisorOverride: -4 }).forward(ones(2)).data]).toEqual([-1]);
  });

  test("stride is the kernel's size unless given", () => {
    expect(new AvgPool2d([2, 3]).outputShape([1, 1, 8, 9])).toEqual([1, 1, 4, 3]);
    expect(new AvgPool2d([2, 3], { stride: [1, 2] }).outputShape([1, 1, 8, 9])).toEqual([1, 1, 7, 4]);
  });

  test("NaN and infinities reach the windows that see them", () => {
    const row = [Number.NaN, 1, Infinity, 2, Infinity, -Infinity, -Infinity, 0];
    const y = new AvgPool2d([1, 2]).forward(new Tensor(Float32Array.from(row), [1, 1, 8]));
    expect([...y.data]).toEqual([Number.NaN, Infinity, Number.NaN, -Infinity]);
  });

  test("an empty batch gives an empty batch", () => {
    const pool = new AvgPool2d(2);
    expect(pool.forward(new Tensor(new Float32Array(0), [0, 3, 4, 4])).shape).toEqual([0, 3, 2, 2]);
    expect(pool.backward(new Tensor(new Float32Array(0), [0, 3, 2, 2])).shape).toEqual([0, 3, 4, 4]);
  });

  test("backward skips the input gradient when nobody wants it", () => {
    const pool = new AvgPool2d(2);
    expect(pool.backward(pool.forward(ones(4)), { inputGradient: false })).toBeUndefined();
  });
});

describe("AvgPool2d refuses", () => {
  const ARITHMETIC = "Usual cause: a division without Math.floor, or an undefined variable.";

  test("a kernel or stride that is zero or fractional, and negative padding", () => {
    expectError(
      () => new AvgPool2d(0),
      ArgumentError,
      `AvgPool2d expects kernelSize to be a positive integer, but got 0. ${ARITHMETIC}`,
    );
    expectError(
      () => new AvgPool2d(2, { stride: 0.5 }),
      ArgumentError,
      `AvgPool2d expects stride to be a positive integer, but got 0.5. ${ARITHMETIC}`,
    );
    expectError(
      () => new AvgPool2d(2, { padding: [0, -1] }),
      ArgumentError,
      `AvgPool2d expects padding to be an integer ≥ 0, but got -1. ${ARITHMETIC}`,
    );
  });

  test("padding of more than half the kernel", () => {
    expectError(
      () => new AvgPool2d(3, { padding: 2 }),
      ArgumentError,
      "AvgPool2d expects padding of at most half its kernel, [1, 1] for the kernel [3, 3], but got [2, 2]. Usual cause: padding meant for a convolution.",
    );
  });

  test("a divisor that is 0 or no integer", () => {
    for (const divisorOverride of [0, 2.5, Number.NaN]) {
      expectError(
        () => new AvgPool2d(2, { divisorOverride }),
        ArgumentError,
        `AvgPool2d expects divisorOverride to be an integer other than 0, but got ${divisorOverride}. Usual cause: a size that was computed with a division.`,
      );
    }
  });

  test("a positional stride", () => {
    expectError(
      () => new AvgPool2d(2, 2 as unknown as object),
      ArgumentError,
      "AvgPool2d expects its options to be an object of stride, padding, ceilMode, countIncludePad, divisorOverride, but got 2. Usual cause: torch's positional arguments are named here.",
    );
  });

  test("an input of another rank, without pixels, or smaller than the window", () => {
    expectError(
      () => new AvgPool2d(2).forward(normal([1, 1, 1, 4, 4], 0)),
      ShapeError,
      "AvgPool2d expects an input [N, C, H, W] or [C, H, W], but got [1, 1, 1, 4, 4]. Usual cause: images flattened too early, or a missing channel dimension: reshape them to [N, 1, H, W].",
    );
    expectError(
      () => new AvgPool2d(2).outputShape([1, 0, 4, 4]),
      ShapeError,
      "AvgPool2d expects images that are not empty, but got [1, 0, 4, 4]. Usual cause: a slice that came out empty.",
    );
    expectError(
      () => new AvgPool2d([2, 5], { padding: [0, 1] }).forward(normal([3, 8, 2], 0)),
      ShapeError,
      "AvgPool2d expects an input at least as large as its window, which covers 2 × 5, but the padded input is 8 × 4 (input [3, 8, 2]). Usual cause: too many poolings or strides before this layer, or a missing padding.",
    );
  });
});
