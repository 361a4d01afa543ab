/** dweight += Gᵀ·m·G, the adjoint of the filters' transform */
import { advance, brIf, forRange, loop, when } from "../assembler/control.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import { f32, f32x4, i32, v128 } from "../assembler/instructions.js";
import type { ModuleBuilder } from "../assembler/module.js";
import { algebra, transpose } from "./algebra.js";
import { bytesOf, loadAll, type Variant, vector } from "./variant.js";

/** Writes the kernel `filterGradient` of the filters of one panel, which reads what `multiply` wrote: m[panel of channels][e][filter][channel]. */
export function filterGradientKernel(builder: ModuleBuilder, variant: Variant): void {
  const { quads } = variant;
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
          addTo(weight, taps(), i32.sub(p.channels, channel));
          when(i32.eq(second, quads - 1), () => advance(m, tilePanel));
          advance(weight, 4 * 36);
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
      function taps(): Local<"v128">[] {
        const behind = 16 * 3 * points;
        for (let i = 0; i < 3; i++) {
          const row = filterGradient(loadAll(p.temporary, points, 16, 16 * points * i));
          for (const [j, value] of row.entries()) v128.store(p.temporary, value, behind + 16 * (3 * i + j));
        }
        return loadAll(p.temporary, 9, 16, behind);
      }

      /** Adds to the filters of up to four channels. */
      function addTo(weight: Local<"i32">, taps: readonly Local<"v128">[], left: Expr<"i32">): void {
        const there = local("i32", left);
        const at = local("i32", weight);
        const [first, second] = [transpose(taps.slice(0, 4)).map(vector), transpose(taps.slice(4, 8)).map(vector)];
        for (let lane = 0; lane < 4; lane++) {
          const add = (): void => {
            v128.store(at, f32x4.add(v128.load(at), first[lane]!));
            v128.store(at, f32x4.add(v128.load(at, 16), second[lane]!), 16);
            f32.store(at, f32.add(f32.load(at, 32), f32x4.extractLane(lane, taps[8]!)), 32);
            advance(at, 36);
          };
          if (lane === 0) add();
          else when(i32.gtS(there, lane), add);
        }
      }
    },
  );
}
