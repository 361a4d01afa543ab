/** The wasm losses and their gradients against the reference. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LossKernels } from "../../src/kernels/loss.js";
import { referenceClassLosses } from "../../src/kernels/reference/class-loss.js";
import { referenceElementwiseLosses } from "../../src/kernels/reference/elementwise-loss.js";
import { wasmClassLosses } from "../../src/kernels/wasm/class-loss.js";
import { wasmElementwiseLosses } from "../../src/kernels/wasm/elementwise-loss.js";
import { Random } from "../../src/tensor/random.js";
import { expectNear, inMemory, spread } from "../support/kernels.js";

describe("cross-entropy", () => {
  const geometry = fc.record({
    outer: fc.integer({ min: 1, max: 9 }),
    classes: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(200)),
    inner: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 9 })),
  });
  const options = fc.record({
    isWeighted: fc.boolean(),
    smoothing: fc.constantFrom(0, 0, 0.1, 1),
    ignoreIndex: fc.constantFrom(-100, 0),
    keepsEach: fc.boolean(),
  });
  type Options = typeof options extends fc.Arbitrary<infer T> ? T : never;

  function compare(
    g: { outer: number; classes: number; inner: number },
    x: Float32Array,
    { isWeighted, smoothing, ignoreIndex, keepsEach }: Options,
    seed: number,
  ) {
    const rows = g.outer * g.inner;
    const random = new Random(seed >>> 0);
    const labels = Int32Array.from({ length: rows }, () =>
      random.integer(5) === 0 ? ignoreIndex : random.integer(g.classes),
    );
    const weight = Float32Array.from({ length: g.classes }, () => random.uniform(0.5, 2));
    const [losses, gradient] = [new Float32Array(rows), new Float32Array(x.length)];
    const got = { total: NaN };
    const copies = inMemory([x, weight, losses, gradient], (input, w, each, to) => {
      const settings = [labels, ignoreIndex, isWeighted ? w : undefined, smoothing, 1 / rows] as const;
      got.total = wasmClassLosses.crossEntropy(g, input, ...settings, keepsEach ? each : undefined, to);
    });
    const settings = [labels, ignoreIndex, isWeighted ? weight : undefined, smoothing, 1 / rows] as const;
    const total = referenceClassLosses.crossEntropy(g, x, ...settings, losses, gradient);
    return {
      got: { total: got.total, losses: copies[2], gradient: copies[3] },
      want: { total, losses: keepsEach ? losses : copies[2], gradient },
      largest: (2 * 1.2) / rows,
    };
  }

  test("and its gradient are within 2e-6 of the reference", () => {
    fc.assert(
      fc.property(geometry, options, fc.integer(), (g, choice, seed) => {
        const x = spread(g.outer * g.classes * g.inner, seed);
        const { got, want, largest } = compare(g, x, choice, seed);
        // Of a loss near 0, a sum's additions in double precision leave what is not lost beside 1. Weights are up to 2.
        const lost = 2 * g.classes * 2 ** -52;
        expectNear([got.total], [want.total], 2e-6, () => g.outer * g.inner * lost);
        expectNear(got.losses, want.losses, 2e-6, () => lost);
        expectNear(got.gradient, want.gradient, 2e-6, () => 2e-7 * largest);
      }),
      { numRuns: 200 },
    );
  });

  test("has NaN where the reference has them", () => {
    fc.assert(
      fc.property(geometry, options, fc.integer(), (g, choice, seed) => {
        const x = spread(g.outer * g.classes * g.inner, seed, [NaN, Infinity, -Infinity]);
        const { got, want, largest } = compare(g, x, choice, seed);
        expectNear([got.total], [want.total], 2e-6);
        expectNear(got.losses, want.losses, 2e-6);
        expectNear(got.gradient, want.gradient, 1e-5, () => 2e-7 * largest);
      }),
      { numRuns: 200 },
    );
  });

  test("of a prediction that is all but right keeps its digits, and so does the gradient", () => {
    const x = Float32Array.of(18, 0, -1, 0, 20, 1, -3, 2, 19);
    const labels = Int32Array.of(0, 1, 2);
    const g = { outer: 3, classes: 3, inner: 1 };
    const [losses, gradient] = [new Float32Array(3), new Float32Array(9)];
    const copies = inMemory([x, losses, gradient], (input, each, to) =>
      wasmClassLosses.crossEntropy(g, input, labels, -100, undefined, 0, 1, each, to),
    );
    referenceClassLosses.crossEntropy(g, x, labels, -100, undefined, 0, 1, losses, gradient);
    expect(Math.max(...losses)).toBeLessThan(1e-7);
    expectNear(copies[1], losses, 2e-6);
    expectNear(copies[2], gradient, 2e-6);
  });
});

type Elementwise = Pick<LossKernels, keyof typeof referenceElementwiseLosses>;

/** One loss with its settings, as a function of what all have. */
type Call = (
  kernels: Elementwise,
  x: Float32Array,
  target: Float32Array,
  extra: Float32Array,
  losses: Float32Array | undefined,
  gradient: Float32Array,
) => number;

