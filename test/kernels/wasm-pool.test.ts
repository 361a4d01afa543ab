/** The wasm poolings against the reference, bit by bit: any window, stride, padding and dilation, ties, NaN and infinities. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { referenceAveragePool, referenceMaxPool } from "../../src/kernels/reference/pool.js";
import { wasmAveragePool, wasmMaxPool } from "../../src/kernels/wasm/pool.js";
import { adaptiveGeometry, type PoolGeometry, poolGeometry, poolSettings } from "../../src/shape/pool.js";
import { Random } from "../../src/tensor/random.js";
import { expectSame, inMemory, spread } from "../support/kernels.js";

const image = { planes: fc.integer({ min: 1, max: 3 }), height: fc.integer({ min: 1, max: 20 }) };
const width = fc.integer({ min: 1, max: 24 });

/** Window poolings that fit, the commonest more often. */
const windows = fc
  .record({
    ...image,
    width,
    kernel: fc.oneof(fc.constant(2), fc.integer({ min: 1, max: 5 }), fc.constant(9)),
    stride: fc.integer({ min: 1, max: 4 }),
    halfPadded: fc.boolean(),
    dilation: fc.integer({ min: 1, max: 2 }),
    ceilMode: fc.boolean(),
  })
  .map(({ planes, height, width, kernel, stride, halfPadded, dilation, ceilMode }) => {
    const padding = halfPadded ? Math.floor(kernel / 2) : 0;
    const options = { stride, padding, dilation, ceilMode };
    const reach = dilation * (kernel - 1) + 1;
    const input = [1, planes, height, width].map((size, dim) => (dim < 2 ? size : Math.max(size, reach - 2 * padding)));
    return poolGeometry("MaxPool2d", poolSettings("MaxPool2d", kernel, options), input);
  });
const adaptive = fc
  .record({ ...image, width, out: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })) })
  .map(({ planes, height, width, out }) => adaptiveGeometry("AdaptiveMaxPool2d", out, [1, planes, height, width]));
const halves = fc
  .record({ ...image, width })
  .map(({ planes, height, width }) =>
    poolGeometry("MaxPool2d", poolSettings("MaxPool2d", 2, {}), [1, planes, height + 1, width + 1]),
  );
const geometry = fc.oneof(windows, adaptive, halves);

function sizes({ planes, rows, columns }: PoolGeometry) {
  return { input: planes * rows.size * columns.size, output: planes * rows.out * columns.out };
}

/** Few values, so that ties and NaN abound. */
function ties(length: number, seed: number): Float32Array {
  const random = new Random(seed >>> 0);
  const values = [0, -0, 1, 2, -1, -Infinity, Infinity, NaN, 1, 2, 3, 4, 5];
  return Float32Array.from({ length }, () => values[random.integer(values.length)]!);
}

function forwards(g: PoolGeometry, x: Float32Array) {
  const { output } = sizes(g);
  const want = new Float32Array(output);
  const wantPositions = new Int32Array(output);
  referenceMaxPool.maxForward(g, x, want, wantPositions);
  const places = new Int32Array(output);
  const [, got] = inMemory([x, new Float32Array(output)], (input, y) => wasmMaxPool.maxForward(g, input, y, places));
  return { want, wantPositions, got, places };
}

describe("the maximum", () => {
  test.each([
    ["ties, NaN and infinities", ties],
    ["numbers without ties", spread],
  ])("of %s, and where it is", (_, draw) => {
    fc.assert(
      fc.property(geometry, fc.integer(), (g, seed) => {
        const { want, wantPositions, got, places } = forwards(g, draw(sizes(g).input, seed));
        expectSame(got, want);
        expect([...places]).toEqual([...wantPositions]);
      }),
      { numRuns: 300 },
    );
  });

  test("of windows without a pixel is −∞ at −1", () => {
    // 2 × 2 windows with a dilation of 2 that step over the only row.
    const options = { padding: 1, dilation: 2, stride: 1 };
    const g = poolGeometry("MaxPool2d", poolSettings("MaxPool2d", 2, options), [1, 1, 1, 9]);
    const { want, wantPositions, got, places } = forwards(g, spread(9, 1));
    expect([...want]).toContain(-Infinity);
    expectSame(got, want);
    expect([...places]).toEqual([...wantPositions]);
  });

  test("sends its gradient back", () => {
    fc.assert(
      fc.property(geometry, fc.integer(), (g, seed) => {
        const { input, output } = sizes(g);
        const { wantPositions } = forwards(g, ties(input, seed));
        const dy = spread(output, seed);
        const want = new Float32Array(input);
        referenceMaxPool.maxBackward(g, dy, wantPositions, want);
        const [, got] = inMemory([dy, spread(input, seed)], (d, dx) =>
          wasmMaxPool.maxBackward(g, d, wantPositions, dx),
        );
        expectSame(got, want);
      }),
      { numRuns: 300 },
    );
  });
});

describe("the average", () => {
  const averages = geometry.filter(({ rows, columns }) => rows.step * columns.step === 1);

  test("adds up in double precision", () => {
    fc.assert(
      fc.property(averages, fc.boolean(), fc.integer(), (g, isSpecial, seed) => {
        const { input, output } = sizes(g);
        const x = isSpecial ? ties(input, seed) : spread(input, seed);
        const want = new Float32Array(output);
        referenceAveragePool.averageForward(g, x, want);
        const [, got] = inMemory([x, new Float32Array(output)], (from, y) =>
          wasmAveragePool.averageForward(g, from, y),
        );
        expectSame(got, want);
      }),
      { numRuns: 300 },
    );
  });

  test("shares its gradient out", () => {
    fc.assert(
      fc.property(averages, fc.integer(), (g, seed) => {
        const { input, output } = sizes(g);
        const dy = spread(output, seed);
        const want = new Float32Array(input);
        referenceAveragePool.averageBackward(g, dy, want);
        const [, got] = inMemory([dy, spread(input, seed)], (d, dx) => wasmAveragePool.averageBackward(g, d, dx));
        expectSame(got, want);
      }),
      { numRuns: 300 },
    );
  });
});
