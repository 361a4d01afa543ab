/**
 * Convolutions of many small images with few channels, as products in the layout CHWN (chwn-batch.ts), in place: without
 * packing patches.
 */
import type { ConvGeometry } from "../../../shape/conv.js";
import { CONSTANTS, STEP } from "../elementwise/epilogue.js";
import { depthBlocks } from "../gemm/blocks.js";
import { type GemmKernels, gemmKernels } from "../gemm/kernels.js";
import { MODE } from "../gemm/multiply.js";
import { Table } from "../gemm/table.js";
import { scratch } from "../memory.js";
import type { Task } from "../task.js";
import type { ConvAlgorithm, ConvOperands } from "./algorithm.js";
import { ChwnBatch, chwnFits } from "./chwn-batch.js";

export const chwn: ConvAlgorithm = {
  name: "chwn",
  option: "direct",
  fits: chwnFits,
  pays: () => true,
  describe: () => ({ algorithm: "direct, chwn", saving: 1 }),
  forward: (flavour, g, operands) => [forward(gemmKernels(flavour), g, operands)],
  inputGradient: (flavour, g, operands) => [inputGradient(gemmKernels(flavour), g, operands)],
  weightGradient: (flavour, g, operands) => [weightGradient(gemmKernels(flavour), g, operands)],
};

/** y = weight · patches + bias, and the epilogue. A part is a part of the batch. */
function forward(kernels: GemmKernels, g: ConvGeometry, { x, weight, bias, y, epilogue }: ConvOperands): Task {
  const batch = new ChwnBatch(kernels, g);
  const { taps, outputs } = batch;
  const [input, output] = [batch.inputCopy(), batch.outputCopy()];
  const sum = epilogue.steps & STEP.sum ? batch.outputCopy() : 0;
  const weightRows = Table.range(outputs, 4 * taps).at;
  const depth = depthBlocks(taps);
  return {
    parts: batch.blocks.length,
    run(from, to) {
      for (const [first, images] of batch.blocks.slice(from, to)) {
        const [tapRows, outputRows] = [batch.tapRows(images), batch.outputRows(images)];
        const outputAt = 4 * first * g.outChannels * g.outHeight * g.outWidth;
        batch.takeInputs(x + 4 * first * g.inChannels * g.height * g.width, input, images);
        if (sum) batch.takeOutputs(epilogue.sum + outputAt, sum, images);
        const [line, group] = [batch.lines(images), batch.groupStrides(images)];
        for (let i = 0; i < g.groups; i++) {
          const channel = i * outputs;
          for (const [k, length] of depth) {
            const start = k > 0 ? MODE.block : bias === 0 ? MODE.zero : MODE.bias;
            kernels.multiply({
              a: { at: weight + 4 * (channel * taps + k), rows: weightRows, line: 0 },
              b: { at: input + i * group.input, rows: tapRows + 4 * k, line: line.input },
              c: { at: output + i * group.output, rows: outputRows, line: line.output },
              rows: outputs,
              columns: g.outWidth * images,
              depth: length,
              mode: start | (k + length === taps ? epilogue.steps : 0),
              bias: bias && bias + 4 * channel,
              constants: epilogue.constants + CONSTANTS * channel,
              sum: sum - output,
              lines: g.outHeight,
            });
          }
        }
        batch.putOutputs(output, y + outputAt, images);
      }
    },
  };
}

/** dx: every tap's row of weightᵀ · dy is added where the tap meets the input. A part is a part of the batch. */
function inputGradient(kernels: GemmKernels, g: ConvGeometry, { x: dx, weight, y: dy }: ConvOperands): Task {
  const batch = new ChwnBatch(kernels, g);
  const { taps, outputs } = batch;
  const [input, output] = [batch.inputCopy(), batch.outputCopy()];
  const filters = scratch(4 * taps * g.outChannels);
  for (let i = 0; i < g.groups; i++) {
    const at = 4 * i * outputs * taps;
    kernels.transpose({ at: weight + at, row: 4 * taps }, { at: filters + at, row: 4 * outputs }, taps, outputs);
  }
  const filterRows = Table.range(taps, 4 * outputs).at;
  const depth = depthBlocks(outputs);
  return {
    parts: batch.blocks.length,
    run(from, to) {
      for (const [first, images] of batch.blocks.slice(from, to)) {
        const [tapRows, outputRows] = [batch.tapRows(images), batch.outputRows(images)];
        batch.clearInputs(input, images);
        batch.takeOutputs(dy + 4 * first * g.outChannels * g.outHeight * g.outWidth, output, images);
        const [line, group] = [batch.lines(images), batch.groupStrides(images)];
        for (let i = 0; i < g.groups; i++) {
          for (const [k, length] of depth) {
            kernels.multiply({
              a: { at: filters + 4 * (i * outputs * taps + k), rows: filterRows, line: 0 },
              b: { at: output + i * group.output, rows: outputRows + 4 * k, line: line.output },
              c: { at: input + i * group.input, rows: tapRows, line: line.input },
              rows: taps,
              columns: g.outWidth * images,
              depth: length,
              mode: k > 0 ? MODE.block : MODE.add,
              bias: 0,
              lines: g.outHeight,
            });
          }
        }
        batch.putInputs(input, dx + 4 * first * g.inChannels * g.height * g.width, images);
      }
    },
  };
}

/** dweight += patches · dyᵀ, whose rows hold the outputs of one pixel of one image. A part is an input channel. */
function weightGradient(kernels: GemmKernels, g: ConvGeometry, { x, weight: dweight, y: dy }: ConvOperands): Task {
  const batch = new ChwnBatch(kernels, g);
  const { inputs, outputs } = batch;
  const entries = g.kernelHeight * g.kernelWidth;
  const [input, output] = [batch.inputCopy(), batch.outputCopy()];
  const result = scratch(4 * inputs * entries * outputs);
  const resultRows = Table.range(inputs * entries, 4 * outputs).at;
  const max = g.outWidth * batch.blocks[0]![1];
  const pixelRows = Table.range(max, 4 * g.outChannels).at;
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
    const pixels = g.outHeight * g.outWidth;
    for (const [n, images] of batch.blocks) {
      batch.takeInputs(x + 4 * n * g.inChannels * g.height * g.width, input, images);
      const maps = images * g.outChannels;
      kernels.transpose(
        { at: dy + 4 * n * g.outChannels * pixels, row: 4 * pixels },
        { at: output, row: 4 * maps },
        pixels,
        maps,
      );
      const line = batch.lines(images);
      for (const [k, length] of depthBlocks(g.outWidth * images)) {
        kernels.multiply({
          a: {
            at: input + group * batch.groupStrides(images).input + 4 * k,
            rows: batch.tapRows(images) + 4 * first * entries,
            line: line.input,
          },
          b: { at: output + 4 * group * outputs, rows: pixelRows + 4 * k, line: line.output * g.outChannels },
          c: { at: result, rows: resultRows, line: 0 },
          rows: count * entries,
          columns: outputs,
          depth: length,
          mode: MODE.block,
          bias: 0,
          lines: g.outHeight,
        });
      }
    }
    const to = { at: dweight + 4 * (group * outputs * inputs + first) * entries, row: 4 * inputs * entries };
    kernels.addTransposed({ at: result, row: 4 * outputs }, to, outputs, count * entries);
  }
}
