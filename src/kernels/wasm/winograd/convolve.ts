/** A planned convolution, block by block. All places are bytes in the engine's memory. */
import { memory, scratch } from "../memory.js";
import { filterOf, inputOf, multiplyOf, outputOf } from "./modules.js";
import { GROUP_BYTES } from "./output.js";
import { oddLines, type Plan } from "./plan.js";
import { Strips, writeGroups } from "./tiling.js";
import { bytesOf } from "./variant.js";

/** Computes the tiles of y from `from` up to `to`, with filters that are transformed already or on the way. */
export function convolve(
  plan: Plan,
  x: number,
  filters: { readonly weight: number } | { readonly transformed: number },
  bias: number | undefined,
  y: number,
  relu: boolean,
  from: number,
  to: number,
): void {
  if (from >= to) return;
  const { variant, channels, outHeight, outWidth, inputPanel, filterPoint, filterPanel, filterPanels } = plan;
  const { blockTiles, blockPanels } = plan;
  const { points, tilePanel } = bytesOf(variant);
  const panelTiles = 4 * variant.quads;
  const panels = blockTiles / panelTiles;
  const inputPoint = oddLines(panels * inputPanel);

  const strips = new Strips(inputOf(variant), plan.xTiling, {
    of: "tiles",
    perPanel: panelTiles,
    quads: variant.quads,
  });
  const transform = "weight" in filters ? new FilterTransform(plan) : undefined;
  const [multiply, output] = [multiplyOf(variant), outputOf(variant, relu)];
  const v = scratch(points * points * inputPoint);
  const m = scratch(blockPanels * panels * tilePanel);
  const u = "weight" in filters ? scratch(blockPanels * filterPanel) : filters.transformed;
  const groups = scratch((blockTiles / 4) * GROUP_BYTES);
  const temporary = scratch(16 * points * points);
  const noBias = scratch(4);
  new Float32Array(memory().buffer, noBias, 1).fill(0);

  for (let first = from; first < to; first += blockTiles) {
    const last = Math.min(to, first + blockTiles);
    const count = Math.ceil((last - first) / panelTiles);
    strips.run(x, channels, first, last, v, inputPoint, inputPanel);
    writeGroups(plan.yTiling, first, last, groups);
    for (let panel = 0; panel < filterPanels; panel += blockPanels) {
      const panelsHere = Math.min(blockPanels, filterPanels - panel);
      const filter = panel * variant.rows;
      const filtersHere = Math.min(panelsHere * variant.rows, plan.filters - filter);
      if ("weight" in filters) transform?.run(filters.weight, filter, filtersHere, u);
      multiply(
        ...[transform ? u : u + panel * filterPanel, filterPoint, filterPanel, panelsHere],
        ...[v, inputPoint, inputPanel, count, m, channels, 0],
      );
      output(
        ...[m, filtersHere, count, groups, Math.ceil((last - first) / 4), temporary],
        ...[y + 4 * filter * outHeight * outWidth, 4 * outHeight * outWidth, 4 * outWidth],
        ...(bias === undefined ? [noBias, 0] : [bias + 4 * filter, 4]),
      );
    }
  }
}

/** Transforms filters of a plan. */
export class FilterTransform {
  readonly #between: number;

  constructor(private readonly plan: Plan) {
    this.#between = scratch(16 * 3 * (plan.variant.size + 2));
  }

  /** Writes `count` filters from `filter` on, which starts a panel, to u. */
  run(weight: number, filter: number, count: number, u: number): void {
    const { variant, channels, filterBytes, channelBytes, turned, filterPoint, filterPanel } = this.plan;
    filterOf(variant, turned)(
      ...[weight + filter * filterBytes, count, channels],
      ...[filterBytes, channelBytes, this.#between, u, filterPoint, filterPanel],
    );
  }
}
