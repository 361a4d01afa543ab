/**
 * Convolutions of many small images with few channels, as products of turned batches (turned.ts), in place: without
 * packing patches.
 */
import type { ConvGeometry } from "../../../shape/conv.js";
import { RECORD } from "../elementwise/finish.js";
import { depthBlocks } from "../gemm/blocks.js";
import type { GemmKernels } from "../gemm/kernels.js";
import { endOf, MODE } from "../gemm/multiply.js";
import { scratch } from "../memory.js";
import type { Task } from "../task.js";
import { Table } from "./image.js";
import { TurnedBatch } from "./turned.js";

/** Places of a forward's operands. */
export interface BatchedOperands {
  readonly x: number;
  readonly weight: number;
  /** 0 where there is none, as for `records`. */
  readonly bias: number;
  readonly y: number;
  readonly relu: boolean;
  readonly records: number;
}

/**
 * y = weight ⋆ x + bias, and what follows; or with `gradient` dx, which is `x`: every tap's row of weightᵀ · dy is added
 * where the tap meets the input. A part is a part of the batch.
 */
export function batchedProducts(
  kernels: GemmKernels,
  g: ConvGeometry,
  operands: BatchedOperands,
  gradient: boolean,
): Task {
  const { x, weight, bias, y } = operands;
  const batch = new TurnedBatch(kernels, g);
  const { taps, outputs } = batch;
  const [input, output] = [batch.inputCopy(), batch.outputCopy()];
  const [rows, terms] = gradient ? [taps, outputs] : [outputs, taps];
  const filters = gradient ? scratch(4 * taps * g.outChannels) : weight;
  for (let i = 0; gradient && i < g.groups; i++) {
    const at = 4 * i * outputs * taps;
    kernels.turn({ at: weight + at, row: 4 * taps }, { at: filters + at, row: 4 * outputs }, taps, outputs);
  }
  const weightRows = Table.range(rows, 4 * terms).at;
  const depth = depthBlocks(terms);
  return {
    parts: batch.blocks.length,
    run(from, to) {
      for (const [first, images] of batch.blocks.slice(from, to)) {
        const [tapRows, outputRows] = [batch.tapRows(images), batch.outputRows(images)];
        const xAt = x + 4 * first * g.inChannels * g.height * g.width;
        const yAt = y + 4 * first * g.outChannels * g.outHeight * g.outWidth;
        if (gradient) {
          batch.clearInputs(input, images);
          batch.turnOutputs(yAt, output, images, false);
        } else {
          batch.turnInputs(xAt, input, images);
        }
        const [line, group] = [batch.lines(images), batch.groupStrides(images)];
        for (let i = 0; i < g.groups; i++) {
          const inside = { at: input + i * group.input, rows: tapRows, line: line.input };
          const outside = { at: output + i * group.output, rows: outputRows, line: line.output };
          const [source, c] = gradient ? [outside, inside] : [inside, outside];
          const start = bias && bias + 4 * i * outputs;
          for (const [k, length] of depth) {
            const mode = k > 0 ? MODE.block : gradient ? MODE.add : bias === 0 ? MODE.zero : MODE.bias;
            kernels.multiply({
              a: { at: filters + 4 * (i * outputs * taps + k), rows: weightRows, line: 0 },
              b: { at: source.at, rows: source.rows + 4 * k, line: source.line },
              c,
              rows,
              columns: g.outWidth * images,
              depth: length,
              bias: start,
              records: operands.records + RECORD * i * outputs,
              mode: mode | (k + length === terms ? endOf(operands) : 0),
              lines: g.outHeight,
            });
          }
        }
        if (gradient) batch.turnInputsBack(input, xAt, images);
        else batch.turnOutputs(output, yAt, images, true);
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
  const batch = new TurnedBatch(kernels, g);
  const { inputs, outputs } = batch;
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
    const pixels = g.outHeight * g.outWidth;
    for (const [n, images] of batch.blocks) {
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
    kernels.addTurned({ at: result, row: 4 * outputs }, to, outputs, count * entries);
  }
}
