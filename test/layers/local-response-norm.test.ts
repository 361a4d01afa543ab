import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LocalResponseNorm, type LocalResponseNormOptions } from "../../src/layers/local-response-norm.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { reorder, sample } from "../support/convolution.js";
import { expectError } from "../support/errors.js";
import { expectClose } from "../support/fixtures.js";
import { expectGradients, normal } from "../support/layers.js";

/** Any small response norm; windows reach beyond the channels, exponents are multiples of ¼ and others. */
const lrnCase = fc.record({
  size: fc.integer({ min: 1, max: 6 }),
  alpha: fc.constantFrom(1e-4, 0.5, 2),
  beta: fc.constantFrom(0.75, 0, 0.25, 0.5, 1, 2, 3.5, 0.6, 1.3, -0.5),
  k: fc.constantFrom(0.5, 1, 2),
  shape: fc
    .record({
      batch: fc.integer({ min: 1, max: 3 }),
      channels: fc.integer({ min: 1, max: 6 }),
      spatial: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    })
    .map(({ batch, channels, spatial }) => [batch, channels, ...spatial]),
  seed: fc.integer(),
});

type Case = typeof lrnCase extends fc.Arbitrary<infer T> ? T : never;

const make = ({ size, alpha, beta, k }: Case) => new LocalResponseNorm(size, { alpha, beta, k });

/** torch's steps: squares, zeros around the channels, average over the window, scale, shift, power, divide. */
function naive(x: Tensor, size: number, alpha: number, beta: number, k: number): Tensor {
  const [batch, channels, ...spatial] = x.shape as [number, number, ...number[]];
  const inner = spatial.reduce((a, b) => a * b, 1);
  const y = new Tensor(new Float32Array(x.size), x.shape);
  for (let n = 0; n < batch; n++) {
    for (let p = 0; p < inner; p++) {
      const at = (c: number) => (n * channels + c) * inner + p;
      const squares = Array.from({ length: channels }, (_, c) => x.data[at(c)]! ** 2);
      const padded = [
        ...new Array<number>(Math.floor(size / 2)).fill(0),
        ...squares,
        ...new Array<number>(Math.floor((size - 1) / 2)).fill(0),
      ];
      for (let c = 0; c < channels; c++) {
        const average = padded.slice(c, c + size).reduce((a, b) => a + b, 0) / size;
        y.data[at(c)] = x.data[at(c)]! / (k + alpha * average) ** beta;
      }
    }
  }
  return y;
}

describe("LocalResponseNorm, for any shape and options", () => {
  test("is its definition, in train and in eval mode", () => {
    fc.assert(
      fc.property(lrnCase, (c) => {
        const x = normal(c.shape, c.seed);
        const y = make(c).forward(x);
        expectClose(y, naive(x, c.size, c.alpha, c.beta, c.k), "output", 1e-5, 1e-7);
        expect(make(c).eval().forward(x).data).toEqual(y.data);
      }),
    );
  });

  test("gradients agree with differences within 1e-6", () => {
    fc.assert(
      fc.property(lrnCase, (c) => expectGradients(make(c), c.shape, { seed: c.seed })),
      { numRuns: 60 },
    );
  });

  test("a sample gets the same bits alone as in its batch, forward and backward", () => {
    fc.assert(
      fc.property(lrnCase, (c) => {
        const norm = make(c);
        const [x, dy] = [normal(c.shape, c.seed), normal(c.shape, c.seed + 1)];
        const y = norm.forward(x);
        const dx = norm.backward(dy);
        for (let n = 0; n < c.shape[0]!; n++) {
          expect(norm.forward(sample(x, n)).data).toEqual(sample(y, n).data);
          expect(norm.backward(sample(dy, n)).data).toEqual(sample(dx, n).data);
        }
      }),
    );
  });

  test("channels in reverse give the output in reverse for an odd window, which is as wide on both sides", () => {
    fc.assert(
      fc.property(lrnCase, (drawn) => {
        const c = { ...drawn, size: drawn.size | 1 };
        const channels = c.shape[1]!;
        const reversed = Array.from({ length: channels }, (_, i) => channels - 1 - i);
        const x = normal(c.shape, c.seed);
        const want = reorder(make(c).forward(x), 1, reversed);
        expectClose(make(c).forward(reorder(x, 1, reversed)), want, "output", 1e-6, 1e-7);
      }),
    );
  });

  test("outputShape is the shape of the output", () => {
    fc.assert(
      fc.property(lrnCase, (c) => {
        expect(make(c).outputShape(c.shape)).toEqual(c.shape);
      }),
    );
  });
});

