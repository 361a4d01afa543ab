/** Winograd convolution against the reference, on random geometries, with both tiles and with both kinds of SIMD. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Direction } from "../../src/kernels/conv.js";
import { referenceConv } from "../../src/kernels/reference/conv.js";
import { type Body, ModuleBuilder } from "../../src/kernels/wasm/assembler/module.js";
import { supports } from "../../src/kernels/wasm/assembler/simd.js";
import { winograd as algorithm, problemOf, winogradPoints } from "../../src/kernels/wasm/conv/winograd.js";
import { STEP } from "../../src/kernels/wasm/elementwise/epilogue.js";
import { filterKernel } from "../../src/kernels/wasm/winograd/filter.js";
import { filterGradientKernel } from "../../src/kernels/wasm/winograd/filter-gradient.js";
import { outputKernel } from "../../src/kernels/wasm/winograd/output.js";
import { productKernel } from "../../src/kernels/wasm/winograd/product.js";
import { largestIn, magnitudes, unevenRows } from "../../src/kernels/wasm/winograd/scan.js";
import { variantOf } from "../../src/kernels/wasm/winograd/variant.js";
import { type ConvGeometry, convGeometry, convSettings } from "../../src/shape/conv.js";
import { arrays, distance, normals, terms } from "../support/wasm.js";
import { Winograd } from "../support/winograd.js";

const simds = (["plain", "relaxed"] as const).filter(supports);
const BOUND = 5e-5;

interface Sizes {
  readonly batch?: number;
  readonly inChannels?: number;
  readonly outChannels?: number;
  readonly height?: number;
  readonly width?: number;
  readonly kernel?: number;
  readonly stride?: number;
  readonly padding?: readonly [number, number];
}

function geometryOf({ batch = 1, inChannels = 4, outChannels = 4, height = 8, width = 8, ...window }: Sizes) {
  const { kernel = 3, stride = 1, padding = [1, 1] } = window;
  const settings = convSettings("Conv2d", inChannels, outChannels, kernel, { stride, padding: [...padding] });
  return convGeometry(settings, [batch, inChannels, height, width]);
}

const upTo = (max: number, min = 1) => fc.integer({ min, max });

/** Any small convolution that fits: outputs are rarely multiples of a tile, channels and filters rarely of a panel. */
const geometryWith = (kernels: readonly number[], strided: readonly number[] = []) =>
  fc
    .record({
      batch: upTo(4),
      inChannels: fc.oneof(upTo(4), upTo(70)),
      outChannels: fc.oneof(upTo(4), upTo(40)),
      window: fc.constantFrom(
        ...kernels.map((kernel) => ({ kernel, stride: 1 })),
        ...strided.map((kernel) => ({ kernel, stride: 2 })),
      ),
      extra: fc.tuple(fc.oneof(upTo(6, 0), upTo(30, 0)), fc.oneof(upTo(6, 0), upTo(30, 0))),
      shares: fc.tuple(upTo(9, 0), upTo(9, 0)),
    })
    .map(({ extra, shares, window, ...sizes }) => {
      const padding = shares.map((share) => share % window.kernel) as [number, number];
      const [height, width] = [0, 1].map((dim) => Math.max(1, window.kernel - 2 * padding[dim]!) + extra[dim]!) as [
        number,
        number,
      ];
      return geometryOf({ ...sizes, ...window, padding, height, width });
    });

/** Those that tiles of this many points compute: 3×3 with stride 1 as often as all others. */
const geometries = {
  6: {
    forward: fc.oneof(geometryWith([3]), geometryWith([2, 4, 5], [3, 4, 5, 6, 7, 8, 9, 10])),
    inputGradient: fc.oneof(geometryWith([3]), geometryWith([2, 4, 5])),
    weightGradient: fc.oneof(geometryWith([3]), geometryWith([4, 5])),
  },
  4: {
    forward: fc.oneof(geometryWith([3]), geometryWith([2], [3, 4, 5, 6])),
    inputGradient: fc.oneof(geometryWith([3]), geometryWith([2])),
    weightGradient: geometryWith([3]),
  },
} as const;

/** Arrays of one convolution in the engine's memory, with NaN around them. */
function operands(g: ConvGeometry, seed: number) {
  const [x, weight, bias, y] = arrays(
    g.batch * g.inChannels * g.height * g.width,
    g.outChannels * g.inChannels * g.kernelHeight * g.kernelWidth,
    g.outChannels,
    g.batch * g.outChannels * g.outHeight * g.outWidth,
  );
  for (const [i, array] of [x, weight, bias, y].entries()) normals(array, seed + i);
  return { x, weight, bias, y };
}

