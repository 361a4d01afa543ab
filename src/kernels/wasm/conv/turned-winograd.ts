/**
 * Turned batches (turned.ts) by Winograd's minimal filtering along the rows of the images: with m outputs to a tile and
 * `points` = m + kernelWidth − 1, for every row of outputs i,
 *
 *     y[k, i, tile] = Aᵀ Σ over c, u of (G·w[k, c, u]) ⊙ (Bᵀ·x[c, i + u, tile])
 *
 * where u counts the rows of the kernel, so that sums are long although channels are few. Images are the lanes of all of
 * it, and the transforms are products as well. The gradients are the adjoints of the same formula, over the same tiles:
 *
 *     dx[c, i + u, tile] += B Σ over k, u of (G·w[k, c, u]) ⊙ (A·dy[k, i, tile])
 *     dw[k, c, u]        += Gᵀ Σ over i, tiles, images of (A·dy[k, i, tile]) ⊙ (Bᵀ·x[c, i + u, tile])
 */
import type { ConvGeometry } from "../../../shape/conv.js";
import { RECORD } from "../elementwise/finish.js";
import { depthBlocks } from "../gemm/blocks.js";
import type { GemmKernels, Rows } from "../gemm/kernels.js";
import { DEPTH, endOf, MODE } from "../gemm/multiply.js";
import { scratch, view } from "../memory.js";
import type { Task } from "../task.js";
import { type Matrices, MOST_POINTS, minimalFiltering } from "../winograd/matrices.js";
import { oddLines } from "../winograd/plan.js";
import { largestOf } from "../winograd/scan.js";
import type { BatchedOperands } from "./batched.js";
import { Table } from "./image.js";
import { batchedFits, TurnedBatch } from "./turned.js";

export interface RowTiles {
  /** Outputs of a tile, and the points that they are computed by. */
  readonly size: number;
  readonly points: number;
  /** Tiles of a row of outputs; the last one starts where it ends with the row. */
  readonly count: number;
  /** Multiplications of a row, for each filter, channel and row of the kernel. */
  readonly products: number;
}

/** Outputs of a tile and how many tiles a row has, such that the fewest multiplications are left. */
export function rowTiles({ outWidth, kernelWidth }: ConvGeometry): RowTiles | undefined {
  let best: RowTiles | undefined;
  for (let size = 1; size <= Math.min(outWidth, MOST_POINTS - kernelWidth + 1); size++) {
    const [count, points] = [Math.ceil(outWidth / size), size + kernelWidth - 1];
    const products = count * points;
    if (!best || products < best.products) best = { size, points, count, products };
  }
  return best;
}

/** Measured: the plain sums must have so many times the multiply-adds of these products with their transforms. */
const WORTH = 1.8;

/** Kernels of three columns have tiles of two dimensions (../winograd.ts), which save more. */
export function rowTilesPay(g: ConvGeometry): boolean {
  const tiles = rowTiles(g);
  if (
    !tiles ||
    g.kernelWidth <= 3 ||
    [g.groups, g.strideHeight, g.dilationHeight, g.dilationWidth].some((size) => size !== 1)
  )
    return false;
  const pairs = g.inChannels * g.outChannels * g.kernelHeight * g.outHeight;
  const transforms =
    tiles.points * g.inChannels * (g.outHeight + g.kernelHeight) + tiles.size * g.outChannels * g.outHeight;
  return batchedFits(g) && pairs * g.kernelWidth * g.outWidth > WORTH * tiles.products * (pairs + transforms);
}

/** Places of numbers: of the first, and bytes to the next row and the next line. */
interface Place {
  at: number;
  readonly step: number;
  readonly line: number;
}

interface Ending {
  readonly mode: number;
  readonly records?: number;
}

const ZERO: Ending = { mode: MODE.zero };
const ADD: Ending = { mode: MODE.add };

/** Larger numbers might overflow on the way, and NaN would spread over its tile. */
const LARGEST = 1e24;

/** The matrices that were asked for, as they lie in memory. */
const matrices = new Map<string, { readonly numbers: Float32Array; readonly row: number }>();

