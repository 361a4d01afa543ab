/**
 * Convolution by the algorithm that its shape asks for, or its options. Each is a task of its own; what they have in
 * common is the geometry.
 */
import type { ConvGeometry } from "../../shape/conv.js";
import type { ConvKernels } from "../interface/conv.js";
import type { Flavour } from "./assembler/flavour.js";
import { type BatchedOperands, batchedProducts, batchedWeightGradient } from "./conv/batched.js";
import { convPath } from "./conv/choice.js";
import { correlate } from "./conv/correlate.js";
import { forwardCorrelation, inputGradientPhases, type Phase } from "./conv/correlation.js";
import { depthwise, depthwiseWeightGradient } from "./conv/depthwise.js";
import { Table } from "./conv/image.js";
import { spreadGradient } from "./conv/spread.js";
import { LARGEST, rowTiles, turnedRows } from "./conv/turned-winograd.js";
import { weightGradient } from "./conv/weights.js";
import { finishRecords } from "./elementwise/finish.js";
import { type GemmKernels, gemmKernels } from "./gemm/kernels.js";
import { place, scratch, view } from "./memory.js";
import { runAll, type Task } from "./task.js";
import { Convolution } from "./winograd/convolve.js";
import { gradientReading, readingOf } from "./winograd/plan.js";
import { spared } from "./winograd/reach.js";
import { largestIn, magnitudes } from "./winograd/scan.js";
import { type WinogradPass, winogradTasks, winogradWeightGradient } from "./winograd.js";

/** With as few input channels in a group, spreading the input gradient is faster than collecting it. */
const FEW_CHANNELS = 16;

/** Operands of a gradient, which nothing follows. Written out: a spread would make them in V8's old space. */
function gradientOperands(x: number, weight: number, y: number): BatchedOperands {
  return { x, weight, bias: 0, y, relu: false, records: 0 };
}

/** Lengths are asked before `place`, which may make the memory grow, and detach the arrays. */
export function wasmConv(flavour: Flavour): ConvKernels {
  return {
    forward(g, x, weight, bias, y, relu) {
      if (y.length > 0) runForward(flavour, g, place(x, weight, bias, y), { relu });
    },

    forwardFinished(g, x, weight, bias, y, finish) {
      if (y.length === 0) return;
      const [scale, shift, ...places] = place(finish.norm?.weight, finish.norm?.bias, x, weight, bias, y);
      runForward(flavour, g, places, { records: finishRecords(finish, g.outChannels, scale, shift) });
    },

    inputGradient(g, dy, weight, dx) {
      if (dx.length === 0) return;
      const [gradient, filters, output] = place(dy, weight, dx);
      if (run(inputGradientTasks(flavour, g, gradient, filters, output))) return;
      // Of the other ways the one that multiplies no weight, which may be NaN, with zeros beside dy.
      run([spreadGradient(gemmKernels(flavour), g, gradient, filters, output)]);
    },

    weightGradient(g, x, dy, dweight) {
      if (dy.length === 0) return;
      const [input, gradient, output] = place(x, dy, dweight);
      runAll(weightGradientTask(flavour, g, input, gradient, output));
    },
  };
}

function runForward(flavour: Flavour, g: ConvGeometry, places: readonly number[], ending: Ending): void {
  const [x, weight, bias, y] = places as [number, number, number, number];
  const tasks = (h: ConvGeometry) => forwardTasks(flavour, h, x, weight, bias, y, ending);
  if (!run(tasks(g))) run(tasks({ ...g, algorithm: "im2col" }));
}

/** Runs tasks one after the other. False where Winograd's tiles met NaN, infinity or an overflow, and spread it. */
function run(tasks: readonly Task[]): boolean {
  for (const task of tasks) runAll(task);
  return tasks.every((task) => !(task instanceof Convolution) || task.isFinite);
}

