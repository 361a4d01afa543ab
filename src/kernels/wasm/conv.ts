/**
 * Convolution as products of packed matrices. Patches are packed straight into panels, a block of the column matrix at
 * a time, and never stored as a whole.
 */
import type { ConvKernels } from "../interface/conv.js";
import type { Flavour } from "./assembler/flavour.js";
import { type Correlation, forwardCorrelation, inputGradientPhases } from "./conv/correlation.js";
import { PatchImage, Table } from "./conv/image.js";
import { type GemmKernels, gemmKernels } from "./gemm/kernels.js";
import { DEPTH, MODE, PITCH, TILE } from "./gemm/multiply.js";
import { at, scratch, view } from "./memory.js";

/** Columns of the output whose patches are packed at a time: a multiple of every panel's width that stays in the cache. */
const COLUMNS = 96;
/** Rows of patches that are packed at a time for the weight gradient. */
const ROWS = 192;
/** Room for one tile of a result: 6 × 8 or 3 × 12. */
const SPARE = 4 * 48;

export function wasmConv(flavour: Flavour): ConvKernels {
  return {
    forward(g, x, weight, bias, y) {
      const [input, filters, start, output] = [at(x), at(weight), bias ? at(bias) : 0, at(y)];
      if (y.length === 0) return;
      const kernels = gemmKernels(flavour);
      const correlation = forwardCorrelation(g);
      const outputs = g.outChannels / g.groups;
      const pixels = g.outHeight * g.outWidth;
      const product = new PatchProduct(kernels, flavour, correlation, outputs);
      for (let group = 0; group < g.groups; group++) {
        product.packRows(filters + 4 * group * outputs * product.depth);
        for (let n = 0; n < g.batch; n++) {
          product.run(
            input + 4 * (n * g.groups + group) * correlation.channels * g.height * g.width,
            start === 0 ? 0 : start + 4 * group * outputs,
            output + 4 * (n * g.groups + group) * outputs * pixels,
          );
        }
      }
    },

    inputGradient(g, dy, weight, dx) {
      const [gradient, filters, output] = [at(dy), at(weight), at(dx)];
      if (dx.length === 0) return;
      const kernels = gemmKernels(flavour);
      const inputs = g.inChannels / g.groups;
      const entries = g.kernelHeight * g.kernelWidth;
      const strided = g.strideHeight > 1 || g.strideWidth > 1;
      for (const phase of inputGradientPhases(g)) {
        const pixels = phase.outHeight * phase.outWidth;
        const part = strided ? scratch(4 * inputs * pixels) : 0;
        const product = new PatchProduct(kernels, flavour, phase, inputs);
        const table = product.gatherTable((o, { entry }) => o * inputs * entries + entry);
        for (let group = 0; group < g.groups; group++) {
          product.gatherRows(filters + 4 * group * phase.channels * inputs * entries, 4 * entries, table);
          for (let n = 0; n < g.batch; n++) {
            const to = output + 4 * (n * g.groups + group) * inputs * g.height * g.width;
            product.run(
              gradient + 4 * (n * g.groups + group) * phase.channels * g.outHeight * g.outWidth,
              0,
              strided ? part : to,
            );
            if (!strided) continue;
            kernels.copy(
              ...[part, 4 * pixels, 4 * phase.outWidth, 4],
              to + 4 * (phase.phaseRow * g.width + phase.phaseColumn),
              ...[4 * g.height * g.width, 4 * g.strideHeight * g.width, 4 * g.strideWidth],
              ...[inputs, phase.outHeight, phase.outWidth],
            );
          }
        }
      }
    },

    weightGradient(g, x, dy, dweight) {
      const [input, gradient, output] = [at(x), at(dy), at(dweight)];
      if (x.length === 0 || dy.length === 0) return;
      const kernels = gemmKernels(flavour);
      const correlation = forwardCorrelation(g);
      const outputs = g.outChannels / g.groups;
      const pixels = g.outHeight * g.outWidth;
      const { vectors } = TILE[flavour];
      const image = new PatchImage(correlation);
      const places = image.pixels(4 * vectors);
      const taps = image.taps();
      const depth = taps.entries.length;
      const columns = Math.ceil(outputs / (4 * vectors));
      const a = scratch(ROWS * PITCH);
      const b = scratch(columns * DEPTH * 16 * vectors);
      const c = scratch(4 * depth * outputs);
      const spare = scratch(SPARE);
      for (let group = 0; group < g.groups; group++) {
        let mode: number = MODE.zero;
        for (let n = 0; n < g.batch; n++) {
          const patches = image.load(
            kernels,
            input + 4 * (n * g.groups + group) * correlation.channels * g.height * g.width,
          );
          const dout = gradient + 4 * (n * g.groups + group) * outputs * pixels;
          for (const [from, length] of blocks(pixels)) {
            kernels.transpose(dout + 4 * from, 4 * pixels, length, outputs, b, length * 16 * vectors);
            for (let row = 0; row < depth; row += ROWS) {
              const rows = Math.min(ROWS, depth - row);
              kernels.patches(patches, taps.at + 4 * row, rows, places.at + 4 * from, length, a, PITCH, 16 * vectors);
              kernels.multiply(a, b, c + 4 * row * outputs, length, 4 * outputs, 0, mode, rows, outputs, 0, spare);
            }
            mode = MODE.add;
          }
        }
        kernels.addTransposed(
          ...[c, 4 * outputs],
          ...[output + 4 * group * outputs * depth, 4 * depth],
          ...[outputs, depth],
        );
      }
    },
  };
}

