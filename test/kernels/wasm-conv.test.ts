/** The wasm convolutions against the reference, on random geometries and with both kinds of SIMD. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Direction } from "../../src/kernels/conv.js";
import { RELU } from "../../src/kernels/epilogue.js";
import { referenceConv } from "../../src/kernels/reference/conv.js";
import { supports } from "../../src/kernels/wasm/assembler/simd.js";
import { winograd } from "../../src/kernels/wasm/conv/winograd.js";
import { algorithmOf, wasmConv } from "../../src/kernels/wasm/conv.js";
import { epiloguePass, NO_STEPS, STEP } from "../../src/kernels/wasm/elementwise/epilogue.js";
import type { Task } from "../../src/kernels/wasm/task.js";
import { epilogueKernels } from "../../src/ops/epilogue.js";
import type { ConvAlgorithm } from "../../src/shape/algorithm.js";
import { type ConvGeometry, convGeometry, convSettings } from "../../src/shape/conv.js";
import { tasksOf } from "../support/conv-tasks.js";
import { arrays, distance, normals, terms } from "../support/wasm.js";

const simds = (["plain", "relaxed"] as const).filter(supports);

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

const square = (min: number, max: number) => fc.integer({ min, max }).map((size): [number, number] => [size, size]);

/** Any small convolution: sizes are rarely multiples of a tile. */
const geometry = fc
  .record({
    groups: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 4 })),
    inPerGroup: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 90 })),
    outPerGroup: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 40 })),
    batch: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 12, max: 35 })),
    kernelSize: fc.oneof(square(3, 3), square(2, 7), pair(1, 5)),
    stride: fc.oneof(square(1, 1), square(2, 2), pair(1, 3)),
    dilation: fc.oneof(fc.constant<[number, number]>([1, 1]), pair(1, 3)),
    padding: fc.oneof(fc.constant<[number, number]>([0, 0]), pair(0, 4)),
    extra: fc.oneof(pair(0, 6), pair(0, 24)),
    algorithm: fc.constantFrom<ConvAlgorithm>("auto", "im2col", "direct", "winograd"),
  })
  .map(({ groups, batch, kernelSize, stride, dilation, padding, extra, algorithm, ...drawn }) => {
    // Many images come with few channels, to keep the reference fast.
    const [inPerGroup, outPerGroup] = [drawn.inPerGroup, drawn.outPerGroup].map((channels) =>
      batch < 12 ? channels : Math.min(channels, 4),
    ) as [number, number];
    const size = [0, 1].map(
      (dim) => Math.max(1, dilation[dim]! * (kernelSize[dim]! - 1) + 1 - 2 * padding[dim]!) + extra[dim]!,
    );
    const channels = groups * inPerGroup;
    const settings = convSettings("Conv2d", channels, groups * outPerGroup, kernelSize, {
      stride,
      padding,
      dilation,
      groups,
    });
    const g = convGeometry(settings, [batch, channels, ...size]);
    return algorithm === "winograd" && !winograd.fits(g, "forward") ? g : { ...g, algorithm };
  });

/** What each way of computing stays within, relative to the norm of the result. */
function bound(g: ConvGeometry, direction: Direction): number {
  return algorithmOf(g, direction).name === "winograd" ? 5e-5 : 1e-5;
}

/** Arrays of one convolution in the engine's memory, with other numbers around them. */
function operands(g: ConvGeometry, seed: number) {
  const [x, weight, bias, y] = arrays(
    g.batch * g.inChannels * g.height * g.width,
    (g.outChannels * g.inChannels * g.kernelHeight * g.kernelWidth) / g.groups,
    g.outChannels,
    g.batch * g.outChannels * g.outHeight * g.outWidth,
  );
  for (const [i, array] of [x, weight, bias, y].entries()) normals(array, seed + i);
  return { x, weight, bias, y };
}

function operandsIn({ x, weight, bias, y }: ReturnType<typeof operands>) {
  return { x: x.byteOffset, weight: weight.byteOffset, bias: bias.byteOffset, y: y.byteOffset };
}

