import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Parameter } from "../../src/graph/parameter.js";
import { ArgumentError } from "../../src/shape/errors.js";
import { tensor } from "../../src/tensor/create.js";
import { clipGradNorm, clipGradValue } from "../../src/train.js";
import { expectError } from "../support/errors.js";
import { normal } from "../support/layers.js";

/** Parameters with these gradients. */
function withGradients(...gradients: number[][]): Parameter[] {
  return gradients.map((gradient, i) => {
    const parameter = new Parameter(`p${i}`, tensor(gradient));
    parameter.grad.data.set(gradient);
    return parameter;
  });
}

const gradientsOf = (parameters: readonly Parameter[]) => parameters.flatMap(({ grad }) => [...grad.data]);

/** The p-norm by its definition. */
const normOf = (values: readonly number[], p: number) =>
  p === Infinity ? Math.max(0, ...values.map(Math.abs)) : values.reduce((s, v) => s + Math.abs(v) ** p, 0) ** (1 / p);

const gradients = fc
  .tuple(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }), fc.integer())
  .map(([sizes, seed]) => sizes.map((size, i) => [...normal([size], seed + i).data]));
const normType = fc.constantFrom(1, 2, 3, 0.5, Infinity);

describe("clipGradNorm", () => {
  test("returns the norm of all gradients as one vector, within 1e-9", () => {
    fc.assert(
      fc.property(gradients, normType, (gradients, normType) => {
        const norm = clipGradNorm(withGradients(...gradients), 1e9, { normType });
        const want = normOf(gradients.flat(), normType);
        expect(Math.abs(norm - want)).toBeLessThan(1e-9 * want);
      }),
    );
  });

  test("leaves a norm of at most maxNorm, in the same direction", () => {
    fc.assert(
      fc.property(gradients, normType, fc.constantFrom(0.1, 1, 10), (gradients, normType, maxNorm) => {
        const parameters = withGradients(...gradients);
        const norm = clipGradNorm(parameters, maxNorm, { normType });
        const after = gradientsOf(parameters);
        expect(normOf(after, normType)).toBeLessThan(maxNorm * (1 + 1e-6));
        const factor = Math.min(1, maxNorm / (norm + 1e-6));
        gradients.flat().forEach((g, i) => {
          expect(after[i]).toBeCloseTo(factor * g, 6);
        });
      }),
    );
  });

  test("changes no bit of gradients below maxNorm, and by default takes the 2-norm", () => {
    const parameters = withGradients([3], [4, 0]);
    expect(clipGradNorm(parameters, 5.1)).toBe(5);
    expect(gradientsOf(parameters)).toEqual([3, 4, 0]);
  });

  test("leaves frozen parameters out, and their gradients alone", () => {
    const parameters = withGradients([3], [100]);
    parameters[1]!.requiresGrad = false;
    expect(clipGradNorm(parameters, 1)).toBe(3);
    expect(gradientsOf(parameters)[1]).toBe(100);
  });

  test("the norm of nothing is 0; NaN makes all gradients NaN, Infinity makes the finite ones 0, as in torch", () => {
    expect(clipGradNorm([], 1)).toBe(0);
    expect(clipGradNorm([], 1, { normType: Infinity })).toBe(0);
    const poisoned = withGradients([1, Number.NaN], [2]);
    expect(clipGradNorm(poisoned, 1)).toBeNaN();
    expect(gradientsOf(poisoned)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    const infinite = withGradients([1, Infinity]);
    expect(clipGradNorm(infinite, 1)).toBe(Infinity);
    expect(gradientsOf(infinite)).toEqual([0, Number.NaN]);
    expect(clipGradNorm(withGradients([1, Number.NaN]), 1, { normType: Infinity })).toBeNaN();
  });

  test("sums in double precision: a norm beyond float32 is no overflow", () => {
    expect(clipGradNorm(withGradients([3e38, 3e38]), 1)).toBeCloseTo(Math.SQRT2 * 3e38, -33);
  });
});

describe("clipGradValue", () => {
  test("bounds every gradient to ±clipValue, and keeps NaN", () => {
    const parameters = withGradients([-3, -0.5, 0], [0.5, 2, Infinity, Number.NaN]);
    clipGradValue(parameters, 1);
    expect(gradientsOf(parameters)).toEqual([-1, -0.5, 0, 0.5, 1, 1, Number.NaN]);
  });

  test("leaves frozen parameters alone", () => {
    const parameters = withGradients([5]);
    parameters[0]!.requiresGrad = false;
    clipGradValue(parameters, 1);
    expect(gradientsOf(parameters)).toEqual([5]);
  });
});

describe("bad input", () => {
  const model = { parameters: () => [] } as unknown as Parameter[];
  const cases: [run: () => unknown, text: string][] = [
    [() => clipGradNorm([], -1), "clipGradNorm expects maxNorm to be a number ≥ 0, but got -1."],
    [() => clipGradNorm([], Number.NaN), "clipGradNorm expects maxNorm to be a number ≥ 0, but got NaN."],
    [
      () => clipGradNorm([], 1, { normType: 0 }),
      'clipGradNorm expects normType to be above 0, but got 0. Usual cause: "inf" as text, where Infinity is meant.',
    ],
    [
      () => clipGradNorm([], 1, { normType: "inf" as unknown as number }),
      'clipGradNorm expects normType to be above 0, but got inf. Usual cause: "inf" as text, where Infinity is meant.',
    ],
    [
      () => clipGradNorm(model, 1),
      "clipGradNorm expects an array of Parameters. Usual cause: the model itself, where model.parameters() is meant.",
    ],
    [() => clipGradValue([], -1), "clipGradValue expects clipValue to be a number ≥ 0, but got -1."],
    [
      () => clipGradValue(model, 1),
      "clipGradValue expects an array of Parameters. Usual cause: the model itself, where model.parameters() is meant.",
    ],
  ];
  for (const [run, text] of cases) test(text, () => expectError(run, ArgumentError, text));
});
