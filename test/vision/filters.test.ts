import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, type Conv2d, Random, randn, Tensor } from "../../src/index.js";
import { boxBlur, emboss, gaussianBlur, laplacian, sharpen, sobelX, sobelY } from "../../src/vision.js";
import { expectError } from "../support/errors.js";

const FILTERS: Readonly<Record<string, (channels: number) => Conv2d>> = {
  ...{ boxBlur, emboss, gaussianBlur, laplacian, sharpen, sobelX, sobelY },
  "boxBlur of 5": (channels) => boxBlur(channels, 5),
  "gaussianBlur of 0.5": (channels) => gaussianBlur(channels, 0.5),
};
/** What each makes of a constant 1. */
const GAIN: Readonly<Record<string, number>> = { sobelX: 0, sobelY: 0, laplacian: 0 };

const shapes = fc.record({
  channels: fc.integer({ min: 1, max: 4 }),
  height: fc.integer({ min: 1, max: 9 }),
  width: fc.integer({ min: 1, max: 9 }),
  seed: fc.integer({ min: 1, max: 1000 }),
});

const clamp = (at: number, size: number) => Math.min(Math.max(at, 0), size - 1);

/** The picture's own pixel, or the outermost one next to it. */
function at(x: Tensor, c: number, i: number, j: number): number {
  const [, , height = 0, width = 0] = x.shape;
  return x.data[(c * height + clamp(i, height)) * width + clamp(j, width)] ?? Number.NaN;
}

/** A picture whose pixel at row i, column j is f(i, j), in each of two channels. */
function drawn(height: number, width: number, f: (i: number, j: number) => number): Tensor {
  const plane = Array.from({ length: height * width }, (_, k) => f(Math.floor(k / width), k % width));
  return new Tensor(Float32Array.from([...plane, ...plane]), [1, 2, height, width]);
}

describe.for(Object.entries(FILTERS))("%s", ([name, make]) => {
  test("is its kernel over each channel, and keeps the size", () => {
    fc.assert(
      fc.property(shapes, ({ channels, height, width, seed }) => {
        const filter = make(channels);
        const x: Tensor = randn([1, channels, height, width], { random: new Random(seed) });
        const y = filter.forward(x);
        expect(y.shape).toEqual(x.shape);
        const size = filter.weight.value.shape[2] ?? 0;
        const kernel = filter.weight.value.data;
        for (let k = 0; k < y.size; k++) {
          const [c, i, j] = [Math.floor(k / (height * width)), Math.floor(k / width) % height, k % width];
          let [sum, scale] = [0, 0];
          for (let t = 0; t < size * size; t++) {
            const [u, v] = [Math.floor(t / size), t % size];
            const term = (kernel[t] ?? 0) * at(x, c, i + u - (size - 1) / 2, j + v - (size - 1) / 2);
            sum += term;
            scale += Math.abs(term);
          }
          // Each of the size² roundings is at most 2⁻²⁴ of what has been added up, and there are two a term.
          expect(Math.abs((y.data[k] ?? 0) - sum)).toBeLessThanOrEqual(2 * size * size * 2 ** -24 * scale + 1e-30);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("makes of one color one color, the edges included", () => {
    const y = make(2).forward(drawn(6, 5, () => 1));
    for (const value of y.data) expect(value).toBeCloseTo(GAIN[name] ?? 1, 5);
  });

  test("learns nothing, and passes the gradient on", () => {
    const filter = make(1);
    filter.train();
    expect(filter.parameters().map(({ requiresGrad }) => requiresGrad)).toEqual([false]);
    const y = filter.forward(randn([1, 1, 4, 4], { random: new Random(1) }) as Tensor);
    expect(filter.backward(y).shape).toEqual([1, 1, 4, 4]);
  });
});

test("slopes: Sobel finds 8 times as much, the Laplacian nothing", () => {
  const ramp = drawn(7, 7, (i, j) => 3 * j - 2 * i);
  const inner = (filter: Conv2d) => filter.forward(ramp).slice(null, null, [1, 6], [1, 6]).data;
  for (const value of inner(sobelX(2))) expect(value).toBeCloseTo(24, 4);
  for (const value of inner(sobelY(2))) expect(value).toBeCloseTo(-16, 4);
  for (const value of inner(laplacian(2))) expect(value).toBeCloseTo(0, 4);
});

test("blurs sum to 1; the Gaussian falls as it should", () => {
  const { data, shape } = gaussianBlur(1, 1.5).weight.value;
  expect(shape).toEqual([1, 1, 11, 11]);
  expect(Array.from(data).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  expect((data[5 * 11 + 7] ?? 0) / (data[5 * 11 + 5] ?? 0)).toBeCloseTo(Math.exp(-4 / (2 * 1.5 ** 2)), 5);
});

test("bad arguments", () => {
  expectError(
    () => boxBlur(3, 4),
    ArgumentError,
    "boxBlur expects size to be odd, so that the kernel has a middle, but got 4.",
  );
  expectError(
    () => sharpen(0),
    ArgumentError,
    "sharpen expects channels to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
  );
  expect(() => gaussianBlur(1, 0)).toThrow(ArgumentError);
});
