import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALIGNMENT, Heap } from "../../src/kernels/wasm/heap.js";

const LIMIT = 1 << 20;
const PAGE = 1 << 16;

function heapOf(limit = LIMIT) {
  let size = 0;
  const heap = new Heap(100, (end) => {
    const wanted = Math.ceil(end / PAGE) * PAGE;
    if (wanted > limit) return undefined;
    size = Math.max(size, wanted);
    return size;
  });
  return { heap, size: () => size };
}

describe("Heap", () => {
  test("live blocks are aligned, inside the memory and never overlap, for any sequence of calls", () => {
    const actions = fc.array(fc.record({ bytes: fc.integer({ min: 0, max: 50_000 }), drop: fc.nat() }), {
      maxLength: 80,
    });
    fc.assert(
      fc.property(actions, (list) => {
        const { heap, size } = heapOf();
        const live: { start: number; bytes: number }[] = [];
        for (const { bytes, drop } of list) {
          if (drop % 3 === 0 && live.length > 0) {
            const [block] = live.splice(drop % live.length, 1);
            heap.free(block!.start, block!.bytes);
            continue;
          }
          const start = heap.allocate(bytes);
          if (start === undefined) continue;
          expect(start % ALIGNMENT).toBe(0);
          expect(start).toBeGreaterThanOrEqual(100);
          expect(start + bytes).toBeLessThanOrEqual(size());
          for (const other of live) {
            expect(start + Math.max(bytes, 1) <= other.start || other.start + Math.max(other.bytes, 1) <= start).toBe(
              true,
            );
          }
          live.push({ start, bytes });
        }
        for (const { start, bytes } of live) heap.free(start, bytes);
        // Everything that was bought is one gap again.
        if (size() > 0) {
          expect(heap.gaps.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(size() - 2 * ALIGNMENT);
          expect(heap.allocate(size() - 2 * ALIGNMENT)).toBe(2 * ALIGNMENT);
        }
      }),
    );
  });

  test("a steady pattern of blocks needs no more memory after its first round", () => {
    const { heap, size } = heapOf();
    const round = () => {
      const blocks = [10_000, 70_000, 300, 20_000].map((bytes) => ({ bytes, start: heap.allocate(bytes)! }));
      for (const { start, bytes } of blocks) heap.free(start, bytes);
    };
    round();
    const first = size();
    for (let i = 0; i < 1000; i++) round();
    expect(size()).toBe(first);
  });

  test("a full memory gives undefined and stays usable", () => {
    const { heap } = heapOf(PAGE);
    const block = heap.allocate(60_000);
    expect(block).toBe(128);
    expect(heap.allocate(60_000)).toBeUndefined();
    heap.free(block!, 60_000);
    expect(heap.allocate(60_000)).toBe(128);
  });
});
