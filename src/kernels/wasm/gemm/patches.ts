/**
 * Kernels between an image and its matrix of patches (taps × pixels), whose entry lies `taps[tap]` bytes after the
 * first pixel of its patch.
 */
import { advance, doWhile, forRange, when } from "../assembler/control.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import * as f32 from "../assembler/f32.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as i32 from "../assembler/i32.js";
import * as i32x4 from "../assembler/i32x4.js";
import { select } from "../assembler/instructions.js";
import type { Simd } from "../assembler/simd.js";
import * as v128 from "../assembler/v128.js";
import { lazy } from "../elementwise/compile.js";
import { TILE } from "./multiply.js";

type EachTap = (start: Expr<"i32">, entry: Expr<"i32">, visit: (at: Local<"i32">, entry: Local<"i32">) => void) => void;

/**
 * The kernel `patches`: matrix[tap, pixel] = image[taps[tap] + pixels[pixel]], in panels of pixels.
 *
 * `pixels` is a table of offsets in bytes; it ascends, neighbors mostly are neighbors in the image, and a panel's width
 * of any further entries follows. Up to 12 bytes beyond either end of a row of the image are read.
 */
export const patchesKernel = /* @__PURE__ */ lazy((_, simd: Simd) => {
  const { vectors } = TILE[simd];
  return (image, taps, count, pixels, length, matrix, tapStride, panelStride) => {
    const end = local(i32.add(taps, i32.shl(count, 2)));
    /** Visits every tap with its place in the image, for the pixel at `start`, and in the matrix. */
    const eachTap: EachTap = (start, first, visit) => {
      const [pixel, entry, at] = [local(i32.add(image, start)), local(first), local("i32")];
      forRange(taps, end, 4, (tap) => {
        at.set(i32.add(pixel, i32.load(tap)));
        visit(at, entry);
        advance(entry, tapStride);
      });
    };
    const width = 4 * vectors;
    const reach = 4 * (width - 1);
    doWhile(() => {
      const whole = local(i32.geU(length, width));
      const first = local(i32.load(pixels));
      when(
        i32.and(whole, i32.eq(i32.sub(i32.load(pixels, reach), first), reach)),
        () =>
          eachTap(first, matrix, (at, entry) => {
            for (let j = 0; j < vectors; j++) v128.store(entry, v128.load(at, 16 * j), 16 * j);
          }),
        () => {
          const [place, entry] = [local(pixels), local(matrix)];
          forRange(0, select(whole, vectors, i32.shrU(length, 2)), 1, () => {
            copyFour(place, entry, eachTap);
            advance(place, 16);
            advance(entry, 16);
          });
          forRange(0, select(whole, 0, i32.and(length, 3)), 1, () => {
            copyOne(i32.load(place), entry, eachTap);
            advance(place, 4);
            advance(entry, 4);
          });
        },
      );
      advance(pixels, 4 * width);
      advance(matrix, panelStride);
      advance(length, -width);
      return i32.gtS(length, 0);
    });
  };
});

/** Four pixels that need not lie side by side: pieces of two rows as a rule, else one by one. */
function copyFour(pixels: Expr<"i32">, matrix: Expr<"i32">, eachTap: EachTap): void {
  const places = local(v128.load(pixels));
  const first = local(i32x4.extractLane(0, places));
  const last = local(i32.sub(i32x4.extractLane(3, places), 12));
  const steps = i32x4.const(0, 4, 8, 12);
  const mask = local(i32x4.eq(places, i32x4.add(i32x4.splat(first), steps)));
  const rest = i32x4.eq(places, i32x4.add(i32x4.splat(last), steps));
  when(
    i32x4.allTrue(v128.or(mask, rest)),
    () => {
      const apart = local(i32.sub(last, first));
      eachTap(first, matrix, (at, entry) =>
        v128.store(entry, v128.bitselect(v128.load(at), v128.load(i32.add(at, apart)), mask)),
      );
    },
    () => forRange(0, 16, 4, (offset) => copyOne(i32.load(i32.add(pixels, offset)), i32.add(matrix, offset), eachTap)),
  );
}

function copyOne(pixel: Expr<"i32">, matrix: Expr<"i32">, eachTap: EachTap): void {
  eachTap(pixel, matrix, (at, entry) => f32.store(entry, f32.load(at)));
}

/**
 * The kernel `spread`, the adjoint: image[taps[tap] + row, column] += matrix[tap, row, column], for output rows
 * `imageRow` bytes apart in the image. Tap by tap, since neighboring taps meet the same pixels one step later, and a
 * processor that loads what it has just stored waits.
 */
export const spreadKernel = /* @__PURE__ */ lazy(
  () => (image, imageRow, taps, count, matrix, tapStride, rows, columns) =>
    forRange(taps, i32.add(taps, i32.shl(count, 2)), 4, (tap) => {
      const [line, read] = [local(i32.add(image, i32.load(tap))), local(matrix)];
      forRange(0, rows, 1, () => {
        const write = local(line);
        forRange(0, i32.shrU(columns, 2), 1, () => {
          v128.store(write, f32x4.add(v128.load(write), v128.load(read)));
          advance(write, 16);
          advance(read, 16);
        });
        forRange(0, i32.and(columns, 3), 1, () => {
          f32.store(write, f32.add(f32.load(write), f32.load(read)));
          advance(write, 4);
          advance(read, 4);
        });
        advance(line, imageRow);
      });
      advance(matrix, tapStride);
    }),
);
