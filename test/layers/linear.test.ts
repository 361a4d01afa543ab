import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Flatten } from "../../src/layers/flatten.js";
import { Linear } from "../../src/layers/linear.js";
import { Sequential } from "../../src/layers/sequential.js";
import { ArgumentError, ShapeError, StateError } from "../../src/shape/errors.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { reorder, sample, withIntegers } from "../support/convolution.js";
import { expectError } from "../support/errors.js";
import { dot, expectGradients, integers, normal } from "../support/layers.js";

const linearCase = fc.record({
  leading: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
  inFeatures: fc.integer({ min: 1, max: 9 }),
  outFeatures: fc.integer({ min: 1, max: 9 }),
  bias: fc.boolean(),
  seed: fc.integer(),
});

type Case = typeof linearCase extends fc.Arbitrary<infer T> ? T : never;

const make = ({ inFeatures, outFeatures, bias, seed }: Case) =>
  new Linear(inFeatures, outFeatures, { bias, random: new Random(seed) });

describe("Linear, for any features and leading dimensions", () => {
  test("gradients agree with differences within 1e-6", () => {
    fc.assert(fc.property(linearCase, (c) => expectGradients(make(c), [...c.leading, c.inFeatures], { seed: c.seed })));
  });

  test("is x · weightᵀ + bias, exactly on small integers, and its gradients are the products of its formula", () => {
    fc.assert(
      fc.property(linearCase, (c) => {
        const layer = withIntegers(make(c), c.seed);
        const { inFeatures, outFeatures } = c;
        const rows = c.leading.reduce((a, b) => a * b, 1);
        const x = integers([...c.leading, inFeatures], c.seed);
        const y = layer.forward(x);
        expect(y.shape).toEqual([...c.leading, outFeatures]);
        expect(layer.outputShape(x.shape)).toEqual(y.shape);
        const w = (o: number, i: number) => layer.weight.value.data[o * inFeatures + i]!;
        const each = (count: number, value: (i: number) => number) => Array.from({ length: count }, (_, i) => value(i));
        const sum = (count: number, value: (i: number) => number) => each(count, value).reduce((a, b) => a + b, 0);
        const want = each(rows * outFeatures, (at) => {
          const [row, o] = [Math.floor(at / outFeatures), at % outFeatures];
          const b = layer.bias?.value.data[o] ?? 0;
          return b + sum(inFeatures, (i) => w(o, i) * x.data[row * inFeatures + i]!);
        });
        expect([...y.data]).toEqual(want);

        const dy = integers(y.shape, c.seed + 1);
        const dx = layer.backward(dy);
        expect(dx.shape).toEqual(x.shape);
        const g = (row: number, o: number) => dy.data[row * outFeatures + o]!;
        expect([...dx.data]).toEqual(
          each(rows * inFeatures, (at) =>
            sum(outFeatures, (o) => w(o, at % inFeatures) * g(Math.floor(at / inFeatures), o)),
          ),
        );
        expect([...layer.weight.grad.data]).toEqual(
          each(outFeatures * inFeatures, (at) =>
            sum(rows, (row) => g(row, Math.floor(at / inFeatures)) * x.data[row * inFeatures + (at % inFeatures)]!),
          ),
        );
        if (layer.bias) {
          expect([...layer.bias.grad.data]).toEqual(each(outFeatures, (o) => sum(rows, (row) => g(row, o))));
        }
      }),
    );
  });

  test("is linear without a bias, and its backward is its adjoint, exactly on small integers", () => {
    fc.assert(
      fc.property(linearCase, (c) => {
        const layer = withIntegers(make({ ...c, bias: false }), c.seed);
        const shape = [...c.leading, c.inFeatures];
        const [x, z] = [integers(shape, c.seed), integers(shape, c.seed + 1)];
        const [yx, yz] = [layer.forward(x), layer.forward(z)];
        const mixed = layer.forward(
          new Tensor(
            x.data.map((value, i) => 2 * value - 3 * z.data[i]!),
            shape,
          ),
        );
        const want = yx.data.map((value, i) => 2 * value - 3 * yz.data[i]! + 0); // + 0: no −0
        expect(mixed.data.map((value) => value + 0)).toEqual(want);
        const u = integers(yx.shape, c.seed + 2);
        layer.forward(x);
        expect(dot(yx, u)).toBe(dot(x, layer.backward(u)));
      }),
    );
  });

  test("gives a row the same bits alone and in a batch, and outputs in another order for weights in that order", () => {
    fc.assert(
      fc.property(linearCase, fc.integer({ min: 1, max: 9 }), (c, batch) => {
        const layer = make(c);
        const x = normal([batch, c.inFeatures], c.seed);
        const y = layer.forward(x);
        for (let n = 0; n < batch; n++) {
          const alone = layer.forward(new Tensor(sample(x, n).data, [c.inFeatures]));
          expect(alone.data).toEqual(sample(y, n).data);
        }
        const order = new Random(c.seed).permutation(c.outFeatures);
        for (const parameter of layer.parameters()) parameter.value = reorder(parameter.value, 0, order);
        expect(layer.forward(x).data).toEqual(reorder(y, 1, order).data);
      }),
    );
  });
});

