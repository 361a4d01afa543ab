/** Tables of where the rows of matrices, the taps of patches and their pixels lie. */
import { memory, scratch } from "../memory.js";

/** 32-bit offsets in the engine's memory. */
export class Table {
  readonly at: number;
  #entries: Int32Array | undefined;

  constructor(readonly count: number) {
    this.at = scratch(4 * count);
  }

  /** To be filled before more scratch is reserved, which may move the memory. */
  get entries(): Int32Array {
    this.#entries ??= new Int32Array(memory().buffer, this.at, this.count);
    return this.#entries;
  }

  /** A table of the numbers 0, step, 2·step, … A layer's run makes dozens: a view for each would be most of its garbage. */
  static range(length: number, step: number): Table {
    const table = new Table(length);
    const { buffer } = memory();
    if (words?.buffer !== buffer) words = new Int32Array(buffer);
    const first = table.at / 4;
    for (let i = 0; i < length; i++) words[first + i] = i * step;
    return table;
  }
}

/** The whole memory, as long as it does not grow. */
let words: Int32Array | undefined;
