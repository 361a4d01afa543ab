/**
 * Batches in the layout CHWN (chwn-batch.ts) by Winograd's minimal filtering along the rows of the images: with m outputs
 * to a tile and `points` = m + kernelWidth − 1, for every row of outputs i,
 *
 *     y[k, i, tile] = Aᵀ Σ over c, u of (G·w[k, c, u]) ⊙ (Bᵀ·x[c, i + u, tile])
 *
 * where u counts the rows of the kernel, so that sums are long although channels are few. Images are the lanes of all of
 * it, and the transforms are products as well. The input gradient is the adjoint of the same formula, over the same tiles:
 *
 *     dx[c, i + u, tile] += B Σ over k, u of (G·w[k, c, u]) ⊙ (A·dy[k, i, tile])
 *
 * A plan (sizes, room, tables) and three passes over it: of the filters, forward, and the input gradient.
 */
import type { ConvGeometry } from "../../../shape/conv.js";
import type { Direction } from "../../conv.js";
import type { Steps } from "../../epilogue.js";
import type { Simd } from "../assembler/simd.js";
import { CONSTANTS, splitAtSum } from "../elementwise/epilogue.js";
import type { Matrix } from "../gemm/kernels.js";
import * as gemm from "../gemm/kernels.js";
import { MODE } from "../gemm/multiply.js";
import { multiplesOf, newTable } from "../gemm/table.js";
import { scratch, view } from "../memory.js";
import type { Task } from "../task.js";
import { MAX_POINTS, type Matrices, minimalFiltering } from "../winograd/matrices.js";
import { gradientReading, oddLines, type Reading, readingOf } from "../winograd/plan.js";
import { spared, type Tile } from "../winograd/reach.js";
import { largestIn, magnitudes } from "../winograd/scan.js";
import type { ConvAlgorithm, ConvOperands, Describe } from "./algorithm.js";
import { chwn } from "./chwn.js";
import { chwnBatch, chwnFits } from "./chwn-batch.js";

export const winogradRows: ConvAlgorithm = {
  name: "winograd rows",
  fits,
  pays: rowTilesPay,

  forward(simd, g, o) {
    const { size } = rowTiles(g)!;
    return forFewOutliers(simd, g, readingOf(g), [1, size, size, 0], o, () => [forwardRows(simd, g, o)]);
  },

  inputGradient(simd, g, o) {
    const { size, points } = rowTiles(g)!;
    const adjoint = { x: o.y, weight: o.weight, bias: 0, y: o.x, epilogue: o.epilogue };
    // Pixels of dx belong to several tiles of dy.
    return forFewOutliers(simd, g, gradientReading(g), [1, points, size, -g.paddingLeft], adjoint, () => [
      inputGradientRows(simd, g, o),
    ]);
  },

  weightGradient: () => undefined,

  otherwise: chwn,
};

export const describeWinogradRows: Describe = (g) => {
  const { size, saving } = rowTiles(g)!;
  return { algorithm: `winograd 1×${size}, chwn`, saving };
};

/** The products of a weight gradient would have to be looked at first, which takes longer than is saved. */
function fits(g: ConvGeometry, direction: Direction): boolean {
  const steps = g.groups * g.strideHeight * g.dilationHeight * g.dilationWidth;
  return direction !== "weightGradient" && steps === 1 && chwnFits(g) && rowTiles(g) !== undefined;
}

interface RowTiles {
  /** Outputs of a tile, the points that they are computed by, and tiles of a row. */
  readonly size: number;
  readonly points: number;
  readonly count: number;
  /** Multiplications of the definition for each one of these. */
  readonly saving: number;
}

/** The largest tiles that a row of outputs is made of; undefined where there are none. */
export function rowTiles({ outWidth, kernelWidth }: ConvGeometry): RowTiles | undefined {
  let size = MAX_POINTS - kernelWidth + 1;
  while (size > 1 && outWidth % size !== 0) size--;
  if (size <= 1) return undefined;
  const points = size + kernelWidth - 1;
  return { size, points, count: outWidth / size, saving: (size * kernelWidth) / points };
}

