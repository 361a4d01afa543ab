/**
 * Winograd's tiles mix what their outputs read: each output gets a share of the rounding of all numbers under its tile,
 * also of those that it does not read. That is harmless unless they are much larger than those that it does.
 */

import type { Simd } from "../assembler/simd.js";
import type { ConvOperands } from "../conv/algorithm.js";
import { collect } from "../conv/sliding-kernels.js";
import * as gemm from "../gemm/kernels.js";
import { MODE } from "../gemm/multiply.js";
import { multiplesOf, newTable } from "../gemm/table.js";
import { memory, scratch, view } from "../memory.js";
import type { Task } from "../task.js";
import type { Reading } from "./plan.js";
import { largestIn, largestInReach, magnitudes, squareScaled, unevenRows } from "./scan.js";

/** Outputs whose inputs are mixed: how many, how far it is from one tile to the next, and where the first one starts. */
export type Tile = readonly [height: number, width: number, step: number, start: number];

/** What is mixed with what an output reads may be so many times larger. */
const UNEVEN = 16;

/** So many times more outputs than are computed by themselves, each of which takes about as much longer. */
const SINGLE = 64;

/**
 * The largest magnitudes of all channels of x, `at`, in the grid of what the outputs read: images, rows of `columns` numbers,
 * with zeros for padding; the largest of its windows of height×width numbers from every number on (none for 0); `maxima`, the
 * largest of each image; and which rows of outputs read {@link UNEVEN} times smaller numbers, in `list`.
 */
function survey(x: number, r: Reading, height: number, width: number) {
  const { batch, top, left } = r;
  const rows = (r.outHeight - 1) * r.stride + r.kernelHeight;
  const columns = (r.outWidth - 1) * r.stride + r.kernelWidth;
  const [pixels, plane] = [r.height * r.width, rows * columns];
  const length = batch * plane;
  // Windows reach beyond the grid; there are zeros, too.
  const beyond = columns * height + width + 16;
  const [at, wide, windows] = [0, 1, 2].map(() => {
    const grid = scratch(4 * (length + beyond));
    gemm.clear(grid + 4 * length, beyond);
    return grid;
  }) as [number, number, number];
  const whole = rows === r.height && columns === r.width;
  const dense = whole ? at : scratch(4 * batch * pixels);
  magnitudes(x, batch, r.channels, pixels, dense);
  if (!whole) {
    gemm.clear(at, length);
    const to = [at + 4 * (top * columns + left), 4 * plane, 4 * columns, 4] as const;
    const [tall, long] = [Math.min(r.height, rows - top), Math.min(r.width, columns - left)];
    gemm.copy([dense, 4 * pixels, 4 * r.width, 4], to, batch, tall, long);
  }
  if (height > 0) {
    largestInReach()(at, wide, 4 * length, 4, width);
    largestInReach()(wide, windows, 4 * length, 4 * columns, height);
  }
  const [maxima, list] = [scratch(4 * batch), scratch(4 * batch * r.outHeight)];
  const [read, outputs, step] = height > 0 ? [windows, r.outHeight, 4 * columns * r.stride] : [at, 0, 0];
  const count = unevenRows()(
    ...[read, batch, 4 * plane, outputs, step, 4 * ((r.outWidth - 1) * r.stride + 1), UNEVEN, maxima, list],
  );
  return { at, windows, columns, plane, length, maxima, list, count, largest: largestIn(view(maxima, batch)) };
}

/**
 * Winograd's `tasks`, and after them one that computes the outputs by themselves which read only numbers that are
 * {@link UNEVEN} times smaller than the largest that is mixed with them; undefined where those are too many. Channels count
 * together, for one of zeros beside others is not rare. `largest` is the largest of x.
 */
export function spared(
  simd: Simd,
  r: Reading,
  [tileHeight, tileWidth, step, start]: Tile,
  operands: ConvOperands,
  tasks: (largest: number) => Task[] | undefined,
): Task[] | undefined {
  const { batch, stride, outHeight, outWidth } = r;
  const grid = survey(operands.x, r, r.kernelHeight, r.kernelWidth);
  const { windows, columns, plane } = grid;
  const reads = view(windows, grid.length);
  const limits = new Float64Array(outWidth);
  const singles: number[] = [];
  let few = 0;
  for (const row of new Int32Array(memory().buffer, grid.list, grid.count)) {
    const first = (row - windows) / 4;
    const image = first - (first % plane);
    const i = (first - image) / columns / stride;
    const top = i - (i % tileHeight);
    // What each output of the row is mixed with at most, over the tiles that it is in.
    limits.fill(0);
    for (let tile = start; tile < outWidth; tile += step) {
      const [left, right] = [Math.max(0, tile), Math.min(outWidth, tile + tileWidth)];
      let large = 0;
      for (let u = top; u < Math.min(outHeight, top + tileHeight); u++) {
        for (let v = left; v < right; v++) {
          const read = reads[image + (u * columns + v) * stride]!;
          if (read > large) large = read;
        }
      }
      const limit = large / UNEVEN;
      for (let v = left; v < right; v++) if (limits[v]! < limit) limits[v] = limit;
    }
    for (let j = 0; j < outWidth; j++) {
      const at = first + j * stride;
      const own = reads[at]!;
      if (own >= limits[j]!) continue;
      if (own > 0) few++;
      singles.push(own > 0 ? at : ~at);
    }
  }
  if (few * SINGLE > batch * outHeight * outWidth) return undefined;
  const mixed = tasks(grid.largest);
  if (!mixed) return undefined;
  if (singles.length > 0) {
    const rowTable = multiplesOf(4 * outHeight * outWidth, r.filters);
    const run = () => {
      const floats = view(0, memory().buffer.byteLength / 4);
      for (const at of singles) single(simd, r, operands, floats, at < 0 ? ~at : at, columns, plane, at < 0, rowTable);
    };
    mixed.push({ parts: 1, run });
  }
  return mixed;
}