describe.each(simds.flatMap((simd) => ([6, 4] as const).map((points) => ({ simd, points }))))(
  "Winograd by $points×$points points, $simd",
  ({ simd, points }) => {
    const winograd = new Winograd(simd, points);
    const geometry = geometries[points];

    test("forward is within 5e-5 of the reference, with or without bias and ReLU", () => {
      fc.assert(
        fc.property(geometry.forward, fc.boolean(), fc.boolean(), fc.integer(), (g, biased, relu, seed) => {
          const { x, weight, bias, y } = operands(g, seed);
          const expected = new Float32Array(y.length);
          referenceConv.forward(g, x, weight, biased ? bias : undefined, expected);
          y.fill(NaN);
          winograd.run(g, "forward", x, weight, biased ? bias : undefined, y, { relu });
          expect(
            distance(y, relu ? expected.map((value) => Math.max(value, 0)) : expected, terms(g).forward),
          ).toBeLessThan(BOUND);
        }),
        { numRuns: 80 },
      );
    });

    test("the input gradient is within 5e-5 of the reference", () => {
      fc.assert(
        fc.property(geometry.inputGradient, fc.integer(), (g, seed) => {
          const { x: dx, weight, y: dy } = operands(g, seed);
          const expected = new Float32Array(dx.length);
          referenceConv.inputGradient(g, dy, weight, expected);
          dx.fill(NaN);
          winograd.run(g, "inputGradient", dy, weight, undefined, dx);
          expect(distance(dx, expected, terms(g).inputGradient)).toBeLessThan(BOUND);
        }),
        { numRuns: 80 },
      );
    });

    test("the weight gradient is added, within 5e-5 of the reference, whatever the range of filters", () => {
      fc.assert(
        fc.property(
          geometry.weightGradient,
          fc.double({ min: 0, max: 1, noNaN: true }),
          fc.integer(),
          (g, share, seed) => {
            const { x, weight: dweight, y: dy } = operands(g, seed);
            const before = dweight.slice();
            const expected = new Float32Array(dweight.length);
            referenceConv.weightGradient(g, x, dy, expected);
            winograd.weightGradient(g, x, dy, dweight);
            expect(
              distance(
                dweight.map((value, i) => value - before[i]!),
                expected,
                terms(g).weightGradient,
              ),
            ).toBeLessThan(BOUND);
            const whole = dweight.slice();
            dweight.set(before);
            const cut = Math.floor(share * g.outChannels);
            winograd.weightGradient(g, x, dy, dweight, { from: cut });
            winograd.weightGradient(g, x, dy, dweight, { to: cut });
            expect(dweight).toEqual(whole);
          },
        ),
        { numRuns: 60 },
      );
    });

    test("several blocks of tiles and of filters", () => {
      const g = geometryOf({ batch: 3, inChannels: 120, outChannels: 70, height: 41, width: 39 });
      const { x, weight, bias, y } = operands(g, 1);
      const expected = new Float32Array(y.length);
      referenceConv.forward(g, x, weight, bias, expected);
      winograd.run(g, "forward", x, weight, bias, y);
      expect(distance(y, expected, terms(g).forward)).toBeLessThan(BOUND);
      const gradient = new Float32Array(weight.length);
      referenceConv.weightGradient(g, x, y, gradient);
      weight.fill(0);
      winograd.weightGradient(g, x, y, weight);
      expect(distance(weight, gradient)).toBeLessThan(BOUND);
    });

    test("few tiles of many channels: filters are transformed block by block", () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 400 }),
          upTo(7),
          upTo(7),
          fc.boolean(),
          fc.constantFrom(
            {},
            { kernel: points - 1, padding: [2, 2] as const },
            { stride: 2 },
            { kernel: 4, stride: 2 },
          ),
          (inChannels, height, width, relu, window) => {
            const [tall, wide] = window.stride ? [2 * height, 2 * width] : [height, width];
            const g = geometryOf({ inChannels, outChannels: 7, height: tall, width: wide, ...window });
            const { x, weight, bias, y } = operands(g, inChannels);
            const expected = new Float32Array(y.length);
            referenceConv.forward(g, x, weight, bias, expected);
            winograd.run(g, "forward", x, weight, bias, y, { relu });
            expect(
              distance(y, relu ? expected.map((value) => Math.max(value, 0)) : expected, terms(g).forward),
            ).toBeLessThan(BOUND);
          },
        ),
        { numRuns: 30 },
      );
    });

    test("any split into ranges of tiles gives the same bits, of any number of channels", () => {
      const cut = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 });
      fc.assert(
        fc.property(geometry.forward, cut, fc.boolean(), fc.integer(), (g, cuts, dual, seed) => {
          const backward = dual && g.strideHeight === 1;
          const pass = backward ? "inputGradient" : "forward";
          const sizes = [g.inChannels * g.height * g.width, g.outChannels * g.outHeight * g.outWidth].map(
            (size) => g.batch * size,
          ) as [number, number];
          const [from, to] = backward ? ([sizes[1], sizes[0]] as const) : sizes;
          const { tiles } = winograd.plan(g, pass);
          const [input, taps, whole, parts] = arrays(
            from,
            g.outChannels * g.inChannels * g.kernelHeight * g.kernelWidth,
            to,
            to,
          );
          normals(input, seed);
          normals(taps, seed + 1);
          const run = (out: Float32Array, options: object) =>
            winograd.run(g, pass, input, taps, undefined, out, options);
          run(whole, {});
          const ends = [...cuts.map((share) => Math.floor(share * tiles)), tiles].sort((a, b) => a - b);
          for (const [i, end] of ends.entries()) run(parts, { from: ends[i - 1] ?? 0, to: end });
          expect(new Uint32Array(parts.slice().buffer)).toEqual(new Uint32Array(whole.slice().buffer));
        }),
        { numRuns: 40 },
      );
    });

    test("a range writes the pixels of its own tiles alone", () => {
      fc.assert(
        fc.property(geometry.forward, fc.nat(), (g, drawn) => {
          const { tiles, variant, yTiling } = winograd.plan(g, "forward");
          const chosen = drawn % tiles;
          const { x, weight, y } = operands(g, 5);
          y.fill(7);
          winograd.run(g, "forward", x, weight, undefined, y, { from: chosen, to: chosen + 1 });
          const perImage = yTiling.tileRows * yTiling.tileColumns;
          const wrong = y.findIndex((value, i) => {
            const [row, column] = [Math.floor(i / g.outWidth) % g.outHeight, i % g.outWidth];
            const image = Math.floor(i / (g.outChannels * g.outHeight * g.outWidth));
            const tile = Math.floor(row / variant.size) * yTiling.tileColumns + Math.floor(column / variant.size);
            return (value === 7) === (image * perImage + tile === chosen);
          });
          expect(wrong).toBe(-1);
        }),
        { numRuns: 40 },
      );
    });

    test("reads and writes nothing beside its arrays", () => {
      fc.assert(
        fc.property(geometry.forward, fc.integer(), (g, seed) => {
          const { x, weight, bias, y } = operands(g, seed);
          const all = new Float32Array(x.buffer, x.byteOffset, y.byteOffset / 4 + y.length + 32 - x.byteOffset / 4);
          const before = all.slice();
          winograd.run(g, "forward", x, weight, bias, y);
          before.set(y, y.byteOffset / 4 - x.byteOffset / 4);
          expect(new Uint32Array(all.slice().buffer)).toEqual(new Uint32Array(before.buffer));
          expect(y.every(Number.isFinite)).toBe(true);
        }),
        { numRuns: 40 },
      );
    });

    test("NaN and infinity reach every output that reads them", () => {
      const g = geometryOf({ inChannels: 2, outChannels: 3, height: 6, width: 6 });
      const { x, weight, bias, y } = operands(g, 4);
      x[14] = NaN;
      winograd.run(g, "forward", x, weight, bias, y, { relu: true });
      for (let filter = 0; filter < 3; filter++) {
        for (const [row, column] of [1, 2, 3].flatMap((i) => [1, 2, 3].map((j) => [i, j] as const))) {
          expect(y[36 * filter + 6 * row + column]).toBeNaN();
        }
      }
    });

    test("an empty batch", () => {
      const g = { ...geometryOf({}), batch: 0 };
      const { x, weight, bias, y } = operands(g, 1);
      winograd.run(g, "forward", x, weight, bias, y);
      winograd.run(g, "inputGradient", y, weight, undefined, x);
      const before = weight.slice();
      winograd.weightGradient(g, x, y, weight);
      expect(weight).toEqual(before);
    });
  },
);

