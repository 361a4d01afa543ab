/** Passes over numbers at the speed of the memory: how large they are. */
import { advance, forRange, min, when } from "../assembler/control.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as i32 from "../assembler/i32.js";
import * as i32x4 from "../assembler/i32x4.js";
import * as v128 from "../assembler/v128.js";
import { lazy } from "../elementwise/compile.js";
import { rowKernel } from "../elementwise/rows.js";
import * as gemm from "../gemm/kernels.js";
import { times } from "./variant.js";

// Without their sign, floats and their bits have the same order, with NaN above infinity; so these are maxima of integers.

/** Maps, or vectors, that are read side by side. */
const TOGETHER = 4;

/**
 * `(x, images, maps, bytes, to)`: to[image, i] = max(to[image, i], |x[image, map, i]| of all maps), maps being of this many
 * bytes. What lies at their ends comes up twice, which does not change a maximum.
 */
const largestOfMaps = /* @__PURE__ */ lazy(() => (x, images, maps, bytes, to) => {
  const mask = local(i32x4.splat(0x7fffffff));
  const [last, lastVector] = [local(i32.sub(maps, 1)), local(i32.sub(bytes, 16))];
  forRange(0, images, 1, () => {
    forRange(0, maps, TOGETHER, (map) => {
      const rows = times(TOGETHER, (i) => {
        const index = local(i32.add(map, i));
        return local(i32.add(x, i32.mul(bytes, min(index, last))));
      });
      const max = (at: Local<"i32">, load: (address: Expr<"i32">) => Expr<"v128">) =>
        rows.reduce((all, row) => i32x4.maxU(all, v128.and(load(i32.add(row, at)), mask)), load(i32.add(to, at)));
      when(
        i32.ltS(lastVector, 0),
        () => forRange(0, bytes, 4, (at) => v128.store32Lane(i32.add(to, at), 0, max(at, v128.load32Zero))),
        () =>
          forRange(0, bytes, 16, (next) => {
            const at = local(min(next, lastVector));
            v128.store(i32.add(to, at), max(at, v128.load));
          }),
      );
    });
    advance(x, i32.mul(maps, bytes));
    advance(to, bytes);
  });
});

/** The largest magnitudes of all maps of every image. */
export function magnitudes(x: number, images: number, maps: number, numbers: number, to: number) {
  gemm.clear(to, images * numbers);
  largestOfMaps()(x, images, maps, 4 * numbers, to);
}

export function largestIn(numbers: Float32Array): number {
  return numbers.reduce((largest, value) => Math.max(largest, value), 0);
}

/**
 * `(from, to, bytes, step, count)`: to[i] = max of from[i] and of what lies `step` bytes further, … up to `count` numbers.
 * Bytes up to the next multiple of 64 are read and written, and their reach.
 */
export const largestInReach = /* @__PURE__ */ lazy(() => (from, to, bytes, step, count) => {
  forRange(0, bytes, 16 * TOGETHER, () => {
    const next = local(from);
    const max = times(TOGETHER, (i) => local(v128.load(next, 16 * i)));
    forRange(1, count, 1, () => {
      advance(next, step);
      for (const [i, vector] of max.entries()) vector.set(i32x4.maxU(vector, v128.load(next, 16 * i)));
    });
    for (const [i, vector] of max.entries()) v128.store(to, vector, 16 * i);
    advance(from, 16 * TOGETHER);
    advance(to, 16 * TOGETHER);
  });
});

/**
 * `(x, images, bytes, rows, step, length, times, maxima, list)`: maxima[image] = the largest of an image's bytes; and in `list`
 * the places of those of its rows, `length` bytes every `step`, that have a number so many times smaller. Returns how many
 * those are. Rows of less than four numbers are read a little beyond.
 */
export const unevenRows = /* @__PURE__ */ lazy(
  () => (x, images, bytes, rows, step, length, times, maxima, list) => {
    const start = local(list);
    const over = (from: Local<"i32">, all: Local<"i32">, visit: (vector: Expr<"v128">) => void) => {
      const last = local(i32.sub(all, 16));
      forRange(0, all, 16, (at) => visit(v128.load(i32.add(from, min(at, last)))));
    };
    forRange(0, images, 1, () => {
      const largest = local("v128", 0);
      over(x, bytes, (vector) => largest.set(i32x4.maxU(largest, vector)));
      largest.set(i32x4.maxU(largest, i32x4.shuffle(largest, largest, [2, 3, 0, 1])));
      largest.set(i32x4.maxU(largest, i32x4.shuffle(largest, largest, [1, 0, 3, 2])));
      v128.store32Lane(maxima, 0, largest);
      const row = local(x);
      forRange(0, rows, 1, () => {
        const smallest = local(largest);
        over(row, length, (vector) => smallest.set(i32x4.minU(smallest, vector)));
        when(v128.anyTrue(f32x4.lt(f32x4.mul(smallest, f32x4.splat(times)), largest)), () => {
          i32.store(list, row);
          advance(list, 4);
        });
        advance(row, step);
      });
      advance(maxima, 4);
      advance(x, bytes);
    });
    return i32.shrU(i32.sub(list, start), 2);
  },
  ["i32", "i32", "i32", "i32", "i32", "i32", "f32", "i32", "i32"],
);

/** `(1, 0, count, x, by)`: x ← (by·x)² */
export const squareScaled = /* @__PURE__ */ rowKernel({ arrays: ["x"], numbers: ["by"] }, ({ x }, { by }) => {
  const value = local(f32x4.mul(x.get(), by));
  x.set(f32x4.mul(value, value));
});