for (const simd of simds) {
  describe(`wasm convolution, ${simd}`, () => {
    const wasm = wasmConv(simd);

    test("forward is within its bound of the reference, by any algorithm, rectified or not", () => {
      fc.assert(
        fc.property(geometry, fc.boolean(), fc.boolean(), fc.integer(), (g, biased, relu, seed) => {
          const { x, weight, bias, y } = operands(g, seed);
          const expected = new Float32Array(y.length);
          const epilogue = relu ? { activation: RELU, kernels: epilogueKernels } : undefined;
          referenceConv.forward(g, x, weight, biased ? bias : undefined, expected, epilogue);
          wasm.forward(g, x, weight, biased ? bias : undefined, y, epilogue);
          expect(distance(y, expected, terms(g).forward)).toBeLessThan(bound(g, "forward"));
        }),
        { numRuns: 150 },
      );
    });

    test("the input gradient is within its bound of the reference, by any algorithm", () => {
      fc.assert(
        fc.property(geometry, fc.integer(), (g, seed) => {
          const { x: dx, weight, y: dy } = operands(g, seed);
          const expected = new Float32Array(dx.length);
          referenceConv.inputGradient(g, dy, weight, expected);
          wasm.inputGradient(g, dy, weight, dx);
          expect(distance(dx, expected, terms(g).inputGradient)).toBeLessThan(bound(g, "inputGradient"));
        }),
        { numRuns: 150 },
      );
    });

    test("the weight gradient is added, within its bound of the reference, by any algorithm", () => {
      fc.assert(
        fc.property(geometry, fc.integer(), (g, seed) => {
          const { x, weight: dweight, y: dy } = operands(g, seed);
          const expected = dweight.slice();
          referenceConv.weightGradient(g, x, dy, expected);
          wasm.weightGradient(g, x, dy, dweight);
          expect(distance(dweight, expected, terms(g).weightGradient)).toBeLessThan(bound(g, "weightGradient"));
        }),
        { numRuns: 150 },
      );
    });

    test("ReLU behind the convolution turns negative results into 0", () => {
      fc.assert(
        fc.property(geometry, fc.integer(), (g, seed) => {
          const { x, weight, bias, y } = operands(g, seed);
          wasm.forward(g, x, weight, bias, y);
          const expected = y.map((value) => Math.max(value, 0));
          const epilogue = { ...NO_STEPS, steps: STEP.relu, pass: epiloguePass };
          for (const task of tasksOf(simd, "forward", g, { ...operandsIn({ x, weight, bias, y }), epilogue })) {
            task.run(0, task.parts);
          }
          expect([...y]).toEqual([...expected]);
        }),
        { numRuns: 50 },
      );
    });

    test("the bits do not depend on how the parts are split", () => {
      fc.assert(
        fc.property(geometry, fc.array(fc.nat()), fc.integer(), (g, cuts, seed) => {
          const { x, weight, bias, y } = operands(g, seed);
          const addresses = { ...operandsIn({ x, weight, bias, y }), epilogue: NO_STEPS };
          const [inputs, filters] = [x.slice(), weight.slice()];
          /** Runs all parts at once, and then in pieces from the same start. */
          const check = (result: Float32Array, start: Float32Array, tasks: () => readonly Task[]) => {
            result.set(start);
            for (const task of tasks()) task.run(0, task.parts);
            const whole = result.slice();
            result.set(start);
            for (const task of tasks()) {
              const ends = [...cuts.map((cut) => cut % (task.parts + 1)), task.parts].sort((a, b) => a - b);
              ends.forEach((end, i) => {
                task.run(ends[i - 1] ?? 0, end);
              });
            }
            expect([...result]).toEqual([...whole]);
          };
          check(y, y.slice(), () => tasksOf(simd, "forward", g, addresses));
          check(x, inputs, () => tasksOf(simd, "inputGradient", g, { ...addresses, bias: 0 }));
          x.set(inputs);
          check(weight, filters, () => tasksOf(simd, "weightGradient", g, { ...addresses, bias: 0 }));
        }),
        { numRuns: 60 },
      );
    });

    test("numbers around the results are left alone", () => {
      fc.assert(
        fc.property(geometry, fc.integer(), (g, seed) => {
          const { x, weight, bias, y } = operands(g, seed);
          wasm.forward(g, x, weight, bias, y);
          wasm.inputGradient(g, y, weight, x);
          wasm.weightGradient(g, x, y, weight);
          for (const array of [x, weight, y]) {
            const around = new Float32Array(array.buffer, array.byteOffset - 64, array.length + 32);
            expect([...around.slice(0, 16), ...around.slice(-16)].every(Number.isNaN)).toBe(true);
          }
        }),
        { numRuns: 50 },
      );
    });
  });
}
