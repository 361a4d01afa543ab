/** dweight += Gᵀ·m·G, the adjoint of the filters' transform */
import { advance, brIf, forRange, loop, when } from "../assembler/control.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import * as f32 from "../assembler/f32.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as i32 from "../assembler/i32.js";
import type { ModuleBuilder } from "../assembler/module.js";
import * as v128 from "../assembler/v128.js";
import { algebra, transpose } from "./algebra.js";
import { bytesOf, loadAll, times, type Variant, vector } from "./variant.js";

/** Writes the kernel `filterGradient` of the filters of one panel, which reads what `multiply` wrote: m[panel of channels][e][filter][channel]. */
export function filterGradientKernel(builder: ModuleBuilder, variant: Variant): void {
  const { quads, taps } = variant;
  const count = taps * taps;
  const { filterGradient } = algebra(variant);
  const { points, tileRow, tilePoint, tilePanel } = bytesOf(variant);
  builder.kernel(
    "filterGradient",
    {
      ...({ m: "i32", filters: "i32", channels: "i32", temporary: "i32" } as const),
      ...({ weight: "i32", filterBytes: "i32" } as const),
    },
    (p) => {
      loop((nextFilter) => {
        const m = local("i32", p.m);
        const weight = local("i32", p.weight);
        forRange(0, p.channels, 4, (channel) => {
          const second = local("i32", i32.and(i32.shrU(channel, 2), quads - 1));
          columnsOf(i32.add(m, i32.mul(second, 16)));
          addTo(weight, allTaps(), i32.sub(p.channels, channel));
          when(i32.eq(second, quads - 1), () => advance(m, tilePanel));
          advance(weight, 16 * count);
        });
        advance(p.weight, p.filterBytes);
        advance(p.m, tileRow);
        advance(p.filters, -1);
        brIf(nextFilter, p.filters);
      });

      /** temporary[i][j] = (Gᵀ·m)ᵢⱼ of four channels */
      function columnsOf(m: Expr<"i32">): void {
        const from = local("i32", m);
        const to = local("i32", p.temporary);
        const left = local("i32", points);
        loop((again) => {
          const column = filterGradient(loadAll(from, points, points * tilePoint));
          for (const [i, value] of column.entries()) v128.store(to, value, 16 * points * i);
          advance(from, tilePoint);
          advance(to, 16);
          advance(left, -1);
          brIf(again, left);
        });
      }

      /** The taps of temporary·G, by way of the memory behind it: what waits in registers would spill. */
      function allTaps(): Local<"i32"> {
        const behind = local("i32", i32.add(p.temporary, 16 * taps * points));
        const from = local("i32", p.temporary);
        const to = local("i32", behind);
        loop((again) => {
          for (const value of filterGradient(loadAll(from, points, 16))) {
            v128.store(to, value);
            advance(to, 16);
          }
          advance(from, 16 * points);
          brIf(again, i32.ltU(from, behind));
        });
        return behind;
      }

      /** Adds to the filters of up to four channels: four taps of each at once, and one by one what is left. */
      function addTo(weight: Local<"i32">, from: Local<"i32">, left: Expr<"i32">): void {
        const there = local("i32", left);
        const at = local("i32", weight);
        const fours = times(count >> 2, (i) => transpose(loadAll(from, 4, 16, 64 * i)).map(vector));
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
    },
  );
}
