/** dweight += Gᵀ·m·G, the adjoint of the filters' transform */
import { advance, doWhile, forRange, when } from "../assembler/control.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import * as f32 from "../assembler/f32.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as i32 from "../assembler/i32.js";
import type { Body } from "../assembler/module.js";
import * as v128 from "../assembler/v128.js";
import { transpose4 } from "../gemm/pack.js";
import { algebra } from "./algebra.js";
import { bytesOf, columnsOf, loadAll, times, type Variant } from "./variant.js";

/** Writes the kernel `filterGradient` of the filters of one panel, which reads what `multiply` wrote: m[panel of channels][e][filter][channel]. */
export function filterGradientKernel(variant: Variant): Body {
  const { quads, taps } = variant;
  const count = taps * taps;
  const { filterGradient } = algebra(variant);
  const { points, tileRow, tilePanel } = bytesOf(variant);
  return (m, filters, channels, temporary, weight, filterBytes) => {
    doWhile(() => {
      const panel = local(m);
      const filter = local(weight);
      forRange(0, channels, 4, (channel) => {
        const second = local(i32.and(i32.shrU(channel, 2), quads - 1));
        columnsOf(filterGradient, variant, i32.add(panel, i32.mul(second, 16)), temporary);
        addTo(filter, allTaps(), i32.sub(channels, channel));
        when(i32.eq(second, quads - 1), () => advance(panel, tilePanel));
        advance(filter, 16 * count);
      });
      advance(weight, filterBytes);
      advance(m, tileRow);
      advance(filters, -1);
      return filters;
    });

    /** The taps of temporary·G, by way of the memory after it: what waits in registers would spill. */
    function allTaps(): Local<"i32"> {
      const behind = local(i32.add(temporary, 16 * taps * points));
      const from = local(temporary);
      const to = local(behind);
      doWhile(() => {
        for (const value of filterGradient(loadAll(from, points, 16))) {
          v128.store(to, value);
          advance(to, 16);
        }
        advance(from, 16 * points);
        return i32.ltU(from, behind);
      });
      return behind;
    }

    /** Adds to the filters of up to four channels: four taps of each at once, and one by one what is left. */
    function addTo(weight: Local<"i32">, from: Local<"i32">, left: Expr<"i32">): void {
      const there = local(left);
      const at = local(weight);
      const fours = times(count >> 2, (i) => transpose4(loadAll(from, 4, 16, 64 * i)));
      const ones = loadAll(from, count % 4, 16, 64 * fours.length);
      for (let lane = 0; lane < 4; lane++) {
        const add = (): void => {
          for (const [i, four] of fours.entries())
            v128.store(at, f32x4.add(v128.load(at, 16 * i), four[lane]!), 16 * i);
          for (const [i, one] of ones.entries()) {
            const place = 16 * fours.length + 4 * i;
            f32.store(at, f32.add(f32.load(at, place), f32x4.extractLane(lane, one)), place);
          }
          advance(at, 4 * count);
        };
        if (lane === 0) add();
        else when(i32.gtS(there, lane), add);
      }
    }
  };
}
