/**
 * The input gradient where there are few input channels: weightsᵀ (channels·taps × outputs) · dy (outputs × pixels),
 * of which every row is added to the image where its tap meets it. The adjoint of packing patches.
 */
import type { ConvGeometry } from "../../../shape/conv.js";
import type { Simd } from "../assembler/simd.js";
import { depthBlocks } from "../gemm/blocks.js";
import * as gemm from "../gemm/kernels.js";
import { MODE } from "../gemm/multiply.js";
import { multiplesOf } from "../gemm/table.js";
import { scratch } from "../memory.js";
import type { Task } from "../task.js";
import { forwardCorrelation } from "./correlation.js";
import { patchImages } from "./patch-images.js";

/** Entries of the matrix that are computed before they are added: they stay in the cache. */
const ENTRIES = 1 << 15;

export function spreadGradient(simd: Simd, g: ConvGeometry, dy: number, weight: number, dx: number): Task {
  const correlation = forwardCorrelation(g);
  const { channels, taps } = correlation;
  const [outputs, rows, pixels] = [g.outChannels / g.groups, channels * taps.length, g.outHeight * g.outWidth];
  const wide = gemm.panelOf(simd);
  const columns = g.outWidth * Math.max(1, Math.min(g.outHeight, Math.floor(ENTRIES / rows / g.outWidth)));
  const image = patchImages(correlation, { channels, images: 1, imageStride: 0, copies: true });
  const tapTable = image.taps();
  const [maps, run] = [multiplesOf(4 * pixels, outputs), multiplesOf(4, pixels + wide)];
  const transposed = scratch(4 * rows * g.outChannels);
  const panels = scratch(4 * outputs * wide * Math.ceil(columns / wide));
  const matrix = scratch(4 * rows * columns);
  const weightRows = multiplesOf(4 * outputs, rows);
  const matrixRows = multiplesOf(4 * columns, rows);
  for (let group = 0; group < g.groups; group++) {
    const at = 4 * group * outputs * rows;
    gemm.transpose({ at: weight + at, row: 4 * rows }, { at: transposed + at, row: 4 * outputs }, rows, outputs);
  }
  const depth = depthBlocks(outputs);
  return {
    parts: g.batch * g.groups,
    run(from, to) {
      for (let part = from; part < to; part++) {
        const weights = transposed + 4 * (part % g.groups) * outputs * rows;
        image.clear();
        for (let column = 0; column < pixels; column += columns) {
          const count = Math.min(columns, pixels - column);
          for (const [first, length] of depth) {
            const channel = { at: maps + 4 * first, count: length };
            const packed = { at: panels, tap: 4 * wide, panel: 4 * wide * length };
            gemm.patches(simd, dy + 4 * part * outputs * pixels, channel, { at: run + 4 * column, count }, packed);
            gemm.multiplyPanels(
              simd,
              { at: weights + 4 * first, rows: weightRows, line: 0 },
              panels,
              { at: matrix, rows: matrixRows, line: 0 },
              { rows, columns: count, depth: length, mode: first === 0 ? MODE.zero : MODE.block, bias: 0 },
            );
          }
          const line = column / g.outWidth;
          gemm.spread({ at: image.at + line * image.outputRow, row: image.outputRow }, tapTable, {
            at: matrix,
            tap: 4 * columns,
            rows: count / g.outWidth,
            columns: g.outWidth,
          });
        }
        image.store(dx + 4 * part * channels * g.height * g.width);
      }
    },
  };
}
