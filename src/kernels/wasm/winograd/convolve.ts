/** A planned convolution, block by block, from x to y, or from dy to dx. All places are bytes in the engine's memory. */
import type { Kernel } from "../assembler/module.js";
import type { ConvOperands } from "../conv/algorithm.js";
import { CONSTANTS } from "../elementwise/epilogue.js";
import { memory, scratch } from "../memory.js";
import type { Task } from "../task.js";
import { TAP_BYTES } from "./filter.js";
import { filterOf, inputOf, multiplyOf, outputOf } from "./modules.js";
import { GROUP_BYTES } from "./output.js";
import { partialChannels, tapsTable } from "./phases.js";
import { oddLines, type Plan } from "./plan.js";
import { Strips, writeGroups } from "./tiling.js";
import { bytesOf } from "./variant.js";

/** A part is a panel of tiles. */
export class Convolution implements Task {
  readonly parts: number;
  readonly #strips: Strips;
  readonly #inputPoint: number;
  readonly #v: number;
  readonly #m: number;
  readonly #u: number;
  readonly #table: number;
  readonly #groups: number;
  readonly #temporary: number;
  readonly #noBias: number;
  readonly #odd: number;

  constructor(
    private readonly plan: Plan,
    private readonly operands: ConvOperands,
  ) {
    const { variant, tiles, inputPanel, filterPoint, blockTiles } = plan;
    const { points, tilePanel } = bytesOf(variant);
    const perPanel = 4 * variant.quads;
    const panels = blockTiles / perPanel;
    this.parts = Math.ceil(tiles / perPanel);
    this.#inputPoint = oddLines(panels * inputPanel);
    this.#strips = new Strips(inputOf(variant), plan.xTiling, { of: "tiles", perPanel, quads: variant.quads });
    this.#v = scratch(points * points * this.#inputPoint);
    this.#m = scratch(panels * tilePanel);
    this.#u = scratch(points * points * filterPoint);
    this.#table = tapsTable(plan.problem);
    this.#groups = scratch((blockTiles / 4) * GROUP_BYTES);
    this.#temporary = scratch(16 * points * points);
    this.#noBias = scratch(4);
    this.#odd = scratch(16);
    new Int32Array(memory().buffer, this.#odd, 4).fill(0);
  }

  /**
   * Whether all that was computed is finite. If not, the numbers around a NaN or an infinity are wrong: where it stands
   * in a tile is lost.
   */
  get isFinite(): boolean {
    return new Int32Array(memory().buffer, this.#odd, 4).every((bits) => bits === 0);
  }

  run(from: number, to: number): void {
    const perPanel = 4 * this.plan.variant.quads;
    this.tiles(perPanel * from, Math.min(perPanel * to, this.plan.tiles));
  }

  /** Computes the tiles of y from `from` up to `to`. */
  tiles(from: number, to: number): void {
    const { variant, inputPanel, filterPoint, blockTiles, blockChannels } = this.plan;
    const { channels, filters, outHeight, outWidth, stride, flipped } = this.plan.problem;
    const partial = partialChannels(this.plan.problem);
    const { x, bias, y, epilogue } = this.operands;
    const [v, u, m, groups] = [this.#v, this.#u, this.#m, this.#groups];
    const { rows, quads } = variant;
    const transform = filterOf(variant, stride > 1 ? "table" : flipped ? "flipped" : "plain");
    const multiply = multiplyOf(variant);
    const output = outputOf(variant, epilogue.steps);
    new Float32Array(memory().buffer, this.#noBias, 1).fill(0);
    for (let first = from; first < to; first += blockTiles) {
      const last = Math.min(to, first + blockTiles);
      const panels = Math.ceil((last - first) / (4 * quads));
      this.#strips.run(x, channels, first, last, v, this.#inputPoint, inputPanel);
      writeGroups(this.plan.yTiling, first, last, groups);
      for (let filter = 0; filter < filters; filter += rows) {
        const count = Math.min(rows, filters - filter);
        for (let channel = 0; channel < channels; channel += blockChannels) {
          const depth = Math.min(blockChannels, channels - channel);
          this.#filters(transform, filter, count, channel, channel + depth);
          const input = v + 16 * quads * channel;
          multiply(u, filterPoint, input, this.#inputPoint, inputPanel, panels, m, depth, partial, channel, 0);
        }
        output(
          ...[m, count, groups, Math.ceil((last - first) / 4), this.#temporary],
          ...[y + 4 * filter * outHeight * outWidth, 4 * outHeight * outWidth, 4 * outWidth],
          ...(bias === 0 ? [this.#noBias, 0] : [bias + 4 * filter, 4]),
          ...[this.#odd, epilogue.constants + CONSTANTS * filter, epilogue.sum],
        );
      }
    }
  }

  /** Transforms filters for the channels from `from` up to `to`, phase by phase. */
  #filters(transform: Kernel, filter: number, count: number, from: number, to: number): void {
    const { variant, filterPoint, problem } = this.plan;
    const { channels, filterBytes, channelBytes, stride, taps } = problem;
    const ofPhase = channels / (stride * stride);
    for (let channel = from; channel < to; ) {
      const phase = Math.floor(channel / ofPhase);
      const here = Math.min(to, (phase + 1) * ofPhase) - channel;
      const weight = this.operands.weight + filter * filterBytes + (channel - phase * ofPhase) * channelBytes;
      const u = this.#u + 4 * variant.rows * (channel - from);
      const table = this.#table + TAP_BYTES * taps * taps * phase;
      transform(weight, count, here, filterBytes, channelBytes, u, filterPoint, table);
      channel += here;
    }
  }
}
