/** The matrix product and what packs its operands, compiled on first use. Places and strides are in bytes. */
import type { Flavour } from "../assembler/flavour.js";
import { type Kernel, ModuleBuilder } from "../assembler/module.js";
import { isShared, memory } from "../memory.js";
import { inPlaceKernel } from "./inplace.js";
import { multiplyKernel } from "./multiply.js";
import { clearKernel, copyKernel, gatherKernel, transposeKernel, turnKernels } from "./pack.js";
import { patchesKernel, spreadKernel } from "./patches.js";

/** Numbers in memory: where the first lies, and steps from plane to plane, row to row, number to number. */
export type Strides = readonly [at: number, plane: number, row: number, step: number];

/** c (rows × columns) = a (rows × depth) · b (depth × columns), as `mode` says. */
export interface Product {
  readonly a: number;
  readonly aRow: number;
  readonly b: number;
  readonly c: number;
  readonly cRow: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly mode: number;
  /** One number a row, with MODE.bias. */
  readonly bias?: number;
  /** Room for SPARE bytes. */
  readonly spare: number;
}

/** A matrix whose rows lie `rows[i]` bytes behind `at`, a table; the next product's lies `line` bytes further. */
export interface InPlace {
  readonly at: number;
  readonly rows: number;
  readonly line: number;
}

export interface ProductInPlace extends Omit<Product, "a" | "aRow" | "b" | "c" | "cRow"> {
  readonly a: InPlace;
  readonly b: InPlace;
  readonly c: InPlace;
  readonly lines: number;
}

/** Rows `row` bytes apart. */
export interface Rows {
  readonly at: number;
  readonly row: number;
}

type Packing = Record<
  "multiply" | "patches" | "spread" | "transpose" | "copy" | "gather" | "turn" | "addTurned" | "clear",
  Kernel
>;

const compiled = new Map<Flavour, GemmKernels>();

export function gemmKernels(flavour: Flavour): GemmKernels {
  let kernels = compiled.get(flavour);
  if (!kernels) {
    kernels = new GemmKernels(flavour);
    compiled.set(flavour, kernels);
  }
  return kernels;
}

export class GemmKernels {
  readonly #packing: Packing;
  #inPlace: Kernel | undefined;

  constructor(readonly flavour: Flavour) {
    const builder = new ModuleBuilder({ shared: isShared() });
    multiplyKernel(builder, flavour);
    patchesKernel(builder, flavour);
    spreadKernel(builder);
    transposeKernel(builder, flavour);
    copyKernel(builder);
    gatherKernel(builder);
    turnKernels(builder);
    clearKernel(builder);
    this.#packing = builder.instantiate<keyof Packing>(memory());
  }

  /** The product of a matrix and packed panels. */
  multiply({ a, aRow, b, c, cRow, rows, columns, depth, mode, bias = 0, spare }: Product): void {
    this.#packing.multiply(a, aRow, b, 0, c, cRow, depth, bias, mode, 0, rows, columns, spare);
  }

  /** Some products of matrices whose rows lie where tables say. */
  multiplyInPlace({ a, b, c, depth, rows, columns, mode, bias = 0, spare, lines }: ProductInPlace): void {
    this.#inPlace ??= this.#compileInPlace();
    this.#inPlace(
      ...[a.at, a.rows, b.at, b.rows, c.at, c.rows, depth, bias, mode, 0, rows, columns, spare],
      ...[lines, a.line, b.line, c.line],
    );
  }

  #compileInPlace(): Kernel {
    const builder = new ModuleBuilder({ shared: isShared() });
    inPlaceKernel(builder, this.flavour);
    return builder.instantiate<"multiplyInPlace">(memory()).multiplyInPlace;
  }

  /** matrix[tap, pixel] = image[taps[tap] + pixels[pixel]], in panels. */
  patches(
    image: number,
    taps: { readonly at: number; readonly count: number },
    pixels: { readonly at: number; readonly count: number },
    matrix: { readonly at: number; readonly tap: number; readonly panel: number },
  ): void {
    this.#packing.patches(image, taps.at, taps.count, pixels.at, pixels.count, matrix.at, matrix.tap, matrix.panel);
  }

  /** image[taps[tap] + row, column] += matrix[tap, row, column] */
  spread(
    image: { readonly at: number; readonly row: number },
    taps: { readonly at: number; readonly count: number },
    matrix: { readonly at: number; readonly tap: number; readonly rows: number; readonly columns: number },
  ): void {
    const { at, tap, rows, columns } = matrix;
    this.#packing.spread(image.at, image.row, taps.at, taps.count, at, tap, rows, columns);
  }

  /** panels[k, column] = from[column, k] */
  transpose(
    from: { readonly at: number; readonly row: number; readonly rows: number; readonly length: number },
    panels: { readonly at: number; readonly panel: number },
  ): void {
    this.#packing.transpose(from.at, from.row, from.length, from.rows, panels.at, panels.panel);
  }

  /** `length` zeros. */
  clear(at: number, length: number): void {
    this.#packing.clear(at, length);
  }

  /** to[plane, row, i] = from[plane, row, i] */
  copy(from: Strides, to: Strides, planes: number, rows: number, length: number): void {
    this.#packing.copy(...from, ...to, planes, rows, length);
  }

  /** to[row][plane · length + i] = from[plane, row, table[i]] */
  gather(
    from: { readonly at: number; readonly plane: number; readonly row: number },
    table: { readonly at: number; readonly count: number },
    to: { readonly at: number; readonly row: number },
    planes: number,
    rows: number,
  ): void {
    this.#packing.gather(from.at, from.plane, from.row, table.at, to.at, to.row, planes, rows, table.count);
  }

  /** to[row, column] = from[column, row] */
  turn(from: Rows, to: Rows, rows: number, columns: number): void {
    this.#packing.turn(from.at, from.row, to.at, to.row, rows, columns);
  }

  /** to[row, column] += from[column, row] */
  addTurned(from: Rows, to: Rows, rows: number, columns: number): void {
    this.#packing.addTurned(from.at, from.row, to.at, to.row, rows, columns);
  }
}
