import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MaxPool2d } from "../../src/layers/max-pool2d.js";
import { ArgumentError, ShapeError, StateError } from "../../src/shape/errors.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { distinct, expectGradients, integers, normal } from "../support/layers.js";
import { expectSame } from "../support/naive.js";
import {
  awkward,
  coversPixels,
  cropped,
  expectBatchInvariance,
  expectChannelPermutation,
  naivePool,
  type WindowCase,
  windowCase,
  windowsAlong,
  winner,
} from "../support/planes.js";

const layerOf = ({ kernelSize, stride, padding, dilation, ceilMode }: WindowCase) =>
  new MaxPool2d(kernelSize, { stride, padding, dilation, ceilMode, returnIndices: true });

/** Many ties among small integers, or among NaN, infinities and zeros. */
const draw = fc.constantFrom(integers, awkward);

const image = (rows: number[][]) =>
  new Tensor(Float32Array.from(rows.flat()), [1, rows.length, rows[0]!.length] as const);

const expectDefinition = (c: WindowCase, x: Tensor) => {
  const pool = layerOf(c);
  const [rows, columns] = [windowsAlong(0, c), windowsAlong(1, c)];
  const y = pool.forward(x);
  expect(pool.outputShape(x.shape)).toEqual([...x.shape.slice(0, -2), rows.length, columns.length]);
  expectSame(
    y,
    naivePool(x, rows, columns, (values) => (values.length > 0 ? values[winner(values)]! : -Infinity)),
  );
  expectSame(
    pool.indices,
    naivePool(x, rows, columns, (values, positions) => positions[winner(values)] ?? -1),
  );
};

