/**
 * The classical filters as convolutions whose weights are fixed: one kernel for every channel of a picture. They are
 * layers: they stand in a `Sequential`, pass gradients on, and learn nothing.
 */

import { Conv2d } from "../layers/conv2d.js";
import { checkInteger, checkPositive, checkRange, checkSize } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { show } from "../shape/show.js";
import { exp } from "../tensor/math.js";

/** A square kernel, row by row. */
type Kernel = readonly (readonly number[])[];

/**
 * A k×k kernel, k odd, over each channel by itself: `[N, C, H, W]` → `[N, C, H, W]`. Beyond its edges the picture goes on
 * as its outermost pixels.
 *
 *     y[n, c, i, j] = Σ_{u,v} kernel[u, v] · x[n, c, i + u − ⌊k/2⌋, j + v − ⌊k/2⌋]
 */
function fixed(name: string, channels: number, kernel: Kernel): Conv2d {
  checkInteger(name, "channels", channels, 1);
  const size = kernel.length;
  checkSize(name, "a kernel", [channels, size, size]);
  const options = { padding: (size - 1) / 2, paddingMode: "replicate", groups: channels, bias: false } as const;
  const filter: Conv2d = new Conv2d(channels, channels, size, options);
  for (const { value } of filter.parameters()) {
    const weights = kernel.flat();
    for (let c = 0; c < channels; c++) value.data.set(weights, c * weights.length);
  }
  return filter.freeze();
}

/** A kernel of these values in each direction: kernel[u, v] = column[u] · row[v]. */
function outer(column: readonly number[], row: readonly number[]): number[][] {
  return column.map((u) => row.map((v) => u * v));
}

/**
 * The mean of `size`×`size` pixels.
 * @throws ArgumentError for channels that are not a positive integer or a size that is not odd.
 * @example
 * const blurred = boxBlur(3, 5).forward(photos); // [N, 3, H, W]
 */
export function boxBlur(channels: number, size = 3): Conv2d {
  const side = checkRange("boxBlur", "size", checkOdd("boxBlur", size), 1, 3001);
  const line = new Array<number>(side).fill(1 / side);
  return fixed("boxBlur", channels, outer(line, line));
}

/**
 * The mean of the pixels around, weighted by exp(−d² / 2σ²) where d is their distance in pixels; the kernel reaches 3σ
 * far, and its weights sum to 1.
 * @param sigma in pixels. Default 1.
 * @throws ArgumentError for channels that are not a positive integer or a sigma that is not above 0.
 * @example
 * const soft = gaussianBlur(3, 2).forward(photos);
 */
export function gaussianBlur(channels: number, sigma = 1): Conv2d {
  const reach = Math.ceil(
    3 * checkRange("gaussianBlur", "sigma", checkPositive("gaussianBlur", "sigma", sigma), 0, 500),
  );
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    exp((-(i - reach) * (i - reach)) / (2 * sigma * sigma)),
  );
  const sum = weights.reduce((a, b) => a + b);
  const line = weights.map((weight) => weight / sum);
  return fixed("gaussianBlur", channels, outer(line, line));
}

/**
 * The picture minus its Laplacian: edges get steeper, flat parts stay.
 * @example
 * const crisp = sharpen(3).forward(photos);
 */
export function sharpen(channels: number): Conv2d {
  const rows = [
    [0, -1, 0],
    [-1, 5, -1],
    [0, -1, 0],
  ];
  return fixed("sharpen", channels, rows);
}

/**
 * The slope from left to right, 8 times as large, smoothed from top to bottom.
 * Source: Sobel & Feldman 1968; https://en.wikipedia.org/wiki/Sobel_operator
 * @example
 * const edges = sobelX(1).forward(gray).square().add(sobelY(1).forward(gray).square()).sqrt();
 */
export function sobelX(channels: number): Conv2d {
  return fixed("sobelX", channels, outer([1, 2, 1], [-1, 0, 1]));
}

/** The slope from top to bottom, as {@link sobelX} is the one from left to right. */
export function sobelY(channels: number): Conv2d {
  return fixed("sobelY", channels, outer([-1, 0, 1], [1, 2, 1]));
}

/** The sum of the four neighbors minus four times the pixel: 0 where the picture is flat or a slope. */
export function laplacian(channels: number): Conv2d {
  const rows = [
    [0, 1, 0],
    [1, -4, 1],
    [0, 1, 0],
  ];
  return fixed("laplacian", channels, rows);
}

/** The picture plus its slope toward the lower right: as if light fell on a relief from the upper left. */
export function emboss(channels: number): Conv2d {
  const rows = [
    [-2, -1, 0],
    [-1, 1, 1],
    [0, 1, 2],
  ];
  return fixed("emboss", channels, rows);
}

/** A kernel has a middle. */
function checkOdd(name: string, size: number): number {
  if (checkInteger(name, "size", size, 1) % 2 === 1) return size;
  throw new ArgumentError(`${name} expects size to be odd, so that the kernel has a middle, but got ${show(size)}.`);
}
