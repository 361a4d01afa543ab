/** Where the tiles of images lie, as the kernels that read or write them expect them. */
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

/**
 * Transforms `maps` maps of the tiles from `from` up to `to`, x being where the first map of the first image starts. Points
 * lie `point` bytes apart at v, panels `panel` bytes.
 */
type Strips = (x: number, maps: number, from: number, to: number, v: number, point: number, panel: number) => void;

/** What runs a strip kernel over ranges of tiles. Reserves scratch memory; views on the memory are made when the kernel runs. */
export function stripsOf(kernel: Kernel, tiling: Tiling, { of, perPanel, quads }: Lanes): Strips {
  const { height, width, top, left, step, window, tileRows, tileColumns } = tiling;
  const together = of === "maps" ? perPanel : 1;
  const maxTiles = of === "maps" ? STRIP_TILES / 4 : STRIP_TILES;
  const maxSegments = Math.min(maxTiles, Math.ceil(maxTiles / tileColumns) + 1);
  const rowBytes = 4 * (maxTiles * step + maxSegments * (window - step) + 4);
  const mapBytes = MAX_POINTS * rowBytes;
  const zeros = scratch(4 * width);
  const strip = scratch(together * mapBytes);
  const segmentsAt = scratch(maxSegments * SEGMENT_BYTES);
  const lanesAt = scratch(4 * maxTiles * together);

  /** Writes the segments of the tiles, and where their lanes start in the strips; returns how many segments there are. */
  function write(from: number, to: number): number {
    const segments = new Int32Array(memory().buffer, segmentsAt);
    const lanes = new Int32Array(memory().buffer, lanesAt);
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
      segments[word++] = 4 * ((image * tiling.maps * height + row) * width + inStart);
      segments[word++] = inside;
      segments[word++] = 4 * (column + inStart - start);
      segments[word++] = 4 * Math.max(0, inEnd - inStart);
      for (let i = 0; i < tiles; i++) {
        const at = strip + 4 * (column + i * step);
        for (let map = 0; map < together; map++) lanes[lane++] = at + map * mapBytes;
      }
      tile += tiles;
      column += end - start;
    }
    while (lane % 4 > 0) lanes[lane++] = lanes[lane - 2]!;
    return word / 4;
  }

  return (x, maps, from, to, v, point, panel) => {
    const floats = new Float32Array(memory().buffer);
    floats.fill(0, zeros / 4, zeros / 4 + width);
    for (let tile = from; tile < to; tile += maxTiles) {
      const end = Math.min(to, tile + maxTiles);
      const tiles = end - tile;
      floats.fill(0, strip / 4, (strip + together * mapBytes) / 4);
      const segments = write(tile, end);
      const start = of === "tiles" ? ((tile - from) / perPanel) * panel : 4 * perPanel * (tile - from);
      kernel(
        ...[x, maps, 4 * height * width, 4 * width, zeros],
        ...[segmentsAt, segmentsAt + segments * SEGMENT_BYTES, strip, rowBytes, mapBytes],
        ...[together, lanesAt, Math.ceil((tiles * together) / 4)],
        ...[v + start, point],
        ...(of === "tiles" ? [panel, 4 * perPanel] : [16 * quads, panel]),
      );
    }
  };
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
