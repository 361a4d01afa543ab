/** The layers that only move numbers: Flatten, Unflatten, ZeroPad2d, PixelShuffle, PixelUnshuffle, Identity. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Layer } from "../../src/graph/layer.js";
import { Flatten, Unflatten } from "../../src/layers/flatten.js";
import { Identity } from "../../src/layers/identity.js";
import { PixelShuffle, PixelUnshuffle } from "../../src/layers/pixel-shuffle.js";
import { ZeroPad2d } from "../../src/layers/zero-pad2d.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { sizeOf } from "../../src/shape/shape.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { dot, expectGradients, integers, normal } from "../support/layers.js";

const ARITHMETIC = "Usual cause: a division without Math.floor, or an undefined variable.";
const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });
const few = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 2 });
const counting = (shape: readonly number[]) =>
  new Tensor(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => i + 1),
    shape,
  );

/** ⟨layer x, y⟩ = ⟨x, backward y⟩, exactly on small integers, for a layer that is linear. */
function expectAdjoint(layer: Layer, shape: readonly number[], seed: number): void {
  const x = integers(shape, seed);
  const y = layer.forward(x);
  expect(layer.outputShape(shape)).toEqual(y.shape);
  const u = integers(y.shape, seed + 1);
  const dx = layer.backward(u);
  expect(dx.shape).toEqual(shape);
  expect(dot(y, u)).toBe(dot(x, dx));
}

function refuseOptions(Class: unknown, args: unknown[], text: string): void {
  expectError(() => new (Class as new (...args: unknown[]) => Layer)(...args), ArgumentError, text);
}

function refuseInput(layer: Layer, shape: number[], text: string): void {
  expectError(() => layer.forward(normal(shape, 1)), ShapeError, text);
  expectError(() => layer.outputShape(shape), ShapeError, text);
}

describe("Flatten", () => {
  test("keeps the numbers in order, merges exactly the dimensions that are asked for, from either end, and back", () => {
    fc.assert(
      fc.property(shapes, fc.nat(), fc.nat(), fc.boolean(), fc.boolean(), (shape, a, b, fromEnd, toEnd) => {
        const rank = shape.length;
        const [start, end] = [a % rank, b % rank].sort((p, q) => p - q) as [number, number];
        const flatten = new Flatten({
          startDim: fromEnd ? start - rank : start,
          endDim: toEnd ? end - rank : end,
        });
        const x = normal(shape, 1);
        const y = flatten.forward(x);
        const merged = sizeOf(shape.slice(start, end + 1));
        expect(y.shape).toEqual([...shape.slice(0, start), merged, ...shape.slice(end + 1)]);
        expect(y.data).toEqual(x.data);
        expect(flatten.outputShape(shape)).toEqual(y.shape);
        const dx = flatten.backward(y);
        expect(dx.shape).toEqual(shape);
        expect(dx.data).toEqual(x.data);
      }),
    );
  });

  test("keeps the batch dimension by default, and reads a scalar as one dimension", () => {
    expect(new Flatten().outputShape([2, 3, 4, 5])).toEqual([2, 60]);
    expect(new Flatten().outputShape([2, 3])).toEqual([2, 3]);
    expect(new Flatten({ startDim: 0 }).outputShape([])).toEqual([1]);
    expect(new Flatten().outputShape([0, 3, 4])).toEqual([0, 12]);
    expectGradients(new Flatten(), [2, 3, 4], {});
  });

  test("its result shares no memory with its input", () => {
    const x = normal([2, 3], 1);
    const y = new Flatten().forward(x);
    y.data.fill(0);
    expect(x.data).toEqual(normal([2, 3], 1).data);
  });

  test("refuses bad dimensions", () => {
    refuseOptions(
      Flatten,
      [{ startDim: 0.5 }],
      `Flatten expects startDim to be an integer, but got 0.5. ${ARITHMETIC}`,
    );
    refuseOptions(Flatten, [{ endDim: NaN }], `Flatten expects endDim to be an integer, but got NaN. ${ARITHMETIC}`);
    refuseOptions(
      Flatten,
      [1, 2],
      "Flatten expects its options to be an object of startDim, endDim, but got 1. Usual cause: torch's positional arguments are named here.",
    );
    refuseInput(
      new Flatten(),
      [784],
      "Flatten expects a dimension from -1 to 0, but got dim 1 for the shape [784]. Usual cause: a missing batch dimension, or a dimension that an earlier step removed.",
    );
    refuseInput(
      new Flatten({ startDim: 2, endDim: -3 }),
      [2, 3, 4, 5],
      "Flatten expects startDim to come before endDim, but they are dims 2 and 1 of the input [2, 3, 4, 5]. Usual cause: an input without its batch dimension.",
    );
  });
});

