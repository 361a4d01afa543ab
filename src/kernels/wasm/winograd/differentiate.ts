/** The gradient of the weights, block by block. All places are bytes in the engine's memory. */
import type { Simd } from "../assembler/simd.js";
import { scratch } from "../memory.js";
import type { Task } from "../task.js";
import { filterGradientOf, inputOf, multiplyOf, outputGradientOf } from "./modules.js";
import { blockOf, oddLines, type Problem, tilingsOf } from "./plan.js";
import { stripsOf } from "./tiling.js";
import { bytesOf, variantOf } from "./variant.js";

/** Channels whose transformed tiles are kept at once, and the bytes that those may take. */
const [BLOCK_CHANNELS, BLOCK_BYTES] = [256, 4 << 20];

/**
 * dweight += Gᵀ·[ Σ over tiles of (A·dy·Aᵀ) ⊙ (Bᵀ·d·B) ]·G: products of matrices (filters × tiles) by (tiles × channels).
 * Tiles come in blocks that the shape determines, each of which is added in turn. A part is a panel of filters.
 */
export function winogradWeights(
  problem: Problem,
  simd: Simd,
  { x, dy, dweight }: { readonly x: number; readonly dy: number; readonly dweight: number },
): Task & { filters(from: number, to: number): void } {
  const variant = variantOf(6, problem.taps, simd, 2);
  const { rows, quads } = variant;
  const { points, tilePanel } = bytesOf(variant);
  const tilings = tilingsOf(problem, variant);
  const perPanel = 4 * quads;
  const blockChannels = blockOf(problem.channels, perPanel, BLOCK_CHANNELS);
  const maxPanels = Math.ceil(blockChannels / perPanel);
  const blockTiles = blockOf(tilings.tiles, 4, BLOCK_BYTES / (4 * points * points * blockChannels));
  const inputPanel = oddLines(4 * perPanel * blockTiles);
  const inputPoint = oddLines(maxPanels * inputPanel);
  const filterPoint = oddLines(4 * rows * blockTiles);
  const xStrips = stripsOf(inputOf(variant), tilings.x, { of: "maps", perPanel, quads });
  const dyStrips = stripsOf(outputGradientOf(variant), tilings.y, { of: "maps", perPanel: rows, quads });
  const v = scratch(points * points * inputPoint);
  const u = scratch(points * points * filterPoint);
  const m = scratch(maxPanels * tilePanel);
  const temporary = scratch(16 * problem.taps * (points + problem.taps));

  /** Adds to the filters from `from` up to `to`. */
  function filters(from: number, to: number): void {
    const { channels, height, width, outHeight, outWidth, filterBytes, channelBytes } = problem;
    const [multiply, gradient] = [multiplyOf(variant), filterGradientOf(variant)];
    if (from >= to) return;
    for (let channel = 0; channel < channels; channel += blockChannels) {
      const channelsHere = Math.min(blockChannels, channels - channel);
      const panels = Math.ceil(channelsHere / perPanel);
      const input = x + 4 * channel * height * width;
      for (let tile = 0; tile < tilings.tiles; tile += blockTiles) {
        const last = Math.min(tilings.tiles, tile + blockTiles);
        xStrips(input, channelsHere, tile, last, v, inputPoint, inputPanel);
        for (let filter = from; filter < to; filter += rows) {
          const count = Math.min(rows, to - filter);
          dyStrips(dy + 4 * filter * outHeight * outWidth, count, tile, last, u, filterPoint, 0);
          multiply(u, filterPoint, v, inputPoint, inputPanel, panels, m, last - tile, 0, 0, 0);
          gradient(
            ...[m, count, channelsHere, temporary],
            ...[dweight + filter * filterBytes + channel * channelBytes, filterBytes],
          );
        }
      }
    }
  }

  return {
    parts: Math.ceil(problem.filters / rows),
    run: (from, to) => filters(rows * from, Math.min(rows * to, problem.filters)),
    filters,
  };
}
