/**
 * The weight gradient as a product over all pixels of all images: patches (channels·taps × pixels) · dyᵀ (pixels ×
 * outputs), which is turned around when it is added. A part is some channels of a group, with all of their sums.
 */
import type { ConvGeometry } from "../../../shape/conv.js";
import type { Simd } from "../assembler/simd.js";
import { depthBlocks, evenBlocks } from "../gemm/blocks.js";
import * as gemm from "../gemm/kernels.js";
import { DEPTH, MODE } from "../gemm/multiply.js";
import { multiplesOf } from "../gemm/table.js";
import { scratch } from "../memory.js";
import type { Task } from "../task.js";
import { forwardCorrelation } from "./correlation.js";
import { patchImages } from "./patch-images.js";

/** Rows of patches that are packed at a time. */
const ROWS = 192;

export function weightGradient(simd: Simd, g: ConvGeometry, x: number, dy: number, dweight: number): Task {
  const correlation = forwardCorrelation(g);
  const { channels, taps } = correlation;
  const [outputs, pixels] = [g.outChannels / g.groups, g.outHeight * g.outWidth];
  const wide = gemm.panelOf(simd);
  const together = Math.min(g.batch, Math.max(1, Math.floor(DEPTH / pixels)));
  const maxChannels = Math.min(channels, Math.max(1, Math.floor(ROWS / taps.length)));
  const plane = 4 * g.height * g.width;
  const image = patchImages(correlation, {
    channels: maxChannels,
    images: together,
    imageStride: g.groups * channels * plane,
  });
  const [places, tapTable] = [image.pixels(wide), image.taps()];
  const blocks = evenBlocks(channels, maxChannels);
  const spans = together > 1 ? ([[0, pixels]] as const) : depthBlocks(pixels);
  const longest = together * Math.max(...spans.map(([, length]) => length));
  const row = 4 * longest + 64; // no power of two, so that rows do not compete for the same sets of a cache
  const patches = scratch(maxChannels * taps.length * row);
  const panels = scratch(4 * Math.ceil(outputs / wide) * wide * longest);
  const result = scratch(4 * maxChannels * taps.length * outputs);
  const patchRows = multiplesOf(row, maxChannels * taps.length);
  const resultRows = multiplesOf(4 * outputs, maxChannels * taps.length);

  /** Adds the products of pixels `first` to `first + length` of some images to the result. */
  const multiply = (
    source: number,
    dout: number,
    images: number,
    first: number,
    length: number,
    rows: number,
    mode: number,
  ) => {
    const depth = images * length;
    for (let n = 0; n < images; n++) {
      const from = dout + 4 * (n * g.groups * outputs * pixels + first);
      const to = { at: panels + 4 * n * length * wide, panel: 4 * depth * wide };
      gemm.packColumns(simd, { at: from, row: 4 * pixels, rows: outputs, length }, to);
    }
    const pixelTable = { at: places.at + 4 * first, count: depth };
    gemm.patches(simd, source, { at: tapTable.at, count: rows }, pixelTable, {
      at: patches,
      tap: row,
      panel: 4 * wide,
    });
    gemm.multiplyPanels(
      simd,
      { at: patches, rows: patchRows, line: 0 },
      panels,
      { at: result, rows: resultRows, line: 0 },
      { rows, columns: outputs, depth, mode, bias: 0 },
    );
  };

  return {
    parts: g.groups * blocks.length,
    run(from, to) {
      for (let part = from; part < to; part++) {
        const group = Math.floor(part / blocks.length);
        const [channel, count] = blocks[part % blocks.length]!;
        const rows = count * taps.length;
        for (let n = 0; n < g.batch; n += together) {
          const images = Math.min(together, g.batch - n);
          const index = n * g.groups + group;
          const source = image.load(x + (index * channels + channel) * plane, images, count);
          for (const [first, length] of spans) {
            const dout = dy + 4 * index * outputs * pixels;
            multiply(source, dout, images, first, length, rows, n === 0 && first === 0 ? MODE.zero : MODE.block);
          }
        }
        const target = dweight + 4 * (group * outputs * channels + channel) * taps.length;
        const to = { at: target, row: 4 * channels * taps.length };
        gemm.addTransposed({ at: result, row: 4 * outputs }, to, outputs, rows);
      }
    },
  };
}
