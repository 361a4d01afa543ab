/**
 * Where a correlation's patches lie in memory: in the image itself where it needs no padding, else in a padded copy.
 * The copy keeps columns 0, s, 2s, … of a row together, then 1, s + 1, …, for a stride of s, so that the pixels which
 * a tap meets from one output column to the next are neighbours for every stride.
 */
import type { GemmKernels } from "../gemm/kernels.js";
import { memory, scratch, view } from "../memory.js";
import type { Correlation } from "./correlation.js";

export class PatchImage {
  /** Whether {@link load} copies. */
  readonly copies: boolean;
  /** Numbers from one row to the next, and from one channel to the next. */
  readonly #row: number;
  readonly #plane: number;
  /** First row and column that any tap meets, and columns per phase of the stride. */
  readonly #top: number;
  readonly #left: number;
  readonly #perPhase: number;
  readonly #correlation: Correlation;
  #copy = 0;

  constructor(correlation: Correlation) {
    const { taps, height, width, outHeight, outWidth, strideHeight, strideWidth } = correlation;
    const rows = taps.map(({ row }) => row);
    const columns = taps.map(({ column }) => column);
    const [top, left] = [Math.min(...rows), Math.min(...columns)];
    const bottom = Math.max(...rows) + (outHeight - 1) * strideHeight;
    const right = Math.max(...columns) + (outWidth - 1) * strideWidth;
    this.#correlation = correlation;
    this.copies = strideWidth > 1 || top < 0 || left < 0 || bottom >= height || right >= width;
    this.#top = this.copies ? top : 0;
    this.#left = this.copies ? left : 0;
    this.#perPhase = this.copies ? Math.ceil((right - left + 1) / strideWidth) : width;
    this.#row = this.#perPhase * strideWidth;
    this.#plane = this.#row * (this.copies ? bottom - top + 1 : height);
    if (!this.copies) return;
    const size = correlation.channels * this.#plane;
    this.#copy = scratch(4 * size + 128) + 64; // packing may read a little beyond either end
    view(this.#copy, size).fill(0);
  }

  /** Byte offset of every patch's first pixel, in the order of the outputs; followed by `multiple` more at least. */
  pixels(multiple: number): Table {
    const { outHeight, outWidth, strideHeight } = this.#correlation;
    const count = outHeight * outWidth;
    const table = new Table(Math.ceil(count / multiple) * multiple + multiple);
    const { entries } = table;
    let at = 0;
    for (let i = 0; i < outHeight; i++) {
      const row = 4 * i * strideHeight * this.#row;
      for (let j = 0; j < outWidth; j++) entries[at++] = row + 4 * j;
    }
    for (; at < entries.length; at++) entries[at] = (entries[at - 1] ?? 0) + 4;
    return table;
  }

  /** Byte offset of every tap of every channel from a patch's first pixel. */
  taps(): Table {
    const { channels, taps, strideWidth } = this.#correlation;
    const table = new Table(channels * taps.length);
    let at = 0;
    for (let c = 0; c < channels; c++) {
      for (const { row, column } of taps) {
        const x = column - this.#left;
        const place = (x % strideWidth) * this.#perPhase + Math.floor(x / strideWidth);
        table.entries[at++] = 4 * (c * this.#plane + (row - this.#top) * this.#row + place);
      }
    }
    return table;
  }

  /** Where the patches of the image at `from` lie, after copying it if need be. */
  load(kernels: GemmKernels, from: number): number {
    if (!this.copies) return from;
    const { channels, height, width, strideWidth } = this.#correlation;
    const [top, left] = [Math.max(0, this.#top), this.#left];
    const rows = Math.min(height, this.#top + this.#plane / this.#row) - top;
    for (let phase = 0; phase < strideWidth; phase++) {
      const skip = Math.max(0, Math.ceil((-left - phase) / strideWidth));
      const first = left + phase + skip * strideWidth;
      const length = Math.min(this.#perPhase - skip, Math.ceil((width - first) / strideWidth));
      if (rows <= 0 || length <= 0) continue;
      kernels.copy(
        from + 4 * (top * width + first),
        4 * height * width,
        4 * width,
        4 * strideWidth,
        this.#copy + 4 * ((top - this.#top) * this.#row + phase * this.#perPhase + skip),
        4 * this.#plane,
        4 * this.#row,
        4,
        channels,
        rows,
        length,
      );
    }
    return this.#copy;
  }
}

/** 32-bit offsets in the engine's memory. */
export class Table {
  readonly at: number;
  readonly entries: Int32Array;

  constructor(length: number) {
    this.at = scratch(4 * length);
    this.entries = new Int32Array(memory().buffer, this.at, length);
  }
}