/** What the three directions share. */
class TurnedRows {
  readonly batch: TurnedBatch;
  readonly tiles: RowTiles;
  /** Numbers of all filters' rows. */
  readonly #filters: number;
  readonly #tables = new Map<number, number>();

  constructor(
    readonly kernels: GemmKernels,
    readonly g: ConvGeometry,
  ) {
    this.batch = new TurnedBatch(kernels, g);
    this.tiles = rowTiles(g)!;
    this.#filters = g.outChannels * g.inChannels * g.kernelHeight;
  }

  /** Bytes of a row of tiles, of a channel's row of inputs and outputs, of all points' planes, and rows of a channel. */
  sizes(images: number) {
    const { g, batch, tiles } = this;
    const { input, output } = batch.lines(images);
    const row = 4 * tiles.count * images;
    const height = batch.groupStrides(images).input / (g.inChannels * input);
    const inputs = oddLines(g.inChannels * height * row);
    return { row, input, output, height, inputs, outputs: oddLines(g.outChannels * g.outHeight * row) };
  }

  /** Room for the transformed inputs or outputs of the largest part. */
  room(which: "inputs" | "outputs"): number {
    return scratch(this.tiles.points * this.sizes(this.batch.blocks[0]![1])[which] + 64);
  }

  /** Room for the products of a row of some channels. */
  rowRoom(channels: number): number {
    return scratch(this.tiles.points * oddLines(channels * this.sizes(this.batch.blocks[0]![1]).row) + 64);
  }

  /** A matrix of the transforms, as it is or transposed. */
  matrix(name: keyof Matrices, transposed = false): Rows {
    const { size } = this.tiles;
    const key = `${name} ${transposed} ${size} ${this.g.kernelWidth}`;
    let known = matrices.get(key);
    if (!known) {
      const matrix = minimalFiltering(size, this.g.kernelWidth)[name];
      const rows = transposed ? matrix[0]!.map((_, i) => matrix.map((row) => row[i]!)) : matrix;
      known = { numbers: Float32Array.from(rows.flat()), row: 4 * rows[0]!.length };
      matrices.set(key, known);
    }
    const at = scratch(known.numbers.byteLength);
    view(at, known.numbers.length).set(known.numbers);
    return { at, row: known.row };
  }

  /** A table of rows `step` bytes apart, as many as any operand has. */
  rows(step: number): number {
    let table = this.#tables.get(step);
    if (table === undefined) {
      const { inChannels, kernelHeight, outChannels } = this.g;
      table = Table.range(Math.max(MOST_POINTS, inChannels * kernelHeight, outChannels), step).at;
      this.#tables.set(step, table);
    }
    return table;
  }

  /** to[line, row] = or += Σ matrix[row, i] · from[line, i], from the matrix's row and column `skip` on. */
  transform(
    matrix: Rows,
    [rows, depth]: readonly [number, number],
    from: Place,
    to: Place,
    [columns, lines]: readonly [number, number],
    { mode, records = 0 }: Ending = ZERO,
  ): void {
    this.kernels.multiply({
      a: { at: matrix.at, rows: this.rows(matrix.row), line: 0 },
      b: { at: from.at, rows: this.rows(from.step), line: from.line },
      c: { at: to.at, rows: this.rows(to.step), line: to.line },
      rows,
      depth,
      columns,
      lines,
      mode,
      bias: 0,
      records,
    });
  }

  /** Calls with every tile's number, its first output, and how many of its outputs belong to the one before. */
  each(visit: (tile: number, first: number, skip: number) => void): void {
    const { size, count } = this.tiles;
    for (let tile = 0; tile < count; tile++) {
      const first = Math.min(tile * size, this.g.outWidth - size);
      visit(tile, first, tile * size - first);
    }
  }

  /** points[e, c, y, tile] = Bᵀ · x[c, y, columns of the tile], of some channels. */
  inputPoints(matrix: Rows, x: number, points: number, images: number, channels: number): void {
    const { row, input, height, inputs } = this.sizes(images);
    const n = this.tiles.points;
    this.each((tile, first) => {
      const from = { at: x + 4 * first * images, step: 4 * images, line: input };
      const to = { at: points + 4 * tile * images, step: inputs, line: row };
      this.transform(matrix, [n, n], from, to, [images, channels * height]);
    });
  }

