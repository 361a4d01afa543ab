/** Tables of where the rows of matrices, the taps of patches and their pixels lie: 32-bit offsets in the engine's memory. */
import { memory, scratch } from "../memory.js";

export interface Table {
  readonly at: number;
  readonly count: number;
  /** To be filled before more scratch is reserved, which may move the memory. */
  readonly entries: Int32Array;
}

export function newTable(count: number): Table {
  const at = scratch(4 * count);
  return { at, count, entries: new Int32Array(memory().buffer, at, count) };
}

/** Where a table lies of the numbers 0, step, 2·step, … A layer's run makes dozens: a view for each would be most of its garbage. */
export function multiplesOf(step: number, count: number): number {
  const at = scratch(4 * count);
  const { buffer } = memory();
  if (words?.buffer !== buffer) words = new Int32Array(buffer);
  for (let i = 0; i < count; i++) words[at / 4 + i] = i * step;
  return at;
}

/** The whole memory, as long as it does not grow. */
let words: Int32Array | undefined;
