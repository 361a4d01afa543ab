/**
 * NaN, infinities and numbers that overflow on the way, in convolutions that Winograd's tiles compute: they stand where
 * the sums of the definition have them.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Direction } from "../../src/kernels/conv.js";
import { RELU } from "../../src/kernels/epilogue.js";
import { referenceConv } from "../../src/kernels/reference/conv.js";
import { supports } from "../../src/kernels/wasm/assembler/simd.js";
import { algorithmOf, wasmConv } from "../../src/kernels/wasm/conv.js";
import { kernelCall } from "../../src/kernels/wasm/memory.js";
import { epilogueKernels } from "../../src/ops/epilogue.js";
import { type ConvGeometry, convGeometry, convSettings } from "../../src/shape/conv.js";
import { expectSame } from "../support/kernels.js";
import { arrays, distance, normals, terms } from "../support/wasm.js";

const simds = (["plain", "relaxed"] as const).filter(supports);
const upTo = (max: number, min = 1) => fc.integer({ min, max });

/** Convolutions that `auto` gives to Winograd in all three directions. */
const plain = ([3, 3, 4, 5] as const).map((kernel) => ({ kernel, stride: 1, algorithm: "auto" }) as const);
/** Those that it computes forward. */
const strided = ([3, 5, 7] as const).map((kernel) => ({ kernel, stride: 2, algorithm: "winograd" }) as const);

const geometry = (direction: Direction) =>
  fc
    .record({
      window: fc.constantFrom(...plain, ...(direction === "forward" ? strided : [])),
      batch: upTo(2),
      inChannels: upTo(44, 32),
      outChannels: upTo(44, 32),
      padding: fc.tuple(upTo(2, 0), upTo(2, 0)),
      size: fc.tuple(upTo(26, 20), upTo(26, 20)),
    })
    .map(({ batch, inChannels, outChannels, padding, size, window: { kernel, ...options } }) => {
      const settings = convSettings("Conv2d", inChannels, outChannels, kernel, { ...options, padding });
      return convGeometry(settings, [batch, inChannels, ...size]);
    });

/** Which array a special number stands in, and where. */
const specials = fc.array(
  fc.record({ array: fc.nat(3), at: fc.nat(), value: fc.constantFrom(NaN, Infinity, -Infinity) }),
  { minLength: 1, maxLength: 3 },
);

function operands(g: ConvGeometry, seed: number) {
  const [x, weight, bias, y] = arrays(
    g.batch * g.inChannels * g.height * g.width,
    g.outChannels * g.inChannels * g.kernelHeight * g.kernelWidth,
    g.outChannels,
    g.batch * g.outChannels * g.outHeight * g.outWidth,
  );
  const all = [x, weight, bias, y] as const;
  for (const [i, array] of all.entries()) normals(array, seed + i);
  return all;
}

/** NaN, ∞, −∞, or 0 for any finite number. */
const kinds = (numbers: Float32Array) => numbers.map((value) => (Number.isFinite(value) ? 0 : value));
const finite = (value: number) => (Number.isFinite(value) ? value : 0);

const directions = ["forward", "inputGradient", "weightGradient"] as const satisfies Direction[];
const sizes = (direction: Direction) =>
  geometry(direction).filter((g) => algorithmOf(g, direction).name === "winograd");

describe.each(simds)("specials by Winograd, %s", (simd) => {
  const wasm = wasmConv(simd);

  /** Runs one direction on an array of its own, and returns that. */
  function run(
    kernels: typeof wasm,
    direction: Direction,
    g: ConvGeometry,
    [x, weight, bias, y]: readonly Float32Array[] & { length: 4 },
    relu = false,
  ) {
    const result = { forward: y, inputGradient: x, weightGradient: weight }[direction]!.slice();
    kernelCall(() => {
      if (direction === "forward")
        kernels.forward(
          g,
          x!,
          weight!,
          bias,
          result,
          relu ? { activation: RELU, kernels: epilogueKernels } : undefined,
        );
      else if (direction === "inputGradient") kernels.inputGradient(g, y!, weight!, result);
      else kernels.weightGradient(g, x!, y!, result);
    });
    return result;
  }

  test.each(directions)(
    "%s has NaN and infinities exactly where the definition has them, and the rest is right",
    (direction) => {
      fc.assert(
        // The smallest images with 5×5 kernels do not pay in every direction.
        fc.property(sizes(direction), specials, fc.boolean(), fc.integer(), (g, some, relu, seed) => {
          const all = operands(g, seed);
          for (const { array, at, value } of some) all[array]![at % all[array]!.length] = value;
          const expected = run(referenceConv, direction, g, all, relu);
          const got = run(wasm, direction, g, all, relu);
          expectSame(kinds(got), kinds(expected));
          expect(distance(got.map(finite), expected.map(finite), terms(g)[direction])).toBeLessThan(5e-5);
        }),
        { numRuns: 25 },
      );
    },
  );

  test.each(directions)("%s of numbers around 1e36 does not overflow on the way", (direction) => {
    fc.assert(
      fc.property(geometry(direction), fc.integer(), (g, seed) => {
        const all = operands(g, seed);
        const large = direction === "forward" ? [0, 2] : [3];
        for (const array of large) all[array]!.set(all[array]!.map((value) => value * 1e36));
        const expected = run(referenceConv, direction, g, all).map((value) => value / 1e36);
        const got = run(wasm, direction, g, all).map((value) => value / 1e36);
        expect(expected.every(Number.isFinite)).toBe(true);
        expect(distance(got, expected, terms(g)[direction])).toBeLessThan(5e-5);
      }),
      { numRuns: 20 },
    );
  });
});
