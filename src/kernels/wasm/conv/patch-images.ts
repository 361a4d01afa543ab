/**
 * Where a correlation's patches lie in memory: in the images themselves where they need no padding, else in padded
 * copies. A copy keeps columns 0, s, 2s, … of a row together, then 1, s + 1, …, for a stride of s, so that the pixels
 * which a tap meets from one output column to the next are neighbors for every stride.
 */
import type { GemmKernels, Strides } from "../gemm/kernels.js";
import { Table } from "../gemm/table.js";
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

export class PatchImages {
  readonly #copies: boolean;
  /** Numbers from one row to the next, and from one channel to the next. */
  readonly #row: number;
  readonly #plane: number;
  /** First row and column that any tap meets, and columns per phase of the stride. */
  readonly #top: number;
  readonly #left: number;
  readonly #perPhase: number;
  /** Where the copies are. */
  readonly #copy: number;

  constructor(
    private readonly kernels: GemmKernels,
    private readonly correlation: Correlation,
    private readonly held: Held,
  ) {
    const { taps, height, width, outHeight, outWidth, strideHeight, strideWidth } = correlation;
    let [top, left, bottom, right] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const { row, column } of taps) {
      [top, left] = [Math.min(top, row), Math.min(left, column)];
      [bottom, right] = [Math.max(bottom, row), Math.max(right, column)];
    }
    bottom += (outHeight - 1) * strideHeight;
    right += (outWidth - 1) * strideWidth;
    // Four pixels in pieces of two rows are read with 12 bytes more, which must lie in the image.
    const fits = strideWidth === 1 && width >= 3 && top >= 0 && left >= 0 && bottom < height && right < width;
    this.#copies = taps.length > 0 && (held.copies === true || !fits);
    this.#top = this.#copies ? top : 0;
    this.#left = this.#copies ? left : 0;
    this.#perPhase = this.#copies ? Math.ceil((right - left + 1) / strideWidth) : width;
    this.#row = this.#perPhase * strideWidth;
    this.#plane = this.#row * (this.#copies ? bottom - top + 1 : height);
    this.#copy = this.#copies ? scratch(4 * this.#size + 128) + 64 : 0; // the ends may be overstepped a little
    if (this.#copies) this.clear();
  }

  get #size(): number {
    return this.held.images * this.held.channels * this.#plane;
  }

  /** Byte offset of every patch's first pixel, image by image in the order of the outputs; `more` further entries. */
  pixels(more: number): Table {
    const { outHeight, outWidth } = this.correlation;
    const { images, channels, imageStride } = this.held;
    const perImage = this.#copies ? 4 * channels * this.#plane : imageStride;
    const table = new Table(images * outHeight * outWidth + more);
    const { entries } = table;
    let at = 0;
    for (let n = 0; n < images; n++) {
      for (let i = 0; i < outHeight; i++) {
        const start = n * perImage + i * this.outputRow;
        for (let j = 0; j < outWidth; j++) entries[at++] = start + 4 * j;
      }
    }
    for (; at < entries.length; at++) entries[at] = entries[at - 1]! + 4;
    return table;
  }

  /** Byte offset of every tap of every channel from a patch's first pixel. */
  taps(): Table {
    const { taps, strideWidth } = this.correlation;
    const table = new Table(this.held.channels * taps.length);
    let at = 0;
    for (let c = 0; c < this.held.channels; c++) {
      for (const { row, column } of taps) {
        const x = column - this.#left;
        const place = (x % strideWidth) * this.#perPhase + Math.floor(x / strideWidth);
        table.entries[at++] = 4 * (c * this.#plane + (row - this.#top) * this.#row + place);
      }
    }
    return table;
  }

  /** Where the patches of the images at `from` lie, after copying them if need be. */
  load(from: number, images: number, channels = this.held.channels): number {
    if (!this.#copies) return from;
    for (let n = 0; n < images; n++) {
      const copy = this.#copy + 4 * n * this.held.channels * this.#plane;
      this.#eachPhase(copy, from + n * this.held.imageStride, (inner, outer, rows, length) =>
        this.kernels.copy(outer, inner, channels, rows, length),
      );
    }
    return this.#copy;
  }

  /** Bytes from the patches of one row of outputs to those of the next. */
  get outputRow(): number {
    return 4 * this.correlation.strideHeight * this.#row;
  }

  /** Where the copies are. */
  get at(): number {
    return this.#copy;
  }

  clear(): void {
    this.kernels.clear(this.#copy, this.#size);
  }

  /** Writes the first copy, without its padding, to an image at `to`; pixels that no tap meets become 0. */
  store(to: number): void {
    const { height, width } = this.correlation;
    const [bottom, right] = [this.#top + this.#plane / this.#row, this.#left + this.#row];
    const covers = this.#top <= 0 && this.#left <= 0 && bottom >= height && right >= width;
    if (!covers) this.kernels.clear(to, this.held.channels * height * width);
    this.#eachPhase(this.#copy, to, (inner, outer, rows, length) =>
      this.kernels.copy(inner, outer, this.held.channels, rows, length),
    );
  }

  /** Visits what a copy and its image have in common, phase by phase, each as [at, plane, row, step] in bytes. */
  #eachPhase(
    copy: number,
    image: number,
    visit: (inner: Strides, outer: Strides, rows: number, length: number) => void,
  ): void {
    const { height, width, strideWidth } = this.correlation;
    const top = Math.max(0, this.#top);
    const rows = Math.min(height, this.#top + this.#plane / this.#row) - top;
    for (let phase = 0; phase < strideWidth; phase++) {
      const skip = Math.max(0, Math.ceil((-this.#left - phase) / strideWidth));
      const first = this.#left + phase + skip * strideWidth;
      const length = Math.min(this.#perPhase - skip, Math.ceil((width - first) / strideWidth));
      if (rows <= 0 || length <= 0) continue;
      const inner = copy + 4 * ((top - this.#top) * this.#row + phase * this.#perPhase + skip);
      visit(
        [inner, 4 * this.#plane, 4 * this.#row, 4],
        [image + 4 * (top * width + first), 4 * height * width, 4 * width, 4 * strideWidth],
        rows,
        length,
      );
    }
  }
}
