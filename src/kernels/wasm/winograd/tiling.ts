/** Where the tiles of images lie, as the kernels that read or write them want to be told. */
import type { Kernel } from "../assembler/module.js";
import { memory, scratch } from "../memory.js";
import { GROUP_BYTES } from "./output.js";
import { SEGMENT_BYTES } from "./strip.js";

/** Images of `maps` channels, cut into tiles: tile (i, j) sees `window`² pixels from (i·step − top, j·step − left) on. */
export interface Tiling {
  readonly maps: number;
  readonly height: number;
  readonly width: number;
  readonly top: number;
  readonly left: number;
  readonly step: number;
  readonly window: number;
  readonly tileRows: number;
  readonly tileColumns: number;
}

/** Rows of a strip at most: one for every point. */
const MAX_POINTS = 6;
/** Tiles whose strip stays in the first-level cache. */
const STRIP_TILES = 64;

/**
 * What lies side by side in a panel: `perPanel` tiles of one map and then of the next, or `perPanel` maps of one tile and
 * then of the next. `quads` is that of the kernel.
 */
export interface Lanes {
  readonly of: "tiles" | "maps";
  readonly perPanel: number;
  readonly quads: number;
}

/** Runs a strip kernel over ranges of tiles. */
export class Strips {
  readonly #together: number;
  readonly #tiles: number;
  readonly #rowBytes: number;
  readonly #mapBytes: number;
  readonly #zeros: number;
  readonly #strip: number;
  readonly #segments: number;
  readonly #lanes: number;

  /** Reserves scratch memory; views on the memory are made when the kernel runs. */
  constructor(
    private readonly kernel: Kernel,
    private readonly tiling: Tiling,
    private readonly lanes: Lanes,
  ) {
    const { step, window, width, tileColumns } = tiling;
    this.#together = lanes.of === "maps" ? lanes.perPanel : 1;
    this.#tiles = lanes.of === "maps" ? STRIP_TILES / 4 : STRIP_TILES;
    const segments = Math.min(this.#tiles, Math.ceil(this.#tiles / tileColumns) + 1);
    this.#rowBytes = 4 * (this.#tiles * step + segments * (window - step) + 4);
    this.#mapBytes = MAX_POINTS * this.#rowBytes;
    this.#zeros = scratch(4 * width);
    this.#strip = scratch(this.#together * this.#mapBytes);
    this.#segments = scratch(segments * SEGMENT_BYTES);
    this.#lanes = scratch(4 * this.#tiles * this.#together);
  }

  /**
   * Transforms `maps` maps of the tiles from `from` up to `to`, x being where the first map of the first image starts.
   * Points lie `point` bytes apart at v, panels `panel` bytes.
   */
  run(x: number, maps: number, from: number, to: number, v: number, point: number, panel: number): void {
    const { height, width } = this.tiling;
    const { of, perPanel, quads } = this.lanes;
    const floats = new Float32Array(memory().buffer);
    floats.fill(0, this.#zeros / 4, this.#zeros / 4 + width);
    for (let tile = from; tile < to; tile += this.#tiles) {
      const end = Math.min(to, tile + this.#tiles);
      const tiles = end - tile;
      floats.fill(0, this.#strip / 4, (this.#strip + this.#together * this.#mapBytes) / 4);
      const segments = this.#write(tile, end);
      const start = of === "tiles" ? ((tile - from) / perPanel) * panel : 4 * perPanel * (tile - from);
      this.kernel(
        ...[x, maps, 4 * height * width, 4 * width, this.#zeros],
        ...[this.#segments, this.#segments + segments * SEGMENT_BYTES, this.#strip, this.#rowBytes, this.#mapBytes],
        ...[this.#together, this.#lanes, Math.ceil((tiles * this.#together) / 4)],
        ...[v + start, point],
        ...(of === "tiles" ? [panel, 4 * perPanel] : [16 * quads, panel]),
      );
    }
  }

  /** Writes the segments of the tiles, and where their lanes start in the strips; returns how many segments there are. */
  #write(from: number, to: number): number {
    const { maps, height, width, top, left, step, window, tileRows, tileColumns } = this.tiling;
    const segments = new Int32Array(memory().buffer, this.#segments);
    const lanes = new Int32Array(memory().buffer, this.#lanes);
    let [word, lane, column] = [0, 0, 0];
    for (let tile = from; tile < to; ) {
      const line = Math.floor(tile / tileColumns);
      const image = Math.floor(line / tileRows);
      const first = tile % tileColumns;
      const tiles = Math.min(tileColumns - first, to - tile);
      const row = (line % tileRows) * step - top;
      const start = first * step - left;
      const end = start + (tiles - 1) * step + window;
      const [inStart, inEnd] = [Math.max(start, 0), Math.min(end, width)];
      let inside = 0;
      for (let i = 0; i < window; i++) if (row + i >= 0 && row + i < height) inside |= 1 << i;
      segments[word++] = 4 * ((image * maps * height + row) * width + inStart);
      segments[word++] = inside;
      segments[word++] = 4 * (column + inStart - start);
      segments[word++] = 4 * Math.max(0, inEnd - inStart);
      for (let i = 0; i < tiles; i++) {
        const at = this.#strip + 4 * (column + i * step);
        for (let map = 0; map < this.#together; map++) lanes[lane++] = at + map * this.#mapBytes;
      }
      tile += tiles;
      column += end - start;
    }
    while (lane % 4 > 0) lanes[lane++] = lanes[lane - 2]!;
    return word / 4;
  }
}

/** Writes the groups of four of the tiles from `from` up to `to` for the kernel `output`; tiles beyond have no rows. */
export function writeGroups(
  { maps, height, width, step, tileRows, tileColumns }: Tiling,
  from: number,
  to: number,
  groups: number,
): void {
  const words = new Int32Array(memory().buffer, groups);
  const groupWords = GROUP_BYTES / 4;
  words.fill(0, 0, Math.ceil((to - from) / 4) * groupWords);
  for (let tile = from; tile < to; tile++) {
    const line = Math.floor(tile / tileColumns);
    const image = Math.floor(line / tileRows);
    const [row, column] = [(line % tileRows) * step, (tile % tileColumns) * step];
    const [rows, columns] = [Math.min(step, height - row), Math.min(step, width - column)];
    const lane = (tile - from) % 4;
    const group = ((tile - from - lane) / 4) * groupWords;
    words[group + lane] = 4 * ((image * maps * height + row) * width + column);
    // Two tiles share a word; a byte for the rows, one for the columns.
    words[group + 5 + (lane >> 1)]! |= (rows | (columns << 8)) << (16 * (lane & 1));
    if (rows === step && columns === step) words[group + 4]!++;
  }
}
