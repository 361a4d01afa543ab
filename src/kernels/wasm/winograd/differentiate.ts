/** The gradient of the weights, block by block. All places are bytes in the engine's memory. */
import type { Flavour } from "../assembler/flavour.js";
import { scratch } from "../memory.js";
import { filterGradientOf, inputOf, multiplyOf, outputGradientOf } from "./modules.js";
import { blockOf, oddLines, type Problem, tilingsOf } from "./plan.js";
import { Strips } from "./tiling.js";
import { bytesOf, panelsFor } from "./variant.js";

/** Channels whose transformed tiles are kept at once, and the bytes that those may take. */
const [BLOCK_CHANNELS, BLOCK_BYTES] = [256, 4 << 20];

/**
 * dweight += Gᵀ·[ Σ over tiles of (A·dy·Aᵀ) ⊙ (Bᵀ·d·B) ]·G, for the filters from `from` up to `to`: products of matrices
 * (filters × tiles) by (tiles × channels). Tiles come in blocks that the shape determines, each of which is added in
 * turn.
 */
export function differentiate(
  problem: Problem,
  flavour: Flavour,
  x: number,
  dy: number,
  dweight: number,
  from: number,
  to: number,
): void {
  const { channels, height, width, outHeight, outWidth } = problem;
  const variant = { size: 4, flavour, ...panelsFor(flavour, 2) } as const;
  const { rows, quads } = variant;
  const { points, tilePanel } = bytesOf(variant);
  const tilings = tilingsOf(problem, variant.size);
  const { tiles } = tilings;
  if (tiles === 0 || from >= to) return;
  const panelChannels = 4 * quads;
  const blockChannels = blockOf(channels, panelChannels, BLOCK_CHANNELS);
  const panels = Math.ceil(blockChannels / panelChannels);
  const blockTiles = blockOf(tiles, 4, BLOCK_BYTES / (4 * points * points * blockChannels));
  const inputPanel = oddLines(4 * panelChannels * blockTiles);
  const [inputPoint, filterPoint] = [oddLines(panels * inputPanel), oddLines(4 * rows * blockTiles)];

  const xStrips = new Strips(inputOf(variant), tilings.x, { of: "maps", perPanel: panelChannels, quads });
  const dyStrips = new Strips(outputGradientOf(variant), tilings.y, { of: "maps", perPanel: rows, quads });
  const [multiply, gradient] = [multiplyOf(variant), filterGradientOf(variant)];
  const v = scratch(points * points * inputPoint);
  const u = scratch(points * points * filterPoint);
  const m = scratch(panels * tilePanel);
  const temporary = scratch(16 * (3 * points + 9));

  for (let channel = 0; channel < channels; channel += blockChannels) {
    const channelsHere = Math.min(blockChannels, channels - channel);
    const panelsHere = Math.ceil(channelsHere / panelChannels);
    for (let tile = 0; tile < tiles; tile += blockTiles) {
      const last = Math.min(tiles, tile + blockTiles);
      xStrips.run(x + 4 * channel * height * width, channelsHere, tile, last, v, inputPoint, inputPanel);
      for (let filter = from; filter < to; filter += rows) {
        const count = Math.min(rows, to - filter);
        dyStrips.run(dy + 4 * filter * outHeight * outWidth, count, tile, last, u, filterPoint, 0);
        multiply(u, filterPoint, v, inputPoint, inputPanel, panelsHere, m, last - tile, 0);
        gradient(
          ...[m, count, channelsHere, temporary],
          ...[dweight + 36 * (filter * channels + channel), 36 * channels],
        );
      }
    }
  }
}
