/**
 * Tiles of an image into the space of the products: the columns along whole rows of the image, into a strip, and from
 * there the rows of four tiles at once.
 *
 *     input            Vᵉ = (Bᵀ·d·B)ᵉ, d being the patch of x under a tile
 *     outputGradient   (A·dy·Aᵀ)ᵉ, dy being a tile of the output's gradient
 */
import { advance, doWhile, forRange, repeat, when } from "../assembler/control.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import * as i32 from "../assembler/i32.js";
import { select } from "../assembler/instructions.js";
import type { Body } from "../assembler/module.js";
import * as v128 from "../assembler/v128.js";
import { transpose4 } from "../gemm/pack.js";
import { algebra, firsts, lows, seconds } from "./algebra.js";
import { times, type Variant } from "./variant.js";

/**
 * A segment is a run of neighboring tiles of one row of tiles: where its first row starts in x (bytes from the first
 * channel), one bit for every row that lies inside the image, where its first column goes in the strip, and the bytes
 * of its columns.
 */
export const SEGMENT_BYTES = 16;

/**
 * Writes the kernel. Every `together` maps (channels of x, filters of dy) fill as many strips, `stripMap` bytes apart,
 * and give `groups` vectors: `lanes` holds where in the strips the rows of every lane of them start. What comes next to
 * what is up to the caller: the vectors of a group's points lie `point` bytes apart; a panel holds `quads` of them side
 * by side and is followed by the next after `panel` bytes; the next maps' start `next` bytes further.
 */
export function stripKernel(variant: Variant, name: "input" | "outputGradient"): Body {
  const { points, size, quads } = variant;
  const transform = algebra(variant)[name];
  const window = name === "input" ? points : size;
  return (
    x,
    maps,
    mapBytes,
    rowBytes,
    zeros,
    segments,
    segmentsEnd,
    firstStrip,
    stripRow,
    stripMap,
    together,
    lanes,
    groups,
    v,
    point,
    panel,
    next,
  ) => {
    doWhile(() => {
      const strip = local(firstStrip);
      forRange(0, together, 1, () => {
        forRange(segments, segmentsEnd, SEGMENT_BYTES, (segment) => columnsOf(segment, strip));
        advance(strip, stripMap);
        advance(maps, -1);
        // Behind the last map comes the last again.
        when(i32.gtS(maps, 0), () => advance(x, mapBytes));
      });
      rows();
      advance(v, next);
      return i32.gtS(maps, 0);
    });

    /** Columns, along whole rows of x: neighboring tiles may share some. */
    function columnsOf(segment: Local<"i32">, strip: Local<"i32">): void {
      const row = local(i32.add(x, i32.load(segment)));
      const inside = local(i32.load(segment, 4));
      const to = local(i32.add(strip, i32.load(segment, 8)));
      const bytes = local(i32.load(segment, 12));
      const rows = times(window, (i) => {
        const inImage = local(select(i32.and(inside, 1 << i), row, zeros));
        advance(row, rowBytes);
        return inImage;
      });
      const column = (
        at: Expr<"i32">,
        load: (address: Expr<"i32">) => Expr<"v128">,
        store: (address: Expr<"i32">, value: Expr<"v128">) => void,
      ): void => {
        const d = rows.map((row) => local(load(i32.add(row, at))));
        const address = local(i32.add(to, at));
        for (const value of transform(d)) {
          store(address, value);
          advance(address, stripRow);
        }
      };
      when(
        i32.ltU(bytes, 16),
        () =>
          forRange(0, bytes, 4, (at) =>
            column(at, v128.load32Zero, (address, value) => v128.store32Lane(address, 0, value)),
          ),
        () => {
          forRange(0, i32.and(bytes, -16), 16, (at) => column(at, v128.load, v128.store));
          // The last four columns overlap those before them, so that nothing beside the row is read.
          when(i32.and(bytes, 15), () => {
            const at = local(i32.sub(bytes, 16));
            column(at, v128.load, v128.store);
          });
        },
      );
    }

    /** Rows of four tiles or maps at once, wherever they lie. */
    function rows(): void {
      const lane = local(lanes);
      const start = local(v);
      forRange(0, groups, 1, (group) => {
        const from = times(4, (i) => local(i32.load(lane, 4 * i)));
        const second = local(i32.and(group, quads - 1));
        const to = local(i32.add(start, i32.mul(second, 16)));
        repeat(points, () => {
          const d = transpose4(from.map((address) => v128.load(address)));
          if (window === 6) {
            const [a, b, c, e] = from.map((address) => local(v128.load64Zero(address, 16)));
            const pairs = [local(lows(a!, b!)), local(lows(c!, e!))] as const;
            d.push(local(firsts(...pairs)), local(seconds(...pairs)));
          }
          for (const value of transform(d)) {
            v128.store(to, value);
            advance(to, point);
          }
          for (const address of from) advance(address, stripRow);
        });
        advance(lane, 16);
        when(i32.eq(second, quads - 1), () => advance(start, panel));
      });
    }
  };
}
