/**
 * Turned batches (turned.ts) by Winograd's minimal filtering along the rows of the images: with m outputs to a tile and
 * `points` = m + kernelWidth − 1, for every row of outputs i,
 *
 *     y[k, i, tile] = Aᵀ Σ over c, u of (G·w[k, c, u]) ⊙ (Bᵀ·x[c, i + u, tile])
 *
 * where u counts the rows of the kernel, so that sums are long although channels are few. Images are the lanes of all of
 * it, and the transforms are products as well. The input gradient is the adjoint of the same formula, over the same tiles:
 *
 *     dx[c, i + u, tile] += B Σ over k, u of (G·w[k, c, u]) ⊙ (A·dy[k, i, tile])
 */
import type { ConvGeometry } from "../../../shape/conv.js";
import { RECORD } from "../elementwise/finish.js";
import type { GemmKernels } from "../gemm/kernels.js";
import { endOf, MODE } from "../gemm/multiply.js";
import { scratch, view } from "../memory.js";
import type { Task } from "../task.js";
import { type Matrices, MOST_POINTS, minimalFiltering } from "../winograd/matrices.js";
import { oddLines } from "../winograd/plan.js";
import type { BatchedOperands } from "./batched.js";
import { Table } from "./image.js";
import { batchedFits, TurnedBatch } from "./turned.js";

export interface RowTiles {
  /** Outputs of a tile, the points that they are computed by, and tiles of a row. */
  readonly size: number;
  readonly points: number;
  readonly count: number;
  /** How many of the definition's multiplications there are to one of these. */
  readonly saving: number;
}

/** The largest tiles that a row of outputs is made of; undefined where there are none. */
export function rowTiles({ outWidth, kernelWidth }: ConvGeometry): RowTiles | undefined {
  let size = MOST_POINTS - kernelWidth + 1;
  while (size > 1 && outWidth % size !== 0) size--;
  if (size <= 1) return undefined;
  const points = size + kernelWidth - 1;
  return { size, points, count: outWidth / size, saving: (size * kernelWidth) / points };
}

/** Measured: the plain sums must have so many times the multiply-adds of these products with their transforms. */
const WORTH = 1.9;

/** Kernels of three columns have tiles of two dimensions (../winograd.ts), which save more. */
export function rowTilesPay(g: ConvGeometry): boolean {
  const tiles = rowTiles(g);
  if (!tiles || g.kernelWidth <= 3 || g.groups * g.strideHeight * g.dilationHeight * g.dilationWidth !== 1)
    return false;
  const pairs = g.inChannels * g.outChannels * g.kernelHeight;
  const products = pairs + tiles.points * g.inChannels + tiles.size * g.outChannels;
  return batchedFits(g) && pairs * tiles.saving > WORTH * products;
}

/** Larger products of x or dy and a weight, or of x and dy, might overflow on the way; NaN would spread over its tile. */
export const LARGEST = 1e24;

/** Matrices by their outputs and taps. */
const known = new Map<string, Matrices>();