test("a split gives the same bits in both layouts of the filters", () => {
  // One image has one quad of tiles, which takes narrow panels; two take wide ones.
  const winograd = new Winograd("plain", 6);
  const [one, two] = [1, 2].map((batch) => geometryOf({ batch, inChannels: 37, outChannels: 29 })) as [
    ConvGeometry,
    ConvGeometry,
  ];
  expect(winograd.plan(one, "forward").variant).not.toBe(winograd.plan(two, "forward").variant);
  const { x, weight, bias, y } = operands(two, 9);
  winograd.run(two, "forward", x, weight, bias, y);
  const whole = y.slice();
  winograd.run(one, "forward", x.subarray(0, x.length / 2), weight, bias, y.subarray(0, y.length / 2));
  expect(y).toEqual(whole);
});

test("magnitudes are the largest of all maps, pixel by pixel; NaN comes before infinity", () => {
  const sizes = fc.tuple(upTo(3), upTo(9), upTo(40));
  fc.assert(
    fc.property(sizes, fc.constantFrom(1, NaN, Infinity), fc.nat(), (shape, special, seed) => {
      const [images, maps, pixels] = shape;
      const [x, most] = arrays(images * maps * pixels, images * pixels);
      normals(x, seed)[seed % x.length] = special;
      magnitudes(x.byteOffset, images, maps, pixels, most.byteOffset);
      const want = most.map((_, i) => {
        const [image, pixel] = [Math.floor(i / pixels), i % pixels];
        const all = Array.from({ length: maps }, (_, map) => Math.abs(x[(image * maps + map) * pixels + pixel]!));
        return Math.max(...all);
      });
      expect(most.slice()).toEqual(want);
      expect(largestIn(most)).toBe(Math.max(...want));
    }),
  );
});

