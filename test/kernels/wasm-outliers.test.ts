/**
 * An output's error is bounded by what it reads, whatever lies beside that (docs/kernels.md): with u = 2⁻²⁴,
 *
 *     y, dx     |error| ≤ 256·u · Σ |w| · R
 *     dw        |error| ≤ 2048·u · √(Σ (M·D)²) over what the entry reads
 *
 * R being the largest magnitude that the output reads, Σ |w| over its filter, M and D the largest magnitudes of x and dy of
 * all channels of a pixel. Numbers that an output does not read are not part of that, so it is what holds without them.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ConvKernels } from "../../src/kernels/conv.js";
import { RELU } from "../../src/kernels/epilogue.js";
import { referenceConv } from "../../src/kernels/reference/conv.js";
import { supports } from "../../src/kernels/wasm/assembler/simd.js";
import { algorithmOf, wasmConv } from "../../src/kernels/wasm/conv.js";
import { kernelCall } from "../../src/kernels/wasm/memory.js";
import { epilogueKernels } from "../../src/ops/epilogue.js";
import { type ConvGeometry, convGeometry, convSettings } from "../../src/shape/conv.js";
import { Random } from "../../src/tensor/random.js";
import { arrays, normals } from "../support/wasm.js";

const simds = (["plain", "relaxed"] as const).filter(supports);
const directions = ["forward", "inputGradient", "weightGradient"] as const;
type Direction = (typeof directions)[number];
const BOUND = { forward: 256, inputGradient: 256, weightGradient: 2048 };

/** [batch, channels, filters, size, kernel, stride, padding] of every algorithm that mixes numbers. */
const SHAPES = [
  [1, 64, 64, 14, 3, 1, 1],
  [1, 16, 64, 23, 3, 1, 0],
  [1, 48, 64, 9, 3, 1, 2],
  [3, 64, 64, 7, 3, 1, 1],
  [1, 64, 48, 13, 5, 1, 2],
  [1, 48, 48, 12, 4, 1, 1],
  [2, 64, 64, 12, 2, 1, 0],
  [1, 64, 64, 27, 5, 2, 2],
  [1, 32, 64, 30, 7, 2, 3],
  [1, 48, 64, 28, 4, 2, 1],
  [1, 64, 128, 28, 3, 2, 1],
  [14, 6, 16, 14, 5, 1, 0],
  [13, 8, 20, 11, 4, 1, 1],
  [12, 8, 20, 9, 5, 1, 2],
] as const;
const geometry = fc
  .constantFrom(...SHAPES)
  .map(([batch, channels, filters, size, kernel, stride, padding]) =>
    convGeometry(convSettings("Conv2d", channels, filters, kernel, { stride, padding }), [batch, channels, size, size]),
  );
const mixes = (g: ConvGeometry, direction: Direction) =>
  ["winograd", "winograd rows"].includes(algorithmOf(g, direction).name);

type Kind = (x: Float32Array, random: Random, width: number) => unknown;

/** What an array holds: normal numbers, some of which are something else. */
const kinds = {
  normal: (_x, _random) => {},
  rectified: (x, _random) => x.set(x.map((value) => Math.max(0, value))),
  "one outlier": (x, random) => (x[random.integer(x.length)] = outlier(random)),
  "some outliers": (x, random) => {
    for (let i = 0; i < 5; i++) x[random.integer(x.length)] = outlier(random);
  },
  "a region of outliers": (x, random, width) => {
    const [from, by] = [random.integer(width), outlier(random)];
    for (let i = 0; i < x.length; i++) if (i % width >= from) x[i] = by;
  },
  "a region of tiny numbers": (x, random, width) => {
    const [from, by] = [random.integer(width), 10 ** random.uniform(-10, 0)];
    for (let i = 0; i < x.length; i++) if (i % width >= from) x[i]! *= by;
  },
  "an impulse": (x, random) => (x.fill(0)[random.integer(x.length)] = outlier(random)),
  "numbers of any size": (x, random) => x.set(x.map((value) => value * 10 ** random.uniform(-5, 5))),
} satisfies Record<string, Kind>;
const kind = fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[]));

function outlier(random: Random): number {
  return 10 ** random.uniform(0, 10) * (random.uniform() < 0.5 ? -1 : 1);
}

