import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { select } from "../../src/kernels/reference/select.js";
import { log } from "../../src/tensor/log.js";
import { erf, exp, expm1, log1p, power, sigmoid, softplus, tanh, wholePower } from "../../src/tensor/math.js";
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
  /** Neighboring doubles are neighboring integers, also across powers of two and among denormals. */
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

describe("wholePower", () => {
  test("is repeated multiplication, within 1e-12 relative", () => {
    fc.assert(
      fc.property(between(-2, 2), fc.integer({ min: 0, max: 60 }), (base, exponent) => {
        let want = 1;
        for (let i = 0; i < exponent; i++) want *= base;
        expect(Math.abs(wholePower(base, exponent) - want)).toBeLessThanOrEqual(1e-12 * Math.abs(want) + 1e-300);
      }),
    );
  });

  test("reaches 0 and stays there for the exponents of long trainings", () => {
    expect(wholePower(0.999, 1e9)).toBe(0);
    expect(wholePower(0, 0)).toBe(1);
    expect(wholePower(2, 1000)).toBe(2 ** 1000);
  });
});

describe("power", () => {
  test("is within 2⁻⁴¹ of Math.pow, relative, also for whole and half exponents", () => {
    const exponents = fc.oneof(
      between(-20, 20),
      fc.integer({ min: -80, max: 80 }),
      fc.integer({ min: -140, max: 140 }).map((n) => n / 2),
    );
    const base = fc.oneof(between(1e-5, 1e5), between(-50, 50), between(0.9, 1.1));
    fc.assert(
      fc.property(base, exponents, (a, b) => {
        const want = a ** b;
        const got = power(a, b);
        if (Object.is(got, want)) return;
        expect(Math.abs(got - want)).toBeLessThanOrEqual(2 ** -41 * Math.abs(want) + 1e-300);
      }),
      { numRuns: 2000 },
    );
  });

  test("is exact where the result is: whole powers of integers, roots of squares, and their inverses of powers of two", () => {
    fc.assert(
      fc.property(fc.integer({ min: -40, max: 40 }), fc.integer({ min: 0, max: 9 }), (a, b) => {
        let want = 1;
        for (let i = 0; i < b; i++) want *= a;
        expect(power(a, b)).toBe(want);
        expect(power(a * a, b / 2)).toBe(Math.abs(want));
        expect(power(2, -b)).toBe(1 / (1 << b));
      }),
    );
  });

  test("of special values is what C says", () => {
    const special = [0, -0, 1, -1, 2, -2, 0.5, -0.5, 3, Infinity, -Infinity, Number.NaN, 1e300, -1e300, 1e-300];
    for (const a of special) {
      for (const b of special) {
        const one = a === 1 || (a === -1 && Math.abs(b) === Infinity);
        const want = one ? 1 : a ** b;
        if (Number.isFinite(want) && want !== 0) {
          expect(Math.abs(power(a, b) / want - 1), `${a} to ${b}`).toBeLessThanOrEqual(2 ** -41);
        } else expect(power(a, b), `${a} to ${b}`).toBe(want);
      }
    }
  });
});
