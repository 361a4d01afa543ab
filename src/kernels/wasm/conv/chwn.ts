/**
 * Convolutions of many small images with few channels, as products in the layout CHWN (chwn-batch.ts), in place: without
 * packing patches.
 */
import type { ConvGeometry } from "../../../shape/conv.js";
import type { Steps } from "../../epilogue.js";
import type { Simd } from "../assembler/simd.js";
import { CONSTANTS, NO_STEPS, STEP } from "../elementwise/epilogue.js";
import { depthBlocks } from "../gemm/blocks.js";
import type { Matrix } from "../gemm/kernels.js";
import * as gemm from "../gemm/kernels.js";
import { MODE } from "../gemm/multiply.js";
import { multiplesOf } from "../gemm/table.js";
import { scratch } from "../memory.js";
import type { Task } from "../task.js";
import type { ConvAlgorithm, ConvOperands } from "./algorithm.js";
import { type ChwnBatch, chwnBatch, chwnFits, type GroupMatrix } from "./chwn-batch.js";

export const chwn: ConvAlgorithm = {
  name: "direct, chwn",
  option: "direct",
  fits: chwnFits,
  pays: () => true,
  forward: (simd, g, operands) => [forward(simd, g, operands)],
  inputGradient: (simd, g, operands) => [inputGradient(simd, g, operands)],
  weightGradient: (simd, g, operands) => [weightGradient(simd, g, operands)],
};

/** y = weight · patches + bias, and the epilogue. A part is a part of the batch. */
function forward(simd: Simd, g: ConvGeometry, { x, weight, bias, y, epilogue }: ConvOperands): Task {
  const batch = chwnBatch(g);
  const { taps, outputs } = batch;
  const [input, output] = [batch.inputCopy(), batch.outputCopy()];
  const sum = epilogue.steps & STEP.sum ? batch.outputCopy() : 0;
  const a = { at: weight, rows: multiplesOf(4 * taps, outputs), line: 0 };
  const start = bias === 0 ? MODE.zero : MODE.bias;
  const steps = { ...epilogue, sum: sum - output };
  return {
    parts: batch.blocks.length,
    run(from, to) {
      for (const [first, images] of batch.blocks.slice(from, to)) {
        const yAt = y + first * batch.yBytes;
        batch.takeInputs(x + first * batch.xBytes, input, images);
        if (sum) batch.takeOutputs(yAt + epilogue.sum, sum, images);
        const [b, c] = [batch.patches(input, images), batch.maps(output, images)];
        multiplyGroups(simd, batch, images, a, b, c, [outputs, taps], start, bias, steps);
        batch.putOutputs(output, yAt, images);
      }
    },
  };
}

/** dx: every tap's row of weightᵀ · dy is added where the tap meets the input. A part is a part of the batch. */
function inputGradient(simd: Simd, g: ConvGeometry, { x: dx, weight, y: dy }: ConvOperands): Task {
  const batch = chwnBatch(g);
  const { taps, outputs } = batch;
  const [input, output] = [batch.inputCopy(), batch.outputCopy()];
  const filters = scratch(4 * taps * g.outChannels);
  for (let i = 0; i < g.groups; i++) {
    const at = 4 * i * outputs * taps;
    gemm.transpose({ at: weight + at, row: 4 * taps }, { at: filters + at, row: 4 * outputs }, taps, outputs);
  }
  const a = { at: filters, rows: multiplesOf(4 * outputs, taps), line: 0 };
  return {
    parts: batch.blocks.length,
    run(from, to) {
      for (const [first, images] of batch.blocks.slice(from, to)) {
        batch.clearInputs(input, images);
        batch.takeOutputs(dy + first * batch.yBytes, output, images);
        const [b, c] = [batch.maps(output, images), batch.patches(input, images)];
        multiplyGroups(simd, batch, images, a, b, c, [taps, outputs], MODE.add, 0, NO_STEPS);
        batch.putInputs(input, dx + first * batch.xBytes, images);
      }
    },
  };
}

/** c = a (rows × terms) · b, group by group, of one part of the batch; `start` is the mode of the first terms. */
function multiplyGroups(
  simd: Simd,
  { g, taps, outputs }: ChwnBatch,
  images: number,
  a: Matrix,
  b: GroupMatrix,
  c: GroupMatrix,
  [rows, terms]: readonly [rows: number, terms: number],
  start: number,
  bias: number,
  { steps, constants, sum }: Steps,
): void {
  for (let group = 0; group < g.groups; group++) {
    for (const [k, depth] of depthBlocks(terms)) {
      gemm.multiply(simd, {
        a: { at: a.at + 4 * (group * outputs * taps + k), rows: a.rows, line: 0 },
        b: { at: b.at + group * b.group, rows: b.rows + 4 * k, line: b.line },
        c: { at: c.at + group * c.group, rows: c.rows, line: c.line },
        rows,
        columns: g.outWidth * images,
        depth,
        mode: (k > 0 ? MODE.block : start) | (k + depth === terms ? steps : 0),
        bias: bias && bias + 4 * group * outputs,
        constants: constants + CONSTANTS * group * outputs,
        sum,
        lines: g.outHeight,
      });
    }
  }
}

/** dweight += patches · dyᵀ, whose rows hold the outputs of one pixel of one image. A part is an input channel. */
function weightGradient(simd: Simd, g: ConvGeometry, { x, weight: dweight, y: dy }: ConvOperands): Task {
  const batch = chwnBatch(g);
  const { inputs, outputs } = batch;
  const entries = g.kernelHeight * g.kernelWidth;
  const [input, output] = [batch.inputCopy(), batch.outputCopy()];
  const result = scratch(4 * inputs * entries * outputs);
  const resultRows = multiplesOf(4 * outputs, inputs * entries);
  const max = g.outWidth * batch.maxImages;
  const pixelRows = multiplesOf(4 * g.outChannels, max);
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
    gemm.clear(result, count * entries * outputs);
    const pixels = g.outHeight * g.outWidth;
    for (const [n, images] of batch.blocks) {
      batch.takeInputs(x + n * batch.xBytes, input, images);
      const maps = images * g.outChannels;
      gemm.transpose({ at: dy + n * batch.yBytes, row: 4 * pixels }, { at: output, row: 4 * maps }, pixels, maps);
      const patches = batch.patches(input, images);
      const line = 4 * g.outWidth * maps;
      for (const [k, length] of depthBlocks(g.outWidth * images)) {
        gemm.multiply(simd, {
          a: {
            at: patches.at + group * patches.group + 4 * k,
            rows: patches.rows + 4 * first * entries,
            line: patches.line,
          },
          b: { at: output + 4 * group * outputs, rows: pixelRows + 4 * k, line },
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
    gemm.addTransposed({ at: result, row: 4 * outputs }, to, outputs, count * entries);
  }
}
