/**
 * Convolution with Winograd's minimal filtering (Lavin & Gray 2016, https://arxiv.org/abs/1509.09308): an image is cut into
 * tiles of m×m outputs, and the tile's (m + r − 1)² inputs d are multiplied by a filter g of r×r taps in a space where
 * that takes one multiplication a point e, not r² an output:
 *
 *     y = Aᵀ·[ Σ over channels of (G·g·Gᵀ) ⊙ (Bᵀ·d·B) ]·A + bias
 *
 * With 6×6 points a 3×3 filter has tiles of 4×4 outputs and takes 4 times fewer multiplications than the definition, a
 * 5×5 filter 2×2 outputs and 2.8 times fewer; with 4×4 points a 3×3 filter has 2×2 outputs and takes 2.25 times fewer. A
 * convolution of stride 2 becomes one of stride 1, of four times the channels and half the taps      ../winograd/phases.ts
 *
 * The sums over the channels are products of matrices, one for every point, U (filters × channels) by V (channels × tiles).
 * How it runs, for every block of tiles:
 *
 *     input     x → V, in panels of tiles       ../winograd/strip.ts
 *     filter    weight → U, in panels of filters and blocks of channels      ../winograd/filter.ts
 *     multiply  U, V → m, for a block of filters, by a micro-kernel that keeps its sums in registers     ../winograd/product.ts
 *     output    m → y       ../winograd/output.ts
 *
 * A tile's numbers depend on nothing but its inputs: however the tiles are split into ranges, the bits are the same.
 */
import type { ConvGeometry } from "../../../shape/conv.js";
import type { Direction } from "../../conv.js";
import type { Simd } from "../assembler/simd.js";
import { scratch } from "../memory.js";
import type { Task } from "../task.js";
import { convolution } from "../winograd/convolve.js";
import { winogradWeights } from "../winograd/differentiate.js";
import { partialChannels, splitTask } from "../winograd/phases.js";
import {
  forwardProblem,
  gradientReading,
  inputGradientProblem,
  type Plan,
  type Problem,
  planOf,
  readingOf,
  roundUp,
  tapsOf,
} from "../winograd/plan.js";
import { evenProducts, spared } from "../winograd/reach.js";
import type { Points } from "../winograd/variant.js";
import type { ConvAlgorithm, ConvOperands, Describe } from "./algorithm.js";
import { chwnFits } from "./chwn-batch.js";
import { plainSums } from "./im2col.js";

export const winograd: ConvAlgorithm = {
  name: "winograd",
  option: "winograd",
  fits: winogradFits,
  pays: winogradPays,

  forward: (simd, g, operands) => winogradTasks(simd, g, "forward", operands),

  inputGradient: (simd, g, { x, weight, y, epilogue }) =>
    winogradTasks(simd, g, "inputGradient", { x: y, weight, bias: 0, y: x, epilogue }),

  weightGradient: winogradWeightGradient,

  otherwise: plainSums,
};

export const describeWinograd: Describe = (g, direction) => {
  const { tile, saving } = winogradSaving(g, direction);
  return { algorithm: `winograd ${tile}×${tile}`, saving };
};

/** Whether the convolution is one that Winograd's algorithm computes in this direction. */
function winogradFits(g: ConvGeometry, direction: Direction): boolean {
  const { kernelHeight: kernel, strideHeight: stride } = g;
  const paddings = [g.paddingTop, g.paddingLeft];
  if (stride === 1) {
    paddings.push(
      g.outHeight + kernel - 1 - g.height - g.paddingTop,
      g.outWidth + kernel - 1 - g.width - g.paddingLeft,
    );
  }
  const taps = tapsOf(g);
  return (
    kernel === g.kernelWidth &&
    stride === g.strideWidth &&
    (stride === 1 || (stride === 2 && direction === "forward")) &&
    taps >= (direction === "weightGradient" ? 3 : 2) &&
    taps <= 5 &&
    [g.dilationHeight, g.dilationWidth, g.groups].every((size) => size === 1) &&
    paddings.every((padding) => padding >= 0 && padding < kernel)
  );
}

/** Measured: floating-point operations a cycle of a micro-kernel; */
const FLOPS = 13.5;
/**
 * cycles to transform a point of a tile, and a point of a filter for every tap along a dimension, and to add a point to the
 * gradient of a filter.
 */
const [TRANSFORM, FILTER, ADD] = [1, 1 / 6, 1];
/**
 * Multiply-adds of a convolution that is worth the loss of accuracy, errors of a few 10⁻⁶ of the norm where plain sums
 * have 3·10⁻⁷: with less, a tenth of a millisecond is all that there is to save.
 */
const MIN_WORK = 1 << 21;

/** Points along one dimension of a tile that are the fastest. */
export function winogradPoints(problem: Problem, direction: Direction): Points {
  if (direction === "weightGradient") return 6;
  return problem.taps < 4 && cyclesOf(problem, 4) <= cyclesOf(problem, 6) ? 4 : 6;
}

