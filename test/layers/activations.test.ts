import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GlobalAvgPool2d, GlobalMaxPool2d, Identity, type Layer } from "../../src/index.js";
import type { Activation } from "../../src/layers/activation.js";
import { ELU } from "../../src/layers/activations/elu.js";
import { GELU } from "../../src/layers/activations/gelu.js";
import { Hardshrink } from "../../src/layers/activations/hardshrink.js";
import { Hardsigmoid } from "../../src/layers/activations/hardsigmoid.js";
import { Hardswish } from "../../src/layers/activations/hardswish.js";
import { Hardtanh } from "../../src/layers/activations/hardtanh.js";
import { LeakyReLU } from "../../src/layers/activations/leaky-relu.js";
import { LogSigmoid } from "../../src/layers/activations/log-sigmoid.js";
import { Mish } from "../../src/layers/activations/mish.js";
import { ReLU } from "../../src/layers/activations/relu.js";
import { ReLU6 } from "../../src/layers/activations/relu6.js";
import { SELU } from "../../src/layers/activations/selu.js";
import { Sigmoid } from "../../src/layers/activations/sigmoid.js";
import { SiLU } from "../../src/layers/activations/silu.js";
import { Softplus } from "../../src/layers/activations/softplus.js";
import { Softshrink } from "../../src/layers/activations/softshrink.js";
import { Softsign } from "../../src/layers/activations/softsign.js";
import { Tanh } from "../../src/layers/activations/tanh.js";
import { Tanhshrink } from "../../src/layers/activations/tanhshrink.js";
import { ArgumentError, ShapeError, StateError } from "../../src/shape/errors.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { distinct, expectGradients, normal } from "../support/layers.js";
import { shapes } from "../support/naive.js";
import { expectBatchInvariance } from "../support/planes.js";

/** A layer with random options, and its textbook formula in double precision. */
interface Case {
  readonly layer: Activation;
  readonly f: (x: number) => number;
}

const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
/** erf x = 2/√π · e^−x² · Σ 2ⁿ x²ⁿ⁺¹ / (1 · 3 · 5 · … · (2n + 1)): all terms of one sign, so nothing cancels. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** An eighth: exact in float32, and never nearer than 1/32 to an element of `distinct`. */
const eighths = (min: number, max: number) => fc.integer({ min: min * 8, max: max * 8 }).map((n) => n / 8);
const only = (layer: () => Activation, f: (x: number) => number): fc.Arbitrary<Case> =>
  fc.constant(0).map(() => ({ layer: layer(), f }));

const cases: Record<string, fc.Arbitrary<Case>> = {
  ReLU: only(
    () => new ReLU(),
    (x) => Math.max(x, 0),
  ),
  LeakyReLU: eighths(-1, 2).map((slope) => ({
    layer: new LeakyReLU(slope),
    f: (x) => (x > 0 ? x : slope * x),
  })),
  ReLU6: only(
    () => new ReLU6(),
    (x) => clamp(x, 0, 6),
  ),
  ELU: eighths(-1, 3).map((alpha) => ({
    layer: new ELU(alpha),
    f: (x) => (x > 0 ? x : alpha * Math.expm1(x)),
  })),
  SELU: only(
    () => new SELU(),
    (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  ),
  Hardtanh: fc.tuple(eighths(-3, 0), eighths(1, 3)).map(([minVal, maxVal]) => ({
    layer: new Hardtanh({ minVal, maxVal }),
    f: (x) => clamp(x, minVal, maxVal),
  })),
  Hardsigmoid: only(
    () => new Hardsigmoid(),
    (x) => clamp(x / 6 + 0.5, 0, 1),
  ),
  Hardswish: only(
    () => new Hardswish(),
    (x) => (x * clamp(x + 3, 0, 6)) / 6,
  ),
  Hardshrink: eighths(-1, 2).map((lambd) => ({
    layer: new Hardshrink(lambd),
    f: (x) => (x > lambd || x < -lambd ? x : 0),
  })),
  Softshrink: eighths(0, 2).map((lambd) => ({
    layer: new Softshrink(lambd),
    f: (x) => Math.sign(x) * Math.max(Math.abs(x) - lambd, 0),
  })),
  Sigmoid: only(() => new Sigmoid(), sigmoid),
  Tanh: only(() => new Tanh(), Math.tanh),
  "GELU, exact": only(
    () => new GELU(),
    (x) => (x * (1 + erf(x / Math.SQRT2))) / 2,
  ),
  "GELU by tanh": only(
    () => new GELU({ approximate: "tanh" }),
    (x) => (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))) / 2,
  ),
  SiLU: only(
    () => new SiLU(),
    (x) => x * sigmoid(x),
  ),
  Softplus: fc.tuple(fc.constantFrom(0.5, 1, 2), eighths(-1, 20)).map(([beta, threshold]) => ({
    layer: new Softplus({ beta, threshold }),
    f: (x) => (beta * x > threshold ? x : Math.log1p(Math.exp(beta * x)) / beta),
  })),
  Mish: only(
    () => new Mish(),
    (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
  ),
  Softsign: only(
    () => new Softsign(),
    (x) => x / (1 + Math.abs(x)),
  ),
  Tanhshrink: only(
    () => new Tanhshrink(),
    (x) => x - Math.tanh(x),
  ),
  LogSigmoid: only(
    () => new LogSigmoid(),
    (x) => Math.log(sigmoid(x)),
  ),
};

