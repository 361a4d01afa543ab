/** Backward of 2 × 2 windows side by side: each pixel under a window is written once, four windows at a time. */
import { advance, forRange } from "../assembler/control.js";
import { type Local, local } from "../assembler/expression.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as i32 from "../assembler/i32.js";
import * as i32x4 from "../assembler/i32x4.js";
import * as v128 from "../assembler/v128.js";
import { lazy } from "../elementwise/compile.js";
import { keep, type Vector } from "../elementwise/math.js";
import { cursor, type Step, sweep } from "../elementwise/rows.js";

interface Windows {
  readonly dy: Vector;
  /** Positions of the maxima in their plane. */
  readonly argmax: Vector;
  /** Position of each window's first pixel. */
  readonly corner: Vector;
  readonly width: Local<"i32">;
  readonly count: Vector;
}

/** The gradient of the pixel in a window's row 0 or 1 and column 0 or 1. */
type Pixel = (windows: Windows, row: number, column: number) => Vector;

/**
 * Called with (planes, rows and columns of dy, width of dx, bytes of a plane of dx, dy, argmax, dx, pixels of a window).
 * What of dx is under no window stays as it is.
 */
function halvesKernel(pixel: Pixel) {
  return lazy(
    () => (planes, rows, columns, width, plane, dy, argmax, dx, pixels) => {
      const count = keep(f32x4.splat(pixels));
      const rowBytes = local(i32.shl(width, 2));
      forRange(0, planes, 1, () => {
        forRange(0, rows, 1, (i) => {
          const upper = local(i32.add(dx, i32.mul(i, i32.shl(rowBytes, 1))));
          const lower = local(i32.add(upper, rowBytes));
          const corner = keep(i32x4.add(i32x4.splat(i32.mul(i, i32.shl(width, 1))), i32x4.const(0, 2, 4, 6)));
          sweep(columns, [dy, argmax], (step) => {
            const windows = {
              dy: keep(cursor(dy, step).get()),
              argmax: keep(cursor(argmax, step).get()),
              corner,
              width,
              count,
            };
            for (const [row, address] of [upper, lower].entries()) {
              store(address, keep(pixel(windows, row, 0)), keep(pixel(windows, row, 1)), step);
              advance(address, 2 * step);
            }
            corner.set(i32x4.add(corner, i32x4.splat(step / 2)));
          });
        });
        advance(dx, plane);
      });
    },
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "f32"],
  );
}

/** Stores two columns, in turns. */
function store(address: Local<"i32">, left: Local<"v128">, right: Local<"v128">, step: Step): void {
  const low = i32x4.shuffle(left, right, [0, 4, 1, 5]);
  if (step === 4) v128.store64Lane(address, 0, low);
  else {
    v128.store(address, low);
    v128.store(address, i32x4.shuffle(left, right, [2, 6, 3, 7]), 16);
  }
}

export const maxHalvesBackward = /* @__PURE__ */ halvesKernel(({ dy, argmax, corner, width }, row, column) => {
  const rowStart = row === 0 ? corner : i32x4.add(corner, i32x4.splat(width));
  return v128.and(dy, i32x4.eq(argmax, column === 0 ? rowStart : i32x4.add(rowStart, i32x4.splat(1))));
});

export const averageHalvesBackward = /* @__PURE__ */ halvesKernel(({ dy, count }) => f32x4.div(dy, count));