/** Whether a pass is estimated to beat a product of packed patches. */
function winogradPays(g: ConvGeometry, direction: Direction): boolean {
  const work =
    (g.kernelHeight * g.kernelWidth * g.batch * g.inChannels * g.outChannels * g.outHeight * g.outWidth) / g.groups;
  if (work < MIN_WORK) return false;
  const problem = problemOf(g, direction);
  const cycles =
    direction === "weightGradient" ? gradientCycles(problem) : cyclesOf(problem, winogradPoints(problem, direction));
  // Estimates were fitted to 3×3 kernels, and others fall short of them. Products in CHWN are faster than packed patches.
  const limit = g.kernelHeight === 3 && g.strideHeight === 1 ? 1 : chwnFits(g) ? 0.6 : 0.83;
  return cycles < (limit * 2 * work) / FLOPS;
}

/** Multiplications of a transformed tile with all channels of a filter: not all channels count at every point. */
function productsOf(problem: Problem, points: Points): number {
  const { channels } = problem;
  const partial = partialChannels(problem);
  return points * points * channels - partial * (4 * points - 1);
}

/** Multiplications of the definition for each one of the algorithm's, the edges of the image apart. */
function winogradSaving(g: ConvGeometry, direction: Direction): { tile: number; saving: number } {
  const problem = problemOf(g, direction);
  const points = winogradPoints(problem, direction);
  const tile = points - problem.taps + 1;
  const { kernel, stride, channels } = problem;
  const definition = (kernel * kernel * channels * tile * tile) / (stride * stride);
  return { tile, saving: definition / productsOf(problem, points) };
}

function cyclesOf(problem: Problem, points: Points): number {
  const { filters, channels, outHeight, outWidth, batch, taps } = problem;
  const size = points - taps + 1;
  const tiles = roundUp(batch * Math.ceil(outHeight / size) * Math.ceil(outWidth / size), 4);
  const products = (2 * filters * productsOf(problem, points) * tiles) / FLOPS;
  const transforms = tiles * (channels + filters) * TRANSFORM + filters * channels * taps * FILTER;
  return products + points * points * transforms;
}

function gradientCycles({ filters, channels, outHeight, outWidth, batch, taps }: Problem): number {
  const size = 7 - taps;
  const pairs = filters * roundUp(channels, 8);
  const tiles = batch * Math.ceil(outHeight / size) * Math.ceil(outWidth / size);
  return (2 * 36 * pairs * tiles) / FLOPS + 36 * (tiles * (channels + filters) * TRANSFORM + pairs * ADD);
}

export function problemOf(g: ConvGeometry, direction: Direction): Problem {
  return direction === "inputGradient" ? inputGradientProblem(g) : forwardProblem(g);
}

/**
 * y = weight ⋆ x + bias and the epilogue, or dx, which is `y` here, from dy, which is `x`. What the {@link Convolution} among the
 * tasks computed counts only where its `isFinite` says so afterwards. undefined where x is so uneven that much of y would be
 * less exact than plain sums are, unless it was asked for.
 */
function winogradTasks(
  simd: Simd,
  g: ConvGeometry,
  direction: "forward" | "inputGradient",
  operands: ConvOperands,
): Task[] | undefined {
  const problem = problemOf(g, direction);
  const points = winogradPoints(problem, direction);
  const tasks = () => tasksOf(planOf(problem, points, simd), g, operands);
  if (g.algorithm !== "auto") return tasks();
  const size = points - problem.taps + 1;
  const reading = direction === "forward" ? readingOf(g) : gradientReading(g);
  return spared(simd, reading, [size, size, size, 0], operands, tasks);
}

export function tasksOf(plan: Plan, g: ConvGeometry, operands: ConvOperands): Task[] {
  const { batch, channels, height, width, stride } = plan.problem;
  if (stride === 1) return [convolution(plan, operands)];
  const x = scratch(4 * batch * channels * height * width);
  return [splitTask(plan.problem, g, operands.x, x), convolution(plan, { ...operands, x })];
}

/**
 * dweight += the adjoint of the convolution in weight, applied to dy; always by six points. undefined where a number of x
 * or dy is not finite, or so large that a sum on the way might not be: it is added, so that has to be known before. And
 * unless it was asked for where numbers are so uneven that it would be less exact than plain sums are.
 */
function winogradWeightGradient(simd: Simd, g: ConvGeometry, { x, weight, y }: ConvOperands): Task[] | undefined {
  const problem = forwardProblem(g);
  const size = 7 - problem.taps;
  const { even, largest } = evenProducts(simd, x, y, problem, size, size);
  // Transforms make the numbers of x up to 100 times as large, those of dy 225 times, and their sums 4 times.
  const bound = 100 * 225 * largest * 4 * g.batch * g.outHeight * g.outWidth;
  if (!(bound < 3e38) || (g.algorithm === "auto" && !even)) return undefined;
  return [winogradWeights(problem, simd, { x, dy: y, dweight: weight })];
}
