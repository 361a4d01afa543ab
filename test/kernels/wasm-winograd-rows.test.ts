/** Winograd's filtering along the rows of batches in the layout CHWN, with both kinds of SIMD. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RELU } from "../../src/kernels/epilogue.js";
import { referenceConv } from "../../src/kernels/reference/conv.js";
import { supports } from "../../src/kernels/wasm/assembler/simd.js";
import { forwardRows, inputGradientRows, rowTiles, winogradRows } from "../../src/kernels/wasm/conv/winograd-rows.js";
import { algorithmOf, wasmConv } from "../../src/kernels/wasm/conv.js";
import { NO_STEPS } from "../../src/kernels/wasm/elementwise/epilogue.js";
import { kernelCall } from "../../src/kernels/wasm/memory.js";
import { MAX_POINTS, minimalFiltering } from "../../src/kernels/wasm/winograd/matrices.js";
import { epilogueKernels } from "../../src/ops/epilogue.js";
import { type ConvGeometry, convGeometry, convSettings } from "../../src/shape/conv.js";
import { expectSame } from "../support/kernels.js";
import { arrays, distance, normals, terms } from "../support/wasm.js";

const simds = (["plain", "relaxed"] as const).filter(supports);
const upTo = (max: number, min = 1) => fc.integer({ min, max });
const BOUND = 5e-5;
const directions = ["forward", "inputGradient"] as const;

/** Any small convolution of this kind: batches of one part or two. */
const geometry = fc
  .record({
    batch: fc.oneof(upTo(20, 12), upTo(45, 33)),
    inChannels: upTo(7),
    outChannels: upTo(19),
    kernel: fc.tuple(upTo(5), upTo(MAX_POINTS - 1, 2)),
    padding: fc.tuple(upTo(2, 0), upTo(2, 0)),
    extra: fc.tuple(upTo(5, 0), upTo(12, 0)),
  })
  .map(({ batch, inChannels, outChannels, kernel, padding, extra }) => {
    const [height, width] = [0, 1].map((dim) => Math.max(1, kernel[dim]! - 2 * padding[dim]!) + extra[dim]!) as [
      number,
      number,
    ];
    const settings = convSettings("Conv2d", inChannels, outChannels, kernel, { padding });
    return convGeometry(settings, [batch, inChannels, height, width]);
  })
  .filter((g) => rowTiles(g) !== undefined);

/** LeNet's second convolution and its like. */
const paying = fc
  .record({ batch: upTo(34, 12), inChannels: upTo(8, 5), outChannels: upTo(20, 14), size: upTo(15, 9) })
  .map(({ batch, inChannels, outChannels, size }) =>
    convGeometry(convSettings("Conv2d", inChannels, outChannels, 5, {}), [batch, inChannels, size, size]),
  )
  .filter((g) => winogradRows.fits(g, "forward") && winogradRows.pays(g, "forward"));

function operands(g: ConvGeometry, seed: number) {
  const all = arrays(
    g.batch * g.inChannels * g.height * g.width,
    g.outChannels * g.inChannels * g.kernelHeight * g.kernelWidth,
    g.outChannels,
    g.batch * g.outChannels * g.outHeight * g.outWidth,
  );
  for (const [i, array] of all.entries()) normals(array, seed + i);
  return all;
}

test("the matrices are those of a filter, exactly", () => {
  for (let taps = 1; taps <= MAX_POINTS; taps++) {
    for (let outputs = 1; outputs + taps - 1 <= MAX_POINTS; outputs++) {
      const { input, filter, output } = minimalFiltering(outputs, taps);
      const points = outputs + taps - 1;
      for (let i = 0; i < outputs; i++) {
        for (let tap = 0; tap < taps; tap++) {
          for (let column = 0; column < points; column++) {
            let sum = 0;
            for (let e = 0; e < points; e++) {
              sum += output[e * outputs + i]! * filter[e * taps + tap]! * input[e * points + column]!;
            }
            expect(sum).toBeCloseTo(column === i + tap ? 1 : 0, 3);
          }
        }
      }
    }
  }
});

