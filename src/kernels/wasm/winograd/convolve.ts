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
  const { variant, channels, outHeight, outWidth, inputPanel, filterPoint, filterPanel, blockTiles } = plan;
  const { points, tilePanel } = bytesOf(variant);
  const { rows } = variant;
  const panelTiles = 4 * variant.quads;
  const panels = blockTiles / panelTiles;
  const inputPoint = oddLines(panels * inputPanel);

  const lanes = { of: "tiles", perPanel: panelTiles, quads: variant.quads } as const;
  const strips = new Strips(inputOf(variant), plan.xTiling, lanes);
  const transform = new FilterTransform(plan);
  const [multiply, output] = [multiplyOf(variant), outputOf(variant, relu)];
  const v = scratch(points * points * inputPoint);
  const m = scratch(panels * tilePanel);
  const own = "weight" in filters ? scratch(filterPanel) : 0;
  const groups = scratch((blockTiles / 4) * GROUP_BYTES);
  const temporary = scratch(16 * points * points);
  const noBias = scratch(4);
  new Float32Array(memory().buffer, noBias, 1).fill(0);

  for (let first = from; first < to; first += blockTiles) {
    const last = Math.min(to, first + blockTiles);
    strips.run(x, channels, first, last, v, inputPoint, inputPanel);
    writeGroups(plan.yTiling, first, last, groups);
    for (let filter = 0; filter < plan.filters; filter += rows) {
      const count = Math.min(rows, plan.filters - filter);
      if ("weight" in filters) transform.panel(filters.weight, filter, own);
      const u = "weight" in filters ? own : filters.transformed + (filter / rows) * filterPanel;
      multiply(u, filterPoint, v, inputPoint, inputPanel, Math.ceil((last - first) / panelTiles), m, channels, 0);
      output(
        ...[m, count, groups, Math.ceil((last - first) / 4), temporary],
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

  /** Writes the panel that starts with this filter to u. */
  panel(weight: number, filter: number, u: number): void {
    const { variant, channels, filters, filterBytes, channelBytes, turned, filterPoint } = this.plan;
    filterOf(variant, turned)(
      ...[weight + filter * filterBytes, Math.min(variant.rows, filters - filter), channels],
      ...[filterBytes, channelBytes, this.#between, u, filterPoint],
    );
  }

  /** Writes all panels to u. */
  all(weight: number, u: number): void {
    const { filters, variant, filterPanel } = this.plan;
    for (let i = 0; i * variant.rows < filters; i++) this.panel(weight, i * variant.rows, u + i * filterPanel);
  }
}
