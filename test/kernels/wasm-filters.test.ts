/** Winograd's kept filters: never stale, gone with their weights, bounded. */
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { wasmConv } from "../../src/kernels/wasm/conv.js";
import type { Heap } from "../../src/kernels/wasm/heap.js";
import { free, kernelCall, memory, take, view } from "../../src/kernels/wasm/memory.js";
import { FilterTransform } from "../../src/kernels/wasm/winograd/convolve.js";
import { KeptFilters } from "../../src/kernels/wasm/winograd/filters.js";
import { scanKernels } from "../../src/kernels/wasm/winograd/scan.js";
import { winogradPlan } from "../../src/kernels/wasm/winograd.js";
import { Conv2d } from "../../src/layers/conv2d.js";
import { convGeometry, convSettings } from "../../src/shape/conv.js";
import { engine } from "../../src/tensor/engine.js";
import { Random } from "../../src/tensor/random.js";
import { normal } from "../support/layers.js";
import { arrays, normals } from "../support/wasm.js";

const settings = (inChannels: number, outChannels: number) =>
  convSettings("Conv2d", inChannels, outChannels, 3, { padding: 1, algorithm: "winograd" });
const g = convGeometry(settings(20, 17), [1, 20, 9, 11]);
const plan = winogradPlan("simd", g, "forward", 6);
const weights = 17 * 20 * 9;

/** Bytes of the engine's memory that are taken. */
function taken(): number {
  memory();
  const { heap } = engine().memory as { heap: Heap };
  return memory().buffer.byteLength - heap.available;
}

/** Weights in a block of their own, drawn from a seed. */
function block(seed: number) {
  const at = take(4 * weights)!;
  normals(view(at, weights), seed);
  return at;
}

function find(kept: KeptFilters, weight: number): Float32Array | undefined {
  const length = (plan.filterPanels * plan.filterPanel) / 4;
  const at = kernelCall(() => kept.find(plan, weight));
  return at === undefined ? undefined : view(at, length).slice();
}

function transformed(weight: number): Float32Array {
  const bytes = plan.filterPanels * plan.filterPanel;
  const at = take(bytes)!;
  view(at, bytes / 4).fill(0);
  kernelCall(() => new FilterTransform(plan).all(weight, at));
  const filters = view(at, bytes / 4).slice();
  free(at, bytes);
  return filters;
}

/** The same numbers where a panel holds filters; what lies between is whatever was there. */
function expectFilters(got: Float32Array | undefined, weight: number): void {
  const want = transformed(weight);
  const [row, used] = [plan.filterPoint / 4, plan.variant.rows * 20];
  const differs = got?.findIndex((value, i) => i % row < used && value !== want[i]);
  expect(differs).toBe(-1);
}

describe("kept filters", () => {
  let kept: KeptFilters;
  beforeEach(() => {
    kept = new KeptFilters(4, 400_000);
    kernelCall(() => scanKernels()); // what is compiled or reserved once
  });

  test("are kept from the second run on with the same weights, and used in all that follow", () => {
    const weight = block(1);
    const before = taken();
    expect(find(kept, weight)).toBeUndefined();
    expect(taken()).toBe(before);
    for (let run = 0; run < 3; run++) {
      expectFilters(find(kept, weight), weight);
      expect(taken()).toBeGreaterThan(before);
    }
  });

  test("are never those of other weights, whichever bits of whichever weight are written between two runs", () => {
    const weight = block(2);
    const numbers = () => new Int32Array(memory().buffer, weight, weights);
    const write = fc.record({ at: fc.nat(weights - 1), bit: fc.constantFrom(0, 9, 22, 31), again: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 12 }), (writes) => {
        for (const { at, bit, again } of writes) {
          numbers()[at]! ^= 1 << bit;
          for (let run = 0; run <= again; run++) {
            const filters = find(kept, weight);
            if (filters) expectFilters(filters, weight);
          }
        }
      }),
      { numRuns: 30 },
    );
    find(kept, weight);
    expectFilters(find(kept, weight), weight);
  });

  test("are given back when a weight is written", () => {
    const weight = block(3);
    const before = taken();
    for (let run = 0; run < 3; run++) find(kept, weight);
    view(weight, weights)[weights - 1]! += 1;
    view(weight, weights)[0]! += 1;
    expect(find(kept, weight)).toBeUndefined();
    expect(taken()).toBe(before);
  });

  test("go with their weights", () => {
    const before = taken();
    const weight = block(4);
    for (let run = 0; run < 3; run++) find(kept, weight);
    free(weight, 4 * weights);
    expect(taken()).toBe(before);
  });

  test("take no more than their share: the last used stay", () => {
    const places = [5, 6, 7, 8, 9, 10].map(block);
    const before = taken();
    for (const weight of places) for (let run = 0; run < 3; run++) find(kept, weight);
    expect(taken() - before).toBeGreaterThan(100_000);
    expect(taken() - before).toBeLessThanOrEqual(400_000 + 64 * 6);
    const state = taken();
    expectFilters(find(kept, places[5]!), places[5]!);
    expect(find(kept, places[0]!)).toBeUndefined();
    expect(taken()).toBeLessThanOrEqual(state);
  });

  test("weights that are copied in for one call are not kept", () => {
    expect(kernelCall(() => kept.find(plan, take(0)!))).toBeUndefined();
    const conv = wasmConv("simd");
    const [x, y] = arrays(20 * 99, 17 * 99);
    normals(x, 1);
    const outside = normals(new Float32Array(weights), 1);
    const run = () => kernelCall(() => conv.forward(g, x, outside, undefined, y));
    run();
    const before = taken();
    for (let i = 0; i < 4; i++) run();
    expect(taken()).toBe(before);
  });
});

test("a Conv2d gives what a new one with the same weights gives, after one weight is written through .data", () => {
  const options = { padding: 1, algorithm: "winograd", random: new Random(1) } as const;
  const conv = new Conv2d(16, 24, 3, options).eval();
  const x = normal([1, 16, 12, 12], 3);
  const { data } = conv.weight.value;
  fc.assert(
    fc.property(fc.nat(data.length - 1), fc.nat(3), fc.double({ min: -1, max: 1, noNaN: true }), (at, runs, value) => {
      for (let run = 0; run < runs; run++) conv.forward(x);
      conv.weight.value.data[at] = value;
      const fresh = new Conv2d(16, 24, 3, { padding: 1, algorithm: "winograd" }).eval();
      fresh.loadStateDict(conv.stateDict());
      expect(conv.forward(x).data).toEqual(fresh.forward(x).data);
    }),
    { numRuns: 40 },
  );
});

describe("passes over numbers", () => {
  const { same, largest } = scanKernels();

  test("same compares every bit", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(), fc.nat(31), (length, at, bit) => {
        const [a, b] = arrays(length, length);
        normals(a, 1);
        b.set(a);
        expect(same(a.byteOffset, b.byteOffset, 4 * length)).toBe(1);
        if (length === 0) return;
        new Int32Array(b.buffer, b.byteOffset, length)[at % length]! ^= 1 << bit;
        expect(same(a.byteOffset, b.byteOffset, 4 * length)).toBe(0);
      }),
    );
  });

  test("largest is the largest magnitude; NaN comes before infinity", () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true })), fc.option(fc.nat()), (numbers, place) => {
        const [x] = arrays(numbers.length);
        x.set(numbers);
        if (place !== null && numbers.length > 0) x[place % numbers.length] = NaN;
        const want = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        expect(largest(x.byteOffset, x.byteLength)).toBe(want);
      }),
    );
  });
});