describe.each(simds)("Winograd along rows, %s", (simd) => {
  const wasm = wasmConv(simd);

  /** Runs a direction, part by part or as a whole, and gives its result and what the reference has for it. */
  function both(direction: (typeof directions)[number], g: ConvGeometry, seed: number, cuts: readonly number[] = []) {
    const [x, weight, bias, y] = operands(g, seed);
    const [atX, atWeight, atBias, atY] = [x, weight, bias, y].map((array) => array.byteOffset) as [
      number,
      number,
      number,
      number,
    ];
    const result = { forward: y, inputGradient: x }[direction];
    const expected = result.slice();
    if (direction === "forward") referenceConv.forward(g, x, weight, bias, expected);
    else referenceConv.inputGradient(g, y, weight, expected);
    kernelCall(() => {
      const places = { x: atX, weight: atWeight, bias: 0, y: atY, epilogue: NO_STEPS };
      if (direction === "forward") places.bias = atBias;
      const task = { forward: forwardRows, inputGradient: inputGradientRows }[direction](simd, g, places);
      const ends = [...cuts.map((share) => Math.floor(share * task.parts)), task.parts].sort((a, b) => a - b);
      for (const [i, end] of ends.entries()) if (end > (ends[i - 1] ?? 0)) task.run(ends[i - 1] ?? 0, end);
    });
    return { got: result.slice(), expected };
  }

  test.each(directions)("%s is within 5e-5 of the reference", (direction) => {
    fc.assert(
      fc.property(geometry, fc.integer(), (g, seed) => {
        const { got, expected } = both(direction, g, seed);
        expect(distance(got, expected, terms(g)[direction])).toBeLessThan(BOUND);
      }),
      { numRuns: 60 },
    );
  });

  test.each(directions)("%s has the same bits in any split", (direction) => {
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 2 });
    fc.assert(
      fc.property(geometry, cuts, fc.integer(), (g, some, seed) => {
        const whole = both(direction, g, seed).got;
        const parts = both(direction, g, seed, some).got;
        expect(new Uint32Array(parts.buffer)).toEqual(new Uint32Array(whole.buffer));
      }),
      { numRuns: 25 },
    );
  });

  test("ReLU and norm follow, as they do without it", () => {
    fc.assert(
      fc.property(paying, fc.boolean(), fc.integer(), (g, relu, seed) => {
        const [x, weight, bias, y] = operands(g, seed);
        expect(algorithmOf(g, "forward").name).toBe("winograd rows");
        const norm = { mean: new Float64Array(g.outChannels).map((_, i) => i / 9), weight: bias, bias: undefined };
        const epilogue = {
          norm: { ...norm, variance: new Float64Array(g.outChannels).map((_, i) => 1 + i), eps: 1e-5 },
          activation: { slope: 0.25, min: -1, max: 6 },
          kernels: epilogueKernels,
        };
        const run = (kernels: typeof wasm, h: ConvGeometry, to: Float32Array) => {
          if (relu)
            kernelCall(() => kernels.forward(h, x, weight, bias, to, { activation: RELU, kernels: epilogueKernels }));
          else kernelCall(() => kernels.forward(h, x, weight, undefined, to, epilogue));
        };
        const expected = y.slice();
        run(wasm, { ...g, algorithm: "im2col" }, expected);
        run(wasm, g, y);
        expect(distance(y, expected, 1)).toBeLessThan(BOUND);
      }),
      { numRuns: 20 },
    );
  });

  test.each(directions)("%s has NaN and infinities exactly where the definition has them", (direction) => {
    const specials = fc.array(
      fc.record({ array: fc.nat(3), at: fc.nat(), value: fc.constantFrom(NaN, Infinity, -Infinity, 1e30) }),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(paying, specials, fc.integer(), (g, some, seed) => {
        const all = operands(g, seed);
        for (const { array, at, value } of some) all[array]![at % all[array]!.length] = value;
        const [x, weight, bias, y] = all;
        const results = [wasm, referenceConv].map((kernels) => {
          const result = { forward: y, inputGradient: x, weightGradient: weight }[direction].slice();
          kernelCall(() => {
            if (direction === "forward") kernels.forward(g, x, weight, bias, result);
            else if (direction === "inputGradient") kernels.inputGradient(g, y, weight, result);
            else kernels.weightGradient(g, x, y, result);
          });
          return result;
        }) as [Float32Array, Float32Array];
        const [got, expected] = results;
        const kinds = (numbers: Float32Array) => numbers.map((value) => (Number.isFinite(value) ? 0 : value));
        const finite = (numbers: Float32Array) => numbers.map((value) => (Number.isFinite(value) ? value : 0));
        expectSame(kinds(got), kinds(expected));
        expect(distance(finite(got), finite(expected), terms(g)[direction])).toBeLessThan(BOUND);
      }),
      { numRuns: 30 },
    );
  });
});

describe("which convolutions", () => {
  const lenet = convGeometry(convSettings("Conv2d", 6, 16, 5, {}), [32, 6, 14, 14]);

  test("LeNet's second, by two tiles of five outputs in 9 points", () => {
    expect(rowTiles(lenet)).toEqual({ size: 5, points: 9, count: 2, saving: 25 / 9 });
    for (const direction of directions) expect(algorithmOf(lenet, direction).name).toBe("winograd rows");
  });

  test("not its first, where transforms cost as much as they save, nor single images, 3×3 kernels, strides or groups", () => {
    const first = convGeometry(convSettings("Conv2d", 1, 6, 5, { padding: 2 }), [32, 1, 28, 28]);
    const narrow = convGeometry(convSettings("Conv2d", 8, 16, 3, {}), [32, 8, 14, 14]);
    for (const g of [first, narrow, { ...lenet, batch: 1 }, { ...lenet, strideHeight: 2 }, { ...lenet, groups: 2 }]) {
      expect(winogradRows.fits(g, "forward") && winogradRows.pays(g, "forward")).toBe(false);
    }
    expect(rowTiles({ ...lenet, kernelWidth: 10 })).toBe(undefined);
    expect(algorithmOf({ ...lenet, algorithm: "direct" }, "forward").name).toBe("direct, chwn");
  });
});
