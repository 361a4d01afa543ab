/**
 * Matrix product: c (rows × columns) = or += a (rows × depth) · b (depth × columns), in two layouts.
 *
 *     packed    a, c  rows `aRows` and `cRows` bytes apart, so that a matrix which lies row by row is used where it is
 *               b     panels of {@link TILE} columns, panel[k][column], one behind the other
 *     in place  a, c  row i lies `aRows[i]`, `cRows[i]` bytes behind the first, for two tables of offsets
 *               b     row k lies `bRows[k]` bytes behind the first
 */
import { advance, block, brIf, forRange, type Label, loop, when } from "../assembler/control.js";
import { type Expr, type Local, local, locals, operand } from "../assembler/expression.js";
import { type Flavour, multiplyAdd } from "../assembler/flavour.js";
import { f32, f32x4, i32, select, v128 } from "../assembler/instructions.js";
import type { Callable, ModuleBuilder } from "../assembler/module.js";

/** The depth of one product at most: a panel of b and a tile of a stay in a first-level cache of 32 or 48 KiB. */
export const DEPTH = 384;

/**
 * The block of c that one call of the micro-kernel computes, in rows and in vectors of 4 columns. Its sums, one row of b,
 * one number of a and one product must fit into the 15 vector registers that V8 uses; relaxed SIMD needs no product.
 */
export const TILE = {
  simd: { rows: 3, vectors: 3 },
  relaxed: { rows: 6, vectors: 2 },
} as const satisfies Record<Flavour, { readonly rows: number; readonly vectors: number }>;

/** Bytes of a tile of c, 6 × 8 or 3 × 12, and room for one with the table of its rows. */
const SPARE_TILE = 4 * 48;
export const SPARE = SPARE_TILE + 64;

/** How c starts and what happens to it at the end: bits of `mode`. */
export const MODE = {
  /** Add to what c holds. */
  add: 0,
  /** c starts at 0. */
  zero: 1,
  /** Every row of c starts at its bias. */
  bias: 2,
  /** Negative results become 0. */
  relu: 4,
} as const;

const operands = {
  ...({ a: "i32", aRows: "i32", b: "i32", bRows: "i32", c: "i32", cRows: "i32" } as const),
  ...({ depth: "i32", bias: "i32", mode: "i32", never: "i32" } as const),
};
export const productOperands = { ...operands, ...({ rows: "i32", columns: "i32", spare: "i32" } as const) };
type TileKernel = Callable<typeof operands, void>;
export type ProductKernel = Callable<typeof productOperands, void>;

export type Layout = "packed" | "inPlace";

/** Where row i of a or of c lies. */
function rowOf(layout: Layout, first: Expr<"i32">, rows: Expr<"i32">, i: number): Expr<"i32"> {
  if (layout === "inPlace") return i32.add(first, i32.load(rows, 4 * i));
  return i === 0 ? first : i32.add(first, i32.mul(rows, i));
}

/**
 * c of `rows` × `vectors`·4. V8 moves all loads of a basic block to its top and keeps them there, which spills; an exit
 * that is never taken after every row (two, in plain SIMD) cuts the loop into blocks that fit. `never` is 0; testing
 * another bit of it at every exit keeps V8 from merging them. Two steps of k a round, since a taken branch costs about
 * two cycles.
 */
function tileKernel(
  builder: ModuleBuilder,
  flavour: Flavour,
  layout: Layout,
  rows: number,
  vectors: number,
): TileKernel {
  const madd = multiplyAdd(flavour);
  const wide = 16 * TILE[flavour].vectors;
  const together = flavour === "relaxed" ? 1 : 2;
  return builder.function(operands, ({ a, aRows, b, bRows, c, cRows, depth, bias, mode, never }) => {
    const sums = Array.from({ length: rows }, () => locals("v128", vectors));
    const taken = locals("v128", vectors);
    const eachRow = (visit: (sum: Local<"v128">, row: Local<"i32">, offset: number) => void) => {
      for (const [i, row] of sums.entries()) {
        const at = local("i32", rowOf(layout, c, cRows, i));
        for (const [j, sum] of row.entries()) visit(sum, at, 16 * j);
      }
    };
    when(
      i32.eqz(i32.and(mode, MODE.zero | MODE.bias)),
      () => eachRow((sum, row, offset) => sum.set(v128.load(row, offset))),
      () =>
        when(i32.and(mode, MODE.bias), () => {
          for (const [i, row] of sums.entries()) {
            const start = local("v128", v128.load32Splat(bias, 4 * i));
            for (const sum of row) sum.set(start);
          }
        }),
    );
    const factors = sums.map((_, i) => local("i32", rowOf(layout, a, aRows, i)));
    /** The products of `steps` entries of k, with exits between their rows. */
    const add = (steps: number, exit: Label) => {
      for (let step = 0; step < steps; step++) {
        const row = layout === "packed" ? b : local("i32", i32.add(b, i32.load(bRows, 4 * step)));
        const start = layout === "packed" ? step * wide : 0;
        for (const [j, vector] of taken.entries()) vector.set(v128.load(row, start + 16 * j));
        for (const [i, row] of sums.entries()) {
          const factor = local("v128", v128.load32Splat(factors[i]!, 4 * step));
          for (const [j, sum] of row.entries()) sum.set(madd(sum, factor, taken[j]!));
          if (i === rows - 1 ? step < steps - 1 : i % together === together - 1) {
            brIf(exit, i32.and(never, 1 << (step * rows + i)));
          }
        }
      }
    };
    block((exit) => {
      const pairs = local("i32", i32.shrU(depth, 1));
      when(pairs, () =>
        loop((again) => {
          add(2, exit);
          for (const factor of factors) advance(factor, 8);
          if (layout === "packed") advance(b, 2 * wide);
          else advance(bRows, 8);
          advance(pairs, -1);
          brIf(again, pairs);
        }),
      );
      when(i32.and(depth, 1), () => add(1, exit));
    });
    when(i32.and(mode, MODE.relu), () => {
      for (const sum of sums.flat()) sum.set(f32x4.max(sum, 0));
    });
    eachRow((sum, row, offset) => v128.store(row, sum, offset));
  });
}