describe("MaxPool2d", () => {
  test("is the maximum of each window, in value, position and shape, for any geometry", () => {
    fc.assert(fc.property(windowCase, (c) => expectDefinition(c, normal(c.shape, c.seed))));
  });

  test("agrees with its definition on ties, NaN, infinities and −0, for any geometry", () => {
    fc.assert(
      fc.property(windowCase, draw, (c, draw) => expectDefinition(c, draw(c.shape, c.seed))),
      { numRuns: 200 },
    );
  });

  test("agrees with its definition on all of these for 2 × 2 windows side by side, odd sizes too", () => {
    const halving = fc
      .record({ height: fc.integer({ min: 2, max: 9 }), width: fc.integer({ min: 2, max: 9 }), seed: fc.integer() })
      .map(
        ({ height, width, seed }): WindowCase => ({
          kernelSize: [2, 2],
          stride: [2, 2],
          padding: [0, 0],
          dilation: [1, 1],
          ceilMode: false,
          shape: [2, 2, height, width],
          seed,
        }),
      );
    fc.assert(
      fc.property(halving, draw, (c, draw) => expectDefinition(c, draw(c.shape, c.seed))),
      { numRuns: 200 },
    );
  });

  test("gradients agree with differences within 1e-6, for any geometry", () => {
    fc.assert(
      fc.property(windowCase.filter(coversPixels), (c) =>
        expectGradients(layerOf(c), c.shape, { seed: c.seed, input: distinct(c.shape, c.seed) }),
      ),
    );
  });

  test("commutes with translation by its stride", () => {
    fc.assert(
      fc.property(windowCase, ({ kernelSize, stride, dilation, shape: [n, c, height, width], seed }) => {
        const pool = new MaxPool2d(kernelSize, { stride, dilation });
        const reach = kernelSize.map((kernel, dim) => dilation[dim]! * (kernel - 1) + 1);
        const x = normal([n, c, height + stride[0] + reach[0]!, width + stride[1] + reach[1]!], seed);
        expectSame(pool.forward(cropped(x, ...stride)), cropped(pool.forward(x), 1, 1));
      }),
    );
  });

  test("is the same for each image of a batch, and unbatched", () => {
    fc.assert(
      fc.property(windowCase, (c) => {
        expectBatchInvariance(layerOf(c), c.shape, c.seed);
        const [, ...unbatched] = c.shape;
        const x = normal(unbatched, c.seed);
        const y = layerOf(c).forward(x);
        expectSame(new Tensor(y.data, [1, ...y.shape]), layerOf(c).forward(new Tensor(x.data, [1, ...x.shape])));
      }),
    );
  });

  test("commutes with a permutation of the channels", () => {
    fc.assert(fc.property(windowCase, (c) => expectChannelPermutation(layerOf(c), c.shape, c.seed)));
  });

  test("stride is the kernel's size unless given", () => {
    expect(new MaxPool2d([2, 3]).outputShape([1, 1, 8, 9])).toEqual([1, 1, 4, 3]);
    expect(new MaxPool2d([2, 3], { stride: 1 }).outputShape([1, 1, 8, 9])).toEqual([1, 1, 7, 7]);
  });

  test("ceil mode drops a last window that would start in the padding", () => {
    expect(new MaxPool2d(2, { stride: 3, padding: 1, ceilMode: true }).outputShape([1, 1, 5, 5])).toEqual([1, 1, 2, 2]);
    expect(new MaxPool2d(2, { stride: 3, padding: 1, ceilMode: true }).outputShape([1, 1, 6, 6])).toEqual([1, 1, 3, 3]);
  });

  test("ceil mode takes a window larger than the input, of which only what fits counts", () => {
    const pool = new MaxPool2d(2, { stride: 2, dilation: 2, ceilMode: true });
    expect([...pool.forward(image([[1, 2], [3, 4]])).data]).toEqual([1]); // biome-ignore format: an image
  });

  test("ties send the whole gradient to the first maximum", () => {
    const pool = new MaxPool2d(2);
    pool.forward(image([[5, 5, 1, 2], [5, 5, 2, 2]])); // biome-ignore format: an image
    const dx = pool.backward(new Tensor(Float32Array.of(7, 3), [1, 1, 2]));
    expect([...dx.data]).toEqual([7, 0, 0, 3, 0, 0, 0, 0]);
  });

  test("a pixel that wins several windows collects all their gradients", () => {
    const pool = new MaxPool2d(2, { stride: 1 });
    pool.forward(image([[0, 1, 0], [1, 9, 1], [0, 1, 0]])); // biome-ignore format: an image
    const dx = pool.backward(new Tensor(Float32Array.of(1, 2, 4, 8), [1, 2, 2]));
    expect([...dx.data]).toEqual([0, 0, 0, 0, 15, 0, 0, 0, 0]);
  });

  test("NaN wins its window, the last of several gets the gradient", () => {
    const pool = new MaxPool2d(2, { returnIndices: true });
    const y = pool.forward(image([[Number.NaN, 9, Number.NaN, 1], [1, 2, Infinity, Number.NaN]])); // biome-ignore format: an image
    expect([...y.data]).toEqual([Number.NaN, Number.NaN]);
    expect([...pool.indices.data]).toEqual([0, 7]);
    expect([...pool.backward(new Tensor(Float32Array.of(1, 2), [1, 1, 2])).data]).toEqual([1, 0, 0, 0, 0, 0, 0, 2]);
  });

  test("a window of −∞ gives −∞, and its first pixel gets the gradient", () => {
    const pool = new MaxPool2d(3, { stride: 2, padding: 1, returnIndices: true });
    const y = pool.forward(new Tensor(new Float32Array(16).fill(-Infinity), [1, 4, 4]));
    expect([...y.data]).toEqual([-Infinity, -Infinity, -Infinity, -Infinity]);
    expect([...pool.indices.data]).toEqual([0, 1, 4, 5]);
    expect([...pool.backward(new Tensor(Float32Array.of(1, 2, 3, 4), [1, 2, 2])).data.slice(0, 6)]).toEqual([1, 2, 0, 0, 3, 4]); // biome-ignore format: one line
  });

  test("padding never wins, not even against large negative numbers", () => {
    const y = new MaxPool2d(2, { padding: 1 }).forward(
      new Tensor(Float32Array.of(-3e38, -2e38, -1e38, -4e38), [1, 2, 2]),
    );
    expect([...y.data]).toEqual([...Float32Array.of(-3e38, -2e38, -1e38, -4e38)]);
  });

  test("a window whose dilation steps over the whole input gives −∞, position −1 and no gradient", () => {
    const pool = new MaxPool2d(2, { padding: 1, dilation: 4, returnIndices: true });
    const y = pool.forward(new Tensor(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), [1, 3, 3]));
    expect([...y.data]).toEqual([-Infinity]);
    expect([...pool.indices.data]).toEqual([-1]);
    expect([...pool.backward(new Tensor(Float32Array.of(1), [1, 1, 1])).data]).toEqual(new Array(9).fill(0));
  });

  test("an empty batch gives an empty batch", () => {
    const pool = new MaxPool2d(2);
    expect(pool.forward(new Tensor(new Float32Array(0), [0, 3, 4, 4])).shape).toEqual([0, 3, 2, 2]);
    expect(pool.backward(new Tensor(new Float32Array(0), [0, 3, 2, 2])).shape).toEqual([0, 3, 4, 4]);
  });

  test("keeps the indices of the last forward; a failed one changes nothing", () => {
    const pool = new MaxPool2d(2, { returnIndices: true });
    pool.forward(image([[1, 2], [3, 4]])); // biome-ignore format: an image
    const first = pool.indices;
    expect(() => pool.forward(new Tensor(new Float32Array(4), [4]))).toThrow(ShapeError);
    expect(pool.indices).toBe(first);
    pool.forward(image([[4, 2], [3, 1]])); // biome-ignore format: an image
    expect([...first.data, ...pool.indices.data]).toEqual([3, 0]);
    expect(pool.indices.shape).toEqual([1, 1, 1]);
  });

  test("backward skips the input gradient when nobody wants it", () => {
    const pool = new MaxPool2d(2);
    const y = pool.forward(normal([1, 1, 4, 4], 0));
    expect(pool.backward(y, { inputGradient: false })).toBeUndefined();
  });
});

