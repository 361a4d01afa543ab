/**
 * Matrix product: c (rows × columns) = or += a (rows × depth) · b (depth × columns), for some `lines` of operands.
 *
 * Rows lie where tables of offsets in bytes say: row i of a `aRows[i]` after the first, likewise those of b and c.
 * So a matrix is read where it is, be it stored row by row, packed in panels, or the patches of an image. The operands
 * of the next line lie `aLine`, `bLine` and `cLine` bytes further.
 */
import { advance, block, brIf, doWhile, forRange, type Label, min, when, whileTrue } from "../assembler/control.js";
import { type Expr, type Local, local, locals, operand } from "../assembler/expression.js";
import * as f32 from "../assembler/f32.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as i32 from "../assembler/i32.js";
import { select } from "../assembler/instructions.js";
import type { Callable, ModuleBuilder } from "../assembler/module.js";
import { multiplyAdd, type Simd } from "../assembler/simd.js";
import * as v128 from "../assembler/v128.js";
import { lazy } from "../elementwise/compile.js";
import { CONSTANTS, STEP, takeSteps } from "../elementwise/epilogue.js";

/** The depth of one product at most: 12 columns of b and a tile of a stay in a first-level cache of 32 or 48 KiB. */
export const DEPTH = 384;

/**
 * The block of c that one call of the micro-kernel computes, in rows and in vectors of 4 columns. Its sums, one row of b,
 * one number of a and one product must fit into the 15 vector registers that V8 uses; relaxed SIMD needs no product.
 * Smaller tiles, of `fewer` rows or vectors, take what is left, so that c is covered without waste as a rule.
 */
export const TILE = {
  plain: { rows: 3, fewerRows: 2, vectors: 3, fewerVectors: 2 },
  relaxed: { rows: 6, fewerRows: 4, vectors: 2, fewerVectors: 1 },
} as const satisfies Record<Simd, Readonly<Record<"rows" | "fewerRows" | "vectors" | "fewerVectors", number>>>;

/** Bytes of a tile of c, 6 × 8 or 3 × 12; and room for one, for what is added to it, and for tables of its rows and its bias. */
const SPARE_TILE = 4 * 48;
export const SPARE = 2 * SPARE_TILE + 3 * 4 * 6;

/** How c starts and how a product is added to it: bits of `mode`, beside those of the epilogue's steps ({@link STEP}). */
export const MODE = {
  /** Add to what c holds. */
  add: 0,
  /** c starts at 0. */
  zero: 1,
  /** Every row of c starts at its bias. */
  bias: 2,
  /** c is added after the sum, not under it: a long sum is one of blocks, whose error grows with their number and length. */
  block: 4,
} as const;

const operands = {
  ...({ a: "i32", aRows: "i32", b: "i32", bRows: "i32", c: "i32", cRows: "i32" } as const),
  ...({ depth: "i32", bias: "i32", constants: "i32", sum: "i32", mode: "i32", never: "i32" } as const),
};
type TileKernel = Callable<typeof operands, void>;

/** Where row i of a or of c lies. */
function rowOf(first: Expr<"i32">, rows: Expr<"i32">, i: number): Local<"i32"> {
  return local(i32.add(first, i32.load(rows, 4 * i)));
}

/**
 * c of `rows` × `vectors`·4. V8 moves all loads of a basic block to its top and keeps them there, which spills; an exit
 * that is never taken after every row (two, in plain SIMD) cuts the loop into blocks that fit. `never` is 0; testing
 * another bit of it at every exit keeps V8 from merging them. Two steps of k a round, since a taken branch costs about
 * two cycles.
 */