function run(kernels: ConvKernels, g: ConvGeometry, direction: Direction, ...[x, w, y]: Float32Array[]): Float32Array {
  const result = { forward: y!, inputGradient: x!, weightGradient: w! }[direction].map(() => 0);
  kernelCall(() => {
    if (direction === "forward") kernels.forward(g, x!, w!, undefined, result);
    else if (direction === "inputGradient") kernels.inputGradient(g, y!, w!, result);
    else kernels.weightGradient(g, x!, y!, result);
  });
  return result;
}

/** The largest magnitude of all channels, in every channel. */
function largest(x: Float32Array, images: number, channels: number): Float32Array {
  const pixels = x.length / images / channels;
  return x.map((_, at) => {
    const first = Math.floor(at / pixels / channels) * channels * pixels + (at % pixels);
    let most = 0;
    for (let c = 0; c < channels; c++) most = Math.max(most, Math.abs(x[first + c * pixels]!));
    return most;
  });
}

/** Σ |w| of a filter, at every number that it computes. */
function weightsOf(g: ConvGeometry, w: Float32Array, isForward: boolean, size: number): Float64Array {
  const [maps, others] = isForward ? [g.outChannels, g.inChannels] : [g.inChannels, g.outChannels];
  const taps = g.kernelHeight * g.kernelWidth;
  const sums = new Float64Array(maps);
  for (const [i, value] of w.entries()) {
    const filter = Math.floor(i / taps);
    sums[isForward ? Math.floor(filter / others) : filter % maps]! += Math.abs(value);
  }
  const pixels = size / g.batch / maps;
  return Float64Array.from({ length: size }, (_, i) => sums[Math.floor(i / pixels) % maps]!);
}

/** The largest magnitude that a number of y, or of dx, reads of all channels. */
function readsOf(g: ConvGeometry, most: Float32Array, isForward: boolean, size: number): Float64Array {
  const [inside, outside] = [g.height * g.width, g.outHeight * g.outWidth];
  const [from, to] = isForward ? [inside, outside] : [outside, inside];
  const [maps, others] = isForward ? [g.outChannels, g.inChannels] : [g.inChannels, g.outChannels];
  const reads = new Float64Array(size);
  for (let n = 0; n < g.batch; n++) {
    for (let out = 0; out < outside; out++) {
      for (let tap = 0; tap < g.kernelHeight * g.kernelWidth; tap++) {
        const row = Math.floor(out / g.outWidth) * g.strideHeight + Math.floor(tap / g.kernelWidth) - g.paddingTop;
        const column = (out % g.outWidth) * g.strideWidth + (tap % g.kernelWidth) - g.paddingLeft;
        if (row < 0 || row >= g.height || column < 0 || column >= g.width) continue;
        const pixel = row * g.width + column;
        const [source, target] = isForward ? [pixel, out] : [out, pixel];
        const value = most[n * others * from + source]!;
        for (let map = 0; map < maps; map++) {
          const at = (n * maps + map) * to + target;
          reads[at] = Math.max(reads[at]!, value);
        }
      }
    }
  }
  return reads;
}

/** Errors in units of the bound without its factor; the products are in double precision. */
function worst(
  g: ConvGeometry,
  direction: Direction,
  kernels: ConvKernels,
  [x, w, y]: readonly Float32Array[],
  counts = (_index: number): boolean => true,
): number {
  const got = run(kernels, g, direction, x!, w!, y!);
  const want = run(referenceConv, g, direction, x!, w!, y!);
  const [read, written] = [largest(x!, g.batch, g.inChannels), largest(y!, g.batch, g.outChannels)];
  let scales: Float64Array;
  if (direction === "weightGradient") {
    /** Squares of fractions, which float32 holds. */
    const most = [read, written].map((all) => all.reduce((some, value) => Math.max(some, value), 0)) as [
      number,
      number,
    ];
    const squares = (all: Float32Array, by: number) => all.map((value) => (value / by) ** 2);
    const sums = run(referenceConv, g, direction, squares(read, most[0]), w!, squares(written, most[1]));
    scales = Float64Array.from(sums, (sum) => Math.sqrt(sum) * most[0] * most[1]);
  } else {
    const isForward = direction === "forward";
    const reads = readsOf(g, isForward ? read : written, isForward, want.length);
    scales = weightsOf(g, w!, isForward, want.length).map((weights, i) => weights * reads[i]!);
  }
  let largestError = 0;
  for (const [i, value] of want.entries()) {
    const error = Math.abs(got[i]! - value);
    if (!(error <= 2 ** -126) && counts(i)) largestError = Math.max(largestError, error / scales[i]! / 2 ** -24);
  }
  return largestError;
}