/** Writes the kernel `multiply`, of packed panels. */
export function multiplyKernel(builder: ModuleBuilder, flavour: Flavour): void {
  const product = productFunction(builder, flavour, "packed");
  builder.kernel("multiply", productOperands, product);
}

/** The whole product. `spare` is room for one tile of c, for columns that do not fill a vector. */
export function productFunction(builder: ModuleBuilder, flavour: Flavour, layout: Layout): ProductKernel {
  const { rows: most, vectors: widest } = TILE[flavour];
  const tiles = Array.from({ length: most }, (_, i) =>
    Array.from({ length: widest }, (_, j) => tileKernel(builder, flavour, layout, i + 1, j + 1)),
  );

  /** Any tile whose columns fill its vectors. */
  const anyTile = builder.function({ ...operands, rows: "i32", vectors: "i32" }, ({ rows, vectors, ...same }) => {
    const which = local("i32", i32.add(i32.mul(rows, widest), vectors));
    for (const [i, row] of tiles.entries()) {
      for (const [j, tile] of row.entries()) when(i32.eq(which, (i + 1) * widest + j + 1), () => tile(same));
    }
  });

  /** Any tile: computed aside, and copied back without what is too much. */
  const partialTile = builder.function(
    { ...operands, rows: "i32", columns: "i32", spare: "i32" },
    ({ rows, columns, spare, c, cRows, ...same }) => {
      const wide = 16 * widest;
      /** Where the rows lie in the spare room: their distance, or its table behind it. */
      const spareRows = layout === "packed" ? operand("i32", wide) : local("i32", i32.add(spare, SPARE_TILE));
      const copy = (visit: (aside: Expr<"i32">, place: Expr<"i32">) => void) => {
        const [aside, row, table] = [local("i32", spare), local("i32", c), local("i32", cRows)];
        forRange(0, rows, 1, () => {
          const place = layout === "packed" ? row : local("i32", i32.add(c, i32.load(table)));
          forRange(0, i32.shl(columns, 2), 4, (at) => visit(i32.add(aside, at), i32.add(place, at)));
          advance(aside, wide);
          if (layout === "packed") advance(row, cRows);
          else advance(table, 4);
        });
      };
      copy((aside, place) => f32.store(aside, f32.load(place)));
      if (layout === "inPlace") for (let i = 0; i < most; i++) i32.store(spareRows, i * wide, 4 * i);
      const vectors = i32.shrU(i32.add(columns, 3), 2);
      anyTile({ ...same, rows, vectors, c: spare, cRows: spareRows });
      copy((aside, place) => f32.store(place, f32.load(aside)));
    },
  );

  return builder.function(productOperands, ({ a, aRows, c, cRows, bias, rows, columns, spare, ...same }) => {
    const panel = layout === "packed" ? local("i32", i32.mul(same.depth, 16 * widest)) : 16 * widest;
    forRange(0, columns, 4 * widest, (column) => {
      const left = local("i32", i32.sub(columns, column));
      const whole = local("i32", i32.geU(left, 4 * widest));
      const tile = {
        a: local("i32", a),
        aRows: local("i32", aRows),
        c: local("i32", i32.add(c, i32.shl(column, 2))),
        cRows: local("i32", cRows),
        bias: local("i32", bias),
      };
      const all = { ...same, ...tile };
      forRange(0, rows, most, (row) => {
        const count = local("i32", least(i32.sub(rows, row), most));
        when(
          i32.and(whole, i32.eq(count, most)),
          () => tiles[most - 1]![widest - 1]!(all),
          () =>
            when(
              i32.and(i32.eqz(whole), i32.ne(i32.and(left, 3), 0)),
              () => partialTile({ ...all, rows: count, columns: left, spare }),
              () => anyTile({ ...all, rows: count, vectors: least(i32.shrU(left, 2), widest) }),
            ),
        );
        if (layout === "packed") {
          advance(tile.a, i32.mul(aRows, most));
          advance(tile.c, i32.mul(cRows, most));
        } else {
          advance(tile.aRows, 4 * most);
          advance(tile.cRows, 4 * most);
        }
        advance(tile.bias, 4 * most);
      });
      advance(same.b, panel);
    });
  });
}

function least(value: Expr<"i32">, limit: number): Expr<"i32"> {
  const held = local("i32", value);
  return select(i32.ltU(held, limit), held, operand("i32", limit));
}
