/** Kernels that lay out operands for `multiply`. Strides and tables are in bytes, lengths in numbers. */
import { advance, brIf, forRange, loop, when } from "../assembler/control.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import type { Flavour } from "../assembler/flavour.js";
import { f32, f32x4, i32, i32x4, select, v128 } from "../assembler/instructions.js";
import type { ModuleBuilder } from "../assembler/module.js";
import { PITCH, TILE } from "./multiply.js";

/**
 * Writes the kernel `copy`: to[plane, row, i] = from[plane, row, i], where neighbours are `fromStep` and `toStep` bytes
 * apart, so that it also takes every second number, or leaves room between two.
 */
export function copyKernel(builder: ModuleBuilder): void {
  builder.kernel(
    "copy",
    {
      ...({ from: "i32", fromPlane: "i32", fromRow: "i32", fromStep: "i32" } as const),
      ...({ to: "i32", toPlane: "i32", toRow: "i32", toStep: "i32" } as const),
      ...({ planes: "i32", rows: "i32", length: "i32" } as const),
    },
    ({ from, fromPlane, fromRow, fromStep, to, toPlane, toRow, toStep, planes, rows, length }) => {
      const dense = local("i32", i32.and(i32.eq(fromStep, 4), i32.eq(toStep, 4)));
      forRange(0, planes, 1, () => {
        const [source, target] = [local("i32", from), local("i32", to)];
        forRange(0, rows, 1, () => {
          const [read, write, left] = [local("i32", source), local("i32", target), local("i32", length)];
          when(dense, () =>
            when(i32.geU(left, 4), () =>
              loop((again) => {
                v128.store(write, v128.load(read));
                advance(read, 16);
                advance(write, 16);
                advance(left, -4);
                brIf(again, i32.geU(left, 4));
              }),
            ),
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
}

/** Writes the kernel `gather`: to[row][i] = from[row · step + table[i]], rows of a packed operand. */
export function gatherKernel(builder: ModuleBuilder): void {
  builder.kernel(
    "gather",
    { from: "i32", step: "i32", table: "i32", length: "i32", to: "i32", rows: "i32" },
    ({ from, step, table, length, to, rows }) =>
      forRange(0, rows, 1, () => {
        const write = local("i32", to);
        forRange(table, i32.add(table, i32.shl(length, 2)), 4, (entry) => {
          f32.store(write, f32.load(i32.add(from, i32.load(entry))));
          advance(write, 4);
        });
        advance(from, step);
        advance(to, PITCH);
      }),
  );
}

/**
 * Writes the kernel `patches`, which reads the matrix of patches (taps × pixels) where it lies in an image:
 *
 *     to[tap, pixel] = image[taps[tap] + pixels[pixel]]
 *
 * Taps come `tapStride` bytes apart; pixels beside each other, a panel of them every `panelStride` bytes. Packed
 * columns: one panel behind the other. Packed rows: `tapStride` is PITCH and a panel follows on the last.
 * The table of pixels ascends and is filled up to whole panels; reads may go 12 bytes beyond either end of the image.
 */
export function patchesKernel(builder: ModuleBuilder, flavour: Flavour): void {
  const { vectors } = TILE[flavour];
  builder.kernel(
    "patches",
    {
      ...({ image: "i32", taps: "i32", count: "i32", pixels: "i32", length: "i32" } as const),
      ...({ to: "i32", tapStride: "i32", panelStride: "i32" } as const),
    },
    ({ image, taps, count, pixels, length, to, tapStride, panelStride }) => {
      const end = local("i32", i32.add(taps, i32.shl(count, 2)));
      /** Visits every tap with its place in the image, as seen from `start`, and where it goes. */
      const eachTap = (
        start: Expr<"i32">,
        target: Expr<"i32">,
        visit: (at: Local<"i32">, write: Local<"i32">) => void,
      ) => {
        const [first, write, at] = [local("i32", i32.add(image, start)), local("i32", target), local("i32")];
        forRange(taps, end, 4, (tap) => {
          at.set(i32.add(first, i32.load(tap)));
          visit(at, write);
          advance(write, tapStride);
        });
      };
      forRange(0, length, 4 * vectors, () => {
        const first = local("i32", i32.load(pixels));
        const reach = 4 * (4 * vectors - 1);
        when(
          i32.eq(i32.sub(i32.load(pixels, reach), first), reach),
          () =>
            eachTap(first, to, (at, write) => {
              for (let j = 0; j < vectors; j++) v128.store(write, v128.load(at, 16 * j), 16 * j);
            }),
          () => {
            for (let j = 0; j < vectors; j++) someVectors(i32.add(to, 16 * j), i32.add(pixels, 16 * j), eachTap);
          },
        );
        advance(pixels, 16 * vectors);
        advance(to, panelStride);
      });
    },
  );
}

/** Four pixels that do not lie side by side: two pieces of rows as a rule, else one by one. */
function someVectors(
  to: Expr<"i32">,
  pixels: Expr<"i32">,
  eachTap: (start: Expr<"i32">, to: Expr<"i32">, visit: (at: Local<"i32">, write: Local<"i32">) => void) => void,
): void {
  const places = local("v128", v128.load(pixels));
  const first = local("i32", i32x4.extractLane(0, places));
  const last = local("i32", i32.sub(i32x4.extractLane(3, places), 12));
  const steps = i32x4.const(0, 4, 8, 12);
  const fromFirst = local("v128", i32x4.eq(places, i32x4.add(i32x4.splat(first), steps)));
  const fromLast = i32x4.eq(places, i32x4.add(i32x4.splat(last), steps));
  when(
    i32x4.allTrue(v128.or(fromFirst, fromLast)),
    () => {
      const apart = local("i32", i32.sub(last, first));
      eachTap(first, to, (at, write) =>
        v128.store(write, v128.bitselect(v128.load(at), v128.load(i32.add(at, apart)), fromFirst)),
      );
    },
    () => {
      for (let lane = 0; lane < 4; lane++) {
        eachTap(i32x4.extractLane(lane, places), i32.add(to, 4 * lane), (at, write) => f32.store(write, f32.load(at)));
      }
    },
  );
}

/**
 * Writes the kernel `transpose`, which packs columns that lie as rows: to[k, column] = from[column, k]. Columns beyond
 * the last are copies of it. Writes no entry beyond k.
 */
export function transposeKernel(builder: ModuleBuilder, flavour: Flavour): void {
  const { vectors } = TILE[flavour];
  const wide = 16 * vectors;
  builder.kernel(
    "transpose",
    { from: "i32", fromRow: "i32", length: "i32", columns: "i32", to: "i32", panelStride: "i32" },
    ({ from, fromRow, length, columns, to, panelStride }) => {
      const last = local("i32", i32.add(from, i32.mul(i32.sub(columns, 1), fromRow)));
      const next = local("i32", from);
      const takeRow = (): Local<"i32"> => {
        const row = local("i32", next);
        when(i32.ltU(next, last), () => advance(next, fromRow));
        return row;
      };
      forRange(0, columns, 4 * vectors, () => {
        for (let j = 0; j < vectors; j++) {
          const rows = [takeRow(), takeRow(), takeRow(), takeRow()] as const;
          const write = local("i32", i32.add(to, 16 * j));
          const left = local("i32", length);
          when(i32.geU(left, 4), () =>
            loop((again) => {
              for (const [k, vector] of transpose4(rows.map((row) => v128.load(row))).entries()) {
                v128.store(write, vector, k * wide);
              }
              for (const row of rows) advance(row, 16);
              advance(write, 4 * wide);
              advance(left, -4);
              brIf(again, i32.geU(left, 4));
            }),
          );
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
    },
  );
}

/** Writes the kernel `addTransposed`: to[row, column] += from[column, row]. */
export function addTransposedKernel(builder: ModuleBuilder): void {
  builder.kernel(
    "addTransposed",
    { from: "i32", fromRow: "i32", to: "i32", toRow: "i32", rows: "i32", columns: "i32" },
    ({ from, fromRow, to, toRow, rows, columns }) => {
      forRange(0, rows, 4, (row) => {
        const [read, write, left] = [local("i32", from), local("i32", to), local("i32", columns)];
        const whole = local("i32", i32.add(row, 4));
        const end = select(i32.ltU(rows, whole), rows, whole);
        when(i32.geU(rows, whole), () =>
          when(i32.geU(left, 4), () =>
            loop((again) => {
              const vectors = [0, 1, 2, 3].map((k) => v128.load(i32.add(read, i32.mul(fromRow, k))));
              const at = local("i32", write);
              for (const vector of transpose4(vectors)) {
                v128.store(at, f32x4.add(v128.load(at), vector));
                advance(at, toRow);
              }
              advance(read, i32.shl(fromRow, 2));
              advance(write, 16);
              advance(left, -4);
              brIf(again, i32.geU(left, 4));
            }),
          ),
        );
        forRange(0, left, 1, () => {
          const [source, target] = [local("i32", read), local("i32", write)];
          forRange(row, end, 1, () => {
            f32.store(target, f32.add(f32.load(target), f32.load(source)));
            advance(source, 4);
            advance(target, toRow);
          });
          advance(read, fromRow);
          advance(write, 4);
        });
        advance(from, 16);
        advance(to, i32.shl(toRow, 2));
      });
    },
  );
}

/** The columns of four rows, kept in variables. */
function transpose4(rows: readonly Expr<"v128">[]): Local<"v128">[] {
  const [a, b, c, d] = rows.map((row) => local("v128", row)) as [
    Local<"v128">,
    Local<"v128">,
    Local<"v128">,
    Local<"v128">,
  ];
  const zip = (x: Expr<"v128">, y: Expr<"v128">) =>
    (
      [
        [0, 4, 1, 5],
        [2, 6, 3, 7],
      ] as const
    ).map((lanes) => local("v128", i32x4.shuffle(x, y, lanes)));
  const [low, high] = [zip(a, c), zip(b, d)];
  return low.flatMap((vector, i) => zip(vector, high[i]!));
}
