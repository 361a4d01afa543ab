/**
 * Convolution as products of packed matrices. Patches are packed straight into panels, a block of their matrix at a
 * time; it is never stored as a whole.
 */
import type { ConvGeometry } from "../../shape/conv.js";
import type { ConvKernels } from "../interface/conv.js";
import type { Flavour } from "./assembler/flavour.js";
import { batchedForward, batchedInputGradient, batchedWeightGradient } from "./conv/batched.js";
import { correlate } from "./conv/correlate.js";
import { forwardCorrelation, inputGradientPhases, type Phase } from "./conv/correlation.js";
import { depthwise, depthwiseWeightGradient, isDepthwise } from "./conv/depthwise.js";
import { Table } from "./conv/image.js";
import { spreadGradient } from "./conv/spread.js";
import { batchedFits } from "./conv/turned.js";
import { weightGradient } from "./conv/weights.js";
import { type GemmKernels, gemmKernels } from "./gemm/kernels.js";
import { place, scratch } from "./memory.js";
import { runAll, type Task } from "./task.js";

/** With as few input channels in a group, spreading the input gradient is faster than collecting it. */
const FEW_CHANNELS = 16;

export function wasmConv(flavour: Flavour): ConvKernels {
  return {
    forward(g, x, weight, bias, y, relu) {
      const [input, filters, start, output] = place(x, weight, bias, y);
      if (y.length > 0) runAll(forwardTask(flavour, g, input, filters, start, output, relu));
    },

    inputGradient(g, dy, weight, dx) {
      const [gradient, filters, output] = place(dy, weight, dx);
      if (dx.length === 0) return;
      for (const task of inputGradientTasks(flavour, g, gradient, filters, output)) runAll(task);
    },

    weightGradient(g, x, dy, dweight) {
      const [input, gradient, output] = place(x, dy, dweight);
      if (dy.length === 0) return;
      runAll(weightGradientTask(flavour, g, input, gradient, output));
    },
  };
}

/** How a convolution is computed; all three directions choose alike. */
export type ConvAlgorithm = "depthwise" | "batched" | "im2col";

export function convAlgorithm(g: ConvGeometry): ConvAlgorithm {
  if (isDepthwise(g)) return "depthwise";
  return batchedFits(g) ? "batched" : "im2col";
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
  const algorithm = convAlgorithm(g);
  if (algorithm === "batched") return batchedForward(gemmKernels(flavour), g, x, weight, bias, y, relu);
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
  const compute = algorithm === "depthwise" ? depthwise : correlate;
  return compute(flavour, correlation, operands);
}

/** Tasks to be run one after the other, each as a whole. */
export function inputGradientTasks(flavour: Flavour, g: ConvGeometry, dy: number, weight: number, dx: number): Task[] {
  const kernels = gemmKernels(flavour);
  const algorithm = convAlgorithm(g);
  if (algorithm === "batched") return [batchedInputGradient(kernels, g, dy, weight, dx)];
  if (algorithm === "im2col" && g.inChannels / g.groups <= FEW_CHANNELS && g.kernelHeight * g.kernelWidth > 1) {
    return [spreadGradient(kernels, g, dy, weight, dx)];
  }
  const compute = algorithm === "depthwise" ? depthwise : correlate;
  return inputGradientPhases(g).map((phase) => {
    const { weights, weightRow } = turnedWeights(kernels, g, phase, weight);
    const operands = {
      batch: g.batch,
      groups: g.groups,
      outputs: g.inChannels / g.groups,
      images: dy,
      result: dx,
      weights,
      weightRow,
      bias: 0,
    };
    if (g.strideHeight === 1 && g.strideWidth === 1) return compute(flavour, phase, operands);
    const place = {
      first: 4 * (phase.phaseRow * g.width + phase.phaseColumn),
      row: 4 * g.strideHeight * g.width,
      column: 4 * g.strideWidth,
      plane: 4 * g.height * g.width,
    };
    return compute(flavour, phase, { ...operands, place });
  });
}

/** The weights of a phase with inputs for rows: [input, output, tap], group by group. */
function turnedWeights(kernels: GemmKernels, g: ConvGeometry, { taps }: Phase, weight: number) {
  const [inputs, outputs] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const entries = g.kernelHeight * g.kernelWidth;
  const weightRow = 4 * outputs * taps.length;
  const weights = scratch(g.groups * inputs * weightRow);
  const table = new Table(taps.length);
  for (const [i, { entry }] of taps.entries()) table.entries[i] = 4 * entry;
  for (let group = 0; group < g.groups; group++) {
    const at = weight + 4 * group * outputs * inputs * entries;
    const to = { at: weights + group * inputs * weightRow, row: weightRow };
    kernels.gather({ at, plane: 4 * inputs * entries, row: 4 * entries }, table, to, outputs, inputs);
  }
  return { weights, weightRow };
}

export function weightGradientTask(flavour: Flavour, g: ConvGeometry, x: number, dy: number, dweight: number): Task {
  const algorithm = convAlgorithm(g);
  if (algorithm === "depthwise") return depthwiseWeightGradient(flavour, g, x, dy, dweight);
  const compute = algorithm === "batched" ? batchedWeightGradient : weightGradient;
  return compute(gemmKernels(flavour), g, x, dy, dweight);
}