  /** points[e, line, tile] = A · dy[line, columns of the tile]; a pixel is `width` numbers. */
  outputPoints(matrix: Rows, dy: number, points: number, width: number, lines: number): void {
    const { outWidth } = this.g;
    const { size, count, points: n } = this.tiles;
    this.each((tile, first, skip) => {
      const from = { at: dy + 4 * (first + skip) * width, step: 4 * width, line: 4 * outWidth * width };
      const to = { at: points + 4 * tile * width, step: oddLines(4 * lines * count * width), line: 4 * count * width };
      const part = { at: matrix.at + 4 * skip, row: matrix.row };
      this.transform(part, [n, size - skip], from, to, [width, lines]);
    });
  }

  /** G · weight: [e, k, (c, u)], or [e, (c, u), k] with the filters `last`. */
  filterPoints(weight: number, last: boolean): number {
    const { kernels, g } = this;
    const all = this.#filters;
    const [outputs, taps] = [g.outChannels, g.kernelWidth];
    const turned = scratch(4 * all * taps + 64);
    const points = scratch(4 * all * this.tiles.points + 64);
    const [rows, columns] = last ? [(all / outputs) * taps, outputs] : [taps, all];
    kernels.turn({ at: weight, row: 4 * rows }, { at: turned, row: 4 * columns }, rows, columns);
    this.transform(
      this.matrix("filter"),
      [this.tiles.points, taps],
      { at: turned, step: 4 * columns, line: 4 * taps * columns },
      { at: points, step: 4 * all, line: 4 * columns },
      [columns, all / columns],
    );
    return points;
  }

  /** Table of the rows of transformed inputs that a row of outputs meets, (c, u). */
  tapRows(images: number): number {
    const { row, height } = this.sizes(images);
    const { inChannels, kernelHeight } = this.g;
    const table = new Table(inChannels * kernelHeight);
    for (let i = 0; i < table.count; i++) {
      table.entries[i] = row * (Math.floor(i / kernelHeight) * height + (i % kernelHeight));
    }
    return table.at;
  }
}

/** Whether sums of products of these numbers stay finite, transformed or not. */
function moderate(a: number, aLength: number, b: number, bLength: number): boolean {
  const largest = largestOf();
  return Math.max(1, largest(a, 4 * aLength)) * Math.max(1, largest(b, 4 * bLength)) < LARGEST;
}

const inputsOf = (g: ConvGeometry) => g.batch * g.inChannels * g.height * g.width;
const outputsOf = (g: ConvGeometry) => g.batch * g.outChannels * g.outHeight * g.outWidth;
const weightsOf = (g: ConvGeometry) => g.outChannels * g.inChannels * g.kernelHeight * g.kernelWidth;

