/** Sizes of one Winograd convolution: what is convolved, and how it is cut into tiles, panels and blocks. Numbers only. */
import type { ConvGeometry } from "../../../shape/conv.js";
import type { Simd } from "../assembler/simd.js";
import { channelsTogether } from "./filter.js";
import type { Tiling } from "./tiling.js";
import { type Points, type Variant, variantOf } from "./variant.js";

/** What a convolution or its input gradient reads: y[filter] = bias + Σ over channels of g[filter, channel] ⋆ x[channel], x being padded with zeros. */
export interface Reading {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly filters: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly top: number;
  readonly left: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly stride: number;
  /** Where g[filter, channel] lies among the weights, in bytes, and whether it is flipped: turned by 180°. */
  readonly filterBytes: number;
  readonly channelBytes: number;
  readonly flipped: boolean;
}

/** One that filters of taps×taps compute with stride 1. */
export interface Problem extends Reading {
  readonly taps: number;
  /** Of the convolution that this comes from; with stride 2, channels are those of the four phases (phases.ts). */
  readonly kernel: number;
}

/** Taps along one dimension of the filters that a convolution comes down to. */
export function tapsOf({ kernelHeight, strideHeight }: ConvGeometry): number {
  return Math.ceil(kernelHeight / strideHeight);
}

export function readingOf(g: ConvGeometry): Reading {
  const { batch, kernelHeight, kernelWidth } = g;
  const channelBytes = 4 * kernelHeight * kernelWidth;
  return {
    ...{ batch, channels: g.inChannels, height: g.height, width: g.width },
    ...{ filters: g.outChannels, outHeight: g.outHeight, outWidth: g.outWidth },
    ...{ top: g.paddingTop, left: g.paddingLeft, kernelHeight, kernelWidth, stride: g.strideHeight },
    ...{ filterBytes: channelBytes * g.inChannels, channelBytes, flipped: false },
  };
}

/** dx is the convolution of dy with the flipped filters, their channels exchanged, padded by taps − 1 − padding. */
export function gradientReading(g: ConvGeometry): Reading {
  const forward = readingOf(g);
  return {
    ...forward,
    ...{ channels: forward.filters, height: forward.outHeight, width: forward.outWidth },
    ...{ filters: forward.channels, outHeight: forward.height, outWidth: forward.width },
    ...{ top: forward.kernelHeight - 1 - forward.top, left: forward.kernelWidth - 1 - forward.left },
    ...{ filterBytes: forward.channelBytes, channelBytes: forward.filterBytes, flipped: true },
  };
}

export function forwardProblem(g: ConvGeometry): Problem {
  const reading = readingOf(g);
  const [kernel, taps] = [g.kernelHeight, tapsOf(g)];
  if (g.strideHeight === 1) return { ...reading, kernel, taps };
  const [height, width] = [g.outHeight + taps - 1, g.outWidth + taps - 1];
  return { ...reading, channels: 4 * g.inChannels, height, width, top: 0, left: 0, kernel, taps };
}

export function inputGradientProblem(g: ConvGeometry): Problem {
  return { ...gradientReading(g), kernel: g.kernelHeight, taps: tapsOf(g) };
}

/** The tiles of y, what they need of x, and how many there are. */
export function tilingsOf(
  { batch, channels, height, width, filters, outHeight, outWidth, top, left }: Problem,
  { points, size }: Pick<Variant, "points" | "size">,
) {
  const [tileRows, tileColumns] = [Math.ceil(outHeight / size), Math.ceil(outWidth / size)];
  const x: Tiling = { maps: channels, height, width, top, left, step: size, window: points, tileRows, tileColumns };
  const y: Tiling = { ...x, maps: filters, height: outHeight, width: outWidth, top: 0, left: 0, window: size };
  return { x, y, tiles: batch * tileRows * tileColumns };
}

export interface Plan {
  readonly problem: Problem;
  readonly variant: Variant;
  readonly xTiling: Tiling;
  readonly yTiling: Tiling;
  readonly tiles: number;
  /** Bytes from one e to the next of transformed filters. */
  readonly filterPoint: number;
  /** Bytes from one panel of transformed input to the next. */
  readonly inputPanel: number;
  /** Tiles that are transformed before any is multiplied. */
  readonly blockTiles: number;
  /** Channels whose filters are transformed before they are multiplied. */
  readonly blockChannels: number;
}

/**
 * Transformed input of a block of tiles, in bytes at most, but for a panel of very many channels. Every panel of filters
 * reads it again, from the third-level cache at the worst; smaller blocks would read all filters again more often, which
 * measured slower.
 */
const BLOCK_BYTES = 4 << 20;
/** Tiles of a block at most: their products with a panel of filters stay in the second-level cache. */
const BLOCK_TILES = 512;
/**
 * Transformed filters, in bytes: what few tiles are multiplied with stays in the first-level cache. More tiles make up
 * for the second, where they would fetch and store their sums more often.
 */
const [FILTER_BYTES, FEW_PANELS] = [128 << 10, 4];

export function planOf(problem: Problem, points: Points, simd: Simd): Plan {
  const tilings = tilingsOf(problem, { points, size: points - problem.taps + 1 });
  const { tiles } = tilings;
  const variant = variantOf(points, problem.taps, simd, Math.ceil(tiles / 4));
  const { rows, quads } = variant;
  const inputPanel = oddLines(16 * quads * problem.channels);
  const panelTiles = 4 * quads;
  const blockTiles = blockOf(
    tiles,
    panelTiles,
    Math.min(BLOCK_TILES, (panelTiles * BLOCK_BYTES) / (points * points * inputPanel)),
  );
  const together = channelsTogether(variant);
  const blockChannels =
    blockTiles > FEW_PANELS * panelTiles
      ? problem.channels
      : blockOf(problem.channels, together, FILTER_BYTES / (4 * rows * points * points));
  return {
    problem,
    variant,
    xTiling: tilings.x,
    yTiling: tilings.y,
    tiles,
    // Vectors may reach beyond the last channel.
    filterPoint: oddLines(4 * rows * (blockChannels + together - 1)),
    inputPanel,
    blockTiles,
    blockChannels,
  };
}

/** Size of the blocks when `count` is cut into as few as hold `max` at most, all about the same, in multiples of `step`. */
export function blockOf(count: number, step: number, max: number): number {
  const blocks = Math.ceil(count / Math.max(step, Math.floor(max / step) * step));
  return Math.max(step, roundUp(count / Math.max(1, blocks), step));
}

export function roundUp(count: number, step: number): number {
  return Math.ceil(count / step) * step;
}

/** An odd number of cache lines, so that neighbors do not compete for the same sets of the cache. */
export function oddLines(bytes: number): number {
  return 64 * (Math.ceil(bytes / 64) | 1);
}