/** Measured: the plain sums must have this many times the multiply-adds of these products with their transforms. */
const WORTH = 1.9;

/** Only `"auto"` takes it. Kernels of three columns have tiles of two dimensions (winograd.ts), which save more. */
export function rowTilesPay(g: ConvGeometry): boolean {
  const tiles = rowTiles(g);
  if (!tiles || g.kernelWidth <= 3 || g.algorithm !== "auto") return false;
  const pairs = g.inChannels * g.outChannels * g.kernelHeight;
  const products = pairs + tiles.points * g.inChannels + tiles.size * g.outChannels;
  return pairs * tiles.saving > WORTH * products;
}

/** Larger products of x or dy and a weight might overflow on the way; NaN would spread over its tile. */
const MAX_PRODUCT = 1e24;

/** The tasks, unless numbers are huge, or so uneven that much of the result would be less exact than plain sums are. */
function forFewOutliers(
  simd: Simd,
  g: ConvGeometry,
  reading: Reading,
  tile: Tile,
  operands: ConvOperands,
  tasks: () => Task[],
): Task[] | undefined {
  return spared(simd, reading, tile, operands, (largest) => {
    const weights = scratch(4 * g.kernelWidth);
    magnitudes(operands.weight, 1, g.outChannels * g.inChannels * g.kernelHeight, g.kernelWidth, weights);
    const product = Math.max(1, largest) * Math.max(1, largestIn(view(weights, g.kernelWidth)));
    return product < MAX_PRODUCT ? tasks() : undefined;
  });
}

/** Matrices by their outputs and taps. */
const known = new Map<string, Matrices>();

/** A tile of each of some lines; the next tile of a line lies `tile` bytes further. */
interface Tiles extends Matrix {
  readonly tile: number;
}

/** What both directions share. */
function planOf(simd: Simd, g: ConvGeometry) {
  const { size, points, count } = rowTiles(g)!;
  const batch = chwnBatch(g);
  /** Rows of an output's filters, and of all of them. */
  const taps = g.inChannels * g.kernelHeight;
  const all = g.outChannels * taps;
  const key = `${size} ${g.kernelWidth}`;
  const matrices = known.get(key) ?? minimalFiltering(size, g.kernelWidth);
  known.set(key, matrices);
  const tables = new Map<number, number>();

  /** Bytes of the points of `rows` rows of tiles, with the images of a part; odd, for neighbors in the cache. */
  function plane(rows: number, images: number): number {
    return oddLines(4 * rows * count * images);
  }

  /** A table of rows `step` bytes apart, as many as any operand has. */
  function rowsBy(step: number): number {
    const at = tables.get(step) ?? multiplesOf(step, Math.max(MAX_POINTS, taps, g.outChannels));
    tables.set(step, at);
    return at;
  }

  /** A matrix in memory, as many columns as it has `points` rows. */
  function matrix(name: keyof Matrices): number {
    const numbers = matrices[name];
    const at = scratch(numbers.byteLength);
    view(at, numbers.length).set(numbers);
    return at;
  }

  return {
    ...{ batch, size, points, count, taps, all, plane, rowsBy, matrix },
    /** Copies of one part of the batch. */
    input: batch.inputCopy(),
    output: batch.outputCopy(),

    /** Room for the points of `rows` rows of tiles of the largest part. */
    room: (rows: number) => scratch(points * plane(rows, batch.maxImages) + 64),

    /** A matrix with `columns` rows. */
    transposedMatrix(name: keyof Matrices, columns: number): number {
      const [at, transposed] = [matrix(name), scratch(4 * points * columns)];
      gemm.transpose({ at, row: 4 * columns }, { at: transposed, row: 4 * points }, columns, points);
      return transposed;
    },

    /** Pixels of lines that lie `line` bytes apart. */
    pixelTiles(at: number, line: number, images: number): Tiles {
      return { at, rows: rowsBy(4 * images), line, tile: 4 * size * images };
    },

    /** Points of such lines, in a plane for each point of a tile, `plane` bytes apart. */
    pointTiles(at: number, plane: number, images: number): Tiles {
      return { at, rows: rowsBy(plane), line: 4 * count * images, tile: 4 * images };
    },

    /** to = matrix (rows × depth) · from, tile by tile: of pixels to their points, or back. */
    transform(
      matrix: number,
      [rows, depth]: readonly [rows: number, depth: number],
      from: Tiles,
      to: Tiles,
      lines: number,
      images: number,
      mode: number = MODE.zero,
      constants = 0,
    ): void {
      for (let tile = 0; tile < count; tile++) {
        gemm.multiply(simd, {
          a: { at: matrix, rows: rowsBy(4 * depth), line: 0 },
          b: { at: from.at + tile * from.tile, rows: from.rows, line: from.line },
          c: { at: to.at + tile * to.tile, rows: to.rows, line: to.line },
          rows,
          columns: images,
          depth,
          mode,
          bias: 0,
          constants,
          lines,
        });
      }
    },

    /** The points of the filters, [e, …]: `weight`, seen as `rows` × `columns`, has its dimensions exchanged before. */
    filterPoints(weight: number, rows: number, columns: number): number {
      const { kernelWidth } = g;
      const [filterPoints, columnwise] = [scratch(4 * points * all + 64), scratch(4 * all * kernelWidth + 64)];
      gemm.transpose({ at: weight, row: 4 * columns }, { at: columnwise, row: 4 * rows }, columns, rows);
      gemm.multiply(simd, {
        a: { at: matrix("filter"), rows: rowsBy(4 * kernelWidth), line: 0 },
        b: { at: columnwise, rows: rowsBy(4 * rows), line: 4 * kernelWidth * rows },
        c: { at: filterPoints, rows: rowsBy(4 * all), line: 4 * rows },
        rows: points,
        depth: kernelWidth,
        columns: rows,
        lines: columns / kernelWidth,
        mode: MODE.zero,
        bias: 0,
      });
      return filterPoints;
    },
  };
}

