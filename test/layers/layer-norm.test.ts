import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LayerNorm, type LayerNormOptions } from "../../src/layers/layer-norm.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { type Shape, stridesOf } from "../../src/shape/shape.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { sample } from "../support/convolution.js";
import { expectError } from "../support/errors.js";
import { expectClose } from "../support/fixtures.js";
import { distinct, expectGradients, normal } from "../support/layers.js";
import { fillPositive, normalizeNaively, statisticsOf } from "../support/norm.js";

const sizes = (minLength: number, maxLength: number, min: number) =>
  fc.array(fc.integer({ min, max: 4 }), { minLength, maxLength });

/** Any small layer norm with at least three values a group, and an input for it. */
const layerNormCase = fc
  .record({
    outer: sizes(0, 3, 1),
    first: fc.integer({ min: 3, max: 6 }),
    rest: sizes(0, 2, 1),
    eps: fc.constantFrom(1e-5, 1e-2, 0.5),
    elementwiseAffine: fc.boolean(),
    bias: fc.boolean(),
    seed: fc.integer(),
  })
  .map(({ outer, first, rest, seed, ...options }) => ({
    normalizedShape: [first, ...rest],
    shape: [...outer, first, ...rest],
    outer,
    seed,
    options,
  }));

type Case = typeof layerNormCase extends fc.Arbitrary<infer T> ? T : never;

function make({ normalizedShape, seed, options }: Case, change: LayerNormOptions = {}): LayerNorm {
  const norm = new LayerNorm(normalizedShape, { ...options, ...change });
  fillPositive([norm.weight, norm.bias], seed);
  return norm;
}

describe("LayerNorm, for any shape and options", () => {
  test("gradients agree with differences within 1e-6, in eval mode too", () => {
    fc.assert(
      fc.property(layerNormCase, (c) => {
        const input = distinct(c.shape, c.seed);
        expectGradients(make(c), c.shape, { seed: c.seed, input });
        expectGradients(make(c).eval(), c.shape, { seed: c.seed, input });
      }),
      { numRuns: 60 },
    );
  });

  test("is its definition, in train and in eval mode", () => {
    fc.assert(
      fc.property(layerNormCase, (c) => {
        const x = normal(c.shape, c.seed);
        const norm = make(c);
        const groupOf = (place: readonly number[]) => place.slice(0, c.outer.length).join();
        const strides = stridesOf(c.normalizedShape);
        const elementOf = (place: readonly number[]) =>
          strides.reduce((at, stride, dim) => at + stride * place[c.outer.length + dim]!, 0);
        const [weight, bias] = [norm.weight?.value.data, norm.bias?.value.data];
        const want = normalizeNaively(x, groupOf, statisticsOf(x, groupOf), c.options.eps, elementOf, weight, bias);
        expectClose(norm.forward(x), want, "train", 1e-5, 1e-6);
        expect(norm.eval().forward(x).data).toEqual(norm.train().forward(x).data);
      }),
    );
  });

  test("before weight and bias every sample has mean 0 and variance σ² / (σ² + eps)", () => {
    fc.assert(
      fc.property(layerNormCase, (c) => {
        const x = distinct(c.shape, c.seed);
        const groupOf = (place: readonly number[]) => place.slice(0, c.outer.length).join();
        const before = statisticsOf(x, groupOf);
        const after = statisticsOf(make(c, { elementwiseAffine: false }).forward(x), groupOf);
        for (const [group, { mean, variance }] of after) {
          const sigma2 = before.get(group)!.variance;
          expect(Math.abs(mean)).toBeLessThan(1e-6);
          expect(variance).toBeCloseTo(sigma2 / (sigma2 + c.options.eps), 5);
        }
      }),
    );
  });

  test("a sample gets the same bits alone as in its batch, forward and backward", () => {
    fc.assert(
      fc.property(layerNormCase, (drawn) => {
        const c = { ...drawn, shape: [3, ...drawn.shape] };
        const norm = make(c);
        const [x, dy] = [normal(c.shape, c.seed), normal(c.shape, c.seed + 1)];
        const y = norm.forward(x);
        const dx = norm.backward(dy);
        for (let n = 0; n < 3; n++) {
          expect(norm.forward(sample(x, n)).data).toEqual(sample(y, n).data);
          expect(norm.backward(sample(dy, n)).data).toEqual(sample(dx, n).data);
        }
      }),
    );
  });

  test("outputShape is the shape of the output", () => {
    fc.assert(
      fc.property(layerNormCase, (c) => {
        expect(make(c).outputShape(c.shape)).toEqual(c.shape);
        expect(make(c).forward(normal(c.shape, c.seed)).shape).toEqual(c.shape);
      }),
    );
  });
});

