/**
 * Convolutions of many small images with few channels. The images of a batch are turned so that the same pixel of all of
 * them lies side by side, `[channel, row, column, image]`: then the patches of a whole line of outputs lie side by side
 * as well, and every product is done in place, without packing patches, for any kernel, padding and dilation.
 *
 * With n images, a tap's row of patches lies ((c·height + u·dilation)·width + v·dilation)·n numbers behind the patch.
 */
import type { ConvGeometry } from "../../../shape/conv.js";
import { type Block, depthBlocks, evenBlocks } from "../gemm/blocks.js";
import type { GemmKernels, Rows } from "../gemm/kernels.js";
import { MODE, SPARE } from "../gemm/multiply.js";
import { scratch } from "../memory.js";
import type { Task } from "../task.js";
import { Table } from "./image.js";

/** As many images are turned at a time: more do not fit the cache. */
const IMAGES = 32;
/** A tile of the input gradient must not meet itself in the next tap's pixels. */
const LEAST_IMAGES = 12;
/** Numbers of a turned input and output at most. */
const LARGEST = 1 << 20;
/** More channels are worth packing: products then take longer than what prepares them. */
const MOST_CHANNELS = 32;

export function batchedFits(g: ConvGeometry): boolean {
  const { padded, outputs } = sizesOf(g);
  const images = imagesAtOnce(g.batch);
  return (
    images >= LEAST_IMAGES &&
    g.strideWidth === 1 &&
    Math.max(g.inChannels, g.outChannels) / g.groups <= MOST_CHANNELS &&
    images * (g.inChannels * padded + outputs) <= LARGEST
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

/** What the three directions share: turned copies of one part of the batch, and tables of rows. */
class Batched {
  readonly blocks: readonly Block[];
  /** Numbers of an image, of its padded copy, and of its outputs. */
  readonly #image: number;
  readonly #sizes: ReturnType<typeof sizesOf>;
  /** Of one group. */
  readonly inputs: number;
  readonly outputs: number;
  readonly taps: number;
  readonly spare = scratch(SPARE);

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

  /** Bytes from one line of outputs to the next, in what is read and in what is written. */
  lines(images: number) {
    const { g } = this;
    return { input: 4 * g.strideHeight * this.#sizes.width * images, output: 4 * g.outWidth * images };
  }

  /** Room for the turned inputs of the largest part. */
  inputCopy(): number {
    return scratch(4 * this.blocks[0]![1] * this.g.inChannels * this.#sizes.padded + 64);
  }

  outputCopy(): number {
    return scratch(4 * this.blocks[0]![1] * this.#sizes.outputs + 64);
  }

  clearInputs(copy: number, images: number): void {
    this.kernels.clear(copy, images * this.g.inChannels * this.#sizes.padded);
  }

  /** Turns the images at `from`; what is beside them is left as it is. */
  turnInputs(from: number, copy: number, images: number): void {
    this.#eachLine(from, copy, images, (image, turned, length) => this.kernels.turn(image, turned, length, images));
  }

  /** Turns the inputs back. */
  turnInputsBack(copy: number, to: number, images: number): void {
    this.#eachLine(to, copy, images, (image, turned, length) => this.kernels.turn(turned, image, images, length));
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

  /** Turns dy or y: from images of outputs to outputs of images, or back. */
  turnOutputs(from: number, to: number, images: number, back: boolean): void {
    const { outputs } = this.#sizes;
    const [image, turned] = [4 * outputs, 4 * images];
    if (back) this.kernels.turn({ at: from, row: turned }, { at: to, row: image }, images, outputs);
    else this.kernels.turn({ at: from, row: image }, { at: to, row: turned }, outputs, images);
  }

  /** Where every tap's row of patches lies. */
  tapRows(images: number): Table {
    const { g } = this;
    const { height, width } = this.#sizes;
    const table = new Table(this.taps);
    let at = 0;
    for (let c = 0; c < this.inputs; c++) {
      for (let u = 0; u < g.kernelHeight; u++) {
        const row = (c * height + u * g.dilationHeight) * width;
        for (let v = 0; v < g.kernelWidth; v++) table.entries[at++] = 4 * images * (row + v * g.dilationWidth);
      }
    }
    return table;
  }

  /** Where the turned outputs of every channel lie. */
  outputRows(images: number): Table {
    return Table.range(this.outputs, 4 * images * this.g.outHeight * this.g.outWidth);
  }

  /** Bytes from a group's turned inputs or outputs to the next's. */
  groupStrides(images: number) {
    const { g } = this;
    return {
      input: 4 * images * this.inputs * this.#sizes.padded,
      output: 4 * images * this.outputs * g.outHeight * g.outWidth,
    };
  }
}

/** y = weight ⋆ x + bias (0: none). A part is a part of the batch. */
export function batchedForward(
  kernels: GemmKernels,
  g: ConvGeometry,
  x: number,
  weight: number,
  bias: number,
  y: number,
  relu = false,
): Task {
  const batch = new Batched(kernels, g);
  const { taps, outputs, spare } = batch;
  const [input, output] = [batch.inputCopy(), batch.outputCopy()];
  const weightRows = Table.range(outputs, 4 * taps).at;
  const depth = depthBlocks(taps);
  return {
    parts: batch.blocks.length,
    run(from, to) {
      let tables = { images: 0, taps: 0, outputs: 0 };
      for (const [first, images] of batch.blocks.slice(from, to)) {
        if (images !== tables.images) {
          tables = { images, taps: batch.tapRows(images).at, outputs: batch.outputRows(images).at };
          batch.clearInputs(input, images);
        }
        batch.turnInputs(x + 4 * first * g.inChannels * g.height * g.width, input, images);
        const [line, group] = [batch.lines(images), batch.groupStrides(images)];
        for (let i = 0; i < g.groups; i++) {
          const start = bias && bias + 4 * i * outputs;
          for (const [k, length] of depth) {
            const mode = k > 0 ? MODE.add : bias === 0 ? MODE.zero : MODE.bias;
            kernels.multiplyInPlace({
              a: { at: weight + 4 * (i * outputs * taps + k), rows: weightRows, line: 0 },
              b: { at: input + i * group.input, rows: tables.taps + 4 * k, line: line.input },
              c: { at: output + i * group.output, rows: tables.outputs, line: line.output },
              rows: outputs,
              columns: g.outWidth * images,
              depth: length,
              bias: start,
              mode: mode | (relu && k + length === taps ? MODE.relu : 0),
              lines: g.outHeight,
              spare,
            });
          }
        }
        batch.turnOutputs(output, y + 4 * first * g.outChannels * g.outHeight * g.outWidth, images, true);
      }
    },
  };
}

/** dx: every tap's row of weightᵀ · dy is added where the tap meets the input. A part is a part of the batch. */
export function batchedInputGradient(
  kernels: GemmKernels,
  g: ConvGeometry,
  dy: number,
  weight: number,
  dx: number,
): Task {
  const batch = new Batched(kernels, g);
  const { taps, outputs, spare } = batch;
  const [input, output] = [batch.inputCopy(), batch.outputCopy()];
  const turned = scratch(4 * taps * g.outChannels);
  for (let i = 0; i < g.groups; i++) {
    const at = 4 * i * outputs * taps;
    kernels.turn({ at: weight + at, row: 4 * taps }, { at: turned + at, row: 4 * outputs }, taps, outputs);
  }
  const weightRows = Table.range(taps, 4 * outputs).at;
  const depth = depthBlocks(outputs);
  return {
    parts: batch.blocks.length,
    run(from, to) {
      let tables = { images: 0, taps: 0, outputs: 0 };
      for (const [first, images] of batch.blocks.slice(from, to)) {
        if (images !== tables.images) {
          tables = { images, taps: batch.tapRows(images).at, outputs: batch.outputRows(images).at };
        }
        batch.clearInputs(input, images);
        batch.turnOutputs(dy + 4 * first * g.outChannels * g.outHeight * g.outWidth, output, images, false);
        const [line, group] = [batch.lines(images), batch.groupStrides(images)];
        for (let i = 0; i < g.groups; i++) {
          for (const [k, length] of depth) {
            kernels.multiplyInPlace({
              a: { at: turned + 4 * (i * outputs * taps + k), rows: weightRows, line: 0 },
              b: { at: output + i * group.output, rows: tables.outputs + 4 * k, line: line.output },
              c: { at: input + i * group.input, rows: tables.taps, line: line.input },
              rows: taps,
              columns: g.outWidth * images,
              depth: length,
              mode: MODE.add,
              lines: g.outHeight,
              spare,
            });
          }
        }
        batch.turnInputsBack(input, dx + 4 * first * g.inChannels * g.height * g.width, images);
      }
    },
  };
}

/** dweight += patches · dyᵀ, whose rows hold the outputs of one pixel of one image. A part is an input channel. */
export function batchedWeightGradient(
  kernels: GemmKernels,
  g: ConvGeometry,
  x: number,
  dy: number,
  dweight: number,
): Task {
  const batch = new Batched(kernels, g);
  const { inputs, outputs, spare } = batch;
  const entries = g.kernelHeight * g.kernelWidth;
  const [input, output] = [batch.inputCopy(), batch.outputCopy()];
  const result = scratch(4 * inputs * entries * outputs);
  const resultRows = Table.range(inputs * entries, 4 * outputs).at;
  const most = g.outWidth * batch.blocks[0]![1];
  const pixelRows = Table.range(most, 4 * g.outChannels).at;
  return {
    parts: g.inChannels,
    run(from, to) {
      for (let channel = from; channel < to; ) {
        const group = Math.floor(channel / inputs);
        const end = Math.min(to, (group + 1) * inputs);
        addGroup(group, channel - group * inputs, end - channel);
        channel = end;
      }
    },
  };

  /** Some channels of a group. */
  function addGroup(group: number, first: number, count: number): void {
    kernels.clear(result, count * entries * outputs);
    let tables = { images: 0, taps: 0 };
    const pixels = g.outHeight * g.outWidth;
    for (const [n, images] of batch.blocks) {
      if (images !== tables.images) {
        tables = { images, taps: batch.tapRows(images).at };
        batch.clearInputs(input, images);
      }
      batch.turnInputs(x + 4 * n * g.inChannels * g.height * g.width, input, images);
      const maps = images * g.outChannels;
      kernels.turn(
        { at: dy + 4 * n * g.outChannels * pixels, row: 4 * pixels },
        { at: output, row: 4 * maps },
        pixels,
        maps,
      );
      const line = batch.lines(images);
      for (const [k, length] of depthBlocks(g.outWidth * images)) {
        kernels.multiplyInPlace({
          a: {
            at: input + group * batch.groupStrides(images).input + 4 * k,
            rows: tables.taps + 4 * first * entries,
            line: line.input,
          },
          b: { at: output + 4 * group * outputs, rows: pixelRows + 4 * k, line: line.output * g.outChannels },
          c: { at: result, rows: resultRows, line: 0 },
          rows: count * entries,
          columns: outputs,
          depth: length,
          mode: MODE.add,
          lines: g.outHeight,
          spare,
        });
      }
    }
    const to = { at: dweight + 4 * (group * outputs * inputs + first) * entries, row: 4 * inputs * entries };
    kernels.addTurned({ at: result, row: 4 * outputs }, to, outputs, count * entries);
  }
}
