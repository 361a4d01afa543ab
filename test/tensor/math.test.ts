import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { select } from "../../src/kernels/reference/select.js";
import { log } from "../../src/tensor/log.js";
import { erf, exp, expm1, log1p, sigmoid, softplus, tanh } from "../../src/tensor/math.js";
import { exact, ulpsFrom } from "../support/exact.js";

const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });

/** Everything that is promised of a function: where it is sampled, how far it may be off, and its special values. */
const promises: readonly {
  readonly name: keyof typeof exact;
  readonly f: (x: number) => number;
  readonly ulps: number;
  readonly on: readonly (readonly [number, number])[];
  readonly values: readonly (readonly [x: number, y: number])[];
}[] = [
  {
    name: "exp",
    f: exp,
    ulps: 1,
    on: [
      [-1, 1],
      [-80, 40],
      [-0.36, -0.33],
    ],
    values: [
      [0, 1],
      [-0, 1],
      [1e-300, 1],
      [5e-324, 1],
      [709.782712893384, 1.7976931348622732e308],
      [709.7827128933841, Infinity],
      [1e308, Infinity],
      [-745.1332191019411, 5e-324],
      [-745.1332191019412, 0],
      [-1e308, 0],
    ],
  },
  {
    name: "expm1",
    f: expm1,
    ulps: 1.5,
    on: [
      [-1, 1],
      [-50, 50],
      [0.34, 0.36],
      [-0.36, -0.34],
      [-1e-6, 1e-6],
    ],
    values: [
      [0, 0],
      [-0, -0],
      [5e-324, 5e-324],
      [-2e-308, -2e-308],
      [710, Infinity],
      [-800, -1],
    ],
  },
  {
    name: "log",
    f: log,
    ulps: 2,
    on: [
      [1e-15, 2],
      [0.7, 1.42],
      [1, 1e20],
    ],
    values: [
      [1, 0],
      [0, -Infinity],
      [-0, -Infinity],
      [-1, Number.NaN],
      [5e-324, -744.4400719213812],
      [1.7976931348623157e308, 709.782712893384],
    ],
  },
  {
    name: "log1p",
    f: log1p,
    ulps: 1.5,
    on: [
      [-0.999, 3],
      [-1e-6, 1e-6],
      [1, 1e20],
    ],
    values: [
      [0, 0],
      [-0, -0],
      [5e-324, 5e-324],
      [-1, -Infinity],
      [-2, Number.NaN],
      [1e308, 709.1962086421661],
    ],
  },
  {
    name: "tanh",
    f: tanh,
    ulps: 2,
    on: [
      [-1, 1],
      [-25, 25],
      [0.54, 0.56],
      [-1e-6, 1e-6],
    ],
    values: [
      [0, 0],
      [-0, -0],
      [5e-324, 5e-324],
      [-1e308, -1],
      [23, 1],
    ],
  },
  {
    name: "sigmoid",
    f: sigmoid,
    ulps: 2,
    on: [
      [-5, 5],
      [-80, 80],
      [-40.1, -39.9],
    ],
    values: [
      [0, 0.5],
      [-0, 0.5],
      [-1e308, 0],
      [1e308, 1],
    ],
  },
  {
    name: "softplus",
    f: softplus,
    ulps: 2,
    on: [
      [-5, 5],
      [-80, 80],
    ],
    values: [
      [0, Math.LN2],
      [-1e308, 0],
      [1e308, 1e308],
    ],
  },
  {
    name: "erf",
    f: erf,
    ulps: 2.5,
    on: [
      [-1, 1],
      [-6, 6],
      [-1e-6, 1e-6],
      [0.06, 0.07],
    ],
    values: [
      [0, 0],
      [-0, -0],
      [5e-324, 5e-324],
      [6, 1],
      [-1e308, -1],
    ],
  },
];

const limits: Record<keyof typeof exact, readonly [atMinusInfinity: number, atInfinity: number]> = {
  exp: [0, Infinity],
  expm1: [-1, Infinity],
  log: [Number.NaN, Infinity],
  log1p: [Number.NaN, Infinity],
  tanh: [-1, 1],
  sigmoid: [0, 1],
  softplus: [0, Infinity],
  erf: [-1, 1],
};

describe.each(promises)("$name", ({ name, f, ulps, on, values }) => {
  test.each(on)(`is within ${ulps} units in the last place of the exact value from %d to %d`, (min, max) => {
    fc.assert(
      fc.property(between(min, max), (x) => {
        fc.pre(Math.abs(x) > 1e-40); // the exact arithmetic has 240 bits
        expect(ulpsFrom(exact[name], x, f(x))).toBeLessThanOrEqual(ulps);
      }),
    );
  });

  test.each(values)("of %d is %d", (x, y) => expect(f(x)).toBe(y));

  test("has its limits at ±∞, and is NaN at NaN", () => {
    expect([f(-Infinity), f(Infinity), f(Number.NaN)]).toEqual([...limits[name], Number.NaN]);
  });
});

describe("exp, expm1, log and log1p over the whole range of doubles", () => {
  /** Neighbouring doubles are neighbouring integers, also across powers of two and among denormals. */
  const ordinal = (x: number) => new BigInt64Array(new Float64Array([x]).buffer)[0]!;
  const steps = (a: number, b: number) => Math.abs(Number(ordinal(a) - ordinal(b)));
  test.each([
    ["exp", exp, Math.exp, between(-746, 710)],
    ["expm1", expm1, Math.expm1, between(-746, 710)],
    ["log", log, Math.log, between(0, Number.MAX_VALUE)],
    ["log1p", log1p, Math.log1p, between(0, Number.MAX_VALUE)],
  ] as const)("%s is within 2 doubles of Math's", (_, own, standard, x) => {
    fc.assert(
      fc.property(x, (x) => {
        expect(steps(own(x), standard(x))).toBeLessThanOrEqual(2);
      }),
      { numRuns: 1000 },
    );
  });
});

test("tanh and erf are odd, and never leave [−1, 1]; exp never decreases from one double to the next", () => {
  fc.assert(
    fc.property(between(-30, 30), (x) => {
      expect([tanh(-x), erf(-x)]).toEqual([-tanh(x), -erf(x)]);
      expect(Math.max(Math.abs(tanh(x)), Math.abs(erf(x)))).toBeLessThanOrEqual(1);
      expect(exp(x + Math.abs(x) * 2 ** -50)).toBeGreaterThanOrEqual(exp(x));
    }),
  );
});

test("select picks like ?:, Number.NaN, infinities and −0 included", () => {
  fc.assert(
    fc.property(fc.boolean(), fc.double(), fc.double(), (condition, yes, no) => {
      expect(select(condition, yes, no)).toBe(condition ? yes : no);
    }),
  );
});
