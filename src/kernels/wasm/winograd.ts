/**
 * Convolution by 3×3 filters, stride 1, with Winograd's minimal filtering (Lavin & Gray 2016,
 * https://arxiv.org/abs/1509.09308): an image is cut into tiles of m×m outputs, m = 4 or 2, and the tile's (m + 2)²
 * inputs d are multiplied by the filter g in a space where that takes one multiplication a point e, not nine an output:
 *
 *     y = Aᵀ·[ Σ over channels of (G·g·Gᵀ) ⊙ (Bᵀ·d·B) ]·A + bias
 *
 * The sums over the channels are (m + 2)² products of matrices, U (filters × channels) by V (channels × tiles), of 4
 * times (m = 4) or 2.25 times (m = 2) fewer multiplications than the convolution has. How it runs, for every block of
 * tiles:
 *
 *     input     x → V, in panels of tiles       winograd/strip.ts
 *     filter    weight → U, in panels of filters and blocks of channels      winograd/filter.ts
 *     multiply  U, V → m, for a block of filters, by a micro-kernel that keeps its sums in registers     winograd/product.ts
 *     output    m → y       winograd/output.ts
 *
 * A tile's numbers depend on nothing but its inputs: however the tiles are split into ranges, the bits are the same.
 */
import type { ConvGeometry } from "../../shape/conv.js";
import type { Flavour } from "./assembler/flavour.js";
import { Convolution, type Operands } from "./winograd/convolve.js";
import { WeightGradient } from "./winograd/differentiate.js";
import { forwardProblem, inputGradientProblem, type Plan, type Problem, planOf, roundUp } from "./winograd/plan.js";
import { largestOf } from "./winograd/scan.js";
import type { TileSize } from "./winograd/variant.js";

export type WinogradPass = "forward" | "inputGradient";

/** Whether the convolution is one that Winograd's algorithm computes. */
export function winogradFits(g: ConvGeometry): boolean {
  const sides = [
    g.paddingTop,
    g.paddingLeft,
    g.outHeight + 2 - g.height - g.paddingTop,
    g.outWidth + 2 - g.width - g.paddingLeft,
  ];
  return (
    [g.kernelHeight, g.kernelWidth].every((size) => size === 3) &&
    [g.strideHeight, g.strideWidth, g.dilationHeight, g.dilationWidth, g.groups].every((size) => size === 1) &&
    sides.every((padding) => padding >= 0 && padding <= 2)
  );
}

/** Measured: floating-point operations a cycle of a micro-kernel; */
const FLOPS = 13.5;
/** cycles to transform a point of a tile, and a point of a filter, and to add a point to the gradient of a filter. */
const [TRANSFORM, FILTER, ADD] = [1, 0.5, 1];
/**
 * Multiply-adds of a convolution that is worth the loss of accuracy, errors of a few 10⁻⁶ of the norm where plain sums
 * have 3·10⁻⁷: with less, a tenth of a millisecond is all that there is to save.
 */
const LEAST_WORK = 1 << 21;

/** Outputs of a tile along one axis that are the fastest. */
export function winogradTile(g: ConvGeometry, pass: WinogradPass): TileSize {
  const problem = problemOf(g, pass);
  return cyclesOf(problem, 4) < cyclesOf(problem, 2) ? 4 : 2;
}

/** Whether a pass is estimated to beat a product of packed patches. */
export function winogradPays(g: ConvGeometry, pass: WinogradPass | "weightGradient"): boolean {
  const { filters, channels, outHeight, outWidth, batch } = forwardProblem(g);
  const work = 9 * filters * channels * batch * outHeight * outWidth;
  if (!winogradFits(g) || work < LEAST_WORK) return false;
  const cycles = pass === "weightGradient" ? gradientCycles(g) : cyclesOf(problemOf(g, pass), winogradTile(g, pass));
  return cycles < (2 * work) / FLOPS;
}

function cyclesOf({ filters, channels, outHeight, outWidth, batch }: Problem, size: TileSize): number {
  const points = (size + 2) ** 2;
  const tiles = roundUp(batch * Math.ceil(outHeight / size) * Math.ceil(outWidth / size), 4);
  const pairs = filters * channels;
  return points * ((2 * pairs * tiles) / FLOPS + tiles * (channels + filters) * TRANSFORM + pairs * FILTER);
}

function gradientCycles(g: ConvGeometry): number {
  const { filters, channels, outHeight, outWidth, batch } = forwardProblem(g);
  const pairs = filters * roundUp(channels, 8);
  const tiles = batch * Math.ceil(outHeight / 4) * Math.ceil(outWidth / 4);
  return (2 * 36 * pairs * tiles) / FLOPS + 36 * (tiles * (channels + filters) * TRANSFORM + pairs * ADD);
}

export function winogradPlan(flavour: Flavour, g: ConvGeometry, pass: WinogradPass, tile: TileSize): Plan {
  return planOf(problemOf(g, pass), tile, flavour);
}

function problemOf(g: ConvGeometry, pass: WinogradPass): Problem {
  return pass === "forward" ? forwardProblem(g) : inputGradientProblem(g);
}

/**
 * y = weight ⋆ x + bias, or dx = the adjoint of that in x, applied to dy, which is `x` here. Overwrites `y`. What it
 * computed counts only where {@link Convolution.isFinite} says so afterwards.
 */
export function winogradConvolution(
  flavour: Flavour,
  g: ConvGeometry,
  pass: WinogradPass,
  operands: Operands,
): Convolution {
  return new Convolution(winogradPlan(flavour, g, pass, winogradTile(g, pass)), operands);
}

/**
 * dweight += the adjoint of the convolution in weight, applied to dy; always by 4×4 tiles. undefined where a number of x
 * or dy is not finite, or so large that a sum on the way might not be.
 */
export function winogradWeightGradient(
  flavour: Flavour,
  g: ConvGeometry,
  operands: { readonly x: number; readonly dy: number; readonly dweight: number },
): WeightGradient | undefined {
  const largest = largestOf();
  const x = largest(operands.x, 4 * g.batch * g.inChannels * g.height * g.width);
  const dy = largest(operands.dy, 4 * g.batch * g.outChannels * g.outHeight * g.outWidth);
  // Transforms make the numbers of x up to 100 times as large, those of dy 225 times, and their sums 4 times.
  const most = 100 * Math.max(x, 1) * 225 * Math.max(dy, 1) * 4 * g.batch * g.outHeight * g.outWidth;
  return most < 3e38 ? new WeightGradient(forwardProblem(g), flavour, operands) : undefined;
}
