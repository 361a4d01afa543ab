/** Sizes of one Winograd convolution: what is convolved, and how it is cut into tiles, panels and blocks. Numbers only. */
import type { ConvGeometry } from "../../../shape/conv.js";
import type { Flavour } from "../assembler/flavour.js";
import { channelsTogether } from "./filter.js";
import { bytesOf, panelsFor, type TileSize, type Variant } from "./variant.js";

/** y[filter] = bias + Σ over channels of g[filter, channel] ⋆ x[channel], g being 3×3 and x padded with zeros. */
export interface Problem {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly filters: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly top: number;
  readonly left: number;
  /** Where g[filter, channel] lies among the weights, in bytes, and whether it is turned by 180°. */
  readonly filterBytes: number;
  readonly channelBytes: number;
  readonly turned: boolean;
}

const TAP_BYTES = 36;

export function forwardProblem(g: ConvGeometry): Problem {
  return {
    batch: g.batch,
    channels: g.inChannels,
    height: g.height,
    width: g.width,
    filters: g.outChannels,
    outHeight: g.outHeight,
    outWidth: g.outWidth,
    top: g.paddingTop,
    left: g.paddingLeft,
    filterBytes: TAP_BYTES * g.inChannels,
    channelBytes: TAP_BYTES,
    turned: false,
  };
}

/** dx is the convolution of dy with the filters turned by 180° and their channels swapped, padded by 2 − padding. */
export function inputGradientProblem(g: ConvGeometry): Problem {
  return {
    batch: g.batch,
    channels: g.outChannels,
    height: g.outHeight,
    width: g.outWidth,
    filters: g.inChannels,
    outHeight: g.height,
    outWidth: g.width,
    top: 2 - g.paddingTop,
    left: 2 - g.paddingLeft,
    filterBytes: TAP_BYTES,
    channelBytes: TAP_BYTES * g.inChannels,
    turned: true,
  };
}

export interface Plan extends Problem {
  readonly variant: Variant;
  readonly tileRows: number;
  readonly tileColumns: number;
  readonly tiles: number;
  /** Bytes from one e to the next, and from one panel to the next, of transformed filters and transformed input. */
  readonly filterPoint: number;
  readonly filterPanel: number;
  readonly filterPanels: number;
  readonly inputPoint: (panels: number) => number;
  readonly inputPanel: number;
  /** Tiles that are transformed before any is multiplied, and panels of filters that are multiplied in one go. */
  readonly blockTiles: number;
  readonly blockPanels: number;
}

/** Transformed input of a block of tiles, in bytes at most, but for a panel of very many channels. */
const BLOCK_BYTES = 2 << 20;
/** Products of a block of tiles and a block of filters: both stay in the second-level cache. */
const PRODUCT_BYTES = 256 << 10;
const BLOCK_TILES = 512;

export function planOf(problem: Problem, size: TileSize, flavour: Flavour): Plan {
  const tileRows = Math.ceil(problem.outHeight / size);
  const tileColumns = Math.ceil(problem.outWidth / size);
  const tiles = problem.batch * tileRows * tileColumns;
  const variant = { size, flavour, ...panelsFor(flavour, Math.ceil(tiles / 4)) };
  const { points, tilePanel } = bytesOf(variant);
  const { rows, quads } = variant;
  const together = channelsTogether(variant);
  const filterPoint = oddLines(4 * rows * roundUp(problem.channels, together));
  const inputPanel = oddLines(16 * quads * problem.channels);
  const panelTiles = 4 * quads;
  const mostPanels = Math.floor(Math.min(BLOCK_BYTES / (points * points * inputPanel), BLOCK_TILES / panelTiles));
  const most = panelTiles * Math.max(1, mostPanels);
  // blocks of about the same size
  const blockTiles = Math.max(panelTiles, roundUp(tiles / Math.max(1, Math.ceil(tiles / most)), panelTiles));
  return {
    ...problem,
    variant,
    tileRows,
    tileColumns,
    tiles,
    filterPoint,
    filterPanel: points * points * filterPoint,
    filterPanels: Math.ceil(problem.filters / rows),
    inputPoint: (panels) => panels * inputPanel,
    inputPanel,
    blockTiles,
    blockPanels: Math.max(1, Math.floor(PRODUCT_BYTES / (tilePanel * (blockTiles / panelTiles)))),
  };
}

function roundUp(count: number, step: number): number {
  return Math.ceil(count / step) * step;
}

/** An odd number of cache lines, so that neighbours do not compete for the same sets of the cache. */
function oddLines(bytes: number): number {
  return 64 * (Math.ceil(bytes / 64) | 1);
}
