/** Functions of one element on values: what they give, their gradients, and what torch makes of the edges of their domains. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { graph, type Layer, type Tensor, tensor, type Value } from "../../src/index.js";
import type { ActivationFunction } from "../../src/kernels/activation.js";
import { activation, activationBackward, keptByActivation } from "../../src/ops/activation.js";
import { clip, FUNCTIONS, powerOf } from "../../src/ops/elementary.js";
import { ArgumentError } from "../../src/shape/errors.js";
import { eachBackend } from "../support/backends.js";
import { expectError } from "../support/errors.js";
import { normal } from "../support/layers.js";
import { expectClose, expectDifferences, shapesOf } from "../support/ops.js";

interface Case {
  readonly f: ActivationFunction<string>;
  readonly numbers?: Readonly<Record<string, number>>;
  /** What tensors make of it. */
  readonly expected: (x: Tensor) => Tensor;
  /** Numbers of its domain, away from kinks. */
  readonly draw: (v: number) => number;
}

const away = (v: number) => v + Math.sign(v);
const positive = (v: number) => Math.abs(v) + 0.5;
const power = (b: number, draw = positive): Case => ({ f: powerOf(b), expected: (x) => x.pow(b), draw });
const CASES: Readonly<Record<string, Case>> = {
  abs: { f: FUNCTIONS.abs, expected: (x) => x.abs(), draw: away },
  sqrt: { f: FUNCTIONS.sqrt, expected: (x) => x.sqrt(), draw: positive },
  exp: { f: FUNCTIONS.exp, expected: (x) => x.exp(), draw: (v) => v },
  log: { f: FUNCTIONS.log, expected: (x) => x.log(), draw: positive },
  clip: { f: clip as Case["f"], numbers: { low: -0.5, high: 1 }, expected: (x) => x.clip(-0.5, 1), draw: (v) => 0.9 * Math.round(3 * v) + 0.05 }, // biome-ignore format: one line
  "pow 0": power(0),
  "pow 1": power(1, away),
  "pow 3": power(3, away),
  "pow −2": power(-2, away),
  "pow 0.5": power(0.5),
  "pow 1.7": power(1.7),
  "pow −0.3": power(-0.3),
};

eachBackend("of one element", () => {
  test.each(Object.entries(CASES))("%s is what tensors say, and its gradient that of double precision", (_, c) => {
    const { f, numbers = {}, expected, draw } = c;
    fc.assert(
      fc.property(shapesOf(), fc.nat(), (shape, seed) => {
        const [x, dy] = [normal(shape, seed).map(draw), normal(shape, seed + 1)];
        const y = activation(f, numbers, x);
        expectClose(y, expected(x));
        const dx = activationBackward(f, numbers, keptByActivation(f, x, y), dy);
        const [double, ddy] = [x.to("float64"), dy.to("float64")];
        const kept = keptByActivation(f, double, activation(f, numbers, double));
        expectClose(dx, activationBackward(f, numbers, kept, ddy));
      }),
    );
  });

  /** y and dx of a composed operation, for dy = 1. */
  function at(compose: (x: Value) => Value, values: readonly number[]) {
    const net = graph(["N"], {}, (_, x) => compose(x as unknown as Value)) as unknown as Layer;
    const y = net.forward(tensor(values));
    return [[...y.data], [...net.backward(y.map(() => 1)).data]];
  }

  test("edges of the domains are torch's", () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    expect(at((x) => x.abs(), [0, -3, nan, -inf])).toEqual([[0, 3, nan, inf], [0, -1, 0, -1]]); // biome-ignore format: one line
    expect(at((x) => x.sqrt(), [0, 4, -1, inf])).toEqual([[0, 2, nan, inf], [inf, 0.25, nan, 0]]); // biome-ignore format: one line
    expect(at((x) => x.exp(), [0, -inf, inf, nan])).toEqual([[1, 0, inf, nan], [1, 0, inf, nan]]); // biome-ignore format: one line
    expect(at((x) => x.log(), [1, 0, -2, inf])).toEqual([[0, -inf, nan, inf], [1, inf, -0.5, 0]]); // biome-ignore format: one line
    expect(at((x) => x.clip(-1, 2), [-1, 2, -1.5, 3, nan, 1])).toEqual([[-1, 2, -1, 2, nan, 1], [1, 1, 0, 0, 0, 1]]); // biome-ignore format: one line
    expect(at((x) => x.clip(0, inf), [-1, 5])).toEqual([[0, 5], [0, 1]]); // biome-ignore format: one line
    // torch.clamp says high where low is above it.
    expect(at((x) => x.clip(2, -2), [0, 5, -5])[0]).toEqual([-2, -2, -2]);
    expect(at((x) => x.pow(0), [0, 2, nan])).toEqual([[1, 1, 1], [0, 0, 0]]); // biome-ignore format: one line
    expect(at((x) => x.pow(3), [0, -2])).toEqual([[0, -8], [0, 12]]); // biome-ignore format: one line
    expect(at((x) => x.pow(1), [0, 5])).toEqual([[0, 5], [1, 1]]); // biome-ignore format: one line
    expect(at((x) => x.pow(-1), [0, 2])).toEqual([[inf, 0.5], [-inf, -0.25]]); // biome-ignore format: one line
    expect(at((x) => x.pow(0.5), [0, 4])).toEqual([[0, 2], [inf, 0.25]]); // biome-ignore format: one line
    expect(at((x) => x.pow(1.5), [0, 4, -1])).toEqual([[0, 8, nan], [0, 3, nan]]); // biome-ignore format: one line
    expect(at((x) => x.square().neg(), [0, 3, -3])).toEqual([[-0, -9, -9], [-0, -6, 6]]); // biome-ignore format: one line
  });
});

describe("gradients", () => {
  test.each(Object.entries(CASES))(
    "of %s agree with differences in double precision",
    (_, { f, numbers = {}, draw }) => {
      fc.assert(
        fc.property(shapesOf(), fc.nat(), (shape, seed) => {
          const run = (x: Tensor) => activation(f, numbers, x);
          const backward = (dy: Tensor, x: Tensor) => [
            activationBackward(f, numbers, keptByActivation(f, x, run(x)), dy),
          ];
          expectDifferences([normal(shape, seed).map(draw)], run, backward, seed);
        }),
        { numRuns: 50 },
      );
    },
  );
});

test("numbers that are none are refused", () => {
  const refuse = (compose: (x: Value) => Value, message: string) => {
    const net = graph(["N"], {}, (_, x) => compose(x as unknown as Value)) as unknown as Layer;
    expectError(() => net.forward(tensor([1])), ArgumentError, message);
  };
  refuse(
    (x) => x.pow("3" as never),
    'Value.pow expects exponent to be a number, but got "3". Usual cause: text or a BigInt, which Number converts, or another argument in its place.',
  );
  refuse(
    (x) => x.pow(x as never),
    "Value.pow expects exponent to be a number, but got a Value. Usual cause: text or a BigInt, which Number converts, or another argument in its place.",
  );
  refuse(
    (x) => x.clip(0, undefined as never),
    "Value.clip expects high to be a number, but got undefined. Usual cause: a division without Math.floor, or an undefined variable.",
  );
  refuse(
    (x) => x.clip(Number.NaN, 1),
    "Value.clip expects low to be a number, but got NaN. Usual cause: a division without Math.floor, or an undefined variable.",
  );
});
