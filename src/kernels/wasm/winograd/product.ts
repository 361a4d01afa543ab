/** mᵉ[filter][tile] = Σ over channels of Uᵉ[channel][filter]·Vᵉ[channel][tile], for every e. */
import { advance, block, brIf, doWhile, forRange, min, when } from "../assembler/control.js";
import { type Expr, local, locals } from "../assembler/expression.js";
import * as i32 from "../assembler/i32.js";
import { select } from "../assembler/instructions.js";
import type { Body, ModuleBuilder } from "../assembler/module.js";
import { multiplyAdd } from "../assembler/simd.js";
import * as v128 from "../assembler/v128.js";
import { bytesOf, type Variant } from "./variant.js";

/**
 * Writes the kernel `multiply` of one panel of filters by all panels of tiles: m[panel of tiles][e][filter][tile]. The sums
 * go on from what m holds where `done` channels came before.
 *
 * Of all channels, which are four times `partial` where that is not 0, the last half counts for nothing at the points of
 * the last row, and the first and the last quarter for nothing at those of the last column (phases.ts).
 */
export function productKernel(builder: ModuleBuilder, variant: Variant): Body {
  const { points, tilePoint, tilePanel } = bytesOf(variant);
  const product = microKernel(builder, variant);
  return (u, filterPoint, v, inputPoint, inputPanel, panels, m, channels, partial, done, never) => {
    const left = local(points * points);
    doWhile(() => {
      // What counts of the channels from `done` on.
      const [first, end] = [local(0), local(channels)];
      when(partial, () => {
        const within = (limit: Expr<"i32">): Expr<"i32"> => {
          const at = local(i32.sub(limit, done));
          return min(local(select(i32.gtS(at, 0), at, 0)), channels);
        };
        const lastRow = local(i32.leU(left, points));
        const lastColumn = local(i32.eq(i32.remU(left, points), 1));
        first.set(within(i32.mul(partial, lastColumn)));
        end.set(within(i32.mul(partial, select(lastRow, 2, i32.sub(4, lastColumn)))));
      });
      const count = local(i32.sub(end, first));
      const filters = local(i32.add(u, i32.mul(first, 4 * variant.rows)));
      const tiles = local(i32.add(v, i32.mul(first, 16 * variant.quads)));
      const sums = local(m);
      forRange(0, panels, 1, () => {
        product({ u: filters, v: tiles, m: sums, channels: count, more: done, never });
        advance(tiles, inputPanel);
        advance(sums, tilePanel);
      });
      advance(u, filterPoint);
      advance(v, inputPoint);
      advance(m, tilePoint);
      advance(left, -1);
      return left;
    });
  };
}

/**
 * One panel of filters by one panel of tiles. Every sum runs over the channels in their order.
 *
 * V8 moves all loads of a basic block to its top, where they wait in registers and spill. An exit that is never taken
 * cuts the loop into blocks that fit; `never` is 0, and exits that test different bits of it are not merged. Which cuts
 * are the fastest was measured on V8 11.3 to 14.6.
 */
function microKernel(builder: ModuleBuilder, { simd, rows, quads }: Variant) {
  const madd = multiplyAdd(simd);
  const steps = quads === 1 ? 1 : 2;
  const cuts = quads === 1 ? [2, 4, 6, 8, 10] : simd === "relaxed" ? [1, 2, 3, 4, 5] : [2, 3];
  return builder.function({ u: "i32", v: "i32", m: "i32", channels: "i32", more: "i32", never: "i32" }, (p) => {
    const sums = locals("v128", rows * quads);
    const tiles = locals("v128", quads);
    when(p.more, () => {
      for (const [i, sum] of sums.entries()) sum.set(v128.load(p.m, 16 * i));
    });
    const step = (index: number, cut: (row: number) => void): void => {
      for (const [i, tile] of tiles.entries()) tile.set(v128.load(p.v, 16 * (index * quads + i)));
      for (let row = 0; row < rows; row++) {
        const factor = local(v128.load32Splat(p.u, 4 * (index * rows + row)));
        tiles.forEach((tile, i) => {
          const sum = sums[row * quads + i]!;
          sum.set(madd(sum, factor, tile));
        });
        cut(row + 1);
      }
    };
    const rounds = local(steps === 2 ? i32.shrU(p.channels, 1) : p.channels);
    block((exit) => {
      brIf(exit, i32.eqz(rounds));
      doWhile(() => {
        let bit = 0;
        for (let index = 0; index < steps; index++) {
          step(index, (row) => {
            if (steps === 1 && cuts.includes(row)) brIf(exit, p.never);
            else if (cuts.includes(row) || (row === rows && index === 0)) brIf(exit, i32.and(p.never, 1 << bit++));
          });
        }
        advance(p.u, 4 * rows * steps);
        advance(p.v, 16 * quads * steps);
        advance(rounds, -1);
        return rounds;
      });
    });
    if (steps === 2) when(i32.and(p.channels, 1), () => step(0, () => {}));
    for (const [i, sum] of sums.entries()) v128.store(p.m, sum, 16 * i);
  });
}
