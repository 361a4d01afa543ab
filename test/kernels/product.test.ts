/** The matrix product under convolution, Linear and Tensor.matmul, against the triple loop, exactly on small integers. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crop, pad, patchesOf } from "../../src/kernels/reference/patches.js";
import { convGeometry, convSettings } from "../../src/shape/conv.js";
import { addProduct, dense, transpose } from "../../src/tensor/product.js";
import { dot, integers } from "../support/layers.js";

// Sizes straddle the tiles of 2 × 4, so that every edge is drawn.
const size = fc.integer({ min: 1, max: 11 });

/** c + a · b for row-major matrices; the transposes say how a and b are stored. */
function tripleLoop(
  m: number,
  n: number,
  k: number,
  a: (i: number, t: number) => number,
  b: (t: number, j: number) => number,
  c: ArrayLike<number>,
) {
  return Array.from({ length: m * n }, (_, at) => {
    let sum = c[at]!;
    for (let t = 0; t < k; t++) sum += a(Math.floor(at / n), t) * b(t, at % n);
    return sum;
  });
}

describe.each([
  ["float32", Float32Array],
  ["float64", Float64Array],
])("in %s", (_, Numbers) => {
  test("addProduct adds a · b, transposed or not, wherever the matrices start", () => {
    fc.assert(
      fc.property(
        size,
        size,
        size,
        fc.boolean(),
        fc.boolean(),
        fc.nat(3),
        fc.constantFrom(4, 8, undefined),
        fc.integer(),
        (m, n, k, aT, bT, at, block, seed) => {
          const a = new Numbers(integers([at + m * k], seed).data);
          const b = new Numbers(integers([at + k * n], seed + 1).data);
          const c = new Numbers(integers([at + m * n], seed + 2).data);
          const want = tripleLoop(
            m,
            n,
            k,
            (i, t) => a[at + (aT ? t * m + i : i * k + t)]!,
            (t, j) => b[at + (bT ? j * k + t : t * n + j)]!,
            c.slice(at),
          );
          const before = [...c.slice(0, at)];
          const left = aT ? transpose(dense(a, k, m)) : dense(a, m, k);
          const right = bT ? transpose(dense(b, n, k)) : dense(b, k, n);
          const sum = dense(c, m, n);
          for (const matrix of [left, right, sum]) matrix.at = at;
          addProduct(left, right, sum, block);
          expect([...c]).toEqual([...before, ...want]);
        },
      ),
    );
  });

  test("addProduct adds every share to an element of c that lies at the same place twice", () => {
    fc.assert(
      fc.property(size, size, size, fc.integer(), (m, n, k, seed) => {
        const a = new Numbers(integers([m * k], seed).data);
        const b = new Numbers(integers([k * n], seed + 1).data);
        const c = new Numbers(m + n);
        const diagonal = { data: c, at: 0, rows: dense(c, 1, m).columns, columns: dense(c, 1, n).columns };
        addProduct(dense(a, m, k), dense(b, k, n), diagonal);
        const want = new Array<number>(m + n).fill(0);
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) for (let t = 0; t < k; t++) want[i + j]! += a[i * k + t]! * b[t * n + j]!;
        }
        expect([...c].map((value) => value + 0)).toEqual(want.map((value) => value + 0));
      }),
    );
  });
});

describe("the padded image", () => {
  const geometry = fc
    .record({
      channels: fc.integer({ min: 1, max: 2 }),
      kernelSize: fc.integer({ min: 1, max: 3 }),
      stride: fc.integer({ min: 1, max: 4 }),
      padding: fc.integer({ min: 0, max: 4 }),
      dilation: fc.integer({ min: 1, max: 2 }),
      height: fc.integer({ min: 5, max: 7 }),
      width: fc.integer({ min: 5, max: 7 }),
    })
    .map(({ channels, kernelSize, height, width, ...options }) => {
      const shape = [1, channels, height, width];
      return { shape, g: convGeometry(convSettings("Conv2d", channels, 1, kernelSize, options), shape) };
    });

  test("holds each tap of each output pixel where the tables say, and zero outside the image", () => {
    fc.assert(
      fc.property(geometry, ({ g, shape }) => {
        const patches = patchesOf(g);
        const x = integers(shape, 1);
        const padded = new Float64Array(patches.channels * patches.height * patches.width);
        pad(g, patches, x.data, 0, padded);
        const [got, want]: [number[], number[]] = [[], []];
        for (let c = 0; c < g.inChannels; c++) {
          for (let u = 0; u < g.kernelHeight; u++) {
            for (let v = 0; v < g.kernelWidth; v++) {
              for (let pixel = 0; pixel < patches.pixels.length; pixel++) {
                const [i, j] = [Math.floor(pixel / g.outWidth), pixel % g.outWidth];
                const row = i * g.strideHeight + u * g.dilationHeight - g.paddingTop;
                const column = j * g.strideWidth + v * g.dilationWidth - g.paddingLeft;
                const inside = row >= 0 && row < g.height && column >= 0 && column < g.width;
                const tap = (c * g.kernelHeight + u) * g.kernelWidth + v;
                got.push(padded[patches.taps[tap]! + patches.pixels[pixel]!]!);
                want.push(inside ? x.data[(c * g.height + row) * g.width + column]! : 0);
              }
            }
          }
        }
        expect(got).toEqual(want);
      }),
    );
  });

  test("crop is the adjoint of pad", () => {
    fc.assert(
      fc.property(geometry, fc.integer(), ({ g, shape }, seed) => {
        const patches = patchesOf(g);
        const x = integers(shape, seed);
        const z = integers([patches.channels, patches.height, patches.width], seed + 1);
        const padded = integers(z.shape, 0);
        padded.data.fill(0);
        pad(g, patches, x.data, 0, padded.data);
        const back = integers(shape, 0);
        back.data.fill(0);
        crop(g, patches, z.data, back.data, 0);
        expect(dot(padded, z)).toBe(dot(x, back));
      }),
    );
  });
});