const vector = (...values: number[]) => new Tensor(Float32Array.from(values), [values.length]);
/** Derivatives at the values: backward of ones. */
function slopes(layer: Activation, ...values: number[]): number[] {
  layer.forward(vector(...values));
  return [...layer.backward(vector(...values.map(() => 1))).data];
}

describe.each(Object.entries(cases))("%s", (_, arbitrary) => {
  const inputs = fc.array(fc.float({ min: -40, max: 40, noNaN: true }), { minLength: 1, maxLength: 20 });

  test("is its formula, element by element, in double precision", () => {
    fc.assert(
      fc.property(arbitrary, inputs, ({ layer, f }, values) => {
        const { data } = layer.forward(new Tensor(Float64Array.from(values), [values.length]));
        const wrong = values.filter((x, i) => !(Math.abs(data[i]! - f(x)) <= 1e-13 * (1 + Math.abs(x))));
        expect(wrong).toEqual([]);
      }),
    );
  });

  /** The bounds of each kernel by itself are in wasm-activation.test.ts. */
  test("is its formula, element by element, to a few roundings of float32", () => {
    fc.assert(
      fc.property(arbitrary, inputs, ({ layer, f }, values) => {
        const { data } = layer.forward(vector(...values));
        const wrong = values.filter((x, i) => {
          const error = Math.abs(data[i]! - f(x));
          return !(error <= 8e-6 * Math.abs(f(x)) + 1e-14 * (1 + Math.abs(x)));
        });
        expect(wrong).toEqual([]);
      }),
    );
  });

  test("has gradients that agree with differences within 1e-6, for any shape", () => {
    // 120 values reach ±7.5, beyond every fixed kink
    const shape = fc.oneof(shapes(4, 1), fc.constantFrom([120], [2, 3, 20]));
    fc.assert(
      fc.property(arbitrary, shape, fc.integer(), ({ layer }, shape, seed) => {
        expectGradients(layer, shape, { seed, input: distinct(shape, seed), samples: 12 });
      }),
      { numRuns: 40 },
    );
  });

  test("keeps any shape, a scalar and an empty batch included", () => {
    fc.assert(
      fc.property(arbitrary, shapes(5), fc.integer(), ({ layer }, shape, seed) => {
        const x = normal(shape, seed);
        expect(layer.outputShape(shape)).toEqual(shape);
        expect(layer.forward(x).shape).toEqual(shape);
        expect(layer.backward(x).shape).toEqual(shape);
      }),
      { numRuns: 40 },
    );
  });

  test("does to a batch what it does to each sample", () => {
    fc.assert(
      fc.property(arbitrary, shapes(3, 1), fc.integer(), ({ layer }, shape, seed) => {
        expectBatchInvariance(layer, [3, ...shape], seed);
      }),
      { numRuns: 20 },
    );
  });

  test("changes neither its input nor its output's gradient, and has no parameters", () => {
    fc.assert(
      fc.property(arbitrary, fc.integer(), ({ layer }, seed) => {
        const [x, dy] = [normal([7], seed), normal([7], seed + 1)];
        const before = [x.clone(), dy.clone()];
        layer.forward(x);
        layer.backward(dy);
        expect([x.data, dy.data]).toEqual(before.map(({ data }) => data));
        expect(layer.parameters()).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });
});

describe("at their kinks, activations have torch's derivative", () => {
  test.each<[string, Activation, number[], number[]]>([
    ["ReLU", new ReLU(), [0, -0], [0, 0]],
    ["LeakyReLU", new LeakyReLU(0.5), [0, -0], [0.5, 0.5]],
    ["ReLU6", new ReLU6(), [0, -0, 6], [0, 0, 0]],
    ["ELU", new ELU(2), [0, -0], [2, 2]],
    ["SELU", new SELU(), [0], [Math.fround(1.7580993408473766)]],
    ["Hardtanh", new Hardtanh(), [-1, 1, 0.5], [0, 0, 1]],
    ["Hardsigmoid", new Hardsigmoid(), [-3, 3, 0], [0, 0, Math.fround(1 / 6)]],
    ["Hardshrink", new Hardshrink(), [-0.5, 0.5, 0.75], [0, 0, 1]],
    ["Softshrink", new Softshrink(), [-0.5, 0.5, 0.75], [0, 0, 1]],
    ["Softplus at its threshold", new Softplus({ threshold: 1 }), [1, 1.5], [Math.fround(sigmoid(1)), 1]],
  ])("%s", (_, layer, at, derivatives) => expect(slopes(layer, ...at)).toEqual(derivatives));

  test("Hardswish, whose derivative at 3 is 1 in whole vectors of 16 and 3/2 in the rest", () => {
    const values = new Array<number>(18).fill(3);
    expect(slopes(new Hardswish(), ...values)).toEqual([...new Array<number>(16).fill(1), 1.5, 1.5]);
    expect(slopes(new Hardswish(), -3, 3)).toEqual([-0.5, 1.5]);
  });
});

describe("options count as float32 numbers, as in torch", () => {
  test("an element equal to float32's 0.1 is not beyond 0.1", () => {
    expect(new Hardshrink(0.1).forward(vector(0.1)).data[0]).toBe(0);
    expect(slopes(new Hardshrink(0.1), 0.1)).toEqual([0]);
    expect(slopes(new Hardtanh({ maxVal: 0.1 }), 0.1)).toEqual([0]);
    expect(new Softshrink(0.1).forward(vector(0.1)).data[0]).toBe(0);
  });

  test("Softplus compares the rounded product with its threshold", () => {
    const layer = new Softplus({ beta: 0.1, threshold: 1 });
    expect(layer.forward(vector(10)).data[0]).toBeCloseTo(Math.log1p(Math.E) / 0.1, 5);
    expect(layer.backward(vector(1)).data[0]).toBeCloseTo(sigmoid(1), 6);
  });
});

describe("NaN, infinities and huge values are what torch makes of them, in value and derivative", () => {
  const [nan, inf, huge] = [Number.NaN, Infinity, 3e38];
  const at = [nan, inf, -inf, huge, -huge];
  test.each<[string, Activation, number[], number[]]>([
    ["LeakyReLU", new LeakyReLU(0.5), [nan, inf, -inf, huge, -huge / 2], [0.5, 1, 0.5, 1, 0.5]],
    ["LeakyReLU with slope 0", new LeakyReLU(0), [nan, inf, nan, huge, 0], [0, 1, 0, 1, 0]],
    ["ReLU6", new ReLU6(), [nan, 6, 0, 6, 0], [0, 0, 0, 0, 0]],
    ["Softplus", new Softplus(), [nan, inf, 0, huge, 0], [nan, 1, 0, 1, 0]],
    ["Softshrink", new Softshrink(), [0, inf, -inf, huge, -huge], [0, 1, 1, 1, 1]],
    ["Mish", new Mish(), [nan, inf, nan, huge, 0], [nan, nan, nan, 1, 0]],
    ["Softsign", new Softsign(), [nan, nan, nan, 1, -1], [nan, nan, nan, 0, 0]],
    ["LogSigmoid", new LogSigmoid(), [nan, 0, -inf, 0, -huge], [nan, 0, 1, 0, 1]],
  ])("%s", (_, layer, values, derivatives) => {
    const float32 = (numbers: number[]) => numbers.map((n) => Math.fround(n) + 0); // + 0: −0 counts as 0
    expect(float32([...layer.forward(vector(...at)).data])).toEqual(float32(values));
    expect(float32(slopes(layer, ...at))).toEqual(float32(derivatives));
  });

  test("a dead ReLU stops even an infinite or NaN gradient", () => {
    const relu = new ReLU();
    relu.forward(vector(-1, -1));
    expect([...relu.backward(vector(inf, nan)).data]).toEqual([0, 0]);
  });
});

describe("a mistake is told in a sentence", () => {
  const arithmetic = "Usual cause: a division without Math.floor, or an undefined variable.";
  test.each<[string, () => unknown, string]>([
    [
      "LeakyReLU",
      () => new LeakyReLU(Infinity),
      `negativeSlope to be a finite number, but got Infinity. ${arithmetic}`,
    ],
    ["ELU", () => new ELU(Number.NaN), `alpha to be a finite number, but got NaN. ${arithmetic}`],
    ["Hardshrink", () => new Hardshrink(Number.NaN), `lambd to be a finite number, but got NaN. ${arithmetic}`],
    ["Softshrink", () => new Softshrink(-1), "lambd to be a number ≥ 0, but got -1."],
    [
      "Hardtanh",
      () => new Hardtanh({ minVal: 2 }),
      "minVal to be below maxVal, but got minVal 2 and maxVal 1. Usual cause: the two swapped.",
    ],
    [
      "Hardtanh",
      () => new Hardtanh(-1 as never),
      "its options to be an object of minVal, maxVal, but got -1. Usual cause: torch's positional arguments are named here.",
    ],
    [
      "GELU",
      () => new GELU({ approximate: "erf" as never }),
      'approximate to be one of "none", "tanh", but got "erf".',
    ],
    [
      "GELU",
      () => new GELU("tanh" as never),
      'its options to be an object of approximate, but got "tanh". Usual cause: torch\'s positional arguments are named here.',
    ],
    ["Softplus", () => new Softplus({ beta: -1 }), "beta to be a number above 0, but got -1."],
    ["Softplus", () => new Softplus({ beta: 0 }), "beta to be a number above 0, but got 0."],
    [
      "Softplus",
      () => new Softplus({ threshold: Infinity }),
      `threshold to be a finite number, but got Infinity. ${arithmetic}`,
    ],
    [
      "Softplus",
      () => new Softplus(2 as never),
      "its options to be an object of beta, threshold, but got 2. Usual cause: torch's positional arguments are named here.",
    ],
  ])("%s: %s", (name, make, text) => expectError(make, ArgumentError, `${name} expects ${text}`));

  test("backward before forward, and a gradient of another shape", () => {
    const tanh = new Tanh();
    expectError(
      () => tanh.backward(vector(1)),
      StateError,
      "Tanh.backward expects a forward before it, but none waits for its backward. Usual cause: backward called twice, before forward, or after 4 newer forwards (after 1 in eval mode, or that followed a backward).",
    );
    tanh.forward(vector(1, 2));
    expectError(
      () => tanh.backward(vector(1)),
      ShapeError,
      "Tanh.backward expects the gradient of its output [2], but got [1]. Usual cause: a loss of something else than what forward returned, or backwards that are not in reverse.",
    );
  });
});

test.each(
  Object.entries({
    Sigmoid,
    Tanh,
    SiLU,
    Mish,
    Softsign,
    Tanhshrink,
    LogSigmoid,
    ReLU,
    ReLU6,
    SELU,
    Hardsigmoid,
    Hardswish,
    GlobalAvgPool2d,
    GlobalMaxPool2d,
    Identity,
  }),
)("%s, which has no options, refuses them", (name, Plain) => {
  const Class = Plain as unknown as new (given?: unknown) => Layer;
  for (const [given, got] of [
    [{ inplace: true }, "an object"],
    [true, "true"],
    [3, "3"],
  ] as const) {
    expectError(
      () => new Class(given),
      ArgumentError,
      `${name} expects no arguments, but got ${got}. Usual cause: torch's inplace, or an option of another class.`,
    );
  }
  expect(String(new Class(undefined))).toBe(`${name}()`);
});