/** What happens to results before they are stored. */
export interface Ending {
  /** Negative ones become 0. */
  readonly relu?: boolean | undefined;
  /** Where the records of the output channels lie (elementwise/finish.ts); 0 for none. */
  readonly records?: number;
}

/** y = weight ⋆ x + bias (0: none), and what `ending` says. Tasks to be run one after the other, each as a whole. */
export function forwardTasks(
  flavour: Flavour,
  g: ConvGeometry,
  x: number,
  weight: number,
  bias: number,
  y: number,
  { relu = false, records = 0 }: Ending = {},
): Task[] {
  const path = convPath(g, "forward");
  const places = { x, weight, bias, y, relu, records };
  if (path === "winograd") {
    const tasks = winogradTasks(flavour, g, "forward", places);
    if (tasks) return tasks;
  }
  if (path === "batched" || path === "rows") return turnedTasks(flavour, g, "forward", path, places);
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
    records,
  };
  const compute = path === "sliding" ? depthwise : correlate;
  return [compute(flavour, correlation, operands)];
}

/** Tasks to be run one after the other, each as a whole. */
export function inputGradientTasks(flavour: Flavour, g: ConvGeometry, dy: number, weight: number, dx: number): Task[] {
  const kernels = gemmKernels(flavour);
  const path = convPath(g, "inputGradient");
  if (path === "winograd") {
    const tasks = winogradTasks(flavour, g, "inputGradient", { x: dy, weight, bias: 0, y: dx });
    // Of the other ways the one that multiplies no weight, which may be NaN, with zeros beside dy.
    return tasks ?? [spreadGradient(kernels, g, dy, weight, dx)];
  }
  if (path === "batched" || path === "rows") {
    return turnedTasks(flavour, g, "inputGradient", path, gradientOperands(dx, weight, dy));
  }
  if (path === "im2col" && g.inChannels / g.groups <= FEW_CHANNELS && g.kernelHeight * g.kernelWidth > 1) {
    return [spreadGradient(kernels, g, dy, weight, dx)];
  }
  const compute = path === "sliding" ? depthwise : correlate;
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
  const kernels = gemmKernels(flavour);
  const path = convPath(g, "weightGradient");
  if (path === "winograd") {
    // It is added, so what is not finite has to be known before.
    const task = winogradWeightGradient(flavour, g, { x, dy, dweight });
    if (task) return task;
  }
  if (path === "batched") return batchedWeightGradient(kernels, g, x, dy, dweight);
  if (path === "sliding") return depthwiseWeightGradient(flavour, g, x, dy, dweight);
  return weightGradient(kernels, g, x, dy, dweight);
}

/** A turned batch, along its rows where that was chosen and the numbers allow it. */
function turnedTasks(
  flavour: Flavour,
  g: ConvGeometry,
  direction: WinogradPass,
  path: "batched" | "rows",
  operands: BatchedOperands,
): Task[] {
  const kernels = gemmKernels(flavour);
  if (path === "rows") {
    const { size, points } = rowTiles(g)!;
    const { x, weight, y } = operands;
    const rows = (largest: number) => {
      const weights = scratch(4 * g.kernelWidth);
      magnitudes(kernels, weight, 1, g.outChannels * g.inChannels * g.kernelHeight, g.kernelWidth, weights);
      const most = Math.max(1, largest) * Math.max(1, largestIn(view(weights, g.kernelWidth)));
      return most < LARGEST ? [turnedRows(kernels, g, direction, operands)] : undefined;
    };
    // Pixels of dx belong to several tiles of dy.
    const tasks =
      direction === "forward"
        ? spared(kernels, readingOf(g), [1, size, size, 0], operands, rows)
        : spared(kernels, gradientReading(g), [1, points, size, -g.paddingLeft], { ...operands, x: y, y: x }, rows);
    if (tasks) return tasks;
  }
  return [batchedProducts(kernels, g, operands, direction === "inputGradient")];
}