/** y = weight ⋆ x + bias, and what follows. A part is a part of the batch. undefined where a number is not finite or huge. */
export function turnedForward(kernels: GemmKernels, g: ConvGeometry, operands: BatchedOperands): Task | undefined {
  const { x, weight, bias, y, records } = operands;
  if (!moderate(x, inputsOf(g), weight, weightsOf(g))) return undefined;
  const rows = new TurnedRows(kernels, g);
  const { batch, tiles } = rows;
  const { outChannels: filters, outHeight, outWidth } = g;
  const depth = g.inChannels * g.kernelHeight;
  const [input, output] = [batch.inputCopy(), batch.outputCopy()];
  const points = rows.room("inputs");
  const products = rows.rowRoom(filters);
  const transformed = rows.filterPoints(weight, false);
  const [toPoints, fromPoints] = [rows.matrix("input"), rows.matrix("output", true)];
  // The outputs of a tile are rows of the last product, so each of them needs its filter's record, and filters go one by one.
  const [size, together] = [RECORD * tiles.size, records ? 1 : filters];
  const repeated = records ? scratch(size * filters + 6 * RECORD) : 0;
  if (records) {
    kernels.copy([records, RECORD, 0, 4], [repeated, size, RECORD, 4], filters, tiles.size, RECORD / 4);
  }
  return {
    parts: batch.blocks.length,
    run(from, to) {
      let tables = { images: 0, taps: 0 };
      for (const [start, images] of batch.blocks.slice(from, to)) {
        const { row, inputs, output: line } = rows.sizes(images);
        const plane = oddLines(filters * row);
        if (images !== tables.images) {
          tables = { images, taps: rows.tapRows(images) };
          batch.clearInputs(input, images);
        }
        batch.turnInputs(x + 4 * start * g.inChannels * g.height * g.width, input, images);
        rows.inputPoints(toPoints, input, points, images, g.inChannels);
        const multiply = (i: number, point: number, count: number, mode: number) =>
          kernels.multiply({
            a: { at: transformed + 4 * point * filters * depth, rows: rows.rows(4 * depth), line: 4 * filters * depth },
            b: { at: points + i * row + point * inputs, rows: tables.taps, line: inputs },
            c: { at: products + point * plane, rows: rows.rows(row), line: plane },
            rows: filters,
            columns: tiles.count * images,
            depth,
            mode,
            bias,
            lines: count,
          });
        for (let i = 0; i < outHeight; i++) {
          // A polynomial's value at the first point, 1, is the sum of its coefficients.
          multiply(i, 0, 1, bias ? MODE.bias : MODE.zero);
          multiply(i, 1, tiles.points - 1, MODE.zero);
          rows.each((tile, first, skip) => {
            const part = { at: fromPoints.at + skip * fromPoints.row, row: fromPoints.row };
            const source = { at: products + 4 * tile * images, step: plane, line: row };
            const target = {
              at: output + i * line + 4 * (first + skip) * images,
              step: 4 * images,
              line: outHeight * line,
            };
            const ending = { mode: MODE.zero | endOf(operands), records: repeated };
            for (let k = 0; k < filters; k += together) {
              rows.transform(part, [tiles.size - skip, tiles.points], source, target, [images, together], ending);
              source.at += row;
              target.at += outHeight * line;
              ending.records += size;
            }
          });
        }
        batch.turnOutputs(output, y + 4 * start * filters * outHeight * outWidth, images, true);
      }
    },
  };
}

/** dx. A part is a part of the batch. undefined where a number is not finite or huge. */
export function turnedInputGradient(
  kernels: GemmKernels,
  g: ConvGeometry,
  dy: number,
  weight: number,
  dx: number,
): Task | undefined {
  if (!moderate(dy, outputsOf(g), weight, weightsOf(g))) return undefined;
  const rows = new TurnedRows(kernels, g);
  const { batch, tiles } = rows;
  const { inChannels, outChannels: filters, outHeight, outWidth, kernelHeight } = g;
  const [input, output] = [batch.inputCopy(), batch.outputCopy()];
  const products = rows.rowRoom(inChannels);
  const points = rows.room("outputs");
  const transformed = rows.filterPoints(weight, true);
  const [toPoints, fromPoints] = [rows.matrix("output"), rows.matrix("input", true)];
  const depth = kernelHeight * filters;
  return {
    parts: batch.blocks.length,
    run(from, to) {
      let tables = { images: 0, taps: 0 };
      for (const [start, images] of batch.blocks.slice(from, to)) {
        const { row, input: line, height, outputs } = rows.sizes(images);
        const plane = oddLines(inChannels * row);
        if (images !== tables.images) {
          const table = new Table(depth);
          for (let i = 0; i < depth; i++) {
            table.entries[i] = row * ((i % filters) * outHeight - Math.floor(i / filters));
          }
          tables = { images, taps: table.at };
        }
        batch.clearInputs(input, images);
        batch.turnOutputs(dy + 4 * start * filters * outHeight * outWidth, output, images, false);
        rows.outputPoints(toPoints, output, points, images, filters * outHeight);
        for (let y = g.paddingTop; y < g.paddingTop + g.height; y++) {
          // Rows of the kernel that meet a row of outputs here.
          const [u, end] = [Math.max(0, y - outHeight + 1), Math.min(kernelHeight, y + 1)];
          kernels.multiply({
            a: { at: transformed + 4 * u * filters, rows: rows.rows(4 * depth), line: 4 * inChannels * depth },
            b: { at: points + y * row, rows: tables.taps + 4 * u * filters, line: outputs },
            c: { at: products, rows: rows.rows(row), line: plane },
            rows: inChannels,
            columns: tiles.count * images,
            depth: (end - u) * filters,
            mode: MODE.zero,
            bias: 0,
            lines: tiles.points,
          });
          rows.each((tile, first) => {
            const source = { at: products + 4 * tile * images, step: plane, line: row };
            const target = { at: input + y * line + 4 * first * images, step: 4 * images, line: height * line };
            rows.transform(fromPoints, [tiles.points, tiles.points], source, target, [images, inChannels], ADD);
          });
        }
        batch.turnInputsBack(input, dx + 4 * start * inChannels * g.height * g.width, images);
      }
    },
  };
}