/** Writes y. A part is a part of the batch, as of the gradient. */
export function forwardRows(simd: Simd, g: ConvGeometry, operands: ConvOperands): Task {
  const { inChannels: channels, outChannels: filters, outHeight, kernelHeight, kernelWidth } = g;
  const plan = planOf(simd, g);
  const { batch, size, points, count, taps, all } = plan;
  const { bias } = operands;
  const [before, after] = splitAtSum(operands.epilogue);
  const [sourcePoints, rowPoints] = [plan.room(channels * batch.height), plan.room(filters)];
  const filterPoints = plan.filterPoints(operands.weight, all, kernelWidth); // [e, k, (c, u)]
  const inputMatrix = plan.matrix("input");
  const outputMatrix = plan.transposedMatrix("output", size);
  // The outputs of a tile are rows of the last product, so each needs its filter's constants, and filters go one by one.
  const constants = before.constants && repeated(before, filters, size);
  const together = constants ? 1 : filters;
  const mode = MODE.zero | before.steps;
  return {
    parts: batch.blocks.length,
    run(from, to) {
      for (const [start, images] of batch.blocks.slice(from, to)) {
        const row = 4 * count * images;
        const line = batch.lines(images);
        const [sourcePlane, plane] = [plan.plane(channels * batch.height, images), plan.plane(filters, images)];
        // Rows of inputs (c, u) that a row of outputs meets.
        const table = newTable(taps);
        for (let j = 0; j < taps; j++) {
          table.entries[j] = row * (Math.floor(j / kernelHeight) * batch.height + (j % kernelHeight));
        }
        batch.takeInputs(operands.x + start * batch.xBytes, plan.input, images);
        const inputs = plan.pixelTiles(plan.input, line.input, images);
        const inputPoints = plan.pointTiles(sourcePoints, sourcePlane, images);
        plan.transform(inputMatrix, [points, points], inputs, inputPoints, channels * batch.height, images);
        for (let i = 0; i < outHeight; i++) {
          // What is added to the product at the first point is added to every output (matrices.ts).
          for (let point = 0, lines = bias ? 1 : points; point < points; point += lines, lines = points - point) {
            gemm.multiply(simd, {
              a: { at: filterPoints + 4 * point * all, rows: plan.rowsBy(4 * taps), line: 4 * all },
              b: { at: sourcePoints + i * row + point * sourcePlane, rows: table.at, line: sourcePlane },
              c: { at: rowPoints + point * plane, rows: plan.rowsBy(row), line: plane },
              rows: filters,
              columns: count * images,
              depth: taps,
              mode: bias && point === 0 ? MODE.bias : MODE.zero,
              bias,
              lines,
            });
          }
          for (let k = 0; k < filters; k += together) {
            const at = plan.output + (k * outHeight + i) * line.output;
            const to = plan.pixelTiles(at, outHeight * line.output, images);
            const from = plan.pointTiles(rowPoints + k * row, plane, images);
            const own = constants + k * size * CONSTANTS;
            plan.transform(outputMatrix, [size, points], from, to, together, images, mode, own);
          }
        }
        const yAt = operands.y + start * batch.yBytes;
        batch.putOutputs(plan.output, yAt, images);
        after.pass?.(yAt, images, filters, outHeight * g.outWidth, after);
      }
    },
  };
}