function tileKernel(builder: ModuleBuilder, simd: Simd, rows: number, vectors: number): TileKernel {
  const madd = multiplyAdd(simd);
  const together = simd === "relaxed" ? 1 : 2;
  return builder.function(
    operands,
    ({ a, aRows, b, bRows, c, cRows, depth, bias, constants, sum: added, mode, never }) => {
      const sums = Array.from({ length: rows }, () => locals("v128", vectors));
      const taken = locals("v128", vectors);
      const eachRow = (visit: (sum: Local<"v128">, row: Local<"i32">, offset: number) => void) => {
        for (const [i, row] of sums.entries()) {
          const at = rowOf(c, cRows, i);
          for (const [j, sum] of row.entries()) visit(sum, at, 16 * j);
        }
      };
      when(
        i32.eqz(i32.and(mode, MODE.zero | MODE.bias | MODE.block)),
        () => eachRow((sum, row, offset) => sum.set(v128.load(row, offset))),
        () =>
          when(i32.and(mode, MODE.bias), () => {
            for (const [i, row] of sums.entries()) {
              const start = local(v128.load32Splat(bias, 4 * i));
              for (const sum of row) sum.set(start);
            }
          }),
      );
      const factors = sums.map((_, i) => rowOf(a, aRows, i));
      /** The products of `steps` entries of k, with exits between their rows. */
      const add = (steps: number, exit: Label) => {
        for (let step = 0; step < steps; step++) {
          const row = rowOf(b, bRows, step);
          for (const [j, vector] of taken.entries()) vector.set(v128.load(row, 16 * j));
          for (const [i, row] of sums.entries()) {
            const factor = local(v128.load32Splat(factors[i]!, 4 * step));
            for (const [j, sum] of row.entries()) sum.set(madd(sum, factor, taken[j]!));
            if (i === rows - 1 ? step < steps - 1 : i % together === together - 1) {
              brIf(exit, i32.and(never, 1 << (step * rows + i)));
            }
          }
        }
      };
      block((exit) => {
        const pairs = local(i32.shrU(depth, 1));
        whileTrue(pairs, () => {
          add(2, exit);
          for (const factor of factors) advance(factor, 8);
          advance(bRows, 8);
          advance(pairs, -1);
        });
        when(i32.and(depth, 1), () => add(1, exit));
      });
      when(i32.and(mode, MODE.block), () =>
        eachRow((sum, row, offset) => sum.set(f32x4.add(v128.load(row, offset), sum))),
      );
      takeSteps(mode, constants, sums, () =>
        eachRow((sum, row, offset) => sum.set(f32x4.add(sum, v128.load(i32.add(row, added), offset)))),
      );
      eachRow((sum, row, offset) => v128.store(row, sum, offset));
    },
  );
}

/** The kernel `multiply`. `spare` is room for what a tile at the edge has too much. */
export const multiplyKernel = /* @__PURE__ */ lazy((builder, simd: Simd) => {
  const { rows: max, fewerRows, vectors: widest, fewerVectors } = TILE[simd];
  const largest = tileKernel(builder, simd, max, widest);
  const anyTile = anyTileFunction(builder, simd, largest);
  const partialTile = partialTileFunction(builder, simd, anyTile);
  return (
    a,
    aRows,
    b,
    bRows,
    c,
    cRows,
    depth,
    bias,
    constants,
    sum,
    mode,
    never,
    rows,
    columns,
    spare,
    lines,
    aLine,
    bLine,
    cLine,
  ) => {
    const same = { a, bRows, depth, sum, mode, never };

    forRange(0, lines, 1, () => {
      const place = { b: local(b), c: local(c) };
      const columnsLeft = local(columns);
      doWhile(() => {
        const vectors = local(extent(i32.shrU(i32.add(columnsLeft, 3), 2), widest, fewerVectors));
        const width = local(i32.shl(vectors, 2));
        const line = { aRows: local(aRows), cRows: local(cRows), bias: local(bias) };
        const constantsLeft = local(constants);
        const rowsLeft = local(rows);
        doWhile(() => {
          const height = local(extent(rowsLeft, max, fewerRows));
          const tile = { ...same, ...place, ...line, constants: constantsLeft, rows: height, vectors };
          when(
            i32.or(i32.ltU(rowsLeft, height), i32.ltU(columnsLeft, width)),
            () => partialTile({ ...tile, rowsLeft, columnsLeft, spare }),
            () =>
              when(
                i32.eq(i32.mul(height, vectors), max * widest),
                () => largest(tile),
                () => anyTile(tile),
              ),
          );
          const step = local(i32.shl(height, 2));
          for (const table of Object.values(line)) advance(table, step);
          advance(constantsLeft, i32.mul(height, CONSTANTS));
          advance(rowsLeft, i32.sub(0, height));
          return i32.gtS(rowsLeft, 0);
        });
        for (const row of Object.values(place)) advance(row, i32.shl(width, 2));
        advance(columnsLeft, i32.sub(0, width));
        return i32.gtS(columnsLeft, 0);
      });
      advance(a, aLine);
      advance(b, bLine);
      advance(c, cLine);
    });
  };
});

