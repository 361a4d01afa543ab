/** Uᵉ[panel][channel][filter] = (G·g·Gᵀ)ᵉ, where a table says which weights are the taps of g. */
import { advance, brIf, forRange, loop } from "../assembler/control.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import { i32, select, v128 } from "../assembler/instructions.js";
import type { ModuleBuilder } from "../assembler/module.js";
import { algebra } from "./algebra.js";
import { channelsTogether } from "./filter.js";
import { loadAll, times, type Variant } from "./variant.js";

/** A tap: where it lies in a filter, in bytes, and a mask: −1, or 0 for a tap that is not there. */
export const TAP_WORDS = 2;

/**
 * Writes the kernel `filter` of one panel. For every filter of taps×taps that the table describes there are as many
 * channels, one behind the other. A panel of fewer filters is filled up with copies of the last one; a vector that
 * reaches beyond the last channel of a filter of the table is overwritten by the next.
 */
export function tableFilterKernel(builder: ModuleBuilder, variant: Variant): void {
  const { rows, taps } = variant;
  const together = channelsTogether(variant);
  const transform = fourFilters(builder, variant);
  builder.kernel(
    "filter",
    {
      ...({ weight: "i32", filters: "i32", channels: "i32", filterBytes: "i32", channelBytes: "i32" } as const),
      ...({ between: "i32", u: "i32", point: "i32", table: "i32", tableEnd: "i32" } as const),
    },
    ({ weight, filters, channels, filterBytes, channelBytes, between, point, ...p }) => {
      const least = (index: Expr<"i32">, count: Local<"i32">) => {
        const last = local("i32", i32.sub(count, 1));
        const at = local("i32", index);
        return select(i32.ltU(at, last), at, last);
      };
      const row = times(rows, (i) => local("i32", i32.mul(filterBytes, least(i32.add(local("i32", i), 0), filters))));
      forRange(p.table, p.tableEnd, 4 * TAP_WORDS * taps * taps, (table) => {
        const u = local("i32", p.u);
        forRange(0, channels, together, (channel) => {
          const start = times(together, (i) =>
            local("i32", i32.add(weight, i32.mul(channelBytes, least(i32.add(channel, i), channels)))),
          );
          for (let first = 0; first < together * rows; first += 4) {
            const at = (lane: number) =>
              i32.add(start[Math.floor((first + lane) / rows)]!, row[(first + lane) % rows]!);
            transform({ a: at(0), b: at(1), c: at(2), d: at(3), table, between, to: u, point });
            advance(u, 16);
          }
        });
        advance(p.u, i32.mul(channels, 4 * rows));
      });
    },
  );
}

/** The four filters at a, b, c and d. */
function fourFilters(builder: ModuleBuilder, variant: Variant) {
  const { filter } = algebra(variant);
  const { points, taps } = variant;
  const count = taps * taps;
  const parameters = { a: "i32", b: "i32", c: "i32", d: "i32", table: "i32", between: "i32", to: "i32", point: "i32" };
  return builder.function(parameters as Record<keyof typeof parameters, "i32">, ({ between, to, point, ...p }) => {
    // between[i][j] = tap ij of every filter
    const place = local("i32", between);
    const tap = local("i32", p.table);
    const end = local("i32", i32.add(between, 16 * count));
    loop((again) => {
      const offset = local("i32", i32.load(tap));
      const first = v128.load32Zero(i32.add(p.a, offset));
      const all = [p.b, p.c, p.d].reduce((some, at, i) => v128.load32Lane(i32.add(at, offset), i + 1, some), first);
      v128.store(place, v128.and(all, v128.load32Splat(tap, 4)));
      advance(tap, 4 * TAP_WORDS);
      advance(place, 16);
      brIf(again, i32.ltU(place, end));
    });
    // behind it: (G·g)ᵢⱼ
    for (let j = 0; j < taps; j++) {
      const column = filter(loadAll(between, taps, 16 * taps, 16 * j));
      for (const [i, value] of column.entries()) v128.store(end, value, 16 * (taps * i + j));
    }
    // U = (G·g)·Gᵀ
    const left = local("i32", points);
    loop((again) => {
      for (const value of filter(loadAll(end, taps, 16))) {
        v128.store(to, value);
        advance(to, point);
      }
      advance(end, 16 * taps);
      advance(left, -1);
      brIf(again, left);
    });
  });
}
