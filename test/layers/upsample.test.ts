import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Upsample } from "../../src/layers/upsample.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import type { UpsampleMode, UpsampleOptions } from "../../src/shape/upsample.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { expectClose } from "../support/fixtures.js";
import { dot, expectGradients, normal } from "../support/layers.js";
import { build, expectSame } from "../support/naive.js";
import { expectBatchInvariance, expectChannelPermutation } from "../support/planes.js";

interface UpsampleCase {
  readonly options: UpsampleOptions & { readonly mode: UpsampleMode };
  readonly shape: number[];
  readonly seed: number;
}

/** The modes and the numbers of dimensions that each takes. */
const MODES = [
  ...[1, 2, 3].flatMap((dims) => [["nearest", dims] as const, ["nearest-exact", dims] as const]),
  ["linear", 1],
  ["bilinear", 2],
  ["bicubic", 2],
  ["trilinear", 3],
] as const;

/** Any mode on any small input: by a size or a scale, one for all dimensions or one for each, up or down, with any option. */
const upsampleCase: fc.Arbitrary<UpsampleCase> = fc
  .constantFrom(...MODES)
  .chain(([mode, dims]) => {
    const perDim = <T>(each: fc.Arbitrary<T>) => fc.oneof(each, fc.array(each, { minLength: dims, maxLength: dims }));
    const size = perDim(fc.integer({ min: 1, max: 12 })).map((size) => ({ size }));
    const factor = fc.oneof(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 30, max: 250 }).map((percent) => percent / 100),
    );
    const scale = fc.record(
      { scaleFactor: perDim(factor), recomputeScaleFactor: fc.boolean() },
      { requiredKeys: ["scaleFactor"] },
    );
    const corners = fc.record({ alignCorners: fc.boolean() }, { requiredKeys: [] });
    return fc.record({
      target: fc.oneof(size, scale),
      corners: mode.startsWith("nearest") ? fc.constant({}) : corners,
      shape: fc.tuple(...[2, 3].map((max) => fc.integer({ min: 1, max }))),
      sizes: fc.array(fc.integer({ min: 1, max: dims === 3 ? 4 : 6 }), { minLength: dims, maxLength: dims }),
      seed: fc.integer(),
      mode: fc.constant(mode),
    });
  })
  .map(({ target, corners, shape, sizes, seed, mode }) => ({
    options: { ...target, ...corners, mode },
    shape: [...shape, ...sizes],
    seed,
  }))
  .filter(({ options, shape }) => outputSizes(options, shape).every((size) => size > 0));

const along = (value: number | readonly number[], dim: number) => (typeof value === "number" ? value : value[dim]!);

const outputSizes = ({ size, scaleFactor }: UpsampleOptions, shape: readonly number[]) =>
  shape.slice(2).map((each, k) => (size === undefined ? Math.floor(each * along(scaleFactor!, k)) : along(size, k)));

