/** A planned convolution, block by block. All places are bytes in the engine's memory. */
import { RECORD } from "../elementwise/finish.js";
import { memory, scratch } from "../memory.js";
import type { Task } from "../task.js";
import { TAP_WORDS } from "./filter-table.js";
import { filterOf, inputOf, multiplyOf, outputOf } from "./modules.js";
import { GROUP_BYTES } from "./output.js";
import { partialChannels, writeTaps } from "./phases.js";
import { oddLines, type Plan } from "./plan.js";
import { scanKernels } from "./scan.js";
import { Strips, writeGroups } from "./tiling.js";
import { bytesOf } from "./variant.js";

/** Places of a convolution's operands. */
export interface Operands {
  readonly x: number;
  readonly weight: number;
  /** What {@link FilterTransform} made of the weights; without it they are transformed on the way. */
  readonly transformed?: number | undefined;
  /** 0 where there is none. */
  readonly bias: number;
  readonly y: number;
  /** Whether negative results become 0. */
  readonly relu?: boolean;
  /** Records of what else happens to results (elementwise/finish.ts); 0 or nothing for none. */
  readonly records?: number;
}

/** A part is a panel of tiles. */
export class Convolution implements Task {
  readonly parts: number;
  readonly #strips: Strips;
  readonly #transform: FilterTransform;
  readonly #inputPoint: number;
  readonly #v: number;
  readonly #m: number;
  readonly #u: number;
  readonly #groups: number;
  readonly #temporary: number;
  readonly #noBias: number;
  readonly #odd: number;

  constructor(
    private readonly plan: Plan,
    private readonly operands: Operands,
  ) {
    const { variant, tiles, inputPanel, filterPanel, blockTiles } = plan;
    const { points, tilePanel } = bytesOf(variant);
    const perPanel = 4 * variant.quads;
    const panels = blockTiles / perPanel;
    this.parts = Math.ceil(tiles / perPanel);
    this.#inputPoint = oddLines(panels * inputPanel);
    this.#strips = new Strips(inputOf(variant), plan.xTiling, { of: "tiles", perPanel, quads: variant.quads });
    this.#transform = new FilterTransform(plan);
    this.#v = scratch(points * points * this.#inputPoint);
    this.#m = scratch(panels * tilePanel);
    this.#u = operands.transformed === undefined ? scratch(filterPanel) : 0;
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
    const { variant, inputPanel, filterPoint, filterPanel, blockTiles } = this.plan;
    const { channels, filters, outHeight, outWidth } = this.plan.problem;
    const partial = partialChannels(this.plan.problem);
    const { x, weight, transformed, bias, y, relu, records = 0 } = this.operands;
    const [v, m, groups] = [this.#v, this.#m, this.#groups];
    const { rows, quads } = variant;
    const [multiply, output] = [multiplyOf(variant), outputOf(variant, records ? "finish" : relu ? "relu" : "")];
    new Float32Array(memory().buffer, this.#noBias, 1).fill(0);
    for (let first = from; first < to; first += blockTiles) {
      const last = Math.min(to, first + blockTiles);
      const panels = Math.ceil((last - first) / (4 * quads));
      this.#strips.run(x, channels, first, last, v, this.#inputPoint, inputPanel);
      writeGroups(this.plan.yTiling, first, last, groups);
      for (let filter = 0; filter < filters; filter += rows) {
        let u = this.#u;
        if (transformed === undefined) this.#transform.panel(weight, filter, u);
        else u = transformed + (filter / rows) * filterPanel;
        multiply(u, filterPoint, v, this.#inputPoint, inputPanel, panels, m, channels, partial, 0);
        output(
          ...[m, Math.min(rows, filters - filter), groups, Math.ceil((last - first) / 4), this.#temporary],
          ...[y + 4 * filter * outHeight * outWidth, 4 * outHeight * outWidth, 4 * outWidth],
          ...(bias === 0 ? [this.#noBias, 0] : [bias + 4 * filter, 4]),
          ...[this.#odd, records + RECORD * filter],
        );
      }
    }
  }
}

/** Transforms filters of a plan. */
export class FilterTransform {
  readonly #between: number;
  readonly #table: number;
  readonly #tableBytes: number;

  constructor(private readonly plan: Plan) {
    const { points, taps } = plan.variant;
    const { stride } = plan.problem;
    this.#tableBytes = taps === 3 && stride === 1 ? 0 : 4 * TAP_WORDS * taps * taps * stride * stride;
    this.#between = scratch(16 * taps * (points + taps));
    this.#table = scratch(this.#tableBytes);
    if (this.#tableBytes > 0) writeTaps(plan.problem, new Int32Array(memory().buffer, this.#table));
  }

  /** Writes the panel that starts with this filter to u. */
  panel(weight: number, filter: number, u: number): void {
    const { variant, filterPoint, problem } = this.plan;
    const { channels, filters, filterBytes, channelBytes, turned, stride } = problem;
    const [start, count] = [weight + filter * filterBytes, Math.min(variant.rows, filters - filter)];
    // The kernel reads from as many places at once as there are filters, faster once a pass has brought all to the cache.
    if (!turned) scanKernels().largest(start, count * filterBytes);
    filterOf(variant, this.#tableBytes > 0 ? "table" : turned ? "turned" : "plain")(
      ...[start, count, channels / (stride * stride)],
      ...[filterBytes, channelBytes, this.#between, u, filterPoint],
      ...[this.#table, this.#table + this.#tableBytes],
    );
  }

  /** Writes all panels to u. */
  all(weight: number, u: number): void {
    const { problem, variant, filterPanel } = this.plan;
    for (let i = 0; i * variant.rows < problem.filters; i++) this.panel(weight, i * variant.rows, u + i * filterPanel);
  }
}
