/** y = Aᵀ·m·A + bias, and the epilogue */
import { advance, brIf, forRange, loop, when } from "../assembler/control.js";
import { type Expr, type Local, local, operand } from "../assembler/expression.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as i32 from "../assembler/i32.js";
import { select } from "../assembler/instructions.js";
import type { ModuleBuilder } from "../assembler/module.js";
import * as v128 from "../assembler/v128.js";
import { activate, CONSTANTS, normalize, rectify, STEP } from "../elementwise/epilogue.js";
import { algebra, transpose } from "./algebra.js";
import { bytesOf, loadAll, times, type Variant, vector } from "./variant.js";

/**
 * A group is four tiles: where each starts in y (bytes from the first filter), how many of the four lie inside y as a
 * whole, and then for each how many of its rows and of its columns do (a byte each).
 */
export const GROUP_BYTES = 32;

/**
 * Writes the kernel `output` of the filters of one panel, which reads what `multiply` wrote. A NaN or an infinity spreads
 * over its tile, so the kernel tells whether it met one: bits at `odd` become 1. `steps`: of the epilogue.
 */
export function outputKernel(builder: ModuleBuilder, variant: Variant, steps: number): void {
  const { size, quads } = variant;
  const { output } = algebra(variant);
  const { points, tileRow, tilePoint, tilePanel } = bytesOf(variant);
  const loadSome = steps & STEP.sum ? loadSomeFunction(builder) : undefined;
  builder.kernel(
    "output",
    {
      ...({ m: "i32", filters: "i32", tiles: "i32", groups: "i32", temporary: "i32" } as const),
      ...({ y: "i32", mapBytes: "i32", rowBytes: "i32", bias: "i32", biasStep: "i32", odd: "i32" } as const),
      ...({ constants: "i32", sum: "i32" } as const),
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
        advance(p.constants, CONSTANTS);
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

      /** y = temporary·A + bias, through the epilogue */
      function rowsOf(tiles: Local<"i32">, bias: Local<"v128">): void {
        const from = local("i32", p.temporary);
        const row = local("i32", 0);
        const pixels = [0, 4, 8, 12].map((offset) => local("i32", i32.add(p.y, i32.load(tiles, offset))));
        const eachRow = (load: Visit, store: Visit): void =>
          loop((again) => {
            const sums = output(loadAll(from, points, 16)).map(vector);
            const all = vector(sums.slice(1).reduce<Expr<"v128">>((some, next) => f32x4.add(some, next), sums[0]!));
            odd.set(v128.or(odd, f32x4.sub(all, all)));
            const y = sums.map((value) => vector(f32x4.add(value, bias)));
            if (steps & STEP.norm) normalize(p.constants, 0, y);
            if (!(steps & STEP.sum)) end(y);
            const four = times(4, (i) => y[Math.min(i, size - 1)]!);
            // A row of each tile, and the fifth columns of all four.
            const values = transpose(four).map(vector);
            if (size === 5) values.push(y[4]!);
            if (steps & STEP.sum) {
              const added = values.map(() => vector(0));
              for (const [tile, pixel] of pixels.entries()) load(local("i32", i32.add(pixel, p.sum)), added, tile);
              for (const [i, value] of values.entries()) value.set(f32x4.add(value, added[i]!));
              end(values);
            }
            for (const [tile, pixel] of pixels.entries()) {
              store(pixel, values, tile);
              advance(pixel, p.rowBytes);
            }
            advance(from, 16 * points);
            advance(row, 1);
            brIf(again, i32.ltU(row, size));
          });
        when(
          i32.eq(i32.load(tiles, 16), 4),
          () =>
            eachRow(
              (at, added, tile) => {
                let value = size >= 4 ? v128.load(at) : v128.load64Zero(at);
                if (size === 3) value = v128.load32Lane(i32.add(at, 8), 2, value);
                added[tile]!.set(value);
                if (size === 5) added[4]!.set(v128.load32Lane(i32.add(at, 16), tile, added[4]!));
              },
              (at, values, tile) => {
                if (size >= 4) v128.store(at, values[tile]!);
                else v128.store64Lane(at, 0, values[tile]!);
                if (size === 3) v128.store32Lane(at, 2, values[tile]!, 8);
                if (size === 5) v128.store32Lane(at, tile, values[4]!, 16);
              },
            ),
          () =>
            eachRow(
              (at, added, tile) => {
                const [rows, columns] = [i32.load8U(tiles, 20 + 2 * tile), i32.load8U(tiles, 21 + 2 * tile)];
                const count = local("i32", select(i32.ltU(row, rows), columns, operand("i32", 0)));
                added[tile]!.set(loadSome!({ at, count }));
                if (size === 5) {
                  when(i32.eq(count, 5), () => added[4]!.set(v128.load32Lane(i32.add(at, 16), tile, added[4]!)));
                }
              },
              (at, values, tile) => {
                const rows = i32.load8U(tiles, 20 + 2 * tile);
                when(i32.ltU(row, rows), () => {
                  const columns = local("i32", i32.load8U(tiles, 21 + 2 * tile));
                  storeSome(at, values[tile]!, columns);
                  if (size === 5) when(i32.eq(columns, 5), () => v128.store32Lane(at, tile, values[4]!, 16));
                });
              },
            ),
        );
      }

      /** The steps behind the sum. */
      function end(values: readonly Local<"v128">[]): void {
        if (steps & STEP.relu) rectify(values);
        if (steps & STEP.activation) activate(p.constants, 0, values);
      }
    },
  );
}

/** Of the row of a tile, which starts `at`: `values` are the rows of the four tiles, and their fifth columns. */
type Visit = (at: Local<"i32">, values: readonly Local<"v128">[], tile: number) => void;

/** Loads the first `count` of four lanes. */
function loadSomeFunction(builder: ModuleBuilder) {
  return builder.function({ at: "i32", count: "i32" }, ({ at, count }) => {
    const lanes = local("v128");
    when(
      i32.geU(count, 4),
      () => lanes.set(v128.load(at)),
      () =>
        when(
          i32.eq(count, 1),
          () => lanes.set(v128.load32Zero(at)),
          () =>
            when(count, () => {
              lanes.set(v128.load64Zero(at));
              when(i32.eq(count, 3), () => lanes.set(v128.load32Lane(i32.add(at, 8), 2, lanes)));
            }),
        ),
    );
    return lanes;
  });
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
