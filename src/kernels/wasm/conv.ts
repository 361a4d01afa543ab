/**
 * Convolution as products of packed matrices. Patches are packed straight into panels, a block of their matrix at a
 * time; it is never stored as a whole.
 */
import type { ConvGeometry } from "../../shape/conv.js";
import type { ConvKernels } from "../interface/conv.js";
import type { Flavour } from "./assembler/flavour.js";
import { batchedFits, batchedForward, batchedInputGradient, batchedWeightGradient } from "./conv/batched.js";
import { correlate } from "./conv/correlate.js";
import { forwardCorrelation, inputGradientPhases } from "./conv/correlation.js";
import { Table } from "./conv/image.js";
import { spreadGradient } from "./conv/spread.js";
import { weightGradient } from "./conv/weights.js";
import { gemmKernels } from "./gemm/kernels.js";
import { at, scratch } from "./memory.js";
import { runAll, type Task } from "./task.js";

/** With as few input channels in a group, spreading the input gradient is faster than collecting it. */
const FEW_CHANNELS = 16;

export function wasmConv(flavour: Flavour): ConvKernels {
  return {
    forward(g, x, weight, bias, y) {
      const [input, filters, start, output] = [at(x), at(weight), bias ? at(bias) : 0, at(y)];
      if (y.length > 0) runAll(forwardTask(flavour, g, input, filters, start, output));
    },

    inputGradient(g, dy, weight, dx) {
      const [gradient, filters, output] = [at(dy), at(weight), at(dx)];
      if (dx.length === 0) return;
      for (const task of inputGradientTasks(flavour, g, gradient, filters, output)) runAll(task);
    },

    weightGradient(g, x, dy, dweight) {
      const [input, gradient, output] = [at(x), at(dy), at(dweight)];
      if (dy.length === 0) return;
      runAll(weightGradientTask(flavour, g, input, gradient, output));
    },
  };
}

/** y = weight ⋆ x + bias (0: none), and negative results become 0 with `relu`. */
export function forwardTask(
  flavour: Flavour,
  g: ConvGeometry,
  x: number,
  weight: number,
  bias: number,
  y: number,
  relu = false,
): Task {
  if (batchedFits(g)) return batchedForward(gemmKernels(flavour), g, x, weight, bias, y, relu);
  const correlation = forwardCorrelation(g);
  const operands = {
    batch: g.batch,
    groups: g.groups,
    outputs: g.outChannels / g.groups,
    images: x,
    result: y,
    weights: weight,
    weightRow: 4 * correlation.channels * correlation.taps.length,
    bias,
    relu,
  };
  return correlate(gemmKernels(flavour), correlation, operands);
}

/** Tasks to be run one after the other, each as a whole. */
export function inputGradientTasks(flavour: Flavour, g: ConvGeometry, dy: number, weight: number, dx: number): Task[] {
  const kernels = gemmKernels(flavour);
  if (batchedFits(g)) return [batchedInputGradient(kernels, g, dy, weight, dx)];
  const inputs = g.inChannels / g.groups;
  const outputs = g.outChannels / g.groups;
  if (inputs <= FEW_CHANNELS && g.kernelHeight * g.kernelWidth > 1) {
    return [spreadGradient(kernels, g, dy, weight, dx)];
  }
  const entries = g.kernelHeight * g.kernelWidth;
  return inputGradientPhases(g).map((phase) => {
    const weightRow = 4 * outputs * phase.taps.length;
    const weights = scratch(g.groups * inputs * weightRow);
    const table = new Table(phase.taps.length);
    for (const [i, { entry }] of phase.taps.entries()) table.entries[i] = 4 * entry;
    for (let group = 0; group < g.groups; group++) {
      const from = {
        at: weight + 4 * group * outputs * inputs * entries,
        plane: 4 * inputs * entries,
        row: 4 * entries,
      };
      kernels.gather(from, table, { at: weights + group * inputs * weightRow, row: weightRow }, outputs, inputs);
    }
    const operands = {
      batch: g.batch,
      groups: g.groups,
      outputs: inputs,
      images: dy,
      result: dx,
      weights,
      weightRow,
      bias: 0,
    };
    if (g.strideHeight === 1 && g.strideWidth === 1) return correlate(kernels, phase, operands);
    const place = {
      first: 4 * (phase.phaseRow * g.width + phase.phaseColumn),
      row: 4 * g.strideHeight * g.width,
      column: 4 * g.strideWidth,
      plane: 4 * g.height * g.width,
    };
    return correlate(kernels, phase, { ...operands, place });
  });
}

export function weightGradientTask(flavour: Flavour, g: ConvGeometry, x: number, dy: number, dweight: number): Task {
  const run = batchedFits(g) ? batchedWeightGradient : weightGradient;
  return run(gemmKernels(flavour), g, x, dy, dweight);
}