/** Keys' kernel by its piecewise definition. */
const keys = (d: number, a = -0.75) =>
  d < 1 ? (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1 : d < 2 ? a * (d ** 3 - 5 * d ** 2 + 8 * d - 4) : 0;

const clamp = (value: number, most: number) => Math.min(Math.max(value, 0), most);

/** Weight of every input pixel of one dimension in output pixel i, from the definition of each mode. */
function weights(options: UpsampleCase["options"], size: number, out: number, dim: number, i: number): number[] {
  const { mode, scaleFactor, alignCorners, recomputeScaleFactor } = options;
  const ratio = scaleFactor === undefined || recomputeScaleFactor ? size / out : 1 / along(scaleFactor, dim);
  const position = alignCorners ? (i * (size - 1)) / Math.max(out - 1, 1) : (i + 0.5) * ratio - 0.5;
  const pixels = Array.from({ length: size }, (_, at) => at);
  const only = (chosen: number) => pixels.map((at) => (at === clamp(chosen, size - 1) ? 1 : 0));
  switch (mode) {
    case "nearest":
      return only(Math.floor(i * ratio + 1e-6)); // a whole number stays one, however it was rounded
    case "nearest-exact":
      return only(Math.round(position + 1e-6)); // halfway goes up
    case "bicubic":
      return [-1, 0, 1, 2]
        .map((tap) => Math.floor(position) + tap)
        .reduce((sum, tap) => {
          return sum.map((value, at) => value + (at === clamp(tap, size - 1) ? keys(Math.abs(position - tap)) : 0));
        }, new Array<number>(size).fill(0));
    default:
      if (size === out) return only(i);
      return pixels.map((at) => Math.max(0, 1 - Math.abs(at - clamp(position, size - 1))));
  }
}

/** y = Σ over all input pixels of the product of the dimensions' weights. */
function naiveUpsample({ options, shape }: UpsampleCase, x: Tensor): Tensor {
  const [, , ...sizes] = shape;
  const out = outputSizes(options, shape);
  const dims = sizes.map((size, k) => Array.from({ length: out[k]! }, (_, i) => weights(options, size, out[k]!, k, i)));
  const mix = (place: number[], rest: number[][]): number => {
    const [first, ...others] = rest;
    if (!first) return x.at(...place);
    return first.reduce((sum, w, at) => (w === 0 ? sum : sum + w * mix([...place, at], others)), 0);
  };
  return build([...shape.slice(0, 2), ...out], (place) =>
    mix(
      place.slice(0, 2),
      place.slice(2).map((i, k) => dims[k]![i]!),
    ),
  );
}

const layerOf = ({ options }: UpsampleCase) => new Upsample(options);

/** A signal as [1, 1, L], and the numbers of one. */
const signal = (...values: number[]) => new Tensor(Float32Array.from(values), [1, 1, values.length]);
const numbers = (x: Tensor) => [...x.data];

describe("Upsample", () => {
  test("mixes every output pixel as its mode is defined, for any input and option", () => {
    fc.assert(
      fc.property(upsampleCase, (c) => {
        const x = normal(c.shape, c.seed);
        const want = naiveUpsample(c, x);
        expectClose(layerOf(c).forward(x), want, "output", 1e-5, 1e-5);
        expect(layerOf(c).outputShape(c.shape)).toEqual(want.shape);
      }),
      { numRuns: 300 },
    );
  });

  test("gradients agree with differences within 1e-6, for any input and option", () => {
    fc.assert(fc.property(upsampleCase, (c) => expectGradients(layerOf(c), c.shape, { seed: c.seed })));
  });

  test("backward is the adjoint of forward: ⟨up x, y⟩ = ⟨x, upᵀ y⟩", () => {
    fc.assert(
      fc.property(upsampleCase, (c) => {
        const up = layerOf(c);
        const x = normal(c.shape, c.seed);
        const resized = up.forward(x);
        const y = normal(resized.shape, c.seed + 1);
        // Sums of n products of normal numbers in single precision are off by some √n · 10⁻⁶.
        const gap = Math.abs(dot(resized, y) - dot(x, up.backward(y)));
        expect(gap).toBeLessThan(1e-5 * Math.sqrt(resized.size));
      }),
    );
  });

  test("constant images stay constant", () => {
    fc.assert(
      fc.property(upsampleCase, (c) => {
        const y = layerOf(c).forward(build(c.shape, () => 0.7));
        expectClose(
          y,
          build(y.shape, () => 0.7),
          "output",
          1e-6,
          0,
        );
      }),
    );
  });

  test("the input's own size gives the input", () => {
    fc.assert(
      fc.property(upsampleCase, ({ options: { mode }, shape, seed }) => {
        const x = normal(shape, seed);
        expectSame(new Upsample({ mode, size: shape.slice(2) }).forward(x), x);
        expectSame(new Upsample({ mode, scaleFactor: 1 }).forward(x), x);
      }),
    );
  });

  test("is the same for each image of a batch, and commutes with a permutation of the channels", () => {
    fc.assert(
      fc.property(upsampleCase, (c) => {
        expectBatchInvariance(layerOf(c), c.shape, c.seed);
        expectChannelPermutation(layerOf(c), c.shape, c.seed);
      }),
    );
  });

  test("nearest is the default mode", () => {
    expect(numbers(new Upsample({ scaleFactor: 2 }).forward(signal(1, 2)))).toEqual([1, 1, 2, 2]);
  });

  test("nearest takes the pixel before, nearest-exact the closest", () => {
    const x = signal(0, 1, 2, 3, 4);
    expect(numbers(new Upsample({ size: 2, mode: "nearest" }).forward(x))).toEqual([0, 2]);
    expect(numbers(new Upsample({ size: 2, mode: "nearest-exact" }).forward(x))).toEqual([1, 3]);
  });

  test("nearest finds its pixel in single precision, as torch does: 23 · 14/46 is below 7 there", () => {
    const y = new Upsample({ size: 46 }).forward(signal(...Array(14).keys()));
    expect(y.data[23]).toBe(6);
    const whole = new Upsample({ size: 50 }).forward(signal(0, 1)); // 25 · 2/50 is 1 there
    expect(whole.data[25]).toBe(1);
  });

  test("linear mixes by distance, with the corners' edges or centers in place", () => {
    const x = signal(0, 4);
    expect(numbers(new Upsample({ size: 4, mode: "linear" }).forward(x))).toEqual([0, 1, 3, 4]);
    expect(numbers(new Upsample({ size: 5, mode: "linear", alignCorners: true }).forward(x))).toEqual([0, 1, 2, 3, 4]);
  });

  test("bicubic overshoots by Keys' kernel with a = −3/4", () => {
    const step = new Tensor(Float32Array.of(0, 0, 1, 1), [1, 1, 1, 4]);
    const y = new Upsample({ size: [1, 8], mode: "bicubic" }).forward(step);
    // keys(3/4), keys(5/4), keys(1/4) and keys(7/4) at every quarter: exact in binary.
    expect(numbers(y)).toEqual([0, -0.03515625, -0.10546875, 0.2265625, 0.7734375, 1.10546875, 1.03515625, 1]);
  });

  test("alignCorners keeps the corner pixels", () => {
    const x = normal([1, 1, 4, 5], 1);
    for (const mode of ["bilinear", "bicubic"] as const) {
      const y = new Upsample({ size: [9, 13], mode, alignCorners: true }).forward(x);
      const corners = (t: Tensor) => [t.at(0, 0, 0, 0), t.at(0, 0, 0, -1), t.at(0, 0, -1, 0), t.at(0, 0, -1, -1)];
      corners(y).forEach((value, k) => {
        expect(value).toBeCloseTo(corners(x)[k]!, 5);
      });
    }
  });

  test("alignCorners with one output pixel takes the first", () => {
    expect(numbers(new Upsample({ size: 1, mode: "linear", alignCorners: true }).forward(signal(3, 5, 9)))).toEqual([
      3,
    ]);
    expect(numbers(new Upsample({ size: 1, mode: "linear" }).forward(signal(3, 5, 9)))).toEqual([5]);
  });

  test("the scale given makes the positions, or with recomputeScaleFactor the sizes' ratio", () => {
    const x = signal(0, 1, 2, 3, 4);
    const bySize = numbers(new Upsample({ size: 7, mode: "linear" }).forward(x));
    const given = numbers(new Upsample({ scaleFactor: 1.5, mode: "linear" }).forward(x));
    const recomputed = new Upsample({ scaleFactor: 1.5, mode: "linear", recomputeScaleFactor: true }).forward(x);
    expect(numbers(recomputed)).toEqual(bySize);
    expect(given.at(-1)).toBeCloseTo(6.5 / 1.5 - 0.5, 6);
    expect(bySize.at(-1)).toBe(4);
  });

  test("a dimension whose scale rounds down to its own size is copied by linear modes", () => {
    const x = signal(0, 1, 2, 3, 4);
    expect(numbers(new Upsample({ scaleFactor: 1.1, mode: "linear" }).forward(x))).toEqual([0, 1, 2, 3, 4]);
  });

  test("one size or scale for each dimension, in the dimensions' order", () => {
    expect(new Upsample({ size: [3, 8] }).outputShape([1, 2, 5, 5])).toEqual([1, 2, 3, 8]);
    expect(new Upsample({ scaleFactor: [2, 0.5] }).outputShape([1, 2, 5, 5])).toEqual([1, 2, 10, 2]);
  });

  test("NaN and infinities reach every output that mixes them, also with weight 0", () => {
    const up = new Upsample({ scaleFactor: 2, mode: "linear" });
    expect(numbers(up.forward(signal(0, Number.NaN, 0)))).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN, 0]); // biome-ignore format: one line
    expect(numbers(up.forward(signal(Infinity, 0, 0)))).toEqual([Infinity, Infinity, Infinity, 0, 0, 0]);
    // A copied dimension is 1 · x + 0 · x in torch.
    const copy = new Upsample({ size: 3, mode: "linear" });
    expect(numbers(copy.forward(signal(1, Infinity, 2)))).toEqual([1, Number.NaN, 2]);
    const nearest = new Upsample({ scaleFactor: 2 });
    expect(numbers(nearest.forward(signal(-Infinity, Number.NaN)))).toEqual([-Infinity, -Infinity, Number.NaN, Number.NaN]); // biome-ignore format: one line
  });

  test("an empty batch gives an empty batch", () => {
    const up = new Upsample({ scaleFactor: 2, mode: "bilinear" });
    expect(up.forward(new Tensor(new Float32Array(0), [0, 3, 4, 4])).shape).toEqual([0, 3, 8, 8]);
    expect(up.backward(new Tensor(new Float32Array(0), [0, 3, 8, 8])).shape).toEqual([0, 3, 4, 4]);
  });

  test("backward skips the input gradient when nobody wants it", () => {
    const up = new Upsample({ scaleFactor: 2 });
    expect(up.backward(up.forward(signal(1, 2)), { inputGradient: false })).toBeUndefined();
  });
});

