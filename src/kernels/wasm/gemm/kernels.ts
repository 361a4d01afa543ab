/** The matrix product and what packs its operands, compiled on first use. Places and strides are in bytes. */

import type { Simd } from "../assembler/simd.js";
import { STEP, type Steps } from "../elementwise/epilogue.js";
import { memory, scratch, take } from "../memory.js";
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

/** A matrix whose rows lie `rows[i]` bytes behind `at`, a table; that of the next line lies `line` bytes further. */
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
  /** One number a row, with MODE.bias. */
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

const compiled = new Map<Simd, GemmKernels>();

export function gemmKernels(simd: Simd): GemmKernels {
  let kernels = compiled.get(simd);
  if (!kernels) {
    kernels = new GemmKernels(simd);
    compiled.set(simd, kernels);
  }
  return kernels;
}

export class GemmKernels {
  readonly simd: Simd;
  /** Columns of a packed panel. */
  readonly panel: number;
  /** Table of the rows of a packed panel. */
  readonly panelRows: number;
  readonly #spare: number;

  constructor(simd: Simd) {
    this.simd = simd;
    this.panel = 4 * TILE[simd].vectors;
    this.panelRows = lasting(4 * DEPTH);
    const entries = new Int32Array(memory().buffer, this.panelRows, DEPTH);
    for (let k = 0; k < DEPTH; k++) entries[k] = 4 * k * this.panel;
    this.#spare = lasting(SPARE);
  }

  multiply({ a, b, c, depth, rows, columns, mode, bias, constants = 0, sum = 0, lines }: Product): void {
    const multiply = multiplyKernel(this.simd);
    const spare = this.#spare;
    const never = 0;
    // In the order of the kernel's parameters.
    multiply(
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
   * The product with columns that are packed in panels, one behind the other. Its sizes are written out: what a rest or a
   * spread makes goes to V8's old space, which then grows while a network trains.
   */
  multiplyPanels(
    a: Matrix,
    panels: number,
    c: Matrix,
    { rows, columns, depth, mode, bias, constants = 0, sum = 0 }: PanelSizes,
  ): void {
    const { panel, panelRows } = this;
    const lines = Math.floor(columns / panel);
    const b = { at: panels, rows: panelRows, line: 4 * panel * depth };
    const to = { at: c.at, rows: c.rows, line: 4 * panel };
    this.multiply({ a, b, c: to, rows, columns: panel, depth, mode, bias, constants, sum, lines });
    const left = columns - lines * panel;
    if (left === 0) return;
    const lastB = { at: panels + lines * b.line, rows: panelRows, line: 0 };
    const lastC = { at: c.at + lines * to.line, rows: c.rows, line: 0 };
    this.multiply({ a, b: lastB, c: lastC, rows, columns: left, depth, mode, bias, constants, sum, lines: 1 });
  }

  /** matrix[tap, pixel] = image[taps[tap] + pixels[pixel]], in panels. */
  patches(
    image: number,
    taps: { readonly at: number; readonly count: number },
    pixels: { readonly at: number; readonly count: number },
    matrix: { readonly at: number; readonly tap: number; readonly panel: number },
  ): void {
    patchesKernel(this.simd)(image, taps.at, taps.count, pixels.at, pixels.count, matrix.at, matrix.tap, matrix.panel);
  }

  /** image[taps[tap] + row, column] += matrix[tap, row, column] */
  spread(
    image: { readonly at: number; readonly row: number },
    taps: { readonly at: number; readonly count: number },
    matrix: { readonly at: number; readonly tap: number; readonly rows: number; readonly columns: number },
  ): void {
    const { at, tap, rows, columns } = matrix;
    spreadKernel()(image.at, image.row, taps.at, taps.count, at, tap, rows, columns);
  }

  /** panels[k, column] = from[column, k] */
  packColumns(
    from: { readonly at: number; readonly row: number; readonly rows: number; readonly length: number },
    panels: { readonly at: number; readonly panel: number },
  ): void {
    packColumnsKernel(this.simd)(from.at, from.row, from.length, from.rows, panels.at, panels.panel);
  }

  /** `length` zeros. */
  clear(at: number, length: number): void {
    clearKernel()(at, length);
  }

  /** to[plane, row, i] = from[plane, row, i] */
  copy(from: Strides, to: Strides, planes: number, rows: number, length: number): void {
    copyKernel()(...from, ...to, planes, rows, length);
  }

  /** The epilogue with a copy of its sum where that is y itself: for kernels that write to y before they read the sum. */
  keepSum(epilogue: Steps, y: number, length: number): Steps {
    const { steps, constants, sum } = epilogue;
    if (!(steps & STEP.sum) || sum !== 0) return epilogue;
    const kept = scratch(4 * length);
    this.copy([y, 0, 0, 4], [kept, 0, 0, 4], 1, 1, length);
    return { steps, constants, sum: kept - y };
  }

  /** to[row][plane · length + i] = from[plane, row, table[i]] */
  gather(
    from: { readonly at: number; readonly plane: number; readonly row: number },
    table: { readonly at: number; readonly count: number },
    to: { readonly at: number; readonly row: number },
    planes: number,
    rows: number,
  ): void {
    gatherKernel()(from.at, from.plane, from.row, table.at, to.at, to.row, planes, rows, table.count);
  }

  /** to[row, column] = from[column, row] */
  transpose(from: Rows, to: Rows, rows: number, columns: number): void {
    transposeKernel()(from.at, from.row, to.at, to.row, rows, columns);
  }

  /** to[row, column] += from[column, row] */
  addTransposed(from: Rows, to: Rows, rows: number, columns: number): void {
    addTransposedKernel()(from.at, from.row, to.at, to.row, rows, columns);
  }
}

/** Memory that is never given back. */
function lasting(bytes: number): number {
  const at = take(bytes);
  if (at === undefined) throw new RangeError("The engine's memory is full.");
  return at;
}