describe("Linear", () => {
  test("has torch's parameters, uniform in ±1/√inFeatures", () => {
    const layer = new Linear(50, 40, { random: new Random(1) });
    expect(layer.namedParameters().map(([key, { value }]) => [key, value.shape])).toEqual([
      ["weight", [40, 50]],
      ["bias", [40]],
    ]);
    const bound = 1 / Math.sqrt(50);
    for (const { value } of layer.parameters()) {
      const most = Math.max(...value.data.map(Math.abs));
      expect(most).toBeLessThanOrEqual(Math.fround(bound));
      expect(most).toBeGreaterThan(0.9 * bound);
    }
    expect(new Linear(3, 2, { bias: false }).parameters()).toHaveLength(1);
  });

  test("multiplyAdds counts every weight once a row", () => {
    expect(new Linear(400, 120).multiplyAdds([64, 400])).toBe(64 * 400 * 120);
    expect(new Linear(4, 3).multiplyAdds([2, 5, 4])).toBe(2 * 5 * 4 * 3);
  });

  test("freezing, inputGradient: false and a batch of none", () => {
    const layer = new Linear(3, 2);
    for (const which of [0, 1]) {
      layer.zeroGrad();
      const [frozen, free] = [layer.parameters()[which]!, layer.parameters()[1 - which]!];
      frozen.requiresGrad = false;
      free.requiresGrad = true;
      layer.forward(normal([4, 3], 1));
      expect(layer.backward(normal([4, 2], 2), { inputGradient: false })).toBeUndefined();
      expect(frozen.grad.data.every((g) => g === 0)).toBe(true);
      expect(free.grad.data.every((g) => g !== 0)).toBe(true);
    }
    expect(layer.forward(new Tensor(new Float32Array(0), [0, 3])).shape).toEqual([0, 2]);
  });

  test("a NaN or an infinity reaches its own row only; 0 · ∞ is NaN", () => {
    const layer = new Linear(2, 2, { bias: false });
    layer.weight.value.data.set([1, 2, 0, 1]);
    const y = layer.forward(new Tensor(Float32Array.of(1, 2, Infinity, 1, 1, Number.NaN), [3, 2]));
    expect([...y.data]).toEqual([5, 2, Infinity, Number.NaN, Number.NaN, Number.NaN]);
  });

  test("refuses options", () => {
    const Loose = Linear as unknown as new (...args: unknown[]) => Linear;
    const ARITHMETIC = "Usual cause: a division without Math.floor, or an undefined variable.";
    const refuse = (args: unknown[], text: string) => expectError(() => new Loose(...args), ArgumentError, text);
    refuse([0, 3], `Linear expects inFeatures to be a positive integer, but got 0. ${ARITHMETIC}`);
    refuse([12.25, 3], `Linear expects inFeatures to be a positive integer, but got 12.25. ${ARITHMETIC}`);
    refuse([3], `Linear expects outFeatures to be a positive integer, but got undefined. ${ARITHMETIC}`);
    refuse(
      [3, 2, false],
      "Linear expects its options to be an object of bias, random, but got false. Usual cause: torch's positional arguments are named here.",
    );
  });

  test("refuses inputs", () => {
    const layer = new Linear(400, 120);
    const refuse = (shape: number[], text: string) => {
      expectError(() => layer.forward(normal(shape, 1)), ShapeError, text);
      expectError(() => layer.outputShape(shape), ShapeError, text);
    };
    const cause = "Usual cause: inFeatures computed for another image size, padding or stride.";
    refuse([64, 576], `Linear expects 400 features, but its input [64, 576] has 576. ${cause}`);
    refuse([399], `Linear expects 400 features, but its input [399] has 399. ${cause}`);
    refuse(
      [64, 16, 5, 5],
      "Linear expects 400 features, but its input [64, 16, 5, 5] has 5. Usual cause: a missing Flatten before it.",
    );
    refuse([], "Linear expects an input […, 400], but got []. Usual cause: a loss or another reduced value.");
    expectError(
      () => layer.backward(normal([1, 120], 1)),
      StateError,
      "Linear.backward expects a forward before it, but none waits for its backward. Usual cause: backward called twice, before forward, or after 4 newer forwards (after 1 in eval mode, or that followed a backward).",
    );
    expectError(
      () => new Linear(1, 2).forward(normal([3, 2], 1)),
      ShapeError,
      `Linear expects 1 feature, but its input [3, 2] has 2. ${cause}`,
    );
  });

  test("inside a Sequential the sentence says what the layer before gives, and how Flatten made it", () => {
    const model = new Sequential(new Flatten(), new Linear(400, 10));
    expectError(
      () => model.forward(normal([2, 16, 6, 6], 1)),
      ShapeError,
      "Linear (1) expects 400 features, but the layer before it gives 576 (= 16 × 6 × 6). Usual cause: inFeatures computed for another image size, padding or stride.",
    );
  });
});
