/** Which parts of the engine's memory are taken: a first-fit allocator over a list of gaps, in plain numbers. */

/** Blocks start and end at multiples of this: a cache line, so that no two tensors share one. */
export const ALIGNMENT = 64;

interface Gap {
  start: number;
  end: number;
}

export class Heap {
  /** Free parts in ascending order; no two touch. */
  readonly gaps: Gap[] = [];
  #end: number;
  /** Where the last block of all that there have been ended: what lies beyond takes no memory yet. */
  reached = 0;

  /**
   * @param start first byte that may be given out
   * @param grow makes the memory reach to `end` or beyond and returns its new size, or undefined where it cannot
   */
  constructor(
    start: number,
    private readonly grow: (end: number) => number | undefined,
  ) {
    this.#end = roundUp(start);
  }

  /**
   * Offset of a block of at least `bytes`, or undefined where the memory is full. Its contents are whatever was there.
   */
  allocate(bytes: number): number | undefined {
    const size = roundUp(bytes);
    for (let i = 0; i < this.gaps.length; i++) {
      const gap = this.gaps[i] as Gap;
      if (gap.end - gap.start < size) continue;
      const { start } = gap;
      gap.start += size;
      this.reached = Math.max(this.reached, gap.start);
      if (gap.start === gap.end) this.gaps.splice(i, 1);
      return start;
    }
    // A gap at the very end is too small by itself, but it need not be bought again.
    const last = this.gaps.at(-1);
    const start = last?.end === this.#end ? last.start : this.#end;
    const end = this.grow(start + size);
    if (end === undefined) return undefined;
    if (start !== this.#end) this.gaps.pop();
    const whole = end - (end % ALIGNMENT);
    if (whole > start + size) this.gaps.push({ start: start + size, end: whole });
    this.#end = whole;
    this.reached = start + size;
    return start;
  }

  /** Gives back a block that `allocate(bytes)` returned. */
  free(start: number, bytes: number): void {
    const end = start + roundUp(bytes);
    let at = this.gaps.findIndex((gap) => gap.start > start);
    if (at < 0) at = this.gaps.length;
    const [before, after] = [this.gaps[at - 1], this.gaps[at]];
    const [left, right] = [before?.end === start ? 1 : 0, after?.start === end ? 1 : 0];
    this.gaps.splice(at - left, left + right, {
      start: left ? (before as Gap).start : start,
      end: right ? (after as Gap).end : end,
    });
  }
}

/** Whether there is a gap for this many bytes among what has been in use. */
export function fits({ gaps, reached }: Heap, bytes: number): boolean {
  const size = roundUp(bytes);
  return gaps.some(({ start, end }) => Math.min(end, reached) - start >= size);
}

/** Bytes that are free between blocks. */
export function scattered({ gaps, reached }: Heap): number {
  return gaps.reduce((sum, { start, end }) => sum + (end < reached ? end - start : 0), 0);
}

/** Bytes that a block of this many takes, at least one unit. */
export function roundUp(bytes: number): number {
  return Math.ceil(Math.max(bytes, 1) / ALIGNMENT) * ALIGNMENT;
}