/** The product of a matrix of weights (rows × depth) and the patches of an image (depth × pixels). */
class PatchProduct {
  /** Channels × taps. */
  readonly depth: number;
  readonly #image: PatchImage;
  readonly #pixels: number;
  readonly #places: Table;
  readonly #taps: Table;
  readonly #a: number;
  readonly #b: number;
  readonly #spare: number;

  constructor(
    private readonly kernels: GemmKernels,
    private readonly flavour: Flavour,
    private readonly correlation: Correlation,
    private readonly rows: number,
  ) {
    const { vectors } = TILE[flavour];
    this.depth = correlation.channels * correlation.taps.length;
    this.#image = new PatchImage(correlation);
    this.#pixels = correlation.outHeight * correlation.outWidth;
    this.#places = this.#image.pixels(4 * vectors);
    this.#taps = this.#image.taps();
    this.#a = scratch(blocks(this.depth).length * rows * PITCH);
    this.#b = scratch(4 * DEPTH * COLUMNS);
    this.#spare = scratch(SPARE);
  }

  /** Packs weights that lie row by row. */
  packRows(from: number): void {
    blocks(this.depth).forEach(([first, length], i) => {
      const to = this.#a + i * this.rows * PITCH;
      this.kernels.copy(from + 4 * first, 0, 4 * this.depth, 4, to, 0, PITCH, 4, 1, this.rows, length);
    });
  }

  /** Where the weight of every channel and tap lies, in bytes, from a function that tells it in numbers. */
  gatherTable(place: (channel: number, tap: Correlation["taps"][number]) => number): Table {
    const { channels, taps } = this.correlation;
    const table = new Table(this.depth);
    let at = 0;
    for (let c = 0; c < channels; c++) for (const tap of taps) table.entries[at++] = 4 * place(c, tap);
    return table;
  }

  /** Packs weights by the table of their places; those of the next row lie `step` bytes further. */
  gatherRows(from: number, step: number, table: Table): void {
    blocks(this.depth).forEach(([first, length], i) => {
      this.kernels.gather(from, step, table.at + 4 * first, length, this.#a + i * this.rows * PITCH, this.rows);
    });
  }

  /** out (rows × pixels) = weights · patches of the image at `from` + bias (0: none). */
  run(from: number, bias: number, out: number): void {
    const { vectors } = TILE[this.flavour];
    if (this.depth === 0) view(out, this.rows * this.#pixels).fill(0);
    if (this.depth === 0) return;
    const image = this.#image.load(this.kernels, from);
    const stride = 4 * this.#pixels;
    for (let column = 0; column < this.#pixels; column += COLUMNS) {
      const columns = Math.min(COLUMNS, this.#pixels - column);
      blocks(this.depth).forEach(([first, length], i) => {
        const wide = 16 * vectors;
        const [taps, places] = [this.#taps.at + 4 * first, this.#places.at + 4 * column];
        this.kernels.patches(image, taps, length, places, columns, this.#b, wide, length * wide);
        const mode = i > 0 ? MODE.add : bias === 0 ? MODE.zero : MODE.bias;
        const [a, c] = [this.#a + i * this.rows * PITCH, out + 4 * column];
        this.kernels.multiply(a, this.#b, c, length, stride, bias, mode, this.rows, columns, 0, this.#spare);
      });
    }
  }
}

/** A sum over `depth` entries in as few parts as fit a packed row, all about as long: [first, length]. */
function blocks(depth: number): (readonly [number, number])[] {
  const count = Math.ceil(depth / DEPTH);
  const length = 2 * Math.ceil(depth / count / 2);
  return Array.from({ length: count }, (_, i) => [i * length, Math.min(length, depth - i * length)] as const);
}
