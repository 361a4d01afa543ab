/** y = Aᵀ·m·A + bias, and the epilogue */
import { advance, doWhile, forRange, when } from "../assembler/control.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as i32 from "../assembler/i32.js";
import { select } from "../assembler/instructions.js";
import type { Body, ModuleBuilder } from "../assembler/module.js";
import * as v128 from "../assembler/v128.js";
import { activate, CONSTANTS, normalize, rectify, STEP } from "../elementwise/epilogue.js";
import { keep } from "../elementwise/math.js";
import { transpose4 } from "../gemm/pack.js";
import { algebra } from "./algebra.js";
import { bytesOf, columnsOf, loadAll, times, type Variant } from "./variant.js";

/**
 * A group is four tiles: where each starts in y (bytes from the first filter), how many of the four lie inside y as a
 * whole, and then for each how many of its rows and of its columns do (a byte each).
 */
export const GROUP_BYTES = 32;

/**
 * Writes the kernel `output` of the filters of one panel, which reads what `multiply` wrote. A NaN or an infinity spreads
 * over its tile, so the kernel tells whether it met one: bits at `odd` become 1. `steps`: of the epilogue.
 */
export function outputKernel(builder: ModuleBuilder, variant: Variant, steps: number): Body {
  const { size, quads } = variant;
  const { output } = algebra(variant);
  const { points, tileRow, tilePanel } = bytesOf(variant);
  const loadSome = steps & STEP.sum ? loadSomeFunction(builder) : undefined;
  return (m, filters, tiles, groups, temporary, y, mapBytes, rowBytes, bias, biasStep, odd, constants, sum) => {
    // Bits that are not 0 as soon as a number before the bias is NaN or infinite.
    const oddBits = local(v128.load(odd));
    doWhile(() => {
      const start = local(v128.load32Splat(bias));
      const tile = local(tiles);
      const panel = local(m);
      forRange(0, groups, 1, (group) => {
        const second = local(i32.and(group, quads - 1));
        columnsOf(output, variant, i32.add(panel, i32.mul(second, 16)), temporary);
        rowsOf(tile, start);
        when(i32.eq(second, quads - 1), () => advance(panel, tilePanel));
        advance(tile, GROUP_BYTES);
      });
      advance(y, mapBytes);
      advance(bias, biasStep);
      advance(constants, CONSTANTS);
      advance(m, tileRow);
      advance(filters, -1);
      return filters;
    });
    v128.store(odd, oddBits);

    /** y = temporary·A + bias, through the epilogue */
    function rowsOf(tiles: Local<"i32">, bias: Local<"v128">): void {
      const from = local(temporary);
      const row = local(0);
      const pixels = [0, 4, 8, 12].map((offset) => local(i32.add(y, i32.load(tiles, offset))));
      const eachRow = (load: Visit, store: Visit): void =>
        doWhile(() => {
          const sums = output(loadAll(from, points, 16)).map((value) => local(value));
          const all = local(sums.slice(1).reduce<Expr<"v128">>((some, next) => f32x4.add(some, next), sums[0]!));
          oddBits.set(v128.or(oddBits, f32x4.sub(all, all)));
          const results = sums.map((value) => local(f32x4.add(value, bias)));
          if (steps & STEP.norm) normalize(constants, 0, results);
          if (!(steps & STEP.sum)) end(results);
          const four = times(4, (i) => results[Math.min(i, size - 1)]!);
          // A row of each tile, and the fifth columns of all four.
          const values = transpose4(four);
          if (size === 5) values.push(results[4]!);
          if (steps & STEP.sum) {
            const added = values.map(() => keep(0));
            for (const [tile, pixel] of pixels.entries()) load(local(i32.add(pixel, sum)), added, tile);
            for (const [i, value] of values.entries()) value.set(f32x4.add(value, added[i]!));
            end(values);
          }
          for (const [tile, pixel] of pixels.entries()) {
            store(pixel, values, tile);
            advance(pixel, rowBytes);
          }
          advance(from, 16 * points);
          advance(row, 1);
          return i32.ltU(row, size);
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
              const count = local(select(i32.ltU(row, rows), columns, 0));
              added[tile]!.set(loadSome!({ at, count }));
              if (size === 5) {
                when(i32.eq(count, 5), () => added[4]!.set(v128.load32Lane(i32.add(at, 16), tile, added[4]!)));
              }
            },
            (at, values, tile) => {
              const rows = i32.load8U(tiles, 20 + 2 * tile);
              when(i32.ltU(row, rows), () => {
                const columns = local(i32.load8U(tiles, 21 + 2 * tile));
                storeSome(at, values[tile]!, columns);
                if (size === 5) when(i32.eq(columns, 5), () => v128.store32Lane(at, tile, values[4]!, 16));
              });
            },
          ),
      );
    }

    /** The steps after the sum. */
    function end(values: readonly Local<"v128">[]): void {
      if (steps & STEP.relu) rectify(values);
      if (steps & STEP.activation) activate(constants, 0, values);
    }
  };
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
