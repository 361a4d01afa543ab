/**
 * The loops over the windows of a pooling. Windows along a row that have the same size and the same distance from their
 * neighbors (all but those at the edges) are taken four at a time, one in each lane; every other one is by itself.
 */
import { advance, forRange, min, when } from "../assembler/control.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import * as f32 from "../assembler/f32.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as f64 from "../assembler/f64.js";
import * as f64x2 from "../assembler/f64x2.js";
import * as i32 from "../assembler/i32.js";
import * as i32x4 from "../assembler/i32x4.js";
import { select } from "../assembler/instructions.js";
import type { Body, Kernel, ModuleBuilder } from "../assembler/module.js";
import * as v128 from "../assembler/v128.js";
import { lazy } from "../elementwise/compile.js";
import { keep, type Vector, where } from "../elementwise/math.js";
import { singles, Total } from "../elementwise/rows.js";

/** The windows that are taken four at a time. */
export interface Stretch {
  /** Pixels of a window's row, 0 where no windows are alike. */
  readonly taps: number;
  /** Pixels from one of them to the next. */
  readonly step: number;
  /** Pixels from a window to the next. */
  readonly stride: number;
}

/** One window of the plane at x: rows from `top` on below `bottom`, columns likewise. */
const window = {
  x: "i32",
  width: "i32",
  top: "i32",
  bottom: "i32",
  rowStep: "i32",
  left: "i32",
  right: "i32",
  columnStep: "i32",
  y: "i32",
  argmax: "i32",
  count: "f64",
} as const;
type Window = { readonly [K in keyof typeof window]: Local<(typeof window)[K]> };

/** What the windows of a row share. */
interface Row extends Pick<Window, "width" | "top" | "bottom" | "rowStep"> {
  readonly stretch: Stretch;
  /** How often an average counts a row of pixels. */
  readonly rowCount: Local<"f64">;
}

/** Four windows of a row. */
interface Four {
  /** First column of the first of them. */
  readonly left: Local<"i32">;
  readonly y: Local<"i32">;
  readonly argmax: Local<"i32">;
  /** Where the averages' counts of their columns are. */
  readonly counts: Local<"i32">;
  /** Visits every pixel of the windows: `pixel` holds one of each. */
  visit(write: (pixel: Vector) => void, nextRow?: () => void): void;
}

interface Pooling {
  single(w: Window): void;
  /** Starts a row; returns what writes four windows, and whether all those must be looked at one by one after all. */
  fours(row: Row): { write(four: Four): void; readonly failed?: Expr<"i32"> };
}

const maximum: Pooling = {
  single({ x, width, top, bottom, rowStep, left, right, columnStep, y, argmax }) {
    const best = local("f32", Number.NEGATIVE_INFINITY);
    const place = local(-1);
    forRange(top, bottom, rowStep, (row) =>
      forRange(left, right, columnStep, (column) => {
        const at = local(i32.add(i32.mul(row, width), column));
        const value = local("f32", f32.load(i32.add(x, i32.shl(at, 2))));
        // The first pixel wins a window of −∞, the last NaN a window with several.
        const isFirst = i32.ltS(place, 0);
        const wins = local(i32.or(i32.or(f32.gt(value, best), f32.ne(value, value)), isFirst));
        best.set(select(wins, value, best));
        place.set(select(wins, at, place));
      }),
    );
    f32.store(y, best);
    i32.store(argmax, place);
  },

  /** The sum of a window's pixels tells whether there may be a NaN among them. */
  fours({ width, top, bottom, rowStep, stretch: { taps, step, stride } }) {
    const corners = keep(i32x4.add(i32x4.splat(i32.mul(top, width)), i32x4.const(0, stride, 2 * stride, 3 * stride)));
    const empty = keep(i32x4.splat(i32.sub(i32.ltU(top, bottom), 1))); // −1 where the row has no pixel
    const toNextRow = keep(i32x4.splat(i32.sub(i32.mul(width, rowStep), taps * step)));
    const doubtful = keep(0);
    return {
      write({ left, y, argmax, visit }) {
        const best = keep(Number.NEGATIVE_INFINITY);
        const sum = keep(0);
        const here = keep(i32x4.add(corners, i32x4.splat(left)));
        const place = keep(v128.or(here, empty));
        visit(
          (pixel) => {
            place.set(where(f32x4.gt(pixel, best), here, place));
            best.set(f32x4.pmax(best, pixel));
            sum.set(f32x4.add(sum, pixel));
            here.set(i32x4.add(here, i32x4.const(step, step, step, step)));
          },
          () => here.set(i32x4.add(here, toNextRow)),
        );
        v128.store(y, best);
        v128.store(argmax, place);
        doubtful.set(v128.or(doubtful, f32x4.ne(sum, sum)));
      },
      failed: v128.anyTrue(doubtful),
    };
  },
};

