import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ArgumentError,
  Conv2d,
  initializers,
  Linear,
  manualSeed,
  Random,
  type Tensor,
  zeros,
} from "../../src/index.js";
import { expectError } from "../support/errors.js";

const { calculateGain, constant, fans, kaimingNormal, kaimingUniform, normal, uniform, xavierNormal, xavierUniform } =
  initializers;

const shapes = fc
  .tuple(fc.integer({ min: 8, max: 24 }), fc.integer({ min: 8, max: 24 }), fc.integer({ min: 1, max: 5 }))
  .map(([outputs, inputs, kernel]) => [outputs, inputs, kernel, kernel]);

/** Standard deviation and largest magnitude of a sample with mean 0. */
function spread({ data }: Tensor): { readonly std: number; readonly most: number } {
  const square = data.reduce((sum, v) => sum + v * v, 0) / data.length;
  return { std: Math.sqrt(square), most: data.reduce((most, v) => Math.max(most, Math.abs(v)), 0) };
}

/** The deviation of a sample's standard deviation is std·√((kurtosis − 1)/4n); five of them practically never happen. */
function expectStd(tensor: Tensor, std: number): void {
  expect(Math.abs(spread(tensor).std / std - 1)).toBeLessThan((5 * Math.SQRT1_2) / Math.sqrt(tensor.size));
}

describe("initializers", () => {
  test("fans count connections of a unit", () => {
    expect(fans(zeros([8, 4, 3, 3]))).toEqual({ fanIn: 36, fanOut: 72 });
    expect(fans(zeros([10, 84]))).toEqual({ fanIn: 84, fanOut: 10 });
    expectError(
      () => fans(zeros([10])),
      ArgumentError,
      "Initializers expect a weight of at least two dimensions, but got [10]. Usual cause: a bias; fill it with constant.",
    );
  });

  test("gains are torch's", () => {
    expect(calculateGain("relu")).toBe(Math.SQRT2);
    expect(calculateGain("tanh")).toBe(5 / 3);
    expect(calculateGain("selu")).toBe(3 / 4);
    expect(calculateGain("leakyRelu", 0.2)).toBeCloseTo(Math.sqrt(2 / 1.04), 15);
    expect(calculateGain("leakyRelu")).toBeCloseTo(Math.sqrt(2 / 1.0001), 15);
    for (const name of ["linear", "conv2d", "sigmoid"] as const) expect(calculateGain(name)).toBe(1);
  });

  test("Kaiming keeps the variance 2/fan for ReLU, uniform within its bound", () => {
    fc.assert(
      fc.property(shapes, fc.constantFrom("fanIn", "fanOut"), fc.integer(), (shape, mode, seed) => {
        const { fanIn, fanOut } = fans(zeros(shape));
        const std = Math.sqrt(2 / (mode === "fanIn" ? fanIn : fanOut));
        const options = { mode, nonlinearity: "relu", random: new Random(seed) } as const;
        expectStd(kaimingNormal(zeros(shape), options), std);
        const drawn = kaimingUniform(zeros(shape), options);
        expectStd(drawn, std);
        expect(spread(drawn).most).toBeLessThanOrEqual(Math.fround(std * Math.sqrt(3)));
      }),
    );
  });

  test("Xavier keeps the variance gain²·2/(fanIn + fanOut), uniform within its bound", () => {
    fc.assert(
      fc.property(shapes, fc.double({ min: 0.5, max: 2, noNaN: true }), fc.integer(), (shape, gain, seed) => {
        const { fanIn, fanOut } = fans(zeros(shape));
        const std = gain * Math.sqrt(2 / (fanIn + fanOut));
        expectStd(xavierNormal(zeros(shape), { gain, random: new Random(seed) }), std);
        const drawn = xavierUniform(zeros(shape), { gain, random: new Random(seed) });
        expectStd(drawn, std);
        expect(spread(drawn).most).toBeLessThanOrEqual(Math.fround(std * Math.sqrt(3)));
      }),
    );
  });

  test("uniform, normal and constant fill in place and return what they filled", () => {
    const weight = zeros([100, 100]);
    expect(uniform(weight, 2, 3, { random: new Random(1) })).toBe(weight);
    expect(weight.min().item()).toBeGreaterThanOrEqual(2);
    expect(weight.max().item()).toBeLessThanOrEqual(3);
    expect(
      normal(weight, 5, 0.1, { random: new Random(1) })
        .mean()
        .item(),
    ).toBeCloseTo(5, 1);
    expect(constant(weight, 7).data.every((v) => v === 7)).toBe(true);
  });

  test("one seed decides every default weight", () => {
    const draw = (seed: number) => {
      manualSeed(seed);
      return [new Conv2d(2, 3, 3).stateDict(), new Linear(4, 5).stateDict()];
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test("torch's default: weight and bias uniform in ±1/√fanIn", () => {
    manualSeed(1);
    const { weight, bias } = new Conv2d(4, 64, 5, { groups: 2 });
    const bound = Math.fround(1 / Math.sqrt(2 * 25));
    expect(spread(weight.value).most).toBeLessThanOrEqual(bound);
    expect(spread(weight.value).most).toBeGreaterThan(0.99 * bound);
    expect(spread(bias!.value).most).toBeLessThanOrEqual(bound);
    expect(spread(bias!.value).most).toBeGreaterThan(0.8 * bound);
  });
});