describe("Unflatten", () => {
  test("undoes Flatten, also with one size left to −1 and the dimension counted from the end", () => {
    fc.assert(
      fc.property(few, few, few, fc.option(fc.nat()), fc.boolean(), (before, sizes, after, free, fromEnd) => {
        const shape = [...before, sizeOf(sizes), ...after];
        const asked = sizes.map((size, i) => (free !== null && i === free % sizes.length ? -1 : size));
        const unflatten = new Unflatten(before.length - (fromEnd ? shape.length : 0), asked);
        const x = normal(shape, 1);
        const y = unflatten.forward(x);
        expect(y.shape).toEqual([...before, ...sizes, ...after]);
        expect(y.data).toEqual(x.data);
        expect(unflatten.outputShape(shape)).toEqual(y.shape);
        expect(unflatten.backward(y).shape).toEqual(shape);
      }),
    );
    expectGradients(new Unflatten(1, [2, -1]), [2, 6, 4], {});
  });

  test("refuses bad sizes and dimensions", () => {
    refuseOptions(Unflatten, [1.5, [2, 3]], `Unflatten expects dim to be an integer, but got 1.5. ${ARITHMETIC}`);
    refuseOptions(
      Unflatten,
      [1, 6],
      "Unflatten expects unflattenedSize to be a list of sizes such as [2, 3], but got 6.",
    );
    refuseOptions(
      Unflatten,
      [1, []],
      "Unflatten expects unflattenedSize to be a list of sizes such as [2, 3], but got [].",
    );
    refuseOptions(
      Unflatten,
      [1, [2, 0]],
      `Unflatten expects unflattenedSize to be a positive integer, but got 0. ${ARITHMETIC}`,
    );
    refuseOptions(
      Unflatten,
      [1, [-1, 2, -1]],
      "Unflatten expects at most one −1 in unflattenedSize, but got [-1, 2, -1]. Usual cause: only one size can follow from the others.",
    );
    refuseInput(
      new Unflatten(1, [2, 3]),
      [2, 7],
      "Unflatten expects dim 1 to be 6 to split it into [2, 3], but its input [2, 7] has 7. Usual cause: sizes that belong to another layer's output.",
    );
    refuseInput(
      new Unflatten(-1, [2, -1]),
      [2, 7],
      "Unflatten expects dim 1 to be a multiple of 2 to split it into [2, -1], but its input [2, 7] has 7. Usual cause: sizes that belong to another layer's output.",
    );
    refuseInput(
      new Unflatten(2, [2, 3]),
      [2, 6],
      "Unflatten expects a dimension from -2 to 1, but got dim 2 for the shape [2, 6]. Usual cause: a missing batch dimension, or a dimension that an earlier step removed.",
    );
  });
});

describe("ZeroPad2d", () => {
  const side = fc.integer({ min: -2, max: 3 });
  const padCase = fc.record({
    leading: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
    size: fc.tuple(fc.integer({ min: 5, max: 7 }), fc.integer({ min: 5, max: 7 })),
    padding: fc.tuple(side, side, side, side),
    seed: fc.integer(),
  });

  test("shows the pixel that the shift says, else zero; its backward is its adjoint", () => {
    fc.assert(
      fc.property(padCase, ({ leading, size: [height, width], padding, seed }) => {
        const [left, right, top, bottom] = padding;
        const shape = [...leading, height, width];
        const layer = new ZeroPad2d(padding);
        const x = integers(shape, seed);
        const y = layer.forward(x);
        const [outHeight, outWidth] = [height + top + bottom, width + left + right];
        expect(y.shape).toEqual([...leading, outHeight, outWidth]);
        const want = y.data.map((_, at) => {
          const [plane, i, j] = [
            Math.floor(at / outHeight / outWidth),
            Math.floor(at / outWidth) % outHeight,
            at % outWidth,
          ];
          const [row, column] = [i - top, j - left];
          const inside = row >= 0 && row < height && column >= 0 && column < width;
          return inside ? x.data[(plane * height + row) * width + column]! : 0;
        });
        expect(y.data).toEqual(want);
        expectAdjoint(layer, shape, seed);
      }),
    );
  });

  test("gradients agree with differences within 1e-6", () => {
    fc.assert(
      fc.property(padCase, ({ leading, size, padding, seed }) =>
        expectGradients(new ZeroPad2d(padding), [...leading, ...size], { seed }),
      ),
      { numRuns: 20 },
    );
  });

  test("one number is for all sides, in torch's order left, right, top, bottom", () => {
    expect(new ZeroPad2d(1).outputShape([1, 2, 3, 4])).toEqual([1, 2, 5, 6]);
    const y = new ZeroPad2d([1, 0, 0, 1]).forward(counting([2, 2]));
    expect([...y.data]).toEqual([0, 1, 2, 0, 3, 4, 0, 0, 0]);
    expect([...new ZeroPad2d([-1, 1, 0, -1]).forward(counting([2, 2])).data]).toEqual([2, 0]);
    expect([...new ZeroPad2d([-2, 1, 0, 0]).forward(counting([1, 2])).data]).toEqual([0]);
  });

  test("refuses bad paddings and inputs", () => {
    const quadruple = "ZeroPad2d expects padding to be a number or [left, right, top, bottom], but got";
    refuseOptions(ZeroPad2d, [[1, 2]], `${quadruple} [1, 2]. Usual cause: [height, width], as convolutions take it.`);
    refuseOptions(ZeroPad2d, [], `${quadruple} undefined. Usual cause: [height, width], as convolutions take it.`);
    refuseOptions(ZeroPad2d, [0.5], `ZeroPad2d expects padding to be an integer, but got 0.5. ${ARITHMETIC}`);
    refuseOptions(
      ZeroPad2d,
      [[0, 0, 0, "1"]],
      `ZeroPad2d expects padding to be an integer, but got "1". Usual cause: text or a BigInt, which Number converts, or another argument in its place.`,
    );
    refuseInput(
      new ZeroPad2d(1),
      [5],
      "ZeroPad2d expects an input […, H, W], but got [5]. Usual cause: images flattened too early.",
    );
    const crop = (before: number, after: number) =>
      `ZeroPad2d expects to leave at least one of the 3 elements of a dimension, but its padding is ${before} before and ${after} after (input [1, 3, 5]). Usual cause: a negative padding, which crops.`;
    refuseInput(new ZeroPad2d([0, 0, -1, -2]), [1, 3, 5], crop(-1, -2));
    refuseInput(new ZeroPad2d([0, 0, 4, -4]), [1, 3, 5], crop(4, -4));
  });
});