const average: Pooling = {
  single({ x, width, top, bottom, rowStep, left, right, columnStep, y, count }) {
    const sum = local("f64", 0);
    forRange(top, bottom, rowStep, (row) =>
      forRange(left, right, columnStep, (column) => {
        const at = i32.add(x, i32.shl(i32.add(i32.mul(row, width), column), 2));
        sum.set(f64.add(sum, f64.promoteF32(f32.load(at))));
      }),
    );
    f32.store(y, f32.demoteF64(f64.div(sum, count)));
  },

  fours({ rowCount }) {
    const rows = keep(f64x2.splat(rowCount));
    return {
      write({ y, counts, visit }) {
        const total = new Total();
        visit((pixel) => total.add(pixel));
        const [low, high] = total.lanes;
        const divided = (lanes: Vector, offset: number) => f64x2.div(lanes, f64x2.mul(rows, v128.load(counts, offset)));
        v128.store(y, singles([divided(low, 0), divided(high, 16)]));
      },
    };
  },
};

/**
 * Called with (planes, x, y, argmax, tables, width, bytes of a plane of x, rows and columns of y, rowStep, columnStep,
 * first window of the stretch, first window after it). The tables are the rows' `first` and `end`, the columns' `first`
 * and `end`, 32-bit integers, and then the rows' and the columns' counts in double precision.
 */
function windowKernel(builder: ModuleBuilder, pooling: Pooling, stretch: Stretch): Body {
  const single = builder.function(window, pooling.single);
  return (planes, x, y, argmax, tables, width, plane, rows, columns, rowStep, columnStep, start, stop) => {
    const columnTable = local(i32.add(tables, i32.shl(rows, 3)));
    const rowCounts = local(i32.add(columnTable, i32.shl(columns, 3)));
    const columnCounts = local(i32.add(rowCounts, i32.shl(rows, 3)));
    const rowBytes = local(i32.shl(i32.mul(width, rowStep), 2)); // from a row of pixels of a window to the next

    forRange(0, planes, 1, () => {
      forRange(0, rows, 1, (i) => {
        const entry = local(i32.add(tables, i32.shl(i, 2)));
        const top = local(i32.load(entry));
        const bottom = local(i32.load(i32.add(entry, i32.shl(rows, 2))));
        const rowCount = local("f64", f64.load(i32.add(rowCounts, i32.shl(i, 3))));
        const row = { width, top, bottom, rowStep };
        const element = (j: Expr<"i32">, base: Expr<"i32">) => local(i32.add(base, i32.shl(j, 2)));
        const oneByOne = (from: Expr<"i32"> | number, to: Expr<"i32">) =>
          forRange(from, to, 1, (j) => {
            const column = element(j, columnTable);
            const right = i32.load(i32.add(column, i32.shl(columns, 2)));
            const count = f64.mul(rowCount, f64.load(i32.add(columnCounts, i32.shl(j, 3))));
            const [to, place] = [element(j, y), element(j, argmax)];
            single({ ...row, x, left: i32.load(column), right, columnStep, y: to, argmax: place, count });
          });

        oneByOne(0, start);
        if (stretch.taps > 0) {
          const last = local(i32.sub(stop, 4));
          const { write, failed } = pooling.fours({ ...row, stretch, rowCount });
          forRange(start, stop, 4, (next) => {
            // The last four overlap the ones before if need be.
            const j = local(min(next, last));
            const left = local(i32.load(element(j, columnTable)));
            write({
              left,
              y: element(j, y),
              argmax: element(j, argmax),
              counts: local(i32.add(columnCounts, i32.shl(j, 3))),
              visit(writePixel, nextRow) {
                const pixel = element(i32.add(i32.mul(top, width), left), x);
                forRange(top, bottom, rowStep, () => {
                  for (let tap = 0; tap < stretch.taps; tap++) writePixel(keep(pixels(pixel, tap, stretch)));
                  advance(pixel, rowBytes);
                  nextRow?.();
                });
              },
            });
          });
          if (failed) when(failed, () => oneByOne(start, stop));
        }
        oneByOne(stop, columns);
        advance(y, i32.shl(columns, 2));
        advance(argmax, i32.shl(columns, 2));
      });
      advance(x, plane);
    });
  };
}

/** Pixel `tap` of the row of each of four windows. No byte beyond the last window's is read. */
function pixels(row: Local<"i32">, tap: number, { step, stride }: Stretch): Vector {
  const offset = 4 * tap * step;
  if (stride === 1) return v128.load(row, offset);
  if (stride === 2) return i32x4.shuffle(v128.load(row, offset), v128.load(row, offset + 12), [0, 2, 5, 7]);
  return [1, 2, 3].reduce<Vector>(
    (lanes, lane) => v128.load32Lane(row, lane, lanes, offset + 4 * stride * lane),
    v128.load32Splat(row, offset),
  );
}

/** One kernel for every kind of stretch. */
function kernels(pooling: Pooling): (taps: number, step: number, stride: number) => Kernel {
  return lazy((builder, taps: number, step: number, stride: number) =>
    windowKernel(builder, pooling, { taps, step, stride }),
  );
}

export const maxWindows = /* @__PURE__ */ kernels(maximum);
export const averageWindows = /* @__PURE__ */ kernels(average);
