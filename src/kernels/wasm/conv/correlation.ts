/**
 * What the convolution and its input gradient have in common:
 *
 *     out[m, i, j] = Σ_{c,t} weights[m, c, t] · image[c, i·strideHeight + tap[t].row, j·strideWidth + tap[t].column]
 *
 * for the channels c and the outputs m of one group; what lies outside the image is 0.
 */
import type { ConvGeometry } from "../../../shape/conv.js";
import type { Steps } from "../../epilogue.js";
import type { Simd } from "../assembler/simd.js";
import * as gemm from "../gemm/kernels.js";
import { newTable } from "../gemm/table.js";
import { kernelCall, scratch } from "../memory.js";
import { runAll, type Task } from "../task.js";
import type { ConvOperands } from "./algorithm.js";

export interface Tap {
  readonly row: number;
  readonly column: number;
  /** The kernel's entry that it is multiplied with: u·kernelWidth + v. */
  readonly entry: number;
}

export interface Correlation {
  /** Of the image, in one group. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly taps: readonly Tap[];
}

/** Where a correlation of a batch finds its operands; offsets are in bytes, groups and images lie one after the other. */
export interface CorrelationOperands {
  readonly batch: number;
  readonly groups: number;
  /** Outputs of a group. */
  readonly outputs: number;
  readonly images: number;
  /** Rows of a group's weights, `weightRow` apart; the next group's follow. */
  readonly weights: number;
  readonly weightRow: number;
  /** 0 where there is none. */
  readonly bias: number;
  readonly result: number;
  readonly epilogue: Steps;
  /** How the pixels of the result lie if they are not neighbors, as those of a phase; there is no epilogue then. */
  readonly layout?: PixelLayout | undefined;
}

/** Pixels of a larger image: offset of the first, steps between rows, columns and images of one output, in bytes. */
export interface PixelLayout {
  readonly first: number;
  readonly row: number;
  readonly column: number;
  readonly plane: number;
}

type Correlate = (simd: Simd, c: Correlation, o: CorrelationOperands) => Task;

/** The convolution by an algorithm for correlations. */
export function forwardBy(correlate: Correlate, simd: Simd, g: ConvGeometry, o: ConvOperands): Task {
  const c = forwardCorrelation(g);
  return correlate(simd, c, {
    batch: g.batch,
    groups: g.groups,
    outputs: g.outChannels / g.groups,
    images: o.x,
    weights: o.weight,
    weightRow: 4 * c.channels * c.taps.length,
    bias: o.bias,
    result: o.y,
    epilogue: o.epilogue,
  });
}

/**
 * The input gradient by an algorithm for correlations: a task for each phase. Where there are several, the scratch of one is
 * the next one's.
 */
export function inputGradientBy(correlate: Correlate, simd: Simd, g: ConvGeometry, o: ConvOperands): Task[] {
  const isWhole = g.strideHeight === 1 && g.strideWidth === 1;
  const taskOf = (phase: Phase) => {
    const { weights, weightRow } = phaseWeights(g, phase, o.weight);
    return correlate(simd, phase, {
      batch: g.batch,
      groups: g.groups,
      outputs: g.inChannels / g.groups,
      images: o.y,
      weights,
      weightRow,
      bias: 0,
      result: o.x,
      epilogue: o.epilogue,
      layout: isWhole
        ? undefined
        : {
            first: 4 * (phase.phaseRow * g.width + phase.phaseColumn),
            row: 4 * g.strideHeight * g.width,
            column: 4 * g.strideWidth,
            plane: 4 * g.height * g.width,
          },
    });
  };
  const phases = inputGradientPhases(g);
  if (isWhole) return phases.map(taskOf);
  return phases.map((phase) => ({ parts: 1, run: () => kernelCall(() => runAll(taskOf(phase))) }));
}

/** The weights of a phase with inputs for rows: [input, output, tap], group by group. */
function phaseWeights(g: ConvGeometry, { taps }: Phase, weight: number) {
  const [inputs, outputs] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const entries = g.kernelHeight * g.kernelWidth;
  const weightRow = 4 * outputs * taps.length;
  const weights = scratch(g.groups * inputs * weightRow);
  const table = newTable(taps.length);
  for (const [i, { entry }] of taps.entries()) table.entries[i] = 4 * entry;
  for (let group = 0; group < g.groups; group++) {
    const at = weight + 4 * group * outputs * inputs * entries;
    const to = { at: weights + group * inputs * weightRow, row: weightRow };
    gemm.gather({ at, plane: 4 * inputs * entries, row: 4 * entries }, table, to, outputs, inputs);
  }
  return { weights, weightRow };
}

/** The convolution itself. */
export function forwardCorrelation(g: ConvGeometry): Correlation {
  return {
    channels: g.inChannels / g.groups,
    height: g.height,
    width: g.width,
    outHeight: g.outHeight,
    outWidth: g.outWidth,
    strideHeight: g.strideHeight,
    strideWidth: g.strideWidth,
    taps: eachEntry(g, (u, v) => ({
      row: u * g.dilationHeight - g.paddingTop,
      column: v * g.dilationWidth - g.paddingLeft,
    })),
  };
}

/** The part of the input gradient on rows phaseRow, phaseRow + stride, … and columns likewise. */
interface Phase extends Correlation {
  readonly phaseRow: number;
  readonly phaseColumn: number;
}

/**
 * The input gradient as correlations of dy. Pixel y of the input meets entry u where y + padding − u·dilation is a
 * multiple of the stride, so every y modulo the stride has its own entries, and a correlation of stride 1.
 */
function inputGradientPhases(g: ConvGeometry): Phase[] {
  const phases: Phase[] = [];
  for (let phaseRow = 0; phaseRow < Math.min(g.strideHeight, g.height); phaseRow++) {
    for (let phaseColumn = 0; phaseColumn < Math.min(g.strideWidth, g.width); phaseColumn++) {
      phases.push({
        phaseRow,
        phaseColumn,
        channels: g.outChannels / g.groups,
        height: g.outHeight,
        width: g.outWidth,
        outHeight: Math.ceil((g.height - phaseRow) / g.strideHeight),
        outWidth: Math.ceil((g.width - phaseColumn) / g.strideWidth),
        strideHeight: 1,
        strideWidth: 1,
        taps: eachEntry(g, (u, v) => {
          const row = (phaseRow + g.paddingTop - u * g.dilationHeight) / g.strideHeight;
          const column = (phaseColumn + g.paddingLeft - v * g.dilationWidth) / g.strideWidth;
          return Number.isInteger(row) && Number.isInteger(column) ? { row, column } : undefined;
        }),
      });
    }
  }
  return phases;
}

function eachEntry(g: ConvGeometry, tapOf: (u: number, v: number) => Omit<Tap, "entry"> | undefined): Tap[] {
  const taps: Tap[] = [];
  for (let u = 0; u < g.kernelHeight; u++) {
    for (let v = 0; v < g.kernelWidth; v++) {
      const tap = tapOf(u, v);
      if (tap) taps.push({ ...tap, entry: u * g.kernelWidth + v });
    }
  }
  return taps;
}
