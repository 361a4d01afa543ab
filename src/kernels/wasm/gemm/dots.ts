/** Products of few rows with a matrix that lies column by column: its weights are turned in registers, not packed. */
import { advance, block, brIf, doWhile, forRange, min, when, whileTrue } from "../assembler/control.js";
import { type Expr, local, locals } from "../assembler/expression.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as i32 from "../assembler/i32.js";
import { multiplyAdd, type Simd } from "../assembler/simd.js";
import * as v128 from "../assembler/v128.js";
import { lazy } from "../elementwise/compile.js";
import { transpose4 } from "./pack.js";

/** Groups of four outputs that are computed side by side. */
const GROUPS = 4;

/**
 * y[row, output] = bias[output] + Σₖ x[row, k] · weights[output, k], all of them dense; `yRow` in bytes. Outputs come
 * outermost, since the weights are the larger part. Every sum starts with the bias and runs along k in blocks of `block`,
 * as in `multiply`: a row has the same bits here as in a product of many rows.
 */
export function dots(
  simd: Simd,
  x: number,
  weights: number,
  bias: number,
  y: number,
  sizes: { rows: number; outputs: number; depth: number; block: number; yRow: number },
): void {
  dotsKernel(simd)(x, weights, bias, y, sizes.rows, sizes.outputs, sizes.depth, sizes.block, sizes.yRow, 0);
}

const dotsKernel = /* @__PURE__ */ lazy((builder, simd: Simd) => {
  const madd = multiplyAdd(simd);
  const parameters = {
    ...({ x: "i32", weights: "i32", row: "i32", depth: "i32", length: "i32", bias: "i32", y: "i32" } as const),
    ...({ outputs: "i32", never: "i32" } as const),
  };
  /** Four times `groups` outputs of one row; the last group may have fewer than four. */
  const tile = (groups: number) =>
    builder.function(parameters, ({ x, weights, row, depth, length, bias, y, outputs, never }) => {
      const [sums, totals] = [locals("v128", groups), locals("v128", groups)];
      /** The weights of a group; outputs that there are not are the last one once more. */
      const rowsOf = sums.map((_, group) =>
        [0, 1, 2, 3].map((i) => {
          const index = local(4 * group + i);
          const last = i32.sub(outputs, 1);
          return local(i32.add(weights, i32.mul(row, min(index, last))));
        }),
      );
      when(bias, () => {
        for (const [group, sum] of sums.entries()) sum.set(v128.load(bias, 16 * group));
      });
      const step = (bytes: number) => {
        for (const pointer of [x, ...rowsOf.flat()]) advance(pointer, bytes);
      };
      doWhile(() => {
        const count = local(min(depth, length));
        const fours = local(i32.shrU(count, 2));
        block((exit) =>
          whileTrue(fours, () => {
            const factors = [0, 4, 8, 12].map((offset) => local(v128.load32Splat(x, offset)));
            for (const [group, sum] of sums.entries()) {
              const columns = transpose4(rowsOf[group]!.map((pointer) => v128.load(pointer)));
              for (const [k, factor] of factors.entries()) sum.set(madd(sum, factor, columns[k]!));
              if (group < groups - 1) brIf(exit, i32.and(never, 1 << group)); // as in the product's tiles
            }
            step(16);
            advance(fours, -1);
          }),
        );
        forRange(0, i32.and(count, 3), 1, () => {
          const factor = local(v128.load32Splat(x));
          for (const [group, sum] of sums.entries()) {
            const column = rowsOf[group]!.reduce<Expr<"v128">>(
              (all, pointer, lane) => v128.load32Lane(pointer, lane, all),
              local("v128", 0),
            );
            sum.set(madd(sum, factor, column));
          }
          step(4);
        });
        for (const [group, total] of totals.entries()) {
          total.set(f32x4.add(total, sums[group]!));
          sums[group]!.set(0);
        }
        advance(depth, i32.sub(0, count));
        return depth;
      });
      for (const [group, sum] of totals.entries()) {
        for (let i = 0; i < 4; i++) {
          when(i32.ltU(local(4 * group + i), outputs), () => v128.store32Lane(y, i, sum, 16 * group + 4 * i));
        }
      }
    });
  const [many, few] = [tile(GROUPS), tile(1)];
  return (x, weights, bias, y, rows, outputs, depth, length, yRow, never) => {
    const row = local(i32.shl(depth, 2));
    for (const [width, smallest, compute] of [
      [4 * GROUPS, 4 * GROUPS, many],
      [4, 1, few],
    ] as const) {
      whileTrue(i32.geS(outputs, smallest), () => {
        const [read, write] = [local(x), local(y)];
        forRange(0, rows, 1, () => {
          compute({ x: read, weights, row, depth, length, bias, y: write, outputs, never });
          advance(read, row);
          advance(write, yRow);
        });
        advance(weights, i32.mul(row, width));
        advance(y, 4 * width);
        when(bias, () => advance(bias, 4 * width));
        advance(outputs, -width);
      });
    }
  };
});
