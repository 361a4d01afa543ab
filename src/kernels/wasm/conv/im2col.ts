/**
 * Convolutions as products of weights and packed patches, block by block: what computes everything.
 *
 *     forward           weights (outputs × depth) · patches (depth × pixels), whose depth is channels · taps
 *     input gradient    the same with the roles of inputs and outputs exchanged (correlation.ts); of few channels spread.ts
 *     weight gradient   dy (outputs × pixels) · patchesᵀ      weight-gradient.ts
 */
import type { Simd } from "../assembler/simd.js";
import { CONSTANTS, epiloguePass, NO_STEPS, type Steps, splitAtSum } from "../elementwise/epilogue.js";
import { type Block, depthBlocks } from "../gemm/blocks.js";
import { type GemmKernels, gemmKernels } from "../gemm/kernels.js";
import { DEPTH, MODE } from "../gemm/multiply.js";
import { Table } from "../gemm/table.js";
import { scratch } from "../memory.js";
import type { Task } from "../task.js";
import type { ConvAlgorithm, Pass } from "./algorithm.js";
import { type Correlation, type CorrelationOperands, forwardBy, inputGradientBy } from "./correlation.js";
import { PatchImages } from "./patch-images.js";
import { spreadGradient } from "./spread.js";
import { weightGradient } from "./weight-gradient.js";

/** With as few input channels in a group, spreading the input gradient is faster than collecting it. */
const FEW_CHANNELS = 16;

const always = () => true;
const describe = () => ({ algorithm: "im2col", saving: 1 });
const forward: Pass = (simd, g, operands) => [forwardBy(correlate, simd, g, operands)];
const spread: Pass = (simd, g, { x, weight, y }) => [spreadGradient(gemmKernels(simd), g, y, weight, x)];
const differentiate: Pass = (simd, g, { x, weight, y }) => [weightGradient(gemmKernels(simd), g, x, y, weight)];

export const im2col: ConvAlgorithm = {
  name: "im2col",
  option: "im2col",
  fits: always,
  pays: always,
  describe,
  forward,
  inputGradient: (simd, g, operands) =>
    g.inChannels / g.groups <= FEW_CHANNELS && g.kernelHeight * g.kernelWidth > 1
      ? spread(simd, g, operands)
      : inputGradientBy(correlate, simd, g, operands),
  weightGradient: differentiate,
};

/**
 * For numbers that are not finite, or very uneven: each result depends on what it reads alone. Its input gradient multiplies
 * no weight, which may be NaN, with zeros beside dy.
 */
export const plainSums: ConvAlgorithm = {
  name: "im2col",
  fits: always,
  pays: always,
  describe,
  forward,
  inputGradient: spread,
  weightGradient: differentiate,
};

/** Columns of a product whose patches are packed at a time where the depth is {@link DEPTH}: they stay in the cache. */
const COLUMNS = 96;
/** Outputs with fewer pixels share their panels of columns with those of the next images. */
const FEW_PIXELS = 64;

function correlate(simd: Simd, c: Correlation, o: CorrelationOperands): Task {
  return new CorrelationTask(gemmKernels(simd), c, o);
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
  readonly #pixelTable: Table;
  readonly #taps: Table;
  readonly #panels: number;
  /** Tables of the rows of the weights and of the results. */
  readonly #weightRows: number;
  readonly #resultRows: number;
  /** Where results are kept until they are put where they belong; 0 where they are written there at once. */
  readonly #aside: number;
  /** What the product does to results, and what follows when they are where they belong. */
  readonly #before: Steps;
  readonly #after: Steps;

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
    this.#aside = o.layout || this.#together > 1 ? scratch(4 * o.outputs * columns) : 0;
    // y is written to before its sum is read where results are kept aside, or blocks of the depth added up in it.
    const isEarly = this.#aside || this.#depth.length > 1;
    const length = o.batch * o.groups * o.outputs * pixels;
    const epilogue = isEarly ? kernels.keepSum(o.epilogue, o.result, length) : o.epilogue;
    [this.#before, this.#after] = this.#aside ? splitAtSum(epilogue) : [epilogue, NO_STEPS];
    this.#columnBlocks = Math.ceil(columns / this.#columns);
    this.parts = o.groups * this.#imageBlocks * (this.#aside ? 1 : this.#columnBlocks);
    this.#patches = new PatchImages(kernels, c, {
      channels: c.channels,
      images: this.#together,
      imageStride: 4 * o.groups * c.channels * c.height * c.width,
    });
    this.#taps = this.#patches.taps();
    this.#pixelTable = this.#patches.pixels(wide);
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
    const constants = this.#before.constants + CONSTANTS * group * o.outputs;
    const weights = o.weights + group * o.outputs * o.weightRow;
    const { panel } = kernels;
    for (const [i, [first, depth]] of this.#depth.entries()) {
      const taps = { at: this.#taps.at + 4 * first, count: depth };
      const pixels = { at: this.#pixelTable.at + 4 * column, count: columns };
      kernels.patches(image, taps, pixels, { at: this.#panels, tap: 4 * panel, panel: 4 * depth * panel });
      const start = i > 0 ? MODE.block : bias === 0 ? MODE.zero : MODE.bias;
      const end = i === this.#depth.length - 1 ? this.#before.steps : 0;
      kernels.multiplyPanels(
        { at: weights + 4 * first, rows: this.#weightRows, line: 0 },
        this.#panels,
        { at: result + 4 * column, rows: this.#resultRows, line: 0 },
        { rows: o.outputs, columns, depth, mode: start | end, bias, constants, sum: this.#before.sum },
      );
    }
  }

  /** Puts results that were kept aside where they belong. */
  #put(index: number, images: number): void {
    const { c, o, kernels } = this;
    for (let n = 0; n < images; n++) {
      const from = this.#aside + 4 * n * this.#pixels;
      const first = (index + n * o.groups) * o.outputs;
      const map = 4 * this.#together * this.#pixels;
      if (o.layout) {
        const { first: offset, plane, row, column } = o.layout;
        const to = [o.result + offset + first * plane, plane, row, column] as const;
        kernels.copy([from, map, 4 * c.outWidth, 4], to, o.outputs, c.outHeight, c.outWidth);
      } else {
        const to = o.result + 4 * first * this.#pixels;
        kernels.copy([from, 0, map, 4], [to, 0, 4 * this.#pixels, 4], 1, o.outputs, this.#pixels);
        epiloguePass(to, 1, o.outputs, this.#pixels, this.#after);
      }
    }
  }
}