describe("LayerNorm's options", () => {
  const keys = (norm: LayerNorm): [string, Shape][] =>
    norm.namedParameters().map(([key, { value }]) => [key, value.shape]);

  test("weight and bias have the shape of the last dimensions; a number stands for one", () => {
    expect(keys(new LayerNorm([3, 4]))).toEqual([
      ["weight", [3, 4]],
      ["bias", [3, 4]],
    ]);
    expect(keys(new LayerNorm(5))).toEqual([
      ["weight", [5]],
      ["bias", [5]],
    ]);
    const norm = new LayerNorm([2, 1]);
    expect([...norm.weight!.value.data, ...norm.bias!.value.data]).toEqual([1, 1, 0, 0]);
  });

  test("bias: false leaves the weight, elementwiseAffine: false leaves neither", () => {
    expect(keys(new LayerNorm(5, { bias: false }))).toEqual([["weight", [5]]]);
    expect(keys(new LayerNorm(5, { elementwiseAffine: false }))).toEqual([]);
    expect(keys(new LayerNorm(5, { elementwiseAffine: false, bias: true }))).toEqual([]);
  });

  test("one value alone is normalized to its bias, as in torch", () => {
    const norm = new LayerNorm(1);
    norm.bias!.value.data[0] = 2;
    expect([...norm.forward(new Tensor(Float32Array.of(5, -7), [2, 1])).data]).toEqual([2, 2]);
  });

  test("NaN and infinity spoil their own sample only", () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const y = new LayerNorm(2).forward(new Tensor(Float32Array.of(bad, 1, 1, 3), [2, 2])).data;
      expect([y[0], y[1]]).toEqual([NaN, NaN]);
      expect(y[2]).toBeCloseTo(-1, 4);
      expect(y[3]).toBeCloseTo(1, 4);
    }
  });

  test("a batch of no samples gives none", () => {
    const norm = new LayerNorm(4);
    expect(norm.forward(new Tensor(new Float32Array(0), [0, 4])).shape).toEqual([0, 4]);
    expect(norm.backward(new Tensor(new Float32Array(0), [0, 4])).shape).toEqual([0, 4]);
    expect([...norm.weight!.grad.data, ...norm.bias!.grad.data].every((g) => g === 0)).toBe(true);
  });
});

describe("LayerNorm's refusals", () => {
  const cause =
    "Usual cause: a normalizedShape that counts the batch dimension, or images of another size than the layer was made for.";

  test("an input with other last dimensions, or too few", () => {
    expectError(
      () => new LayerNorm([3, 4]).forward(normal([2, 3, 5], 1)),
      ShapeError,
      `LayerNorm expects the last dimensions [3, 4], but its input [2, 3, 5] has [3, 5]. ${cause}`,
    );
    expectError(
      () => new LayerNorm([2, 3, 4]).forward(normal([3, 4], 1)),
      ShapeError,
      `LayerNorm expects the last dimensions [2, 3, 4], but its input [3, 4] has [3, 4]. ${cause}`,
    );
  });

  test("bad arguments", () => {
    expectError(
      () => new LayerNorm([3, 0]),
      ArgumentError,
      "LayerNorm expects normalizedShape to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    for (const [shape, got] of [
      [[], "[]"],
      [undefined, "undefined"],
    ] as const) {
      expectError(
        () => new LayerNorm(shape as unknown as Shape),
        ArgumentError,
        `LayerNorm expects normalizedShape to be the sizes of at least one dimension, such as 64 or [3, 32, 32], but got ${got}.`,
      );
    }
    expectError(
      () => new LayerNorm(3, { eps: -1 }),
      ArgumentError,
      "LayerNorm expects eps to be a number ≥ 0, but got -1.",
    );
    expectError(
      () => new LayerNorm(3, 1e-6 as LayerNormOptions),
      ArgumentError,
      "LayerNorm expects its options to be an object of eps, elementwiseAffine, bias, but got 0.000001. Usual cause: torch's positional arguments are named here.",
    );
  });
});
