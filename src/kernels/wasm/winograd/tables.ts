/** Tables that tell the kernels `input` and `output` where tiles lie. */
import { GROUP_BYTES } from "./output.js";
import type { Plan } from "./plan.js";

/** Integers in the engine's memory. */
export interface Table {
  readonly offset: number;
  readonly words: Int32Array;
}

/** Floats of the strip that holds the columns of `tiles` tiles, which may come in as many rows of tiles. */
export function stripColumns({ variant: { size }, tileColumns }: Plan, tiles: number): number {
  const rows = Math.ceil(tiles / tileColumns) + 1;
  return tiles * size + 2 * Math.min(rows, tiles) + 4;
}

/**
 * Segments of the tiles from `from` up to `to`, and where each tile's columns start in the strip; the last quad is
 * filled up with copies of the last tile. Returns how many segments there are.
 */
export function inputTables(
  plan: Plan,
  from: number,
  to: number,
  segments: Table,
  starts: Table,
  strip: number,
): number {
  const { variant, tileRows, tileColumns, channels, height, width, top, left } = plan;
  const { size } = variant;
  let count = 0;
  let column = 0;
  for (let tile = from; tile < to; count++) {
    const line = Math.floor(tile / tileColumns);
    const image = Math.floor(line / tileRows);
    const first = tile % tileColumns;
    const tiles = Math.min(tileColumns - first, to - tile);
    const row = (line % tileRows) * size - top;
    const [start, end] = [first * size - left, (first + tiles) * size - left + 2];
    const [inStart, inEnd] = [Math.max(start, 0), Math.min(end, width)];
    let inside = 0;
    for (let i = 0; i < size + 2; i++) if (row + i >= 0 && row + i < height) inside |= 1 << i;
    segments.words[4 * count] = 4 * ((image * channels * height + row) * width + inStart);
    segments.words[4 * count + 1] = inside;
    segments.words[4 * count + 2] = 4 * (column + inStart - start);
    segments.words[4 * count + 3] = 4 * Math.max(0, inEnd - inStart);
    for (let i = 0; i < tiles; i++) starts.words[tile + i - from] = strip + 4 * (column + i * size);
    tile += tiles;
    column += end - start;
  }
  const tiles = to - from;
  starts.words.fill(starts.words[tiles - 1]!, tiles, 4 * Math.ceil(tiles / 4));
  return count;
}

/** Groups of four of the tiles from `from` up to `to`; tiles beyond have no rows. */
export function outputTable(plan: Plan, from: number, to: number, { words }: Table): void {
  const { variant, tileRows, tileColumns, filters, outHeight, outWidth } = plan;
  const { size } = variant;
  const groupWords = GROUP_BYTES / 4;
  words.fill(0, 0, Math.ceil((to - from) / 4) * groupWords);
  for (let tile = from; tile < to; tile++) {
    const line = Math.floor(tile / tileColumns);
    const image = Math.floor(line / tileRows);
    const [row, column] = [(line % tileRows) * size, (tile % tileColumns) * size];
    const [rows, columns] = [Math.min(size, outHeight - row), Math.min(size, outWidth - column)];
    const lane = (tile - from) % 4;
    const group = ((tile - from - lane) / 4) * groupWords;
    words[group + lane] = 4 * ((image * filters * outHeight + row) * outWidth + column);
    // Two tiles share a word; a byte for the rows, one for the columns.
    words[group + 5 + (lane >> 1)]! |= (rows | (columns << 8)) << (16 * (lane & 1));
    if (rows === size && columns === size) words[group + 4]!++;
  }
}
