/** The matrix product and what packs its operands, compiled on first use. Places and strides are in bytes. */

import type { Steps } from "../../epilogue.js";
import type { Simd } from "../assembler/simd.js";
import { STEP } from "../elementwise/epilogue.js";
import { keep, memory, scratch } from "../memory.js";
import { DEPTH, multiplyKernel, SPARE, TILE } from "./multiply.js";
import {
  addTransposedKernel,
  clearKernel,
  copyKernel,
  gatherKernel,
  packColumnsKernel,
  transposeKernel,
} from "./pack.js";
import { patchesKernel, spreadKernel } from "./patches.js";

/** Numbers in memory: where the first lies, and steps from plane to plane, row to row, number to number. */
export type Strides = readonly [at: number, plane: number, row: number, step: number];

/** A matrix whose rows lie `rows[i]` bytes after `at`, a table; that of the next line lies `line` bytes further. */
export interface Matrix {
  readonly at: number;
  readonly rows: number;
  readonly line: number;
}

/** c (rows × columns) = a (rows × depth) · b (depth × columns), as `mode` says, line by line. */
export interface Product {
  readonly a: Matrix;
  readonly b: Matrix;
  readonly c: Matrix;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly mode: number;
  /** One number per row, with MODE.bias. */
  readonly bias: number;
  /** Constants of the steps, row by row, and the bytes from c to what is added to it, as far as `mode` has such steps. */
  readonly constants?: number;
  readonly sum?: number;
  readonly lines: number;
}

/** Rows `row` bytes apart. */
export interface Rows {
  readonly at: number;
  readonly row: number;
}

export type PanelSizes = Omit<Product, "a" | "b" | "c" | "lines">;

/** Columns of a packed panel. */
export function panelOf(simd: Simd): number {
  return 4 * TILE[simd].vectors;
}

interface Lasting {
  /** Table of the rows of a packed panel. */
  readonly panelRows: number;
  /** What `multiply` needs beside its operands. */
  readonly spare: number;
}

const lasting = new Map<Simd, Lasting>();

function lastingOf(simd: Simd): Lasting {
  let known = lasting.get(simd);
  if (!known) {
    known = { panelRows: keep(4 * DEPTH), spare: keep(SPARE) };
    const entries = new Int32Array(memory().buffer, known.panelRows, DEPTH);
    for (let k = 0; k < DEPTH; k++) entries[k] = 4 * k * panelOf(simd);
    lasting.set(simd, known);
  }
  return known;
}

export function multiply(
  simd: Simd,
  { a, b, c, depth, rows, columns, mode, bias, constants = 0, sum = 0, lines }: Product,
): void {
  const { spare } = lastingOf(simd);
  const never = 0;
  // In the order of the kernel's parameters.
  multiplyKernel(simd)(
    a.at,
    a.rows,
    b.at,
    b.rows,
    c.at,
    c.rows,
    depth,
    bias,
    constants,
    sum,
    mode,
    never,
    rows,
    columns,
    spare,
    lines,
    a.line,
    b.line,
    c.line,
  );
}

/**
 * The product with columns that are packed in panels, one after the other. Its sizes are written out: what a rest or a
 * spread makes goes to V8's old space, which then grows while a network trains.
 */
export function multiplyPanels(
  simd: Simd,
  a: Matrix,
  panels: number,
  c: Matrix,
  { rows, columns, depth, mode, bias, constants = 0, sum = 0 }: PanelSizes,
): void {
  const panel = panelOf(simd);
  const { panelRows } = lastingOf(simd);
  const lines = Math.floor(columns / panel);
  const b = { at: panels, rows: panelRows, line: 4 * panel * depth };
  const to = { at: c.at, rows: c.rows, line: 4 * panel };
  multiply(simd, { a, b, c: to, rows, columns: panel, depth, mode, bias, constants, sum, lines });
  const left = columns - lines * panel;
  if (left === 0) return;
  const lastB = { at: panels + lines * b.line, rows: panelRows, line: 0 };
  const lastC = { at: c.at + lines * to.line, rows: c.rows, line: 0 };
  multiply(simd, { a, b: lastB, c: lastC, rows, columns: left, depth, mode, bias, constants, sum, lines: 1 });
}

/** matrix[tap, pixel] = image[taps[tap] + pixels[pixel]], in panels. */
export function patches(
  simd: Simd,
  image: number,
  taps: { readonly at: number; readonly count: number },
  pixels: { readonly at: number; readonly count: number },
  matrix: { readonly at: number; readonly tap: number; readonly panel: number },
): void {
  patchesKernel(simd)(image, taps.at, taps.count, pixels.at, pixels.count, matrix.at, matrix.tap, matrix.panel);
}

/** image[taps[tap] + row, column] += matrix[tap, row, column] */
export function spread(
  image: { readonly at: number; readonly row: number },
  taps: { readonly at: number; readonly count: number },
  matrix: { readonly at: number; readonly tap: number; readonly rows: number; readonly columns: number },
): void {
  const { at, tap, rows, columns } = matrix;
  spreadKernel()(image.at, image.row, taps.at, taps.count, at, tap, rows, columns);
}

/** panels[k, column] = from[column, k] */
export function packColumns(
  simd: Simd,
  from: { readonly at: number; readonly row: number; readonly rows: number; readonly length: number },
  panels: { readonly at: number; readonly panel: number },
): void {
  packColumnsKernel(simd)(from.at, from.row, from.length, from.rows, panels.at, panels.panel);
}

/** `length` zeros. */
export function clear(at: number, length: number): void {
  clearKernel()(at, length);
}

/** to[plane, row, i] = from[plane, row, i] */
export function copy(from: Strides, to: Strides, planes: number, rows: number, length: number): void {
  copyKernel()(...from, ...to, planes, rows, length);
}

/** The epilogue with a copy of its sum where that is y itself: for kernels that write to y before they read the sum. */
export function keepSum(epilogue: Steps, y: number, length: number): Steps {
  const { steps, sum } = epilogue;
  if (!(steps & STEP.sum) || sum !== 0) return epilogue;
  const kept = scratch(4 * length);
  copy([y, 0, 0, 4], [kept, 0, 0, 4], 1, 1, length);
  return { ...epilogue, sum: kept - y };
}

/** to[row][plane · length + i] = from[plane, row, table[i]] */
export function gather(
  from: { readonly at: number; readonly plane: number; readonly row: number },
  table: { readonly at: number; readonly count: number },
  to: { readonly at: number; readonly row: number },
  planes: number,
  rows: number,
): void {
  gatherKernel()(from.at, from.plane, from.row, table.at, to.at, to.row, planes, rows, table.count);
}

/** to[row, column] = from[column, row] */
export function transpose(from: Rows, to: Rows, rows: number, columns: number): void {
  transposeKernel()(from.at, from.row, to.at, to.row, rows, columns);
}

/** to[row, column] += from[column, row] */
export function addTransposed(from: Rows, to: Rows, rows: number, columns: number): void {
  addTransposedKernel()(from.at, from.row, to.at, to.row, rows, columns);
}