describe("PixelShuffle and PixelUnshuffle", () => {
  const shuffleCase = fc.record({
    leading: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
    channels: fc.integer({ min: 1, max: 3 }),
    size: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    factor: fc.integer({ min: 1, max: 3 }),
    seed: fc.integer(),
  });

  test("y[c, h·r + i, w·r + j] = x[c·r² + i·r + j, h, w]; each undoes the other; backward is the adjoint", () => {
    fc.assert(
      fc.property(shuffleCase, ({ leading, channels, size: [height, width], factor, seed }) => {
        const small = [...leading, channels * factor ** 2, height, width];
        const large = [...leading, channels, height * factor, width * factor];
        const [shuffle, unshuffle] = [new PixelShuffle(factor), new PixelUnshuffle(factor)];
        const x = counting(small);
        const y = shuffle.forward(x);
        expect(y.shape).toEqual(large);
        const want = y.data.map((_, at) => {
          const [column, row] = [at % (width * factor), Math.floor(at / (width * factor)) % (height * factor)];
          const plane = Math.floor(at / (width * factor * height * factor));
          const channel = (plane * factor + (row % factor)) * factor + (column % factor);
          const [h, w] = [Math.floor(row / factor), Math.floor(column / factor)];
          return x.data[(channel * height + h) * width + w]!;
        });
        expect(y.data).toEqual(want);
        const back = unshuffle.forward(y);
        expect(back.shape).toEqual(small);
        expect(back.data).toEqual(x.data);
        expectAdjoint(shuffle, small, seed);
        expectAdjoint(unshuffle, large, seed);
      }),
    );
  });

  test("gradients agree with differences within 1e-6", () => {
    expectGradients(new PixelShuffle(2), [2, 8, 3, 2], {});
    expectGradients(new PixelUnshuffle(2), [2, 2, 4, 6], {});
  });

  test("refuse bad factors and inputs", () => {
    refuseOptions(
      PixelShuffle,
      [0],
      `PixelShuffle expects upscaleFactor to be a positive integer, but got 0. ${ARITHMETIC}`,
    );
    refuseOptions(
      PixelUnshuffle,
      [1.5],
      `PixelUnshuffle expects downscaleFactor to be a positive integer, but got 1.5. ${ARITHMETIC}`,
    );
    refuseInput(
      new PixelShuffle(2),
      [1, 6, 4, 4],
      "PixelShuffle expects a multiple of 4 channels (upscaleFactor²), but its input [1, 6, 4, 4] has 6. Usual cause: a convolution before it whose outChannels is not channels · upscaleFactor².",
    );
    refuseInput(
      new PixelShuffle(2),
      [4, 4],
      "PixelShuffle expects an input […, C, H, W], but got [4, 4]. Usual cause: images flattened too early.",
    );
    refuseInput(
      new PixelUnshuffle(2),
      [1, 1, 4, 5],
      "PixelUnshuffle expects height and width to be multiples of 2 (downscaleFactor), but its input [1, 1, 4, 5] has 4 × 5. Usual cause: an odd image size; pad or crop it first.",
    );
  });
});

describe("Identity", () => {
  test("returns equal numbers in fresh memory, forward and backward, for any shape", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }), (shape) => {
        const identity = new Identity();
        const x = normal(shape, 1);
        const y = identity.forward(x);
        expect(y.shape).toEqual(shape);
        expect(identity.outputShape(shape)).toEqual(shape);
        expect(y.data).toEqual(x.data);
        expect(y.data).not.toBe(x.data);
        const dx = identity.backward(y);
        expect(dx.data).toEqual(x.data);
        expect(dx.data).not.toBe(y.data);
      }),
    );
    expectGradients(new Identity(), [2, 3], {});
  });
});
