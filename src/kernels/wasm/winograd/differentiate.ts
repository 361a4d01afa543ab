/** The gradient of the weights, block by block. All places are bytes in the engine's memory. */
import type { Simd } from "../assembler/simd.js";
import { scratch } from "../memory.js";
import type { Task } from "../task.js";
import { filterGradientOf, inputOf, multiplyOf, outputGradientOf } from "./modules.js";
import { blockOf, oddLines, type Problem, tilingsOf } from "./plan.js";
import { Strips } from "./tiling.js";
import { bytesOf, type Variant, variantOf } from "./variant.js";

/** Channels whose transformed tiles are kept at once, and the bytes that those may take. */
const [BLOCK_CHANNELS, BLOCK_BYTES] = [256, 4 << 20];

/**
 * dweight += Gᵀ·[ Σ over tiles of (A·dy·Aᵀ) ⊙ (Bᵀ·d·B) ]·G: products of matrices (filters × tiles) by (tiles × channels).
 * Tiles come in blocks that the shape determines, each of which is added in turn. A part is a panel of filters.
 */
export class WeightGradient implements Task {
  readonly parts: number;
  readonly #variant: Variant;
  readonly #tiles: number;
  readonly #blockChannels: number;
  readonly #blockTiles: number;
  readonly #inputPanel: number;
  readonly #inputPoint: number;
  readonly #filterPoint: number;
  readonly #xStrips: Strips;
  readonly #dyStrips: Strips;
  readonly #v: number;
  readonly #u: number;
  readonly #m: number;
  readonly #temporary: number;

  constructor(
    private readonly problem: Problem,
    simd: Simd,
    private readonly operands: { readonly x: number; readonly dy: number; readonly dweight: number },
  ) {
    const variant = variantOf(6, problem.taps, simd, 2);
    const { rows, quads } = variant;
    const { points, tilePanel } = bytesOf(variant);
    const tilings = tilingsOf(problem, variant);
    const perPanel = 4 * quads;
    this.parts = Math.ceil(problem.filters / rows);
    this.#variant = variant;
    this.#tiles = tilings.tiles;
    this.#blockChannels = blockOf(problem.channels, perPanel, BLOCK_CHANNELS);
    const panels = Math.ceil(this.#blockChannels / perPanel);
    this.#blockTiles = blockOf(tilings.tiles, 4, BLOCK_BYTES / (4 * points * points * this.#blockChannels));
    this.#inputPanel = oddLines(4 * perPanel * this.#blockTiles);
    this.#inputPoint = oddLines(panels * this.#inputPanel);
    this.#filterPoint = oddLines(4 * rows * this.#blockTiles);
    this.#xStrips = new Strips(inputOf(variant), tilings.x, { of: "maps", perPanel, quads });
    this.#dyStrips = new Strips(outputGradientOf(variant), tilings.y, { of: "maps", perPanel: rows, quads });
    this.#v = scratch(points * points * this.#inputPoint);
    this.#u = scratch(points * points * this.#filterPoint);
    this.#m = scratch(panels * tilePanel);
    this.#temporary = scratch(16 * problem.taps * (points + problem.taps));
  }

  run(from: number, to: number): void {
    const { rows } = this.#variant;
    this.filters(rows * from, Math.min(rows * to, this.problem.filters));
  }

  /** Adds to the filters from `from` up to `to`. */
  filters(from: number, to: number): void {
    const { channels, height, width, outHeight, outWidth, filterBytes, channelBytes } = this.problem;
    const { x, dy, dweight } = this.operands;
    const { rows, quads } = this.#variant;
    const [v, u, m] = [this.#v, this.#u, this.#m];
    const [multiply, gradient] = [multiplyOf(this.#variant), filterGradientOf(this.#variant)];
    if (from >= to) return;
    for (let channel = 0; channel < channels; channel += this.#blockChannels) {
      const channelsHere = Math.min(this.#blockChannels, channels - channel);
      const panels = Math.ceil(channelsHere / (4 * quads));
      const input = x + 4 * channel * height * width;
      for (let tile = 0; tile < this.#tiles; tile += this.#blockTiles) {
        const last = Math.min(this.#tiles, tile + this.#blockTiles);
        this.#xStrips.run(input, channelsHere, tile, last, v, this.#inputPoint, this.#inputPanel);
        for (let filter = from; filter < to; filter += rows) {
          const count = Math.min(rows, to - filter);
          this.#dyStrips.run(dy + 4 * filter * outHeight * outWidth, count, tile, last, u, this.#filterPoint, 0);
          multiply(u, this.#filterPoint, v, this.#inputPoint, this.#inputPanel, panels, m, last - tile, 0, 0, 0);
          gradient(
            ...[m, count, channelsHere, this.#temporary],
            ...[dweight + filter * filterBytes + channel * channelBytes, filterBytes],
          );
        }
      }
    }
  }
}