describe("MaxPool2d refuses", () => {
  test("a kernel that is zero, fractional or no size", () => {
    const cause = "Usual cause: a division without Math.floor, or an undefined variable.";
    expectError(
      () => new MaxPool2d(0),
      ArgumentError,
      `MaxPool2d expects kernelSize to be a positive integer, but got 0. ${cause}`,
    );
    expectError(
      () => new MaxPool2d([2, 1.5]),
      ArgumentError,
      `MaxPool2d expects kernelSize to be a positive integer, but got 1.5. ${cause}`,
    );
    expectError(
      () => new MaxPool2d([2, 2, 2] as unknown as [number, number]),
      ArgumentError,
      "MaxPool2d expects kernelSize to be a number or [height, width], but got [2, 2, 2].",
    );
  });

  test("a stride, dilation or padding that no window can have", () => {
    const cause = "Usual cause: a division without Math.floor, or an undefined variable.";
    expectError(
      () => new MaxPool2d(2, { stride: 0 }),
      ArgumentError,
      `MaxPool2d expects stride to be a positive integer, but got 0. ${cause}`,
    );
    expectError(
      () => new MaxPool2d(2, { dilation: [1, 0] }),
      ArgumentError,
      `MaxPool2d expects dilation to be a positive integer, but got 0. ${cause}`,
    );
    expectError(
      () => new MaxPool2d(2, { padding: -1 }),
      ArgumentError,
      `MaxPool2d expects padding to be an integer ≥ 0, but got -1. ${cause}`,
    );
  });

  test("padding of more than half the kernel, dilated or not", () => {
    const message = (kernel: string, most: string, got: string) =>
      `MaxPool2d expects padding of at most half its kernel, ${most} for the kernel ${kernel}, but got ${got}. Usual cause: padding meant for a convolution.`;
    expectError(() => new MaxPool2d([4, 3], { padding: 2 }), ArgumentError, message("[4, 3]", "[2, 1]", "[2, 2]"));
    expectError(() => new MaxPool2d(3, { padding: [2, 1], dilation: 3 }), ArgumentError, message("[3, 3]", "[1, 1]", "[2, 1]")); // biome-ignore format: one line
  });

  test("a positional stride", () => {
    expectError(
      () => new MaxPool2d(2, 2 as unknown as object),
      ArgumentError,
      "MaxPool2d expects its options to be an object of stride, padding, ceilMode, dilation, returnIndices, but got 2. Usual cause: torch's positional arguments are named here.",
    );
  });

  test("an input that is no image or batch of images", () => {
    expectError(
      () => new MaxPool2d(2).forward(new Tensor(new Float32Array(16), [4, 4])),
      ShapeError,
      "MaxPool2d expects an input [N, C, H, W] or [C, H, W], but got [4, 4]. Usual cause: images flattened too early, or a missing channel dimension: reshape them to [N, 1, H, W].",
    );
  });

  test("images without pixels or channels", () => {
    expectError(
      () => new MaxPool2d(2, { padding: 1 }).outputShape([2, 3, 0, 4]),
      ShapeError,
      "MaxPool2d expects images that are not empty, but got [2, 3, 0, 4]. Usual cause: a slice that came out empty.",
    );
  });

  test("a window larger than the padded input", () => {
    expectError(
      () => new MaxPool2d(3, { padding: 1, dilation: 2 }).forward(normal([1, 1, 2, 8], 0)),
      ShapeError,
      "MaxPool2d expects an input at least as large as its window, which covers 5 × 5, but the padded input is 4 × 10 (input [1, 1, 2, 8]). Usual cause: too many poolings or strides before this layer, or a missing padding.",
    );
  });

  test("indices that were not asked for, or do not exist yet", () => {
    expectError(
      () => new MaxPool2d(2).indices,
      StateError,
      "MaxPool2d.indices expects a layer with { returnIndices: true }, but this one lacks it.",
    );
    expectError(
      () => new MaxPool2d(2, { returnIndices: true }).indices,
      StateError,
      "MaxPool2d.indices expects a forward before it, but none has run. Usual cause: the indices of another layer.",
    );
  });
});
