import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Embedding } from "../../src/layers/embedding.js";
import { Flatten } from "../../src/layers/flatten.js";
import { Linear } from "../../src/layers/linear.js";
import { Sequential } from "../../src/layers/sequential.js";
import { ArgumentError, StateError } from "../../src/shape/errors.js";
import { sizeOf } from "../../src/shape/shape.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { expectGradients, integers, normal } from "../support/layers.js";

const embeddingCase = fc
  .record({
    shape: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
    entries: fc.integer({ min: 1, max: 6 }),
    width: fc.integer({ min: 1, max: 4 }),
    padded: fc.boolean(),
    seed: fc.integer(),
  })
  .map(({ shape, seed, entries, padded, ...drawn }) => {
    const random = new Random(seed);
    const x = new Tensor(
      Float32Array.from({ length: sizeOf(shape) }, () => random.integer(entries)),
      shape,
    );
    const options = padded ? { paddingIdx: random.integer(entries) } : {};
    return { ...drawn, x, seed, entries, options: { ...options, random } };
  });

const row = (t: Tensor, i: number, width: number) => [...t.data.slice(i * width, (i + 1) * width)];

describe("Embedding, for any table and indices", () => {
  test("gradients agree with differences within 1e-6", () => {
    fc.assert(
      fc.property(embeddingCase, ({ x, entries, width, seed, options: { random } }) => {
        const layer = new Embedding(entries, width, { random });
        expectGradients(layer, x.shape, { seed, input: x, inputGradient: false });
      }),
    );
  });

  test("looks up the row of each index; each row's gradient is the sum over its places, none for paddingIdx", () => {
    fc.assert(
      fc.property(embeddingCase, ({ x, entries, width, seed, options }) => {
        const layer = new Embedding(entries, width, options);
        const y = layer.forward(x);
        expect(y.shape).toEqual([...x.shape, width]);
        expect(layer.outputShape(x.shape)).toEqual(y.shape);
        const rows = [...x.data].flatMap((index) => row(layer.weight.value, index, width));
        expect([...y.data]).toEqual(rows);

        const dy = integers(y.shape, seed);
        const dx = layer.backward(dy);
        expect(dx.shape).toEqual(x.shape);
        expect(dx.data.every((g) => g === 0)).toBe(true);
        const want = new Float32Array(entries * width);
        dy.data.forEach((g, at) => {
          const index = x.data[Math.floor(at / width)]!;
          if (index !== layer.paddingIdx) want[index * width + (at % width)]! += g;
        });
        expect(layer.weight.grad.data).toEqual(want);
      }),
    );
  });
});

describe("Embedding", () => {
  test("starts normal with mean 0 and variance 1, its padding row at zero", () => {
    const layer = new Embedding(100, 20, { paddingIdx: 3, random: new Random(1) });
    const { data } = layer.weight.value;
    expect(row(layer.weight.value, 3, 20).every((value) => value === 0)).toBe(true);
    const mean = data.reduce((a, b) => a + b) / data.length;
    const variance = data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length;
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.abs(variance - 0.99)).toBeLessThan(0.05);
    expect(layer.namedParameters().map(([key]) => key)).toEqual(["weight"]);
  });

  test("a negative paddingIdx counts from the end", () => {
    expect(new Embedding(5, 2, { paddingIdx: -1 }).paddingIdx).toBe(4);
    expect(new Embedding(5, 2, { paddingIdx: -5 }).paddingIdx).toBe(0);
    expect(new Embedding(5, 2).paddingIdx).toBeUndefined();
  });

  test("a padding row that was loaded is shown, but not learned", () => {
    const layer = new Embedding(2, 1, { paddingIdx: 0 });
    layer.loadStateDict({ weight: new Tensor(Float32Array.of(5, 7), [2, 1]) });
    expect([...layer.forward(new Tensor(Float32Array.of(0, 1, 0), [3])).data]).toEqual([5, 7, 5]);
    layer.backward(new Tensor(Float32Array.of(1, 1, 1), [3, 1]));
    expect([...layer.weight.grad.data]).toEqual([0, 1]);
  });

  test("freezing keeps the gradient at zero", () => {
    const layer = new Embedding(3, 2);
    layer.weight.requiresGrad = false;
    layer.forward(new Tensor(Float32Array.of(1), [1]));
    layer.backward(normal([1, 2], 1));
    expect(layer.weight.grad.data.every((g) => g === 0)).toBe(true);
  });

  test("refuses options", () => {
    const Loose = Embedding as unknown as new (...args: unknown[]) => Embedding;
    const ARITHMETIC = "Usual cause: a division without Math.floor, or an undefined variable.";
    const refuse = (args: unknown[], text: string) => expectError(() => new Loose(...args), ArgumentError, text);
    refuse([0, 3], `Embedding expects numEmbeddings to be a positive integer, but got 0. ${ARITHMETIC}`);
    refuse([3, 1.5], `Embedding expects embeddingDim to be a positive integer, but got 1.5. ${ARITHMETIC}`);
    refuse([3, 2, { paddingIdx: 0.5 }], `Embedding expects paddingIdx to be an integer, but got 0.5. ${ARITHMETIC}`);
    for (const paddingIdx of [3, -4]) {
      refuse(
        [3, 2, { paddingIdx }],
        `Embedding expects paddingIdx from -3 to 2, but got ${paddingIdx}. Usual cause: an index meant for a larger vocabulary.`,
      );
    }
    refuse(
      [3, 2, 0],
      "Embedding expects its options to be an object of paddingIdx, random, but got 0. Usual cause: torch's positional arguments are named here.",
    );
  });

  test("refuses indices that are fractional or out of range, and the backward that was due still works", () => {
    const layer = new Embedding(4, 2);
    const model = new Sequential(layer, new Flatten(), new Linear(4, 1));
    const text = (element: number, index: number) =>
      `Embedding (0) expects indices that are integers from 0 to 3, but element ${element} of its input is ${index}. Usual cause: numEmbeddings smaller than the vocabulary, or numbers that are not indices.`;
    for (const mode of ["train", "eval"] as const) {
      model[mode]();
      model.forward(new Tensor(Float32Array.of(0, 1), [1, 2]));
      for (const index of [4, -1, 0.5, Number.NaN, Infinity]) {
        const bad = new Tensor(Float32Array.of(0, index), [1, 2]);
        expectError(() => model.forward(bad), ArgumentError, text(1, index));
      }
      model.zeroGrad();
      model.backward(normal([1, 1], 1));
      expect(row(layer.weight.grad, 0, 4).every((g) => g !== 0)).toBe(true);
      expect(row(layer.weight.grad, 1, 4).every((g) => g === 0)).toBe(true);
    }
    expectError(
      () => new Embedding(4, 2).backward(normal([1, 2], 1)),
      StateError,
      "Embedding.backward expects a forward before it, but none waits for its backward. Usual cause: backward called twice, before forward, or after 4 newer forwards (after 1 in eval mode, or that followed a backward).",
    );
  });
});
