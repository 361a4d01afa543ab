/**
 * Batches of small images in the layout CHWN, where the same pixel of all images lies side by side: `[channel, row, column,
 * image]`. Then the patches of a whole line of outputs lie side by side as well, and need no packing, for any kernel, padding and
 * dilation: with n images, a tap's row of patches lies ((c·height + u·dilation)·width + v·dilation)·n numbers behind.
 */
import type { ConvGeometry } from "../../../shape/conv.js";
import { type Block, evenBlocks } from "../gemm/blocks.js";
import type { Matrix, Rows } from "../gemm/kernels.js";
import * as gemm from "../gemm/kernels.js";
import { multiplesOf, newTable } from "../gemm/table.js";
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

export type ChwnBatch = ReturnType<typeof chwnBatch>;

/** What the three directions share: room for copies of one part of the batch, and tables of rows. */
export function chwnBatch(g: ConvGeometry) {
  const { height, width, padded, outputs: allOutputs } = sizesOf(g);
  const blocks = evenBlocks(g.batch, imagesAtOnce(g.batch));
  const [[, maxImages]] = blocks as [Block];
  const image = g.inChannels * g.height * g.width;
  // Of one group.
  const [inputs, outputs] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const taps = inputs * g.kernelHeight * g.kernelWidth;
  /** Images that the copy of the inputs has zeros beside, and the table of taps is for. */
  let cleared = 0;
  let tapRows = { images: 0, at: 0 };

  /** Bytes from one line of outputs to the next, in what is read and in what is written. */
  function lines(images: number) {
    return { input: 4 * g.strideHeight * width * images, output: 4 * g.outWidth * images };
  }

  function clearInputs(copy: number, images: number): void {
    gemm.clear(copy, images * g.inChannels * padded);
  }

  /** Visits every line of the images and of their copy: rows are images in one, pixels in the other. */
  function eachLine(
    from: number,
    copy: number,
    images: number,
    visit: (image: Rows, copy: Rows, length: number) => void,
  ) {
    const [outer, inner] = [4 * image, 4 * images];
    if (height === g.height && width === g.width) {
      visit({ at: from, row: outer }, { at: copy, row: inner }, image);
      return;
    }
    for (let c = 0; c < g.inChannels; c++) {
      for (let y = 0; y < g.height; y++) {
        const line = copy + inner * ((c * height + y + g.paddingTop) * width + g.paddingLeft);
        visit({ at: from + 4 * (c * g.height + y) * g.width, row: outer }, { at: line, row: inner }, g.width);
      }
    }
  }

  /** Where every tap's row of patches lies; the same table for as many images as before. */
  function rowsOfTaps(images: number): number {
    if (tapRows.images === images) return tapRows.at;
    const table = newTable(taps);
    let at = 0;
    for (let c = 0; c < inputs; c++) {
      for (let u = 0; u < g.kernelHeight; u++) {
        const row = (c * height + u * g.dilationHeight) * width;
        for (let v = 0; v < g.kernelWidth; v++) table.entries[at++] = 4 * images * (row + v * g.dilationWidth);
      }
    }
    tapRows = { images, at: table.at };
    return table.at;
  }

  return {
    ...{ g, blocks, maxImages, inputs, outputs, taps, lines, clearInputs },
    /** Bytes of an image of x, and of y. */
    xBytes: 4 * image,
    yBytes: 4 * allOutputs,
    /** Rows of a padded copy. */
    height,

    /** Room for the inputs of the largest part. */
    inputCopy: () => scratch(4 * maxImages * g.inChannels * padded + 64),
    outputCopy: () => scratch(4 * maxImages * allOutputs + 64),

    /** Copies the images at `from` into the one copy that this object fills; zeros beside them stay from part to part. */
    takeInputs(from: number, copy: number, images: number): void {
      if (images !== cleared) clearInputs(copy, images);
      cleared = images;
      eachLine(from, copy, images, (image, chwn, length) => gemm.transpose(image, chwn, length, images));
    },

    /** Writes inputs back to the images at `to`. */
    putInputs(copy: number, to: number, images: number): void {
      eachLine(to, copy, images, (image, chwn, length) => gemm.transpose(chwn, image, images, length));
    },

    /** Copies outputs of images at `from`. */
    takeOutputs(from: number, copy: number, images: number): void {
      gemm.transpose({ at: from, row: 4 * allOutputs }, { at: copy, row: 4 * images }, allOutputs, images);
    },

    /** Writes outputs back to those of images at `to`. */
    putOutputs(copy: number, to: number, images: number): void {
      gemm.transpose({ at: copy, row: 4 * images }, { at: to, row: 4 * allOutputs }, images, allOutputs);
    },

    /** The patches in a copy of inputs: a row for every tap. */
    patches(copy: number, images: number): GroupMatrix {
      return { at: copy, rows: rowsOfTaps(images), line: lines(images).input, group: 4 * images * inputs * padded };
    },

    /** A copy of outputs: a row for every channel. */
    maps(copy: number, images: number): GroupMatrix {
      const map = 4 * images * g.outHeight * g.outWidth;
      const rows = multiplesOf(map, outputs);
      return { at: copy, rows, line: lines(images).output, group: outputs * map };
    },
  };
}