/** dweight +=. A part is an input channel. undefined where a number is not finite or huge. */
export function turnedWeightGradient(
  kernels: GemmKernels,
  g: ConvGeometry,
  x: number,
  dy: number,
  dweight: number,
): Task | undefined {
  if (!moderate(x, inputsOf(g), dy, outputsOf(g))) return undefined;
  const rows = new TurnedRows(kernels, g);
  const { batch, tiles } = rows;
  const { outChannels: filters, outHeight, outWidth, kernelHeight, kernelWidth } = g;
  const [input, output] = [batch.inputCopy(), batch.outputCopy()];
  const [points, gradients] = [
    rows.room("inputs"),
    scratch(tiles.points * rows.sizes(batch.blocks[0]![1]).outputs + 64),
  ];
  const entries = g.inChannels * kernelHeight;
  const sums = scratch(4 * tiles.points * entries * filters + 64);
  const result = scratch(4 * kernelWidth * entries * filters + 64);
  const [inputMatrix, outputMatrix, filterMatrix] = [
    rows.matrix("input"),
    rows.matrix("output"),
    rows.matrix("filter", true),
  ];
  const pixelRows = Table.range(DEPTH, 4 * filters).at;
  return {
    parts: g.inChannels,
    run(from, to) {
      const count = to - from;
      let tables = { images: 0, taps: 0 };
      kernels.clear(sums, tiles.points * entries * filters);
      for (const [start, images] of batch.blocks) {
        const { height, inputs, outputs, input: line } = rows.sizes(images);
        if (images !== tables.images) {
          tables = { images, taps: rows.tapRows(images) };
          batch.clearInputs(input, images);
        }
        batch.turnInputs(x + 4 * start * g.inChannels * g.height * g.width, input, images);
        rows.inputPoints(inputMatrix, input + from * height * line, points, images, count);
        const [maps, pixels] = [images * filters, outHeight * outWidth];
        kernels.turn(
          { at: dy + 4 * start * filters * pixels, row: 4 * pixels },
          { at: output, row: 4 * maps },
          pixels,
          maps,
        );
        rows.outputPoints(outputMatrix, output, gradients, maps, outHeight);
        for (const [k, length] of depthBlocks(outHeight * tiles.count * images)) {
          kernels.multiply({
            a: { at: points + 4 * k, rows: tables.taps, line: inputs },
            b: { at: gradients + 4 * k * filters, rows: pixelRows, line: outputs },
            c: { at: sums, rows: rows.rows(4 * filters), line: 4 * entries * filters },
            rows: count * kernelHeight,
            columns: filters,
            depth: length,
            mode: MODE.add,
            bias: 0,
            lines: tiles.points,
          });
        }
      }
      const source = { at: sums, step: 4 * entries * filters, line: 4 * filters };
      const target = { at: result, step: 4 * filters, line: 4 * kernelWidth * filters };
      rows.transform(filterMatrix, [kernelWidth, tiles.points], source, target, [filters, count * kernelHeight]);
      const taps = kernelHeight * kernelWidth;
      const place = { at: dweight + 4 * from * taps, row: 4 * g.inChannels * taps };
      kernels.addTurned({ at: result, row: 4 * filters }, place, filters, count * taps);
    },
  };
}