/** How much of what is left the next tile takes: `max`, or `fewer` where the rest then comes out better. */
function extent(left: Expr<"i32">, max: number, fewer: number): Expr<"i32"> {
  const held = local(left);
  const small = i32.leU(held, fewer);
  const remainder = i32.ltU(i32.sub(held, max + 1), max - fewer);
  return select(i32.or(small, remainder), fewer, max);
}

type AnyTile = ReturnType<typeof anyTileFunction>;

/** Calls the tile of this many rows and vectors. */
function anyTileFunction(builder: ModuleBuilder, simd: Simd, largest: TileKernel) {
  const { rows: max, fewerRows, vectors: widest, fewerVectors } = TILE[simd];
  const low = tileKernel(builder, simd, fewerRows, widest);
  const narrow = tileKernel(builder, simd, max, fewerVectors);
  const smallest = tileKernel(builder, simd, fewerRows, fewerVectors);
  return builder.function({ ...operands, rows: "i32", vectors: "i32" }, ({ rows, vectors, ...same }) =>
    when(
      i32.eq(vectors, widest),
      () =>
        when(
          i32.eq(rows, max),
          () => largest(same),
          () => low(same),
        ),
      () =>
        when(
          i32.eq(rows, max),
          () => narrow(same),
          () => smallest(same),
        ),
    ),
  );
}

/** A tile that is larger than what is left: computed aside, and copied back without what is too much. */
function partialTileFunction(builder: ModuleBuilder, simd: Simd, anyTile: AnyTile) {
  const { rows: max, vectors: widest } = TILE[simd];
  const wide = 16 * widest;
  return builder.function(
    { ...operands, rows: "i32", vectors: "i32", rowsLeft: "i32", columnsLeft: "i32", spare: "i32" },
    ({ aRows, c, cRows, bias, sum, rows, vectors, rowsLeft, columnsLeft, spare, ...same }) => {
      const height = local(min(rowsLeft, rows));
      const bytes = local(i32.shl(min(columnsLeft, local(i32.shl(vectors, 2))), 2));
      const copy = (visit: (aside: Expr<"i32">, place: Expr<"i32">) => void) => {
        const [aside, table] = [local(spare), local(cRows)];
        forRange(0, height, 1, () => {
          const place = rowOf(c, table, 0);
          forRange(0, bytes, 4, (at) => visit(i32.add(aside, at), i32.add(place, at)));
          advance(aside, wide);
          advance(table, 4);
        });
      };
      copy((aside, place) => f32.store(aside, f32.load(place)));
      when(i32.and(same.mode, STEP.sum), () =>
        copy((aside, place) => f32.store(aside, f32.load(i32.add(place, sum)), SPARE_TILE)),
      );
      // Rows too much are the last one once more.
      const tables = local(i32.add(spare, 2 * SPARE_TILE));
      const [readAside, biasAside] = [i32.add(tables, 4 * max), i32.add(tables, 8 * max)];
      const last = local(i32.shl(i32.sub(height, 1), 2));
      for (let i = 0; i < max; i++) {
        const entry = select(i32.ltU(last, 4 * i), last, 4 * i);
        i32.store(tables, i * wide, 4 * i);
        i32.store(readAside, i32.load(i32.add(aRows, entry)), 4 * i);
        i32.store(biasAside, i32.load(i32.add(bias, entry)), 4 * i);
      }
      const aside = { aRows: readAside, c: spare, cRows: tables, bias: biasAside, sum: operand("i32", SPARE_TILE) };
      anyTile({ ...same, ...aside, rows, vectors });
      copy((aside, place) => f32.store(place, f32.load(aside)));
    },
  );
}