test("rows are uneven that have a number 16 times smaller than the largest of their image", () => {
  const sizes = fc.tuple(upTo(3), upTo(6), fc.integer({ min: 4, max: 20 }), upTo(20));
  fc.assert(
    fc.property(sizes, fc.constantFrom(1, 0, 0.06, 0.0625), fc.nat(), ([images, rows, columns, wide], small, seed) => {
      const length = Math.min(columns, Math.max(4, wide));
      const [x, most, places] = arrays(images * rows * columns, images, images * rows);
      for (const [i, value] of normals(x, seed).entries()) x[i] = 1 + Math.abs(value % 1);
      x[seed % x.length]! *= small;
      const list = new Int32Array(x.buffer, places.byteOffset, places.length);
      const step = 4 * columns;
      const count = unevenRows()(
        ...[x.byteOffset, images, rows * step, rows, step, 4 * length, 16, most.byteOffset, list.byteOffset],
      );
      const want: number[] = [];
      for (let n = 0; n < images; n++) {
        const image = x.subarray(n * rows * columns, (n + 1) * rows * columns);
        expect(most[n]).toBe(Math.max(...image));
        for (let i = 0; i < rows; i++) {
          const row = image.subarray(i * columns, i * columns + length);
          if (Math.min(...row) < Math.max(...image) / 16) want.push(row.byteOffset);
        }
      }
      expect([...list.subarray(0, count)]).toEqual(want);
    }),
  );
});

test("every module is below 4 kB, which browsers compile at once", () => {
  const bytes = (write: (builder: ModuleBuilder) => Body) => {
    const builder = new ModuleBuilder({ shared: true });
    builder.kernel("run", write(builder));
    return builder.bytes().length;
  };
  for (const simd of ["plain", "relaxed"] as const) {
    for (const quads of [1, 2]) {
      for (const [points, taps] of [
        [4, 2],
        [4, 3],
        [6, 2],
        [6, 3],
        [6, 4],
        [6, 5],
      ] as const) {
        const variant = variantOf(points, taps, simd, quads);
        for (const kind of ["plain", "flipped", "table"] as const) {
          expect(bytes((builder) => filterKernel(builder, variant, kind))).toBeLessThan(4096);
        }
        expect(bytes((builder) => outputKernel(builder, variant, STEP.norm | STEP.sum | STEP.activation))).toBeLessThan(
          4096,
        );
        expect(bytes((builder) => productKernel(builder, variant))).toBeLessThan(4096);
        if (points === 6) expect(bytes(() => filterGradientKernel(variant))).toBeLessThan(4096);
      }
    }
  }
});

