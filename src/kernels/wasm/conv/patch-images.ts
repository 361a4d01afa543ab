/**
 * Where a correlation's patches lie in memory: in the images themselves where they need no padding, else in padded
 * copies. A copy keeps columns 0, s, 2s, … of a row together, then 1, s + 1, …, for a stride of s, so that the pixels
 * which a tap meets from one output column to the next are neighbors for every stride.
 */

import type { Strides } from "../gemm/kernels.js";
import * as gemm from "../gemm/kernels.js";
import { newTable, type Table } from "../gemm/table.js";
import { scratch } from "../memory.js";
import type { Correlation } from "./correlation.js";

/** How much of a batch is held at a time. */
interface Held {
  readonly channels: number;
  readonly images: number;
  /** Bytes from one image of the batch to the next. */
  readonly imageStride: number;
  /** Always work on copies, for instance because they are written to. */
  readonly copies?: boolean;
}

export function patchImages(correlation: Correlation, held: Held) {
  const { taps, height, width, outHeight, outWidth, strideHeight, strideWidth } = correlation;
  const { channels, images } = held;
  /** First row and column that any tap meets. */
  let [top, left, bottom, right] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { row, column } of taps) {
    [top, left] = [Math.min(top, row), Math.min(left, column)];
    [bottom, right] = [Math.max(bottom, row), Math.max(right, column)];
  }
  bottom += (outHeight - 1) * strideHeight;
  right += (outWidth - 1) * strideWidth;
  // Four pixels in pieces of two rows are read with 12 bytes more, which must lie in the image.
  const fits = strideWidth === 1 && width >= 3 && top >= 0 && left >= 0 && bottom < height && right < width;
  const copies = taps.length > 0 && (held.copies === true || !fits);
  if (!copies) [top, left, bottom, right] = [0, 0, height - 1, width - 1];
  /** Columns per phase of the stride; numbers from one row to the next, and from one channel to the next. */
  const perPhase = copies ? Math.ceil((right - left + 1) / strideWidth) : width;
  const row = perPhase * strideWidth;
  const plane = row * (bottom - top + 1);
  const size = images * channels * plane;
  /** Where the copies are. */
  const at = copies ? scratch(4 * size + 128) + 64 : 0; // the ends may be overstepped a little
  /** Bytes from the patches of one row of outputs to those of the next. */
  const outputRow = 4 * strideHeight * row;
  const clear = () => gemm.clear(at, size);
  if (copies) clear();

  /** Visits what a copy and its image have in common, phase by phase, each as [at, plane, row, step] in bytes. */
  function eachPhase(
    copy: number,
    image: number,
    visit: (inner: Strides, outer: Strides, rows: number, length: number) => void,
  ): void {
    const firstRow = Math.max(0, top);
    const rows = Math.min(height, bottom + 1) - firstRow;
    for (let phase = 0; phase < strideWidth; phase++) {
      const skip = Math.max(0, Math.ceil((-left - phase) / strideWidth));
      const first = left + phase + skip * strideWidth;
      const length = Math.min(perPhase - skip, Math.ceil((width - first) / strideWidth));
      if (rows <= 0 || length <= 0) continue;
      const inner = copy + 4 * ((firstRow - top) * row + phase * perPhase + skip);
      visit(
        [inner, 4 * plane, 4 * row, 4],
        [image + 4 * (firstRow * width + first), 4 * height * width, 4 * width, 4 * strideWidth],
        rows,
        length,
      );
    }
  }

  return {
    at,
    outputRow,
    clear,

    /** Byte offset of every patch's first pixel, image by image in the order of the outputs; `more` further entries. */
    pixels(more: number): Table {
      const perImage = copies ? 4 * channels * plane : held.imageStride;
      const table = newTable(images * outHeight * outWidth + more);
      const { entries } = table;
      let i = 0;
      for (let n = 0; n < images; n++) {
        for (let y = 0; y < outHeight; y++) {
          const start = n * perImage + y * outputRow;
          for (let x = 0; x < outWidth; x++) entries[i++] = start + 4 * x;
        }
      }
      for (; i < entries.length; i++) entries[i] = entries[i - 1]! + 4;
      return table;
    },

    /** Byte offset of every tap of every channel from a patch's first pixel. */
    taps(): Table {
      const table = newTable(channels * taps.length);
      let i = 0;
      for (let c = 0; c < channels; c++) {
        for (const tap of taps) {
          const x = tap.column - left;
          const place = (x % strideWidth) * perPhase + Math.floor(x / strideWidth);
          table.entries[i++] = 4 * (c * plane + (tap.row - top) * row + place);
        }
      }
      return table;
    },

    /** Where the patches of the images at `from` lie, after copying them if need be. */
    load(from: number, count: number, some = channels): number {
      if (!copies) return from;
      for (let n = 0; n < count; n++) {
        eachPhase(at + 4 * n * channels * plane, from + n * held.imageStride, (inner, outer, rows, length) =>
          gemm.copy(outer, inner, some, rows, length),
        );
      }
      return at;
    },

    /** Writes the first copy, without its padding, to an image at `to`; pixels that no tap meets become 0. */
    store(to: number): void {
      const covers = top <= 0 && left <= 0 && bottom + 1 >= height && left + row >= width;
      if (!covers) gemm.clear(to, channels * height * width);
      eachPhase(at, to, (inner, outer, rows, length) => gemm.copy(inner, outer, channels, rows, length));
    },
  };
}
