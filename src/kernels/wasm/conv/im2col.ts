/**
 * Convolutions as products of weights and packed patches, block by block: what computes everything.
 *
 *     forward           weights (outputs × depth) · patches (depth × pixels), whose depth is channels · taps
 *     input gradient    the same with the roles of inputs and outputs exchanged (correlation.ts); of few channels spread.ts
 *     weight gradient   dy (outputs × pixels) · patchesᵀ      weight-gradient.ts
 */
import type { Simd } from "../assembler/simd.js";
import { CONSTANTS, NO_STEPS, splitAtSum } from "../elementwise/epilogue.js";
import { depthBlocks } from "../gemm/blocks.js";
import * as gemm from "../gemm/kernels.js";
import { DEPTH, MODE } from "../gemm/multiply.js";
import { multiplesOf } from "../gemm/table.js";
import { scratch } from "../memory.js";
import type { Task } from "../task.js";
import type { ConvAlgorithm, Pass } from "./algorithm.js";
import { type Correlation, type CorrelationOperands, forwardBy, inputGradientBy } from "./correlation.js";
import { patchImages } from "./patch-images.js";
import { spreadGradient } from "./spread.js";
import { weightGradient } from "./weight-gradient.js";

/** With as few input channels in a group, spreading the input gradient is faster than collecting it. */
const FEW_CHANNELS = 16;

const always = () => true;
const forward: Pass = (simd, g, operands) => [forwardBy(correlate, simd, g, operands)];
const spread: Pass = (simd, g, { x, weight, y }) => [spreadGradient(simd, g, y, weight, x)];
const differentiate: Pass = (simd, g, { x, weight, y }) => [weightGradient(simd, g, x, y, weight)];

export const im2col: ConvAlgorithm = {
  name: "im2col",
  option: "im2col",
  fits: always,
  pays: always,
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
  forward,
  inputGradient: spread,
  weightGradient: differentiate,
};

/** Columns of a product whose patches are packed at a time where the depth is {@link DEPTH}: they stay in the cache. */
const COLUMNS = 96;
/** Outputs with fewer pixels share their panels of columns with those of the next images. */
const FEW_PIXELS = 64;

function correlate(simd: Simd, c: Correlation, o: CorrelationOperands): Task {
  const wide = gemm.panelOf(simd);
  const pixels = c.outHeight * c.outWidth;
  const depths = depthBlocks(c.channels * c.taps.length);
  const longest = Math.max(1, ...depths.map(([, length]) => length));
  const maxColumns = COLUMNS * Math.floor(DEPTH / longest);
  /** Images that share their panels. */
  const together = pixels < FEW_PIXELS ? Math.min(o.batch, Math.floor(maxColumns / pixels)) : 1;
  const allColumns = together * pixels;
  /** Where results are kept until they are put where they belong; 0 where they are written there at once. */
  const aside = o.layout || together > 1 ? scratch(4 * o.outputs * allColumns) : 0;
  // y is written to before its sum is read where results are kept aside, or blocks of the depth added up in it.
  const isEarly = aside || depths.length > 1;
  const epilogue = isEarly ? gemm.keepSum(o.epilogue, o.result, o.batch * o.groups * o.outputs * pixels) : o.epilogue;
  /** What the product does to results, and what follows when they are where they belong. */
  const [before, after] = aside ? splitAtSum(epilogue) : [epilogue, NO_STEPS];
  const columnBlocks = Math.ceil(allColumns / maxColumns);
  const patches = patchImages(c, {
    channels: c.channels,
    images: together,
    imageStride: 4 * o.groups * c.channels * c.height * c.width,
  });
  const [tapTable, pixelTable] = [patches.taps(), patches.pixels(wide)];
  const panels = scratch(4 * longest * Math.ceil(Math.min(allColumns, maxColumns) / wide) * wide);
  const weightRows = multiplesOf(o.weightRow, o.outputs);
  const resultRows = multiplesOf(4 * allColumns, o.outputs);

  /** One block of columns of one group's product. */
  function multiply(group: number, image: number, result: number, block: number, images: number): void {
    const column = block * maxColumns;
    const columns = Math.min(maxColumns, images * pixels - column);
    if (columns <= 0) return;
    if (depths.length === 0) gemm.clear(result, o.outputs * allColumns);
    const bias = o.bias && o.bias + 4 * group * o.outputs;
    const constants = before.constants + CONSTANTS * group * o.outputs;
    const weights = o.weights + group * o.outputs * o.weightRow;
    for (const [i, [first, depth]] of depths.entries()) {
      const taps = { at: tapTable.at + 4 * first, count: depth };
      const place = { at: pixelTable.at + 4 * column, count: columns };
      gemm.patches(simd, image, taps, place, { at: panels, tap: 4 * wide, panel: 4 * depth * wide });
      const start = i > 0 ? MODE.block : bias === 0 ? MODE.zero : MODE.bias;
      const end = i === depths.length - 1 ? before.steps : 0;
      gemm.multiplyPanels(
        simd,
        { at: weights + 4 * first, rows: weightRows, line: 0 },
        panels,
        { at: result + 4 * column, rows: resultRows, line: 0 },
        { rows: o.outputs, columns, depth, mode: start | end, bias, constants, sum: before.sum },
      );
    }
  }

  /** Puts results that were kept aside where they belong. */
  function put(index: number, images: number): void {
    for (let n = 0; n < images; n++) {
      const from = aside + 4 * n * pixels;
      const first = (index + n * o.groups) * o.outputs;
      if (o.layout) {
        const { first: offset, plane, row, column } = o.layout;
        const to = [o.result + offset + first * plane, plane, row, column] as const;
        gemm.copy([from, 4 * allColumns, 4 * c.outWidth, 4], to, o.outputs, c.outHeight, c.outWidth);
      } else {
        const to = o.result + 4 * first * pixels;
        gemm.copy([from, 0, 4 * allColumns, 4], [to, 0, 4 * pixels, 4], 1, o.outputs, pixels);
        after.pass?.(to, 1, o.outputs, pixels, after);
      }
    }
  }

  return {
    parts: o.groups * Math.ceil(o.batch / together) * (aside ? 1 : columnBlocks),
    run(from, to) {
      let [loaded, image] = [-1, 0];
      for (let part = from; part < to; part++) {
        const which = aside ? part : Math.floor(part / columnBlocks);
        const [group, first] = [which % o.groups, Math.floor(which / o.groups) * together];
        const images = Math.min(together, o.batch - first);
        const index = first * o.groups + group;
        if (which !== loaded) {
          image = patches.load(o.images + 4 * index * c.channels * c.height * c.width, images);
          loaded = which;
        }
        if (aside) {
          for (let i = 0; i < columnBlocks; i++) multiply(group, image, aside, i, images);
          put(index, images);
        } else {
          multiply(group, image, o.result + 4 * index * o.outputs * pixels, part % columnBlocks, 1);
        }
      }
    },
  };
}