describe("which convolutions fit", () => {
  const fits = geometryOf({});

  const directions = ["forward", "inputGradient", "weightGradient"] as const;
  const pointsFor = (g: ConvGeometry, direction: Direction) => winogradPoints(problemOf(g, direction), direction);
  const pays = (g: ConvGeometry, direction: Direction) => algorithm.fits(g, direction) && algorithm.pays(g, direction);
  const fitting = (g: ConvGeometry) => directions.map((direction) => algorithm.fits(g, direction));

  test("square kernels of stride 1, and forward of stride 2, with 2 to 5 taps for each, dilation 1, one group, less padding than kernel", () => {
    for (const padding of [
      [0, 0],
      [0, 2],
      [1, 1],
      [2, 1],
    ] as const)
      expect(fitting(geometryOf({ padding }))).toEqual([true, true, true]);
    for (const kernel of [4, 5]) expect(fitting(geometryOf({ kernel }))).toEqual([true, true, true]);
    expect(fitting(geometryOf({ kernel: 2 }))).toEqual([true, true, false]);
    for (const kernel of [3, 5, 7, 10]) {
      expect(fitting(geometryOf({ kernel, height: 11, width: 12, stride: 2 }))).toEqual([true, false, false]);
    }
    for (const other of [
      { kernelHeight: 1 },
      { kernelWidth: 5 },
      { kernelHeight: 1, kernelWidth: 1 },
      { kernelHeight: 6, kernelWidth: 6, paddingTop: 4, paddingLeft: 4 },
      { kernelHeight: 11, kernelWidth: 11, strideHeight: 2, strideWidth: 2 },
      { strideHeight: 2 },
      { strideWidth: 2 },
      { strideHeight: 3, strideWidth: 3 },
      { dilationHeight: 2 },
      { dilationWidth: 2 },
      { groups: 2 },
    ]) {
      expect(fitting({ ...fits, ...other })).toEqual([false, false, false]);
    }
    for (const stride of [1, 2]) {
      expect(algorithm.fits(geometryOf({ stride, padding: [3, 1] }), "forward")).toBe(false);
      expect(algorithm.fits(geometryOf({ stride, padding: [1, 3] }), "forward")).toBe(false);
    }
  });

  test("it pays where there is much to multiply, by many points for large maps", () => {
    const sizes = { inChannels: 64, outChannels: 64, height: 56, width: 56 };
    const paysFor = (g: ConvGeometry) => directions.map((direction) => pays(g, direction));
    expect(paysFor(geometryOf(sizes))).toEqual([true, true, true]);
    expect(pointsFor(geometryOf(sizes), "forward")).toBe(6);
    const small = geometryOf({ ...sizes, inChannels: 512, outChannels: 512, height: 7, width: 7 });
    expect(paysFor(small)).toEqual([true, true, true]);
    expect(pointsFor(small, "inputGradient")).toBe(6);
    expect(pointsFor({ ...small, outHeight: 2, outWidth: 2 }, "forward")).toBe(4);
    const [five, seven, strided] = [
      geometryOf({ ...sizes, kernel: 5 }),
      geometryOf({ ...sizes, inChannels: 3, height: 224, width: 224, kernel: 7, stride: 2, padding: [3, 3] }),
      geometryOf({ ...sizes, stride: 2 }),
    ];
    expect(paysFor(five)).toEqual([true, true, true]);
    expect(paysFor(seven)).toEqual([true, false, false]);
    expect(paysFor(strided)).toEqual([true, false, false]);
    expect(pointsFor(strided, "forward")).toBe(6);
    // Filters that few tiles are multiplied with, small gains, and batches whose own algorithm is fast.
    expect(pays({ ...strided, inChannels: 512, outHeight: 4, outWidth: 4 }, "forward")).toBe(false);
    expect(pays(geometryOf({ ...sizes, inChannels: 3, kernel: 5 }), "forward")).toBe(false);
    const lenet = { batch: 32, inChannels: 6, outChannels: 16, height: 14, width: 14 };
    expect(paysFor(geometryOf({ ...lenet, kernel: 5, padding: [0, 0] }))).toEqual([false, false, false]);
    expect(paysFor(geometryOf({ ...sizes, inChannels: 1 }))).toEqual([false, false, false]);
    expect(paysFor(geometryOf({ ...sizes, inChannels: 3 }))).toEqual([true, true, false]);
    expect(paysFor({ ...geometryOf(sizes), groups: 2 })).toEqual([false, false, false]);
    expect(paysFor(geometryOf({ inChannels: 32, outChannels: 32, batch: 2 }))).toEqual([false, false, false]);
  });
});
