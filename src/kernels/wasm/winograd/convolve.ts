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
import { stripsOf, writeGroups } from "./tiling.js";
import { bytesOf } from "./variant.js";

/** The tasks of a convolution by tiles, and how parts of one are asked for. */
export interface Convolution extends Task {
  /**
   * Whether all that was computed is finite. If not, the numbers around a NaN or an infinity are wrong: where it stands
   * in a tile is lost.
   */
  readonly isFinite: boolean;
  /** Computes the tiles of y from `from` up to `to`. */
  tiles(from: number, to: number): void;
}

/** A part is a panel of tiles. */
export function convolution(plan: Plan, { x, weight: weights, bias, y, epilogue }: ConvOperands): Convolution {
  const { variant, inputPanel, filterPoint, blockTiles, blockChannels, problem } = plan;
  const { rows, quads } = variant;
  const { channels, filters, outHeight, outWidth, filterBytes, channelBytes, stride, taps, flipped } = problem;
  const { points, tilePanel } = bytesOf(variant);
  const perPanel = 4 * quads;
  const inputPoint = oddLines((blockTiles / perPanel) * inputPanel);
  const strips = stripsOf(inputOf(variant), plan.xTiling, { of: "tiles", perPanel, quads });
  const v = scratch(points * points * inputPoint);
  const m = scratch((blockTiles / perPanel) * tilePanel);
  const u = scratch(points * points * filterPoint);
  const table = tapsTable(problem);
  const groups = scratch((blockTiles / 4) * GROUP_BYTES);
  const temporary = scratch(16 * points * points);
  const noBias = scratch(4);
  const odd = scratch(16);
  new Int32Array(memory().buffer, odd, 4).fill(0);

  /** Transforms filters for the channels from `from` up to `to`, phase by phase. */
  function transformFilters(transform: Kernel, filter: number, count: number, from: number, to: number): void {
    const ofPhase = channels / (stride * stride);
    for (let channel = from; channel < to; ) {
      const phase = Math.floor(channel / ofPhase);
      const here = Math.min(to, (phase + 1) * ofPhase) - channel;
      const weight = weights + filter * filterBytes + (channel - phase * ofPhase) * channelBytes;
      const place = u + 4 * rows * (channel - from);
      transform(
        weight,
        count,
        here,
        filterBytes,
        channelBytes,
        place,
        filterPoint,
        table + TAP_BYTES * taps * taps * phase,
      );
      channel += here;
    }
  }

  function tiles(from: number, to: number): void {
    const partial = partialChannels(problem);
    const transform = filterOf(variant, stride > 1 ? "table" : flipped ? "flipped" : "plain");
    const multiply = multiplyOf(variant);
    const output = outputOf(variant, epilogue.steps);
    new Float32Array(memory().buffer, noBias, 1).fill(0);
    for (let first = from; first < to; first += blockTiles) {
      const last = Math.min(to, first + blockTiles);
      const panels = Math.ceil((last - first) / perPanel);
      strips(x, channels, first, last, v, inputPoint, inputPanel);
      writeGroups(plan.yTiling, first, last, groups);
      for (let filter = 0; filter < filters; filter += rows) {
        const count = Math.min(rows, filters - filter);
        for (let channel = 0; channel < channels; channel += blockChannels) {
          const depth = Math.min(blockChannels, channels - channel);
          transformFilters(transform, filter, count, channel, channel + depth);
          const input = v + 16 * quads * channel;
          multiply(u, filterPoint, input, inputPoint, inputPanel, panels, m, depth, partial, channel, 0);
        }
        output(
          ...[m, count, groups, Math.ceil((last - first) / 4), temporary],
          ...[y + 4 * filter * outHeight * outWidth, 4 * outHeight * outWidth, 4 * outWidth],
          ...(bias === 0 ? [noBias, 0] : [bias + 4 * filter, 4]),
          ...[odd, epilogue.constants + CONSTANTS * filter, epilogue.sum],
        );
      }
    }
  }

  return {
    parts: Math.ceil(plan.tiles / perPanel),
    run: (from, to) => tiles(perPanel * from, Math.min(perPanel * to, plan.tiles)),
    tiles,
    get isFinite() {
      return new Int32Array(memory().buffer, odd, 4).every((bits) => bits === 0);
    },
  };
}
