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
 *     input     x → V, in panels of tiles       winograd/input.ts
 *     filter    weight → U, in panels of filters, unless it is there already      winograd/filter.ts
 *     multiply  U, V → m, for a block of filters, by a micro-kernel that keeps its sums in registers     winograd/product.ts
 *     output    m → y       winograd/output.ts
 *
 * A tile's numbers depend on nothing but its inputs: however the tiles are split into ranges, the bits are the same.
 */
import type { ConvGeometry } from "../../shape/conv.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { Flavour } from "./assembler/flavour.js";
import { place } from "./memory.js";
import { Convolution, FilterTransform } from "./winograd/convolve.js";
import { WeightGradient } from "./winograd/differentiate.js";
import { forwardProblem, inputGradientProblem, type Plan, planOf } from "./winograd/plan.js";

/** Outputs of a tile. */
export type WinogradTile = "4x4" | "2x2";
/** What the filters are transformed for. */
export type WinogradPass = "forward" | "inputGradient";

export interface WinogradOptions {
  /** What `transformFilters` wrote for this geometry, tile and pass; the weights are not read then. */
  readonly filters?: FloatArray;
  /** Tiles to compute, from the first (default 0) up to the last (default all), which is not computed. */
  readonly from?: number;
  readonly to?: number;
}

export interface WinogradForwardOptions extends WinogradOptions {
  /** Whether negative results become 0. Default false. */
  readonly relu?: boolean;
}

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

/**
 * The tile that beats the other one and a product of packed patches, or undefined where neither does: the least of
 * what they are estimated to take. `ready` tells that the filters are transformed already.
 */
export function winogradTile(g: ConvGeometry, ready = false): WinogradTile | undefined {
  if (!winogradFits(g)) return undefined;
  const { filters, channels, outHeight, outWidth, batch } = forwardProblem(g);
  const pairs = filters * channels;
  let least = (2 * 9 * pairs * batch * outHeight * outWidth) / FLOPS;
  let best: WinogradTile | undefined;
  for (const [tile, size] of [
    ["4x4", 4],
    ["2x2", 2],
  ] as const) {
    const points = (size + 2) ** 2;
    const tiles = 4 * Math.ceil((batch * Math.ceil(outHeight / size) * Math.ceil(outWidth / size)) / 4);
    const products = Math.max((2 * points * pairs * tiles) / FLOPS, points * pairs * READ);
    const cycles = products + points * (tiles * (channels + filters) * TRANSFORM + (ready ? 0 : pairs * FILTER));
    if (cycles < least) [least, best] = [cycles, tile];
  }
  return best;
}

/** Whether the weight gradient by 4×4 tiles beats a product of packed patches. */
export function winogradWeightGradientPays(g: ConvGeometry): boolean {
  if (!winogradFits(g)) return false;
  const { filters, channels, outHeight, outWidth, batch } = forwardProblem(g);
  const pairs = filters * channels;
  const tiles = batch * Math.ceil(outHeight / 4) * Math.ceil(outWidth / 4);
  const cycles = (2 * 36 * pairs * tiles) / FLOPS + 36 * (tiles * (channels + filters) * TRANSFORM + pairs * ADD);
  return cycles < (2 * 9 * pairs * batch * outHeight * outWidth) / FLOPS;
}

/** Measured: floating-point operations a cycle of a micro-kernel; cycles to read a point of a transformed filter, */
const [FLOPS, READ] = [13.5, 0.6];
/** to transform a point of a tile, and a point of a filter, and to add a point to the gradient of a filter. */
const [TRANSFORM, FILTER, ADD] = [1, 0.9, 1];

/** The kernels of one tile and flavour, for geometries that `winogradFits`. */
export class WinogradConv {
  constructor(
    private readonly flavour: Flavour,
    private readonly tile: WinogradTile,
  ) {}

  /** How many tiles a pass has. */
  tiles(g: ConvGeometry, pass: WinogradPass): number {
    return this.#plan(g, pass).tiles;
  }

  /** How many numbers `transformFilters` writes. */
  filterLength(g: ConvGeometry, pass: WinogradPass): number {
    const plan = this.#plan(g, pass);
    return (plan.filterPanels * plan.filterPanel) / 4;
  }

  /** A name of the layout: filters that were transformed for one geometry serve another that gives the same name. */
  filterLayout(g: ConvGeometry, pass: WinogradPass): string {
    const { variant } = this.#plan(g, pass);
    return `${pass} ${this.tile} ${variant.rows}`;
  }

  /** Transforms the filters once for many runs with the same weights. */
  transformFilters(g: ConvGeometry, pass: WinogradPass, weight: FloatArray, filters: FloatArray): void {
    const plan = this.#plan(g, pass);
    const [from, to] = place(weight, filters);
    new FilterTransform(plan).all(from, to);
  }

  /** y = weight ⋆ x + bias. Overwrites the range of y. */
  forward(
    g: ConvGeometry,
    x: FloatArray,
    weight: FloatArray,
    bias: FloatArray | undefined,
    y: FloatArray,
    options: WinogradForwardOptions = {},
  ): void {
    const { relu = false } = options;
    this.#run(this.#plan(g, "forward"), x, weight, bias, y, relu, options);
  }

  /** dx = the adjoint of `forward` in x, applied to dy. Overwrites the range of dx. */
  inputGradient(
    g: ConvGeometry,
    dy: FloatArray,
    weight: FloatArray,
    dx: FloatArray,
    options: WinogradOptions = {},
  ): void {
    this.#run(this.#plan(g, "inputGradient"), dy, weight, undefined, dx, false, options);
  }

  /**
   * dweight += the adjoint of `forward` in weight, applied to dy, for the filters from `from` up to `to`. Always by
   * 4×4 tiles.
   */
  weightGradient(
    g: ConvGeometry,
    x: FloatArray,
    dy: FloatArray,
    dweight: FloatArray,
    { from = 0, to = g.outChannels }: Pick<WinogradOptions, "from" | "to"> = {},
  ): void {
    const [input, gradient, sum] = place(x, dy, dweight);
    const operands = { x: input, dy: gradient, dweight: sum };
    new WeightGradient(forwardProblem(g), this.flavour, operands).filters(from, to);
  }

  #run(
    plan: Plan,
    x: FloatArray,
    weight: FloatArray,
    bias: FloatArray | undefined,
    y: FloatArray,
    relu: boolean,
    { filters, from = 0, to = plan.tiles }: WinogradOptions,
  ): void {
    const [input, u, start, output] = place(x, filters ?? weight, bias, y);
    const ready = filters ? { transformed: u } : { weight: u };
    const operands = { x: input, filters: ready, bias: bias && start, y: output, relu };
    if (from < to) new Convolution(plan, operands).tiles(from, to);
  }

  #plan(g: ConvGeometry, pass: WinogradPass): Plan {
    const problem = pass === "forward" ? forwardProblem(g) : inputGradientProblem(g);
    return planOf(problem, this.tile === "4x4" ? 4 : 2, this.flavour);
  }
}
