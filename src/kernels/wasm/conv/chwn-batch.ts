/**
 * Batches of small images in the layout CHWN, where the same pixel of all images lies side by side: `[channel, row, column,
 * image]`. Then the patches of a whole line of outputs lie side by side as well, and need no packing, for any kernel, padding and
 * dilation: with n images, a tap's row of patches lies ((c·height + u·dilation)·width + v·dilation)·n numbers behind.
 */
import type { ConvGeometry } from "../../../shape/conv.js";
import { type Block, evenBlocks } from "../gemm/blocks.js";
import type { GemmKernels, Matrix, Rows } from "../gemm/kernels.js";
import { Table } from "../gemm/table.js";
import { scratch } from "../memory.js";

/** Images that are copied at a time: more do not fit the cache. */
const IMAGES = 32;
/** A tile of the input gradient must not meet itself in the next tap's pixels. */
const MIN_IMAGES = 12;
/** Numbers of the copies of inputs and outputs at most. */
const MAX_NUMBERS = 1 << 20;
/** More channels are worth packing: products then take longer than what prepares them. */
const MAX_CHANNELS = 32;

export function chwnFits(g: ConvGeometry): boolean {
  const { padded, outputs } = sizesOf(g);
  const images = imagesAtOnce(g.batch);
  return (
    images >= MIN_IMAGES &&
    g.strideWidth === 1 &&
    Math.max(g.inChannels, g.outChannels) / g.groups <= MAX_CHANNELS &&
    images * (g.inChannels * padded + outputs) <= MAX_NUMBERS
  );
}

/** The batch in parts of about the same number of images. */
function imagesAtOnce(batch: number): number {
  return Math.ceil(batch / Math.ceil(batch / IMAGES));
}

function sizesOf(g: ConvGeometry) {
  const needed = (g.outHeight - 1) * g.strideHeight + (g.kernelHeight - 1) * g.dilationHeight + 1;
  const height = Math.max(needed, g.height + g.paddingTop);
  const width = Math.max(g.outWidth + (g.kernelWidth - 1) * g.dilationWidth, g.width + g.paddingLeft);
  return { height, width, padded: height * width, outputs: g.outChannels * g.outHeight * g.outWidth };
}

/** The matrix of a part of the batch, whose lines are those of outputs; that of the next group lies `group` bytes further. */
export interface GroupMatrix extends Matrix {
  readonly group: number;
}

/** What the three directions share: room for copies of one part of the batch, and tables of rows. */
export class ChwnBatch {
  readonly blocks: readonly Block[];
  /** Numbers of an image, of its padded copy, and of its outputs. */
  readonly #image: number;
  readonly #sizes: ReturnType<typeof sizesOf>;
  /** Of one group. */
  readonly inputs: number;
  readonly outputs: number;
  readonly taps: number;
  /** Images that the copy of the inputs has zeros beside, and the table of taps is for. */
  #padded = 0;
  #tapRows = { images: 0, at: 0 };

  constructor(
    readonly kernels: GemmKernels,
    readonly g: ConvGeometry,
  ) {
    this.blocks = evenBlocks(g.batch, imagesAtOnce(g.batch));
    this.#sizes = sizesOf(g);
    this.#image = g.inChannels * g.height * g.width;
    this.inputs = g.inChannels / g.groups;
    this.outputs = g.outChannels / g.groups;
    this.taps = this.inputs * g.kernelHeight * g.kernelWidth;
  }

  /** Rows of a padded copy. */
  get height(): number {
    return this.#sizes.height;
  }

  /** Bytes from one line of outputs to the next, in what is read and in what is written. */
  lines(images: number) {
    const { g } = this;
    return { input: 4 * g.strideHeight * this.#sizes.width * images, output: 4 * g.outWidth * images };
  }

  /** Room for the inputs of the largest part. */
  inputCopy(): number {
    return scratch(4 * this.blocks[0]![1] * this.g.inChannels * this.#sizes.padded + 64);
  }

  outputCopy(): number {
    return scratch(4 * this.blocks[0]![1] * this.#sizes.outputs + 64);
  }

  clearInputs(copy: number, images: number): void {
    this.kernels.clear(copy, images * this.g.inChannels * this.#sizes.padded);
  }

  /** Copies the images at `from` into the one copy that this object fills; zeros beside them stay from part to part. */
  takeInputs(from: number, copy: number, images: number): void {
    if (images !== this.#padded) this.clearInputs(copy, images);
    this.#padded = images;
    this.#eachLine(from, copy, images, (image, chwn, length) => this.kernels.transpose(image, chwn, length, images));
  }

  /** Writes inputs back to the images at `to`. */
  putInputs(copy: number, to: number, images: number): void {
    this.#eachLine(to, copy, images, (image, chwn, length) => this.kernels.transpose(chwn, image, images, length));
  }

  /** Visits every line of the images and of their copy: rows are images in one, pixels in the other. */
  #eachLine(image: number, copy: number, images: number, visit: (image: Rows, copy: Rows, length: number) => void) {
    const { g } = this;
    const { height, width } = this.#sizes;
    const [outer, inner] = [4 * this.#image, 4 * images];
    if (height === g.height && width === g.width) {
      visit({ at: image, row: outer }, { at: copy, row: inner }, this.#image);
      return;
    }
    for (let c = 0; c < g.inChannels; c++) {
      for (let y = 0; y < g.height; y++) {
        const line = copy + inner * ((c * height + y + g.paddingTop) * width + g.paddingLeft);
        visit({ at: image + 4 * (c * g.height + y) * g.width, row: outer }, { at: line, row: inner }, g.width);
      }
    }
  }

  /** Copies outputs of images at `from`. */
  takeOutputs(from: number, copy: number, images: number): void {
    const { outputs } = this.#sizes;
    this.kernels.transpose({ at: from, row: 4 * outputs }, { at: copy, row: 4 * images }, outputs, images);
  }

  /** Writes outputs back to those of images at `to`. */
  putOutputs(copy: number, to: number, images: number): void {
    const { outputs } = this.#sizes;
    this.kernels.transpose({ at: copy, row: 4 * images }, { at: to, row: 4 * outputs }, images, outputs);
  }

  /** The patches in a copy of inputs: a row for every tap. */
  patches(copy: number, images: number): GroupMatrix {
    const group = 4 * images * this.inputs * this.#sizes.padded;
    return { at: copy, rows: this.#rowsOfTaps(images), line: this.lines(images).input, group };
  }

  /** A copy of outputs: a row for every channel. */
  maps(copy: number, images: number): GroupMatrix {
    const map = 4 * images * this.g.outHeight * this.g.outWidth;
    const { at } = Table.range(this.outputs, map);
    return { at: copy, rows: at, line: this.lines(images).output, group: this.outputs * map };
  }

  /** Where every tap's row of patches lies; the same table for as many images as before. */
  #rowsOfTaps(images: number): number {
    const { g } = this;
    if (this.#tapRows.images === images) return this.#tapRows.at;
    const { height, width } = this.#sizes;
    const table = new Table(this.taps);
    let at = 0;
    for (let c = 0; c < this.inputs; c++) {
      for (let u = 0; u < g.kernelHeight; u++) {
        const row = (c * height + u * g.dilationHeight) * width;
        for (let v = 0; v < g.kernelWidth; v++) table.entries[at++] = 4 * images * (row + v * g.dilationWidth);
      }
    }
    this.#tapRows = { images, at: table.at };
    return table.at;
  }
}