/** The constants of each filter `times` times. */
function repeated({ constants }: Steps, filters: number, times: number): number {
  const at = scratch(CONSTANTS * (times * filters + 6));
  gemm.copy([constants, CONSTANTS, 0, 4], [at, times * CONSTANTS, CONSTANTS, 4], filters, times, CONSTANTS / 4);
  return at;
}

/** Writes dx. */
export function inputGradientRows(simd: Simd, g: ConvGeometry, operands: ConvOperands): Task {
  const { inChannels: channels, outChannels: filters, outHeight, kernelHeight, kernelWidth } = g;
  const plan = planOf(simd, g);
  const { batch, size, points, count, taps, all } = plan;
  const [sourcePoints, rowPoints] = [plan.room(filters * outHeight), plan.room(channels)];
  const filterPoints = plan.filterPoints(operands.weight, filters, taps * kernelWidth); // [e, c, (u, k)]
  const inputMatrix = plan.transposedMatrix("input", points);
  const outputMatrix = plan.matrix("output");
  const inner = filters * kernelHeight;
  return {
    parts: batch.blocks.length,
    run(from, to) {
      for (const [start, images] of batch.blocks.slice(from, to)) {
        const row = 4 * count * images;
        const line = batch.lines(images);
        const [sourcePlane, plane] = [plan.plane(filters * outHeight, images), plan.plane(channels, images)];
        // Rows of outputs (u, k) that a row of inputs meets.
        const table = newTable(inner);
        for (let j = 0; j < inner; j++) {
          table.entries[j] = row * ((j % filters) * outHeight - Math.floor(j / filters));
        }
        batch.clearInputs(plan.input, images);
        batch.takeOutputs(operands.y + start * batch.yBytes, plan.output, images);
        const outputs = plan.pixelTiles(plan.output, line.output, images);
        const outputPoints = plan.pointTiles(sourcePoints, sourcePlane, images);
        plan.transform(outputMatrix, [points, size], outputs, outputPoints, filters * outHeight, images);
        for (let i = g.paddingTop; i < g.paddingTop + g.height; i++) {
          // Rows of the kernel that meet a row of outputs here.
          const [u, end] = [Math.max(0, i - outHeight + 1), Math.min(kernelHeight, i + 1)];
          gemm.multiply(simd, {
            a: { at: filterPoints + 4 * u * filters, rows: plan.rowsBy(4 * inner), line: 4 * all },
            b: { at: sourcePoints + i * row, rows: table.at + 4 * u * filters, line: sourcePlane },
            c: { at: rowPoints, rows: plan.rowsBy(row), line: plane },
            rows: channels,
            columns: count * images,
            depth: (end - u) * filters,
            mode: MODE.zero,
            bias: 0,
            lines: points,
          });
          const to = plan.pixelTiles(plan.input + i * line.input, batch.height * line.input, images);
          const from = plan.pointTiles(rowPoints, plane, images);
          plan.transform(inputMatrix, [points, points], from, to, channels, images, MODE.add);
        }
        batch.putInputs(plan.input, operands.x + start * batch.xBytes, images);
      }
    },
  };
}
