/** Uᵉ[panel][channel][filter] = (G·g·Gᵀ)ᵉ */
import { advance, forRange, min } from "../assembler/control.js";
import { type Local, local, operand } from "../assembler/expression.js";
import * as i32 from "../assembler/i32.js";
import type { Body, ModuleBuilder } from "../assembler/module.js";
import * as v128 from "../assembler/v128.js";
import { keep } from "../elementwise/math.js";
import { transpose4 } from "../gemm/pack.js";
import { algebra, firsts, lows } from "./algebra.js";
import { times, type Variant } from "./variant.js";

/** Channels that are transformed together: so many that their filters fill whole vectors. */
export function channelsTogether({ rows }: Pick<Variant, "rows">): number {
  return rows % 4 === 0 ? 1 : rows % 2 === 0 ? 2 : 4;
}

/** A tap of a filter: where it lies, in bytes, and a mask: −1, or 0 for one that is not there. */
export const TAP_BYTES = 8;

/** Where a filter's taps are: one after the other, in this order or flipped (turned by 180°), or where a table says. */
export type Taps = "plain" | "flipped" | "table";

/**
 * Writes the kernel `filter` of one panel of filters of taps×taps taps. A panel of fewer filters is filled up with copies of
 * the last one, the channels with copies of the last channel.
 */
export function filterKernel(builder: ModuleBuilder, variant: Variant, kind: Taps): Body {
  const { rows } = variant;
  const together = channelsTogether(variant);
  const transform = fourFilters(builder, variant, kind);
  return (weight, filters, channels, filterBytes, channelBytes, u, point, table) => {
    const lastFilter = local(i32.sub(filters, 1));
    const lastChannel = local(i32.sub(channels, 1));
    const row = times(rows, (i) => local(i32.mul(filterBytes, min(operand("i32", i), lastFilter))));
    forRange(0, channels, together, (channel) => {
      const start = times(together, (i) => {
        const index = min(i32.add(channel, i), lastChannel);
        return local(i32.add(weight, i32.mul(channelBytes, index)));
      });
      for (let first = 0; first < together * rows; first += 4) {
        const at = (lane: number) => i32.add(start[Math.floor((first + lane) / rows)]!, row[(first + lane) % rows]!);
        transform({ a: at(0), b: at(1), c: at(2), d: at(3), table, to: u, point });
        advance(u, 16);
      }
    });
  };
}

/** The four filters at a, b, c and d, in one go: registers hold nearly all, and what V8 spills it reads from the stack. */
function fourFilters(builder: ModuleBuilder, variant: Variant, kind: Taps) {
  // A constant has 18 bytes wherever it stands; the module stays small with each in one place.
  const constants = new Map<number, Local<"v128">>();
  const { filter } = algebra(variant, (value) => {
    const known = constants.get(value) ?? keep(value);
    constants.set(value, known);
    return known;
  });
  const { points, taps } = variant;
  const parameters = { a: "i32", b: "i32", c: "i32", d: "i32", table: "i32", to: "i32", point: "i32" } as const;
  return builder.function(parameters, ({ a, b, c, d, table, to, point }) => {
    // vector i holds tap i of every filter
    const all: Local<"v128">[] = [];
    const lanes = [a, b, c, d];
    const count = taps * taps;
    if (kind === "table") {
      for (let i = 0; i < count; i++) {
        const offset = local(i32.load(table, TAP_BYTES * i));
        const first = v128.load32Zero(i32.add(a, offset));
        const tap = [b, c, d].reduce((some, at, lane) => v128.load32Lane(i32.add(at, offset), lane + 1, some), first);
        all.push(keep(v128.and(tap, v128.load32Splat(table, TAP_BYTES * i + 4))));
      }
    } else {
      for (let i = 0; i + 4 <= count; i += 4) {
        all.push(...transpose4(lanes.map((address) => v128.load(address, 4 * i))));
      }
      if (count % 4 > 0) {
        const [e, f, g, h] = lanes.map((address) => keep(v128.load32Zero(address, 4 * (count - 1))));
        all.push(keep(firsts(lows(e!, f!), lows(g!, h!))));
      }
      if (kind === "flipped") all.reverse();
    }
    const columns = times(taps, (j) => filter(times(taps, (i) => all[taps * i + j]!)));
    const offsets = times(points, (j) => local(i32.mul(point, j)));
    for (let i = 0; i < points; i++) {
      const row = filter(columns.map((column) => keep(column[i]!)));
      for (const [j, value] of row.entries()) v128.store(i32.add(to, offsets[j]!), value);
      advance(to, i32.mul(point, points));
    }
  });
}
