/** y = Aᵀ·m·A + bias, and what follows */
import { advance, brIf, forRange, loop, when } from "../assembler/control.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as i32 from "../assembler/i32.js";
import type { ModuleBuilder } from "../assembler/module.js";
import * as v128 from "../assembler/v128.js";
import { finishValues, RECORD } from "../elementwise/finish.js";
import { algebra, transpose } from "./algebra.js";
import { bytesOf, loadAll, times, type Variant, vector } from "./variant.js";

/**
 * A group is four tiles: where each starts in y (bytes from the first filter), how many of the four lie inside y as a
 * whole, and then for each how many of its rows and of its columns do (a byte each).
 */
export const GROUP_BYTES = 32;

/**
 * Writes the kernel `output` of the filters of one panel, which reads what `multiply` wrote. A NaN or an infinity spreads
 * over its tile, so the kernel tells whether it met one: bits at `odd` become 1.
 */
export function outputKernel(builder: ModuleBuilder, variant: Variant, ending: "" | "relu" | "finish"): void {
  const { size, quads } = variant;
  const { output } = algebra(variant);
  const { points, tileRow, tilePoint, tilePanel } = bytesOf(variant);
  builder.kernel(
    "output",
    {
      ...({ m: "i32", filters: "i32", tiles: "i32", groups: "i32", temporary: "i32" } as const),
      ...({ y: "i32", mapBytes: "i32", rowBytes: "i32", bias: "i32", biasStep: "i32", odd: "i32" } as const),
      ...({ records: "i32" } as const),
    },
    (p) => {
      // Bits that are not 0 as soon as a number before the bias is NaN or infinite.
      const odd = local("v128", v128.load(p.odd));
      loop((nextFilter) => {
        const bias = vector(v128.load32Splat(p.bias));
        const tiles = local("i32", p.tiles);
        const m = local("i32", p.m);
        forRange(0, p.groups, 1, (group) => {
          const second = local("i32", i32.and(group, quads - 1));
          columnsOf(i32.add(m, i32.mul(second, 16)));
          rowsOf(tiles, bias);
          when(i32.eq(second, quads - 1), () => advance(m, tilePanel));
          advance(tiles, GROUP_BYTES);
        });
        advance(p.y, p.mapBytes);
        advance(p.bias, p.biasStep);
        if (ending === "finish") advance(p.records, RECORD);
        advance(p.m, tileRow);
        advance(p.filters, -1);
        brIf(nextFilter, p.filters);
      });
      v128.store(p.odd, odd);

      /** temporary[i][j] = (Aᵀ·m)ᵢⱼ */
      function columnsOf(m: Expr<"i32">): void {
        const from = local("i32", m);
        const to = local("i32", p.temporary);
        const left = local("i32", points);
        loop((again) => {
          const column = output(loadAll(from, points, points * tilePoint));
          for (const [i, value] of column.entries()) v128.store(to, value, 16 * points * i);
          advance(from, tilePoint);
          advance(to, 16);
          advance(left, -1);
          brIf(again, left);
        });
      }

      /** y = temporary·A + bias */
      function rowsOf(tiles: Local<"i32">, bias: Local<"v128">): void {
        const from = local("i32", p.temporary);
        const row = local("i32", 0);
        const pixels = [0, 4, 8, 12].map((offset) => local("i32", i32.add(p.y, i32.load(tiles, offset))));
        const eachRow = (store: (pixel: Local<"i32">, values: readonly Local<"v128">[], tile: number) => void): void =>
          loop((again) => {
            const sums = output(loadAll(from, points, 16)).map(vector);
            const all = vector(sums.slice(1).reduce<Expr<"v128">>((some, next) => f32x4.add(some, next), sums[0]!));
            odd.set(v128.or(odd, f32x4.sub(all, all)));
            const y = sums.map((value) => {
              const sum = f32x4.add(value, bias);
              return vector(ending === "relu" ? f32x4.max(sum, 0) : sum);
            });
            if (ending === "finish") finishValues(p.records, 0, y);
            const four = times(4, (i) => y[Math.min(i, size - 1)]!);
            const values = transpose(four).map(vector);
            if (size === 5) values.push(y[4]!);
            pixels.forEach((pixel, tile) => {
              store(pixel, values, tile);
              advance(pixel, p.rowBytes);
            });
            advance(from, 16 * points);
            advance(row, 1);
            brIf(again, i32.ltU(row, size));
          });
        when(
          i32.eq(i32.load(tiles, 16), 4),
          () =>
            eachRow((pixel, values, tile) => {
              if (size >= 4) v128.store(pixel, values[tile]!);
              else v128.store64Lane(pixel, 0, values[tile]!);
              if (size === 3) v128.store32Lane(pixel, 2, values[tile]!, 8);
              if (size === 5) v128.store32Lane(pixel, tile, values[4]!, 16);
            }),
          () =>
            eachRow((pixel, values, tile) => {
              const rows = i32.load8U(tiles, 20 + 2 * tile);
              when(i32.ltU(row, rows), () => {
                const columns = local("i32", i32.load8U(tiles, 21 + 2 * tile));
                storeSome(pixel, values[tile]!, columns);
                if (size === 5) when(i32.eq(columns, 5), () => v128.store32Lane(pixel, tile, values[4]!, 16));
              });
            }),
        );
      }
    },
  );
}

/** Stores the first `count` of four lanes, 1 or more. */
function storeSome(address: Expr<"i32">, values: Expr<"v128">, count: Local<"i32">): void {
  when(
    i32.geU(count, 4),
    () => v128.store(address, values),
    () =>
      when(
        i32.eq(count, 1),
        () => v128.store32Lane(address, 0, values),
        () => {
          v128.store64Lane(address, 0, values);
          when(i32.eq(count, 3), () => v128.store32Lane(address, 2, values, 8));
        },
      ),
  );
}
