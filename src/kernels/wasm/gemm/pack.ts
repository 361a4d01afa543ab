/** Kernels that lay out operands for `multiply`. Strides and tables are in bytes, lengths in numbers. */
import { advance, doWhile, forRange, min, when, whileTrue } from "../assembler/control.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import * as f32 from "../assembler/f32.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as i32 from "../assembler/i32.js";
import * as i32x4 from "../assembler/i32x4.js";
import type { Kernel } from "../assembler/module.js";
import type { Simd } from "../assembler/simd.js";
import * as v128 from "../assembler/v128.js";
import { lazy } from "../elementwise/compile.js";
import { TILE } from "./multiply.js";

/**
 * The kernel `copy`: to[plane, row, i] = from[plane, row, i], where neighbors are `fromStep` and `toStep` bytes
 * apart, so that it also takes every second number, or leaves room between two.
 */
export const copyKernel = /* @__PURE__ */ lazy(
  () => (from, fromPlane, fromRow, fromStep, to, toPlane, toRow, toStep, planes, rows, length) => {
    const dense = local(i32.and(i32.eq(fromStep, 4), i32.eq(toStep, 4)));
    forRange(0, planes, 1, () => {
      const [source, target] = [local(from), local(to)];
      forRange(0, rows, 1, () => {
        const [read, write, left] = [local(source), local(target), local(length)];
        when(dense, () =>
          whileTrue(i32.geU(left, 4), () => {
            v128.store(write, v128.load(read));
            advance(read, 16);
            advance(write, 16);
            advance(left, -4);
          }),
        );
        forRange(0, left, 1, () => {
          f32.store(write, f32.load(read));
          advance(read, fromStep);
          advance(write, toStep);
        });
        advance(source, fromRow);
        advance(target, toRow);
      });
      advance(from, fromPlane);
      advance(to, toPlane);
    });
  },
);

/** The kernel `clear`: `length` zeros. (In a shared memory, the `fill` of typed arrays is slow.) */
export const clearKernel = /* @__PURE__ */ lazy(() => (at, length) => {
  const zero = local("v128", 0);
  forRange(0, i32.shrU(length, 2), 1, () => {
    v128.store(at, zero);
    advance(at, 16);
  });
  forRange(0, i32.and(length, 3), 1, () => {
    f32.store(at, 0);
    advance(at, 4);
  });
});

/**
 * The kernel `gather`: to[row][plane · length + i] = from[plane, row, table[i]], which exchanges the dimensions of weights.
 * Planes come outermost: they lie far apart in what is read, and near each other in what is written.
 */
export const gatherKernel = /* @__PURE__ */ lazy(
  () => (from, fromPlane, fromRow, table, to, toRow, planes, rows, length) => {
    const end = local(i32.add(table, i32.shl(length, 2)));
    forRange(0, planes, 1, () => {
      const [source, target] = [local(from), local(to)];
      forRange(0, rows, 1, () => {
        const write = local(target);
        forRange(table, end, 4, (entry) => {
          f32.store(write, f32.load(i32.add(source, i32.load(entry))));
          advance(write, 4);
        });
        advance(source, fromRow);
        advance(target, toRow);
      });
      advance(from, fromPlane);
      advance(to, i32.shl(length, 2));
    });
  },
);

/**
 * The kernel `packColumns`, of columns that lie as rows: to[k, column] = from[column, k]. Columns beyond
 * the last are copies of it. Writes no entry beyond k.
 */
export const packColumnsKernel = /* @__PURE__ */ lazy((_, simd: Simd) => {
  const { vectors } = TILE[simd];
  const wide = 16 * vectors;
  return (from, fromRow, length, columns, to, panelStride) => {
    const last = local(i32.add(from, i32.mul(i32.sub(columns, 1), fromRow)));
    const next = local(from);
    const takeRow = (): Local<"i32"> => {
      const row = local(next);
      when(i32.ltU(next, last), () => advance(next, fromRow));
      return row;
    };
    forRange(0, columns, 4 * vectors, () => {
      for (let j = 0; j < vectors; j++) {
        const rows = [takeRow(), takeRow(), takeRow(), takeRow()] as const;
        const write = local(i32.add(to, 16 * j));
        const left = local(length);
        whileTrue(i32.geU(left, 4), () => {
          for (const [k, vector] of transpose4(rows.map((row) => v128.load(row))).entries()) {
            v128.store(write, vector, k * wide);
          }
          for (const row of rows) advance(row, 16);
          advance(write, 4 * wide);
          advance(left, -4);
        });
        forRange(0, left, 1, () => {
          rows.forEach((row, lane) => {
            f32.store(write, f32.load(row), 4 * lane);
            advance(row, 4);
          });
          advance(write, wide);
        });
      }
      advance(to, panelStride);
    });
  };
});

/** The kernel `transpose`: to[row, column] = from[column, row]. */
export const transposeKernel = /* @__PURE__ */ transposing(
  (at, vector) => v128.store(at, vector),
  (at, number) => f32.store(at, number),
);

/** The kernel `addTransposed`, which adds instead. */
export const addTransposedKernel = /* @__PURE__ */ transposing(
  (at, vector) => v128.store(at, f32x4.add(v128.load(at), vector)),
  (at, number) => f32.store(at, f32.add(f32.load(at), number)),
);

function transposing(
  putVector: (at: Expr<"i32">, vector: Expr<"v128">) => void,
  putNumber: (at: Expr<"i32">, number: Expr<"f32">) => void,
): () => Kernel {
  return lazy(
    () => (from, fromRow, to, toRow, rows, columns) =>
      forRange(0, rows, 4, (row) => {
        const [read, write, left] = [local(from), local(to), local(columns)];
        const whole = local(i32.add(row, 4));
        when(i32.and(i32.geU(rows, whole), i32.geU(left, 4)), () =>
          doWhile(() => {
            const next = local(read);
            const vectors = [0, 1, 2, 3].map((k) => {
              if (k > 0) advance(next, fromRow);
              return local(v128.load(next));
            });
            const at = local(write);
            for (const vector of transpose4(vectors)) {
              putVector(at, vector);
              advance(at, toRow);
            }
            advance(read, i32.shl(fromRow, 2));
            advance(write, 16);
            advance(left, -4);
            return i32.geU(left, 4);
          }),
        );
        const end = min(rows, whole);
        forRange(0, left, 1, () => {
          const [source, target] = [local(read), local(write)];
          forRange(row, end, 1, () => {
            putNumber(target, f32.load(source));
            advance(source, 4);
            advance(target, toRow);
          });
          advance(read, fromRow);
          advance(write, 4);
        });
        advance(from, 16);
        advance(to, i32.shl(toRow, 2));
      }),
  );
}

/** The columns of four rows, kept in variables. */
export function transpose4(rows: readonly Expr<"v128">[]): Local<"v128">[] {
  const [a, b, c, d] = rows.map((row) => local(row)) as [Local<"v128">, Local<"v128">, Local<"v128">, Local<"v128">];
  const zip = (x: Expr<"v128">, y: Expr<"v128">) =>
    (
      [
        [0, 4, 1, 5],
        [2, 6, 3, 7],
      ] as const
    ).map((lanes) => local(i32x4.shuffle(x, y, lanes)));
  const [low, high] = [zip(a, c), zip(b, d)];
  return low.flatMap((vector, i) => zip(vector, high[i]!));
}
