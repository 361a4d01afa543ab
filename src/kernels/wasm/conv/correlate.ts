/** A correlation as a product of weights (outputs × depth) and patches (depth × pixels), whose depth is channels · taps. */
import type { Flavour } from "../assembler/flavour.js";
import { RECORD } from "../elementwise/finish.js";
import { type Block, depthBlocks } from "../gemm/blocks.js";
import { type GemmKernels, gemmKernels } from "../gemm/kernels.js";
import { DEPTH, endOf, MODE } from "../gemm/multiply.js";
import { scratch } from "../memory.js";
import type { Task } from "../task.js";
import type { Correlation } from "./correlation.js";
import { PatchImages, Table } from "./image.js";

/** Columns of a product whose patches are packed at a time where the depth is {@link DEPTH}: they stay in the cache. */
const COLUMNS = 96;
/** Outputs with fewer pixels share their panels of columns with those of the next images. */
const FEW_PIXELS = 64;

/** Where a correlation of a batch finds its operands; offsets are in bytes, groups and images lie one after the other. */
export interface CorrelationOperands {
  readonly batch: number;
  readonly groups: number;
  /** Outputs of a group. */
  readonly outputs: number;
  readonly images: number;
  /** Rows of a group's weights, `weightRow` apart; the next group's follow. */
  readonly weights: number;
  readonly weightRow: number;
  /** 0 where there is none. */
  readonly bias: number;
  readonly result: number;
  /** Negative results become 0. */
  readonly relu?: boolean;
  /** Records of the results' ending (elementwise/finish.ts), group by group; 0 or nothing for none. */
  readonly records?: number;
  /** Where every pixel of the result lies if they are not neighbours. */
  readonly place?: Place;
}

/** Pixels of a larger image: offset of the first, steps between rows, columns and images of one output, in bytes. */
export interface Place {
  readonly first: number;
  readonly row: number;
  readonly column: number;
  readonly plane: number;
}

export function correlate(flavour: Flavour, c: Correlation, o: CorrelationOperands): Task {
  return new CorrelationTask(gemmKernels(flavour), c, o);
}

class CorrelationTask implements Task {
  readonly parts: number;
  readonly #pixels: number;
  /** Images that share their panels. */
  readonly #together: number;
  readonly #imageBlocks: number;
  readonly #columns: number;
  readonly #columnBlocks: number;
  readonly #depth: readonly Block[];
  readonly #patches: PatchImages;
  readonly #places: Table;
  readonly #taps: Table;
  readonly #panels: number;
  /** Tables of the rows of the weights and of the results. */
  readonly #weightRows: number;
  readonly #resultRows: number;
  /** Where results are kept until they are put in their places; 0 where they are written there at once. */
  readonly #aside: number;

  constructor(
    private readonly kernels: GemmKernels,
    private readonly c: Correlation,
    private readonly o: CorrelationOperands,
  ) {
    const wide = kernels.panel;
    const pixels = c.outHeight * c.outWidth;
    this.#pixels = pixels;
    this.#depth = depthBlocks(c.channels * c.taps.length);
    const longest = Math.max(1, ...this.#depth.map(([, length]) => length));
    this.#columns = COLUMNS * Math.floor(DEPTH / longest);
    this.#together = pixels < FEW_PIXELS ? Math.min(o.batch, Math.floor(this.#columns / pixels)) : 1;
    this.#imageBlocks = Math.ceil(o.batch / this.#together);
    const columns = this.#together * pixels;
    this.#aside = o.place || this.#together > 1 ? scratch(4 * o.outputs * columns) : 0;
    this.#columnBlocks = Math.ceil(columns / this.#columns);
    this.parts = o.groups * this.#imageBlocks * (this.#aside ? 1 : this.#columnBlocks);
    this.#patches = new PatchImages(kernels, c, {
      channels: c.channels,
      images: this.#together,
      imageStride: 4 * o.groups * c.channels * c.height * c.width,
    });
    this.#taps = this.#patches.taps();
    this.#places = this.#patches.pixels(wide);
    this.#panels = scratch(4 * longest * Math.ceil(Math.min(columns, this.#columns) / wide) * wide);
    this.#weightRows = Table.range(o.outputs, o.weightRow).at;
    this.#resultRows = Table.range(o.outputs, 4 * columns).at;
  }

  run(from: number, to: number): void {
    const { c, o } = this;
    let [loaded, image] = [-1, 0];
    for (let part = from; part < to; part++) {
      const which = this.#aside ? part : Math.floor(part / this.#columnBlocks);
      const [group, first] = [which % o.groups, Math.floor(which / o.groups) * this.#together];
      const images = Math.min(this.#together, o.batch - first);
      const index = first * o.groups + group;
      if (which !== loaded) {
        image = this.#patches.load(o.images + 4 * index * c.channels * c.height * c.width, images);
        loaded = which;
      }
      if (this.#aside) {
        for (let i = 0; i < this.#columnBlocks; i++) this.#multiply(group, image, this.#aside, i, images);
        this.#put(index, images);
      } else {
        this.#multiply(group, image, o.result + 4 * index * o.outputs * this.#pixels, part % this.#columnBlocks, 1);
      }
    }
  }

  /** One block of columns of one group's product. */
  #multiply(group: number, image: number, result: number, block: number, images: number): void {
    const { kernels, o } = this;
    const column = block * this.#columns;
    const all = images * this.#pixels;
    const columns = Math.min(this.#columns, all - column);
    if (columns <= 0) return;
    if (this.#depth.length === 0) kernels.clear(result, o.outputs * this.#together * this.#pixels);
    const bias = o.bias && o.bias + 4 * group * o.outputs;
    const records = (o.records ?? 0) + RECORD * group * o.outputs;
    const weights = o.weights + group * o.outputs * o.weightRow;
    const { panel } = kernels;
    for (const [i, [first, depth]] of this.#depth.entries()) {
      const taps = { at: this.#taps.at + 4 * first, count: depth };
      const pixels = { at: this.#places.at + 4 * column, count: columns };
      kernels.patches(image, taps, pixels, { at: this.#panels, tap: 4 * panel, panel: 4 * depth * panel });
      const start = i > 0 ? MODE.block : bias === 0 ? MODE.zero : MODE.bias;
      const end = i === this.#depth.length - 1 ? endOf(o) : 0;
      kernels.multiplyPanels(
        { at: weights + 4 * first, rows: this.#weightRows, line: 0 },
        this.#panels,
        { at: result + 4 * column, rows: this.#resultRows, line: 0 },
        { rows: o.outputs, columns, depth, mode: start | end, bias, records },
      );
    }
  }

  /** Puts results that were kept aside in their places. */
  #put(index: number, images: number): void {
    const { c, o, kernels } = this;
    for (let n = 0; n < images; n++) {
      const from = this.#aside + 4 * n * this.#pixels;
      const first = (index + n * o.groups) * o.outputs;
      const map = 4 * this.#together * this.#pixels;
      if (o.place) {
        const { first: offset, plane, row, column } = o.place;
        const to = [o.result + offset + first * plane, plane, row, column] as const;
        kernels.copy([from, map, 4 * c.outWidth, 4], to, o.outputs, c.outHeight, c.outWidth);
      } else {
        const to = [o.result + 4 * first * this.#pixels, 0, 4 * this.#pixels, 4] as const;
        kernels.copy([from, 0, map, 4], to, 1, o.outputs, this.#pixels);
      }
    }
  }
}