describe("LocalResponseNorm's numbers", () => {
  const line = (...values: number[]) => new Tensor(Float32Array.from(values), [1, values.length, 1]);

  test("an even window reaches one channel further back", () => {
    const norm = new LocalResponseNorm(2, { alpha: 2, beta: 1, k: 0 });
    // Channel c sees c − 1 and c: base = x[c − 1]² + x[c]².
    expect([...norm.forward(line(1, 2, 4)).data]).toEqual([1 / 1, 2 / 5, 4 / 20].map(Math.fround));
  });

  test("defaults are torch's: alpha 1e-4, beta 0.75, k 1", () => {
    const x = line(3, -40, 500);
    const want = naive(x, 3, 1e-4, 0.75, 1);
    expectClose(new LocalResponseNorm(3).forward(x), want, "output", 1e-6, 0);
  });

  test("powers of an infinite base are torch's: the neighbors of an infinite value become 0, itself NaN", () => {
    for (const beta of [0.75, 0.6, 2]) {
      const y = new LocalResponseNorm(3, { beta }).forward(line(-1, Infinity, 2, 3)).data;
      expect([...y.slice(0, 3)]).toEqual([-0, NaN, 0]);
      expect(y[3]).toBeCloseTo(3, 2);
    }
    expect([...new LocalResponseNorm(3, { beta: 0 }).forward(line(-1, Infinity)).data]).toEqual([-1, Infinity]);
  });

  test("a negative base has whole powers, and no others", () => {
    const power = (beta: number) => new LocalResponseNorm(1, { alpha: 0, k: -2, beta }).forward(line(4)).data[0];
    expect(power(2)).toBe(1);
    expect(power(1)).toBe(-2);
    expect([power(0.5), power(0.6)]).toEqual([NaN, NaN]);
  });

  test("a batch of no samples gives none", () => {
    const norm = new LocalResponseNorm(3);
    expect(norm.forward(new Tensor(new Float32Array(0), [0, 4, 2])).shape).toEqual([0, 4, 2]);
    expect(norm.backward(new Tensor(new Float32Array(0), [0, 4, 2])).shape).toEqual([0, 4, 2]);
  });

  test("has nothing to learn, and inputGradient: false computes nothing", () => {
    const norm = new LocalResponseNorm(3);
    expect(norm.stateDict()).toEqual({});
    const y = norm.forward(line(1, 2, 3));
    expect(norm.backward(y, { inputGradient: false })).toBeUndefined();
  });
});

describe("LocalResponseNorm's refusals", () => {
  test("a wrong rank", () => {
    expectError(
      () => new LocalResponseNorm(3).forward(normal([2, 6], 1)),
      ShapeError,
      "LocalResponseNorm expects an input [N, C, L], [N, C, H, W] or of more dimensions, but got [2, 6]. Usual cause: images flattened too early, or a missing batch dimension: reshape one sample to [1, C, …].",
    );
  });

  test("bad arguments", () => {
    const cause = "Usual cause: a division without Math.floor, or an undefined variable.";
    expectError(
      () => new LocalResponseNorm(0),
      ArgumentError,
      `LocalResponseNorm expects size to be a positive integer, but got 0. ${cause}`,
    );
    for (const option of ["alpha", "beta", "k"]) {
      expectError(
        () => new LocalResponseNorm(3, { [option]: NaN }),
        ArgumentError,
        `LocalResponseNorm expects ${option} to be a finite number, but got NaN. ${cause}`,
      );
    }
    expectError(
      () => new LocalResponseNorm(3, 1e-4 as LocalResponseNormOptions),
      ArgumentError,
      "LocalResponseNorm expects its options to be an object of alpha, beta, k, but got 0.0001. Usual cause: torch's positional arguments are named here.",
    );
  });
});