const SCALE = 0.125;
const bit = (random: Random) => random.integer(2);
const unit = (random: Random) =>
  [0, 1, random.uniform(), random.uniform() ** 9, 1 - random.uniform() ** 9][random.integer(5)]!;
const real = (random: Random) => 4 * random.normal();

const CASES: readonly (readonly [string, (r: Random) => number, (r: Random) => number, Call])[] = [
  ["squared error", real, real, (k, x, t, _, l, g) => k.squaredError(x, t, SCALE, l, g)],
  ["absolute error", real, (r) => r.integer(3), (k, x, t, _, l, g) => k.absoluteError(x, t, SCALE, l, g)],
  ["Huber's loss", real, real, (k, x, t, _, l, g) => k.huber(x, t, 1.5, 1.5, SCALE, l, g)],
  ["smooth L1", real, real, (k, x, t, _, l, g) => k.huber(x, t, 0.5, 1, SCALE, l, g)],
  ["smooth L1 of width 0", bit, bit, (k, x, t, _, l, g) => k.huber(x, t, 0, 1, SCALE, l, g)],
  ["binary cross-entropy", unit, bit, (k, x, t, _, l, g) => k.binaryCrossEntropy(x, t, undefined, SCALE, l, g)],
  [
    "binary cross-entropy of shares",
    unit,
    unit,
    (k, x, t, _, l, g) => k.binaryCrossEntropy(x, t, undefined, SCALE, l, g),
  ],
  ["weighted binary cross-entropy", unit, bit, (k, x, t, w, l, g) => k.binaryCrossEntropy(x, t, w, SCALE, l, g)],
  [
    "binary cross-entropy of logits",
    real,
    bit,
    (k, x, t, _, l, g) => k.binaryCrossEntropyWithLogits(x, t, undefined, undefined, SCALE, l, g),
  ],
  [
    "binary cross-entropy of logits and shares",
    real,
    unit,
    (k, x, t, _, l, g) => k.binaryCrossEntropyWithLogits(x, t, undefined, undefined, SCALE, l, g),
  ],
  [
    "weighted binary cross-entropy of logits",
    real,
    bit,
    (k, x, t, w, l, g) => k.binaryCrossEntropyWithLogits(x, t, w, w, SCALE, l, g),
  ],
  ["Kullback–Leibler divergence", real, unit, (k, x, t, _, l, g) => k.klDivergence(x, t, SCALE, l, g)],
  ["the same of logarithms", real, real, (k, x, t, _, l, g) => k.klDivergenceOfLogs(x, t, SCALE, l, g)],
];

describe.each(CASES)("%s", (_, drawX, drawTarget, call) => {
  const length = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constant(16384 * 2 + 7));

  test("and its gradient are within 2e-6 of the reference", () => {
    fc.assert(
      fc.property(length, fc.boolean(), fc.boolean(), fc.integer(), (n, keepsEach, isSpecial, seed) => {
        const random = new Random(seed >>> 0);
        const x = Float32Array.from({ length: n }, () => (isSpecial && random.integer(8) === 0 ? NaN : drawX(random)));
        const target = Float32Array.from({ length: n }, () => drawTarget(random));
        const extra = Float32Array.from({ length: n }, () => random.uniform(0.5, 2));
        const [losses, gradient] = [new Float32Array(n), new Float32Array(n)];
        const got = { total: NaN };
        const copies = inMemory([x, target, extra, losses, gradient], (a, b, c, each, to) => {
          got.total = call(
            { ...referenceElementwiseLosses, ...wasmElementwiseLosses },
            a,
            b,
            c,
            keepsEach ? each : undefined,
            to,
          );
        });
        const total = call(referenceElementwiseLosses, x, target, extra, losses, gradient);
        // Losses of shares are differences of logarithms; of logits, differences of the logits.
        const size = (i: number) => 2e-7 * (1 + Math.abs(x[i]!)) * (target[i] === 0 || target[i] === 1 ? 0 : 1);
        expectNear([got.total], [total], 1e-6, () => 1e-6);
        if (keepsEach) expectNear(copies[3], losses, 1e-6, size);
        expectNear(copies[4], gradient, 1e-6, (i) => SCALE * size(i));
      }),
      { numRuns: 25 },
    );
  });
});