describe("Upsample refuses", () => {
  const refuse = (options: UpsampleOptions, message: string) =>
    expectError(() => new Upsample(options), ArgumentError, message);
  const refuseInput = (options: UpsampleOptions, shape: number[], message: string) => {
    expectError(() => new Upsample(options).forward(normal(shape, 0)), ShapeError, message);
    expectError(() => new Upsample(options).outputShape(shape), ShapeError, message);
  };

  test("both or neither of size and scaleFactor", () => {
    refuse({}, "Upsample expects either size or scaleFactor, but got neither. Usual cause: a misspelled option.");
    refuse(
      { size: 4, scaleFactor: 2 },
      "Upsample expects either size or scaleFactor, but got both. Usual cause: a scaleFactor left over from another setting.",
    );
  });

  test("an unknown mode", () => {
    refuse(
      { size: 4, mode: "area" as UpsampleMode },
      'Upsample expects mode to be one of "nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", but got "area".',
    );
  });

  test("a size that is zero or fractional, a scale that is not positive", () => {
    const cause = "Usual cause: a division without Math.floor, or an undefined variable.";
    refuse({ size: 0 }, `Upsample expects size to be a positive integer, but got 0. ${cause}`);
    refuse({ size: [4, 2.5] }, `Upsample expects size to be a positive integer, but got 2.5. ${cause}`);
    for (const [scaleFactor, shown] of [
      [0, "0"],
      [[2, -1], "-1"],
      [Number.NaN, "NaN"],
      [Infinity, "Infinity"],
    ] as const) {
      refuse(
        { scaleFactor },
        `Upsample expects scaleFactor to be a positive number, but got ${shown}. Usual cause: a division by 0, or an undefined variable.`,
      );
    }
  });

  test("alignCorners with a nearest mode, true or false", () => {
    const message = (mode: string, got: boolean) =>
      `Upsample expects no alignCorners in mode "${mode}", which mixes no pixels, but got ${got}. Usual cause: a missing mode: "bilinear".`;
    refuse({ size: 4, alignCorners: true }, message("nearest", true));
    refuse({ size: 4, mode: "nearest-exact", alignCorners: false }, message("nearest-exact", false));
  });

  test("recomputeScaleFactor with a size", () => {
    refuse(
      { size: [4, 5], recomputeScaleFactor: true },
      "Upsample expects a scaleFactor with recomputeScaleFactor, but got size [4, 5]. Usual cause: a size gives the ratio already.",
    );
  });

  test("a positional size", () => {
    expectError(
      () => new Upsample(4 as UpsampleOptions),
      ArgumentError,
      "Upsample expects its options to be an object of size, scaleFactor, mode, alignCorners, recomputeScaleFactor, but got 4. Usual cause: torch's positional arguments are named here.",
    );
  });

  test("an input whose rank the mode does not take", () => {
    const message = (layouts: string, mode: string, got: string) =>
      `Upsample expects an input ${layouts} in mode "${mode}", but got ${got}. Usual cause: a missing batch dimension, or another mode's input: "linear" resizes [N, C, L], "bilinear" and "bicubic" [N, C, H, W].`;
    refuseInput({ size: 4, mode: "bilinear" }, [3, 5, 5], message("[N, C, H, W]", "bilinear", "[3, 5, 5]"));
    refuseInput({ size: 4, mode: "linear" }, [1, 3, 5, 5], message("[N, C, L]", "linear", "[1, 3, 5, 5]"));
    refuseInput({ size: 4, mode: "bicubic" }, [1, 2, 3, 5, 5], message("[N, C, H, W]", "bicubic", "[1, 2, 3, 5, 5]"));
    refuseInput({ size: 4, mode: "trilinear" }, [1, 3, 5, 5], message("[N, C, D, H, W]", "trilinear", "[1, 3, 5, 5]"));
    refuseInput({ size: 4 }, [5, 5], message("[N, C, L], [N, C, H, W] or [N, C, D, H, W]", "nearest", "[5, 5]"));
  });

  test("a list of sizes or scales of another length than the dimensions", () => {
    refuseInput(
      { size: [1, 3, 4, 4] },
      [1, 3, 2, 2],
      "Upsample expects one size for each of the 2 dimensions after [N, C], but got [1, 3, 4, 4] for the input [1, 3, 2, 2]. Usual cause: batch and channels listed as well.",
    );
    refuseInput(
      { scaleFactor: [2], mode: "bilinear" },
      [1, 3, 2, 2],
      "Upsample expects one scaleFactor for each of the 2 dimensions after [N, C], but got [2] for the input [1, 3, 2, 2]. Usual cause: batch and channels listed as well.",
    );
  });

  test("an image without pixels, before or after", () => {
    const message = (after: string, before: string) =>
      `Upsample expects at least one channel and one pixel along each dimension, before and after, but would make ${after} of ${before}. Usual cause: a scaleFactor below 1 on an image that earlier layers made small.`;
    refuseInput({ scaleFactor: 0.25 }, [1, 3, 8, 3], message("[1, 3, 2, 0]", "[1, 3, 8, 3]"));
    refuseInput({ size: 2 }, [1, 3, 0, 3], message("[1, 3, 2, 2]", "[1, 3, 0, 3]"));
    refuseInput({ size: 2 }, [1, 0, 3, 3], message("[1, 0, 2, 2]", "[1, 0, 3, 3]"));
  });
});