function operands(g: ConvGeometry, seed: number) {
  const all = arrays(
    g.batch * g.inChannels * g.height * g.width,
    g.outChannels * g.inChannels * g.kernelHeight * g.kernelWidth,
    g.batch * g.outChannels * g.outHeight * g.outWidth,
  );
  for (const [i, array] of all.entries()) normals(array, seed + i);
  return all;
}

describe.each(simds)("what an output does not read, %s", (simd) => {
  const wasm = wasmConv(simd);

  test.each(directions)("does not change the bound of its error, %s", (direction) => {
    const sizes = geometry.filter((g) => mixes(g, direction));
    fc.assert(
      fc.property(sizes, kind, fc.boolean(), fc.nat(), (g, name, first, seed) => {
        const [x, w, y] = operands(g, seed);
        const random = new Random(seed);
        const fill = (array: Float32Array, width: number) => (kinds[name] as Kind)(array, random, width);
        if (direction === "forward" || (direction === "weightGradient" && first)) fill(x, g.width);
        else fill(y, g.outWidth);
        expect(worst(g, direction, wasm, [x, w, y])).toBeLessThanOrEqual(BOUND[direction]);
      }),
      { numRuns: 60 },
    );
  });

  test("of weights, neither: filters have nothing to do with each other", () => {
    const sizes = geometry.filter((g) => mixes(g, "forward"));
    fc.assert(
      fc.property(sizes, fc.nat(), (g, seed) => {
        const all = operands(g, seed);
        const random = new Random(seed);
        const place = random.integer(all[1].length);
        all[1][place] = outlier(random);
        for (const direction of ["forward", "inputGradient"] as const) {
          if (!mixes(g, direction)) continue;
          const filter = Math.floor(place / g.kernelHeight / g.kernelWidth);
          const [own, maps, pixels] =
            direction === "forward"
              ? [Math.floor(filter / g.inChannels), g.outChannels, g.outHeight * g.outWidth]
              : [filter % g.inChannels, g.inChannels, g.height * g.width];
          const others = (i: number) => Math.floor(i / pixels) % maps !== own;
          expect(worst(g, direction, wasm, all, others)).toBeLessThanOrEqual(BOUND[direction]);
        }
      }),
      { numRuns: 20 },
    );
  });

  test("an output that reads nothing but zeros is its bias, and what follows", () => {
    const sizes = geometry.filter((g) => mixes(g, "forward"));
    fc.assert(
      fc.property(sizes, fc.nat(), (g, seed) => {
        const [x, w, y] = operands(g, seed);
        kinds["an impulse"](x, new Random(seed));
        const bias = normals(new Float32Array(g.outChannels), seed + 9);
        const reads = run(
          referenceConv,
          g,
          "forward",
          x,
          w.map(Math.abs).map((value) => value + 1),
          y,
        );
        kernelCall(() => wasm.forward(g, x, w, bias, y, { activation: RELU, kernels: epilogueKernels }));
        const pixels = g.outHeight * g.outWidth;
        const wrong = y.findIndex((value, i) => {
          const own = bias[Math.floor(i / pixels) % g.outChannels]!;
          return reads[i] === 0 && value !== Math.max(0, own);
        });
        expect(wrong).toBe(-1);
      }),
      { numRuns: 30 },
    );
  });

  test("photographs, masks and activations keep the algorithm that is fast: nothing but Winograd's tiles compute them", () => {
    const g = convGeometry(convSettings("Conv2d", 64, 64, 3, { padding: 1 }), [1, 64, 28, 28]);
    const [x, w, y] = operands(g, 1);
    for (const name of ["normal", "rectified"] as const) {
      kinds[name](x, new Random(1));
      const asked = run(wasm, { ...g, algorithm: "winograd" }, "forward", x, w, y);
      expect(run(wasm, g, "forward", x, w, y)).toEqual(asked);
    }
  });
});
