/** Layers that treat every plane (image and channel) alike: pooling and resizing. Parts of images and naive windows. */
import fc from "fast-check";
import type { Layer } from "../../src/graph/layer.js";
import { type Shape, sizeOf } from "../../src/shape/shape.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { normal } from "./layers.js";
import { build, expectSame } from "./naive.js";

/** y[…, i, …] = x[…, index[i], …] along one dimension. */
export function take(x: Tensor, dim: number, index: readonly number[]): Tensor {
  return build(x.shape.with(dim, index.length), (place) => x.at(...place.with(dim, index[place[dim]!]!)));
}

/** Without the first `rows` rows and `columns` columns. */
export function cropped(x: Tensor, rows: number, columns: number): Tensor {
  const from = (dim: number, start: number) => Array.from({ length: x.shape.at(dim)! - start }, (_, i) => i + start);
  const rank = x.shape.length;
  return take(take(x, rank - 2, from(-2, rows)), rank - 1, from(-1, columns));
}

/** Each image's output depends on that image alone, batched or not. */
export function expectBatchInvariance(layer: Layer, shape: Shape, seed: number): void {
  const x = normal(shape, seed);
  const y = layer.forward(x);
  for (let n = 0; n < shape[0]!; n++) expectSame(layer.forward(take(x, 0, [n])), take(y, 0, [n]));
}

/** Permuting the channels before is permuting them after. */
export function expectChannelPermutation(layer: Layer, shape: Shape, seed: number): void {
  const order = [...new Random(seed).permutation(shape[1]!)];
  const x = normal(shape, seed);
  expectSame(layer.forward(take(x, 1, order)), take(layer.forward(x), 1, order));
}

/** Values that tie, and values that are none. */
const AWKWARD = [1, 1, -2, 3, 0, -0, Number.NaN, Infinity, -Infinity, -Infinity, 1e-45, 3e38];

/** Numbers of which many are equal, infinite or NaN. */
export function awkward(shape: Shape, seed: number): Tensor {
  const random = new Random(seed);
  return new Tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => AWKWARD[random.integer(AWKWARD.length)]!),
    shape,
  );
}

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

/** A window that slides over images, and the images' shape. */
export interface WindowCase {
  readonly kernelSize: [number, number];
  readonly stride: [number, number];
  readonly padding: [number, number];
  readonly dilation: [number, number];
  readonly ceilMode: boolean;
  readonly shape: [number, number, number, number];
  readonly seed: number;
}

/** Any small window that fits its padded input. */
export const windowCase: fc.Arbitrary<WindowCase> = fc
  .record({
    kernelSize: pair(1, 4),
    stride: pair(1, 4),
    paddingShare: pair(0, 2),
    dilation: pair(1, 2),
    extra: pair(0, 5),
    ceilMode: fc.boolean(),
    planes: pair(1, 3),
    seed: fc.integer(),
  })
  .map(({ kernelSize, stride, paddingShare, dilation, extra, ceilMode, planes, seed }) => {
    const padding = paddingShare.map((share, dim) => Math.min(share, Math.floor(kernelSize[dim]! / 2)));
    const sizes = kernelSize.map((kernel, dim) => {
      const reach = dilation[dim]! * (kernel - 1) + 1;
      return Math.max(1, reach - 2 * padding[dim]!) + extra[dim]!;
    });
    return {
      kernelSize,
      stride,
      padding: padding as [number, number],
      dilation,
      ceilMode,
      shape: [...planes, ...sizes] as [number, number, number, number],
      seed,
    };
  });

/** The positions that every window along one dimension covers, padding (negative, or size and more) included. */
export function windowsAlong(dim: 0 | 1, c: WindowCase): number[][] {
  const size = c.shape[dim + 2]!;
  const kernel = c.kernelSize[dim];
  const stride = c.stride[dim];
  const padding = c.padding[dim];
  const reach = c.dilation[dim] * (kernel - 1) + 1;
  const windows: number[][] = [];
  for (let start = -padding; ; start += stride) {
    const fits = start + reach <= size + padding;
    // In ceil mode one window more may hang over the edge, if it starts before the padding after the input
    // and the one before it left something uncovered.
    const hangs = c.ceilMode && start < size && start - stride + reach < size + padding;
    if (!fits && !hangs) return windows;
    windows.push(Array.from({ length: kernel }, (_, k) => start + k * c.dilation[dim]));
  }
}

/** y[…, i, j] = reduce(values of the window's pixels, their positions in the plane, its rows, its columns) */
export function naivePool(
  x: Tensor,
  rows: readonly (readonly number[])[],
  columns: readonly (readonly number[])[],
  reduce: (values: number[], positions: number[], row: readonly number[], column: readonly number[]) => number,
): Tensor {
  const [height, width] = x.shape.slice(-2) as [number, number];
  return build([...x.shape.slice(0, -2), rows.length, columns.length], (place) => {
    const [row, column] = [rows[place.at(-2)!]!, columns[place.at(-1)!]!];
    const pixels = row.flatMap((r) => column.map((c) => [r, c] as const));
    const inside = pixels.filter(([r, c]) => r >= 0 && r < height && c >= 0 && c < width);
    const values = inside.map((pixel) => x.at(...place.slice(0, -2), ...pixel));
    const positions = inside.map(([r, c]) => r * width + c);
    return reduce(values, positions, row, column);
  });
}

/** Where the maximum is: the last NaN, else the first of the largest; −1 for none. */
export function winner(values: readonly number[]): number {
  const nan = values.findLastIndex(Number.isNaN);
  return nan >= 0 ? nan : values.indexOf(Math.max(-Infinity, ...values));
}

/** Whether every window covers a pixel: dilation can step over a small input. */
export function coversPixels(c: WindowCase): boolean {
  return ([0, 1] as const).every((dim) =>
    windowsAlong(dim, c).every((window) => window.some((at) => at >= 0 && at < c.shape[dim + 2]!)),
  );
}