/** Writes y, or x for the input gradient. A part is a part of the batch. For numbers that are finite, and not huge. */
export function turnedRows(
  kernels: GemmKernels,
  g: ConvGeometry,
  direction: "forward" | "inputGradient",
  operands: BatchedOperands,
): Task {
  const { x, weight, bias, y, records } = operands;
  const { inChannels: channels, outChannels: filters, outHeight, outWidth, kernelHeight, kernelWidth } = g;
  const forward = direction === "forward";
  const { size, points, count } = rowTiles(g)!;
  const batch = new TurnedBatch(kernels, g);
  const [height, pixels] = [batch.height, outHeight * outWidth];
  /** Rows of an output's filters, and of all of them. */
  const taps = channels * kernelHeight;
  const all = filters * taps;

  /** Bytes of the points of `rows` rows of tiles, with the images of a part; odd, for neighbours in the cache. */
  const planeOf = (rows: number, images: number) => oddLines(4 * rows * count * images);
  const room = (rows: number) => scratch(points * planeOf(rows, batch.blocks[0]![1]) + 64);
  const [input, output] = [batch.inputCopy(), batch.outputCopy()];
  /** What is read, and a row of what is written. */
  const sourcePoints = room(forward ? channels * height : filters * outHeight);
  const rowPoints = room(forward ? filters : channels);
  const [filterPoints, unfolded] = [scratch(4 * points * all + 64), scratch(4 * all * kernelWidth + 64)];

  const tables = new Map<number, number>();
  /** A table of rows `step` bytes apart, as many as any operand has. */
  const rowsBy = (step: number) => {
    const at = tables.get(step) ?? Table.range(Math.max(MOST_POINTS, taps, filters), step).at;
    tables.set(step, at);
    return at;
  };
  /** A matrix in memory, of columns as many as it has `points` rows; or transposed. */
  const matrix = (name: keyof Matrices, columns: number, transposed = false) => {
    const key = `${size} ${kernelWidth}`;
    const matrices = known.get(key) ?? minimalFiltering(size, kernelWidth);
    known.set(key, matrices);
    const numbers = matrices[name];
    const [at, turned] = [scratch(numbers.byteLength), scratch(numbers.byteLength)];
    view(at, numbers.length).set(numbers);
    kernels.turn({ at, row: 4 * columns }, { at: turned, row: 4 * points }, columns, points);
    return transposed ? turned : at;
  };
  /**
   * points[e, line, tile] = Σ matrix[e, i] · pixels[line, tile, i], or back: pixels[line, tile, i] = Σ matrix[i, e] ·
   * points[e, line, tile]; a tile has `length` pixels, and a pixel or a point `columns` numbers. Pixels lie at `pixel`,
   * lines of them `line` bytes apart, points at `point`, planes of them `plane` bytes apart.
   */
  const transform = (
    back: boolean,
    a: number,
    length: number,
    pixel: number,
    line: number,
    point: number,
    plane: number,
    columns: number,
    lines: number,
    tiles = count,
    mode: number = MODE.zero,
    records = 0,
  ) => {
    const matrix = { at: a, rows: rowsBy(4 * (back ? points : length)), line: 0 };
    for (let tile = 0; tile < tiles; tile++) {
      const inside = { at: pixel + 4 * tile * size * columns, rows: rowsBy(4 * columns), line };
      const outside = { at: point + 4 * tile * columns, rows: rowsBy(plane), line: 4 * tiles * columns };
      kernels.multiply({
        a: matrix,
        b: back ? outside : inside,
        c: back ? inside : outside,
        rows: back ? length : points,
        depth: back ? points : length,
        columns,
        lines,
        mode,
        bias: 0,
        records,
      });
    }
  };

  // G · weight: [e, k, (c, u)], or for the gradient [e, (c, u), k].
  const [weightRows, weightColumns] = forward ? [kernelWidth, all] : [taps * kernelWidth, filters];
  kernels.turn(
    { at: weight, row: 4 * weightRows },
    { at: unfolded, row: 4 * weightColumns },
    weightRows,
    weightColumns,
  );
  const weightLine = 4 * kernelWidth * weightColumns;
  const filterMatrix = matrix("filter", kernelWidth);
  const weightLines = forward ? 1 : taps;
  transform(
    ...([false, filterMatrix, kernelWidth, unfolded, weightLine, filterPoints, 4 * all] as const),
    ...([weightColumns, weightLines, 1] as const),
  );
  const inputMatrix = matrix("input", points, !forward);
  const outputMatrix = matrix("output", size, forward);
  // The outputs of a tile are rows of the last product, so each needs its filter's record, and filters go one by one.
  const repeated = records ? scratch(RECORD * (size * filters + 6)) : 0;
  if (records) kernels.copy([records, RECORD, 0, 4], [repeated, size * RECORD, RECORD, 4], filters, size, RECORD / 4);
  const together = records ? 1 : filters;
  const ending = MODE.zero | endOf(operands);

  const inner = forward ? channels : filters;
  const results = forward ? filters : channels;
  return {
    parts: batch.blocks.length,
    run(from, to) {
      for (const [start, images] of batch.blocks.slice(from, to)) {
        const row = 4 * count * images;
        const line = batch.lines(images);
        const [sourcePlane, plane] = forward
          ? [planeOf(channels * height, images), planeOf(filters, images)]
          : [planeOf(filters * outHeight, images), planeOf(channels, images)];
        const xAt = x + 4 * start * channels * g.height * g.width;
        const yAt = y + 4 * start * filters * pixels;
        // Rows of points that a row of the result meets: (c, u) of inputs, or (u, k) of outputs.
        const table = new Table(inner * kernelHeight);
        for (let j = 0; j < table.count; j++) {
          table.entries[j] = forward
            ? row * (Math.floor(j / kernelHeight) * height + (j % kernelHeight))
            : row * ((j % filters) * outHeight - Math.floor(j / filters));
        }
        if (forward) {
          batch.turnInputs(xAt, input, images);
          const lines = channels * height;
          transform(false, inputMatrix, points, input, line.input, sourcePoints, sourcePlane, images, lines);
        } else {
          batch.clearInputs(input, images);
          batch.turnOutputs(yAt, output, images, false);
          const lines = filters * outHeight;
          transform(false, outputMatrix, size, output, line.output, sourcePoints, sourcePlane, images, lines);
        }
        const [top, bottom] = forward ? [0, outHeight] : [g.paddingTop, g.paddingTop + g.height];
        for (let i = top; i < bottom; i++) {
          // Rows of the kernel that meet a row of outputs here.
          const [u, end] = forward
            ? [0, kernelHeight]
            : [Math.max(0, i - outHeight + 1), Math.min(kernelHeight, i + 1)];
          // What is added to the product at the first point is added to every output (matrices.ts).
          for (let point = 0, lines = bias ? 1 : points; point < points; point += lines, lines = points - point) {
            kernels.multiply({
              a: { at: filterPoints + 4 * (point * all + u * inner), rows: rowsBy(4 * table.count), line: 4 * all },
              b: {
                at: sourcePoints + i * row + point * sourcePlane,
                rows: table.at + 4 * u * inner,
                line: sourcePlane,
              },
              c: { at: rowPoints + point * plane, rows: rowsBy(row), line: plane },
              rows: results,
              columns: count * images,
              depth: (end - u) * inner,
              mode: bias && point === 0 ? MODE.bias : MODE.zero,
              bias,
              lines,
            });
          }
          if (!forward) {
            const [pixel, next] = [input + i * line.input, height * line.input];
            transform(true, inputMatrix, points, pixel, next, rowPoints, plane, images, channels, count, MODE.add);
          } else {
            for (let k = 0; k < filters; k += together) {
              const [pixel, next] = [output + (k * outHeight + i) * line.output, outHeight * line.output];
              const [point, record] = [rowPoints + k * row, repeated + k * size * RECORD];
              transform(true, outputMatrix, size, pixel, next, point, plane, images, together, count, ending, record);
            }
          }
        }
        if (forward) batch.turnOutputs(output, yAt, images, true);
        else batch.turnInputsBack(input, xAt, images);
      }
    },
  };
}
