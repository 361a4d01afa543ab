/**
 * Poolings, four neighboring windows of a row at a time wherever they have the same size and distance.
 *
 * From the reference: backward of windows other than 2 × 2 side by side, which scatters.
 */
import type { PoolDim, PoolGeometry } from "../../shape/pool.js";
import type { Operand } from "../../tensor/storage.js";
import { onArrays } from "../operands.js";
import type { AveragePoolKernels, MaxPoolKernels } from "../pool.js";
import { halves, referenceAveragePool, referenceMaxPool } from "../reference/pool.js";
import type { Kernel } from "./assembler/module.js";
import { bits } from "./elementwise/run.js";
import { addressesOf, memory, scratch, view } from "./memory.js";
import { averageHalvesBackward, maxHalvesBackward } from "./pool/halves.js";
import { averageWindows, maxWindows, type Stretch } from "./pool/windows.js";

export const wasmMaxPool: MaxPoolKernels = {
  maxForward(g, x, y, argmax) {
    run(maxWindows, g, addressesOf(x, y, bits(argmax)));
  },

  maxBackward(g, dy, argmax, dx) {
    if (areHalves(g)) runHalves(maxHalvesBackward, g, dy, bits(argmax), dx, 0);
    else onArrays(referenceMaxPool.maxBackward, g, dy, argmax, dx);
  },
};

export const wasmAveragePool: AveragePoolKernels = {
  averageForward(g, x, y) {
    run(averageWindows, g, addressesOf(x, y, undefined));
  },

  averageBackward(g, dy, dx) {
    const { rows, columns } = g;
    if (areHalves(g)) runHalves(averageHalvesBackward, g, dy, dy, dx, (rows.count[0] ?? 1) * (columns.count[0] ?? 1));
    else onArrays(referenceAveragePool.averageBackward, g, dy, dx);
  },
};

function run(kernels: typeof maxWindows, g: PoolGeometry, arrays: readonly number[]): void {
  const { planes, rows, columns } = g;
  const stretch = stretchOf(columns);
  kernels(stretch.taps, stretch.step, stretch.stride)(
    planes,
    ...arrays,
    tables(g),
    columns.size,
    4 * rows.size * columns.size,
    rows.out,
    columns.out,
    rows.step,
    columns.step,
    stretch.start,
    stretch.stop,
  );
}

function runHalves(
  kernel: () => Kernel,
  { planes, rows, columns }: PoolGeometry,
  dy: Operand,
  argmax: Operand,
  dx: Operand,
  count: number,
): void {
  const { length } = dx;
  const [from, positions, to] = addressesOf(dy, argmax, dx);
  if (rows.size > 2 * rows.out || columns.size > 2 * columns.out) view(to, length).fill(0);
  const plane = 4 * rows.size * columns.size;
  kernel()(planes, rows.out, columns.out, columns.size, plane, from, positions, to, count);
}

function areHalves({ rows, columns }: PoolGeometry): boolean {
  return halves(rows) && halves(columns);
}

/** The dimensions' windows as the kernels read them, in scratch. */
function tables({ rows, columns }: PoolGeometry): number {
  const bounds = 2 * (rows.out + columns.out);
  const place = scratch(4 * bounds + 8 * (rows.out + columns.out));
  const { buffer } = memory();
  const integers = new Int32Array(buffer, place, bounds);
  integers.set(rows.first);
  integers.set(rows.end, rows.out);
  integers.set(columns.first, 2 * rows.out);
  integers.set(columns.end, 2 * rows.out + columns.out);
  const counts = new Float64Array(buffer, place + 4 * bounds, bounds / 2);
  counts.set(rows.count);
  counts.set(columns.count, rows.out);
  return place;
}

/** Most pixels of a window's row that are worth a kernel of their own. */
const MAX_TAPS = 8;

/** The windows between the edges that all have the size of the one in the middle and the same distance. */
function stretchOf({ first, end, out, step }: PoolDim): Stretch & { readonly start: number; readonly stop: number } {
  const middle = out >> 1;
  const size = end[middle]! - first[middle]!;
  const stride = first[middle]! - first[middle - 1]!;
  const taps = Math.ceil(size / step);
  const isAlike = (j: number) => end[j]! - first[j]! === size && first[j]! - first[middle]! === stride * (j - middle);
  let start = middle;
  while (start > 0 && isAlike(start - 1)) start--;
  let stop = middle;
  while (stop < out && isAlike(stop)) stop++;
  return taps <= MAX_TAPS && stride > 0 && stop >= start + 4
    ? { taps, step, stride, start, stop }
    : { taps: 0, step: 1, stride: 1, start: 0, stop: 0 };
}
