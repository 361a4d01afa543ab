import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LeakyReLU } from "../../src/layers/activations/leaky-relu.js";
import { PReLU } from "../../src/layers/prelu.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { expectClose } from "../support/fixtures.js";
import { distinct, expectGradients, integers, normal } from "../support/layers.js";
import { build, expectSame, shapes } from "../support/naive.js";
import { expectBatchInvariance } from "../support/planes.js";

/** A PReLU with random slopes, shared or one per channel, and a shape that it takes. */
const preluCase = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    channels: fc.integer({ min: 1, max: 4 }),
    rest: shapes(2, 1),
    shared: fc.boolean(),
    seed: fc.integer(),
  })
  .map(({ batch, channels, rest, shared, seed }) => {
    const layer = new PReLU(shared ? 1 : channels);
    layer.weight.value.data.set(normal([layer.numParameters], seed).data);
    return { layer, shape: [batch, channels, ...rest], seed };
  });

describe("PReLU", () => {
  test("is x above 0, its channel's slope times x below, for any shape", () => {
    fc.assert(
      fc.property(preluCase, ({ layer, shape, seed }) => {
        const x = normal(shape, seed + 1);
        const slopes = layer.weight.value.data;
        const y = build(shape, (index) => {
          const v = x.at(...index);
          return v > 0 ? v : slopes[slopes.length === 1 ? 0 : index[1]!]! * v;
        });
        expectSame(layer.forward(x), y);
        expect(layer.outputShape(shape)).toEqual(shape);
      }),
    );
  });

  test("has gradients of input and slopes that agree with differences within 1e-6, for any shape", () => {
    fc.assert(
      fc.property(preluCase, ({ layer, shape, seed }) => {
        expectGradients(layer, shape, { seed, input: distinct(shape, seed) });
      }),
    );
  });

  test("with one parameter is LeakyReLU of that slope on any shape, a scalar included", () => {
    fc.assert(
      fc.property(shapes(5), fc.integer(), (shape, seed) => {
        const [prelu, leaky] = [new PReLU(1, { init: -0.5 }), new LeakyReLU(-0.5)];
        const [x, dy] = [integers(shape, seed), normal(shape, seed)];
        expectSame(prelu.forward(x), leaky.forward(x));
        expectSame(prelu.backward(dy), leaky.backward(dy));
      }),
    );
  });

  test("does to a batch what it does to each sample", () => {
    fc.assert(
      fc.property(preluCase, ({ layer, shape, seed }) => {
        expectBatchInvariance(layer, shape, seed);
      }),
    );
  });

  test("starts every slope at init, 0.25 by default, under the key weight", () => {
    expect(new PReLU().stateDict()).toEqual({ weight: new Tensor(Float32Array.of(0.25), [1]) });
    expect(new PReLU(3, { init: 0.1 }).stateDict()).toEqual({
      weight: new Tensor(Float32Array.of(0.1, 0.1, 0.1), [3]),
    });
  });

  test("at 0, −∞ and NaN takes the slope's side, and adds x · dy of these to its gradient", () => {
    const layer = new PReLU();
    layer.forward(new Tensor(Float32Array.of(0, -0, -2, 3), [4]));
    expect([...layer.backward(new Tensor(Float32Array.of(1, 1, 5, 7), [4])).data]).toEqual([0.25, 0.25, 1.25, 7]);
    expect(layer.weight.grad.item()).toBe(-10);
    layer.forward(new Tensor(Float32Array.of(-Infinity, Number.NaN), [2]));
    expect([...layer.backward(new Tensor(Float32Array.of(1, 1), [2])).data]).toEqual([0.25, 0.25]);
    expect(layer.weight.grad.item()).toBeNaN();
  });

  test("adds to its gradient, and leaves it alone when frozen", () => {
    const layer = new PReLU(2);
    const [x, dy] = [integers([3, 2, 2], 1), integers([3, 2, 2], 2)];
    const run = () => {
      layer.forward(x);
      return layer.backward(dy);
    };
    const dx = run();
    const once = layer.weight.grad.clone();
    run();
    expectClose(layer.weight.grad, once.mul(2), "twice the gradient", 0, 0);
    layer.weight.requiresGrad = false;
    expectSame(run(), dx);
    expectClose(layer.weight.grad, once.mul(2), "the frozen gradient", 0, 0);
  });

  test("tells of wrong channels, a missing dimension and bad arguments", () => {
    const prelu = new PReLU(3);
    const wrong =
      "PReLU expects 3 channels, but its input [2, 4, 5] has 4. Usual cause: numParameters that is neither 1 nor the number of channels of the layer before.";
    expectError(() => prelu.forward(normal([2, 4, 5], 1)), ShapeError, wrong);
    expectError(() => prelu.outputShape([2, 4, 5]), ShapeError, wrong);
    expectError(
      () => prelu.forward(normal([3], 1)),
      ShapeError,
      "PReLU expects an input [N, 3, …], but got [3]. Usual cause: a missing batch dimension.",
    );
    expectError(
      () => new PReLU(0),
      ArgumentError,
      "PReLU expects numParameters to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expectError(
      () => new PReLU(1, { init: Number.NaN }),
      ArgumentError,
      "PReLU expects init to be a finite number, but got NaN. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expectError(
      () => new PReLU(1, 0.1 as never),
      ArgumentError,
      "PReLU expects its options to be an object of init, but got 0.1. Usual cause: torch's positional arguments are named here.",
    );
  });
});