/** The outputs that start to read at number `at` of the grid, in double precision; where they read nothing but zeros, quickly. */
function single(
  simd: Simd,
  r: Reading,
  operands: ConvOperands,
  floats: Float32Array,
  at: number,
  columns: number,
  plane: number,
  zeros: boolean,
  rowTable: number,
): void {
  const { stride, filters, channels, height, width, kernelHeight, kernelWidth } = r;
  const image = Math.floor(at / plane);
  const [i, j] = [Math.floor((at % plane) / columns), at % columns];
  const [row, column] = [i - r.top, j - r.left];
  const [pixels, taps] = [r.outHeight * r.outWidth, kernelHeight * kernelWidth];
  const y = operands.y + 4 * (image * filters * pixels + (i / stride) * r.outWidth + j / stride);
  for (let filter = 0; filter < filters; filter++) {
    let sum = operands.bias && floats[operands.bias / 4 + filter]!;
    for (let c = 0; !zeros && c < channels; c++) {
      const weight = (operands.weight + filter * r.filterBytes + c * r.channelBytes) / 4;
      const map = operands.x / 4 + (image * channels + c) * height * width;
      for (let u = Math.max(0, -row); u < Math.min(kernelHeight, height - row); u++) {
        for (let v = Math.max(0, -column); v < Math.min(kernelWidth, width - column); v++) {
          const tap = u * kernelWidth + v;
          sum += floats[weight + (r.flipped ? taps - 1 - tap : tap)]! * floats[map + (row + u) * width + column + v]!;
        }
      }
    }
    floats[y / 4 + filter * pixels] = sum;
  }
  const { steps, constants, sum } = operands.epilogue;
  if (!steps) return;
  const c = { at: y, rows: rowTable, line: 0 };
  const end = { depth: 0, mode: MODE.add | steps, bias: 0, constants, sum, lines: 1 };
  gemm.multiply(simd, { a: c, b: c, c, rows: filters, columns: 1, ...end });
}

/**
 * Whether each sum of a gradient of weights, dweight[u, v] = Σ dy[i, j] · x[i + u, j + v], is of products that are not much
 * smaller, in their Euclidean norm, than those that are mixed with them in tiles of height×width outputs. `largest` is the
 * largest of x times that of dy, each 1 at least; NaN or infinite where one is.
 */
export function evenProducts(
  simd: Simd,
  x: number,
  dy: number,
  r: Reading,
  height: number,
  width: number,
): { readonly even: boolean; readonly largest: number } {
  const { outHeight, outWidth, kernelHeight, kernelWidth } = r;
  const of = { ...r, channels: r.filters, height: outHeight, width: outWidth, top: 0, left: 0 };
  const [inputs, outputs] = [survey(x, r, 0, 0), survey(dy, of, 0, 0)];
  const { columns, plane, length } = inputs;
  const taps = newTable(kernelHeight * kernelWidth);
  for (let tap = 0; tap < taps.count; tap++) {
    taps.entries[tap] = 4 * (Math.floor(tap / kernelWidth) * columns + (tap % kernelWidth));
  }
  const sums = scratch(4 * taps.count);
  gemm.clear(sums, taps.count);
  // The products of some images are no more than those of all.
  const some = plane * Math.ceil(r.batch / 4);
  // Squares of fractions of the largest: float32 holds those.
  const [scale, scaleOut] = [inputs, outputs].map(({ at, largest }) => {
    const by = largest && Math.min(1 / largest, 1e38);
    squareScaled()(1, 0, some, at, by);
    return by;
  }) as [number, number];
  const lines = { lines: 1, columns: some };
  const image = { at: inputs.at, line: 0, taps: taps.at, count: taps.count };
  collect(simd, image, { at: outputs.at, ...lines }, sums);
  const limit = UNEVEN * UNEVEN * Math.min(...view(sums, taps.count));
  const square = (read: number, written: number): number => {
    const product = read * scale * written * scaleOut;
    return product * product;
  };
  // As if every image were as large as its largest number everywhere, which is quick; if need be tile by tile.
  const written = view(outputs.maxima, r.batch);
  const bound = view(inputs.maxima, r.batch).reduce((sum, read, n) => sum + square(read, written[n]!), 0);
  let even = outHeight * outWidth * bound <= limit;
  if (!even) {
    const read = survey(x, r, kernelHeight + height - 1, kernelWidth + width - 1).windows;
    const { windows } = survey(dy, of, height, width);
    const [reads, writes] = [view(read, length), view(windows, length)];
    let mixed = 0;
    for (let n = 0; n < length; n += plane) {
      for (let i = 0; i < outHeight; i += height) {
        for (let j = 0; j < outWidth; j += width) {
          const at = n + i * columns + j;
          mixed += square(reads[at]!, writes[at]!);
        }
      }
    }
    even = height * width * mixed <= limit;
  }
  return { even, largest: Math.max(1, inputs.largest) * Math.max(1, outputs.largest) };
}
