/** Vᵉ[panel][channel][tile] = (Bᵀ·d·B)ᵉ, d being the patch of x under a tile. */
import { advance, brIf, forRange, loop, when } from "../assembler/control.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import { i32, select, v128 } from "../assembler/instructions.js";
import type { ModuleBuilder } from "../assembler/module.js";
import { algebra, firsts, lows, seconds, transpose } from "./algebra.js";
import { times, type Variant, vector } from "./variant.js";

/**
 * A segment is a run of neighbouring tiles of one row of tiles: where its first row starts in x (bytes from the first
 * channel), one bit for every row that lies inside the image, where its first column goes in the strip, and the bytes
 * of its columns.
 */
export const SEGMENT_BYTES = 16;

/** Writes the kernel `input`. `tiles` holds, for every tile, where its columns start in the strip. */
export function inputKernel(builder: ModuleBuilder, variant: Variant): void {
  const { size, quads } = variant;
  const { input } = algebra(variant);
  const points = size + 2;
  builder.kernel(
    "input",
    {
      ...({ x: "i32", channels: "i32", channelBytes: "i32", rowBytes: "i32", zeros: "i32" } as const),
      ...({ segments: "i32", segmentsEnd: "i32", strip: "i32", stripRow: "i32", tiles: "i32", groups: "i32" } as const),
      ...({ v: "i32", point: "i32", panel: "i32" } as const),
    },
    (p) => {
      loop((nextChannel) => {
        forRange(p.segments, p.segmentsEnd, SEGMENT_BYTES, columnsOfSegment);
        rowsOfTiles();
        advance(p.x, p.channelBytes);
        advance(p.v, 16 * quads);
        advance(p.channels, -1);
        brIf(nextChannel, p.channels);
      });

      /** strip = Bᵀ·d, along whole rows of x: neighbouring tiles share columns. */
      function columnsOfSegment(segment: Local<"i32">): void {
        const next = local("i32", i32.add(p.x, i32.load(segment)));
        const inside = local("i32", i32.load(segment, 4));
        const to = local("i32", i32.add(p.strip, i32.load(segment, 8)));
        const bytes = local("i32", i32.load(segment, 12));
        const rows = times(points, (i) => {
          const row = local("i32", select(i32.and(inside, 1 << i), next, p.zeros));
          advance(next, p.rowBytes);
          return row;
        });
        const transform = (
          at: Expr<"i32">,
          load: (address: Expr<"i32">) => Expr<"v128">,
          store: (address: Expr<"i32">, value: Expr<"v128">) => void,
        ): void => {
          const d = rows.map((row) => vector(load(i32.add(row, at))));
          const address = local("i32", i32.add(to, at));
          for (const value of input(d)) {
            store(address, value);
            advance(address, p.stripRow);
          }
        };
        when(
          i32.ltU(bytes, 16),
          () =>
            forRange(0, bytes, 4, (at) =>
              transform(at, v128.load32Zero, (address, value) => v128.store32Lane(address, 0, value)),
            ),
          () => {
            forRange(0, i32.and(bytes, -16), 16, (at) => transform(at, v128.load, v128.store));
            // The last four columns overlap those before them, so that nothing beside the row is read.
            when(i32.and(bytes, 15), () => {
              const at = local("i32", i32.sub(bytes, 16));
              transform(at, v128.load, v128.store);
            });
          },
        );
      }

      /** V = strip·B, of four tiles at once, wherever they lie. */
      function rowsOfTiles(): void {
        const tile = local("i32", p.tiles);
        const start = local("i32", p.v);
        forRange(0, p.groups, 1, (group) => {
          const from = times(4, (i) => local("i32", i32.load(tile, 4 * i)));
          const second = local("i32", i32.and(group, quads - 1));
          const to = local("i32", i32.add(start, i32.mul(second, 16)));
          const rows = local("i32", points);
          loop((again) => {
            const d = transpose(from.map((address) => vector(v128.load(address)))).map(vector);
            if (size === 4) {
              const [a, b, c, e] = from.map((address) => vector(v128.load64Zero(address, 16)));
              const pairs = [vector(lows(a!, b!)), vector(lows(c!, e!))] as const;
              d.push(vector(firsts(...pairs)), vector(seconds(...pairs)));
            }
            for (const value of input(d)) {
              v128.store(to, value);
              advance(to, p.point);
            }
            for (const address of from) advance(address, p.stripRow);
            advance(rows, -1);
            brIf(again, rows);
          });
          advance(tile, 16);
          when(i32.eq(second, quads - 1), () => advance(start, p.panel));
        });
      }
    },
  );
}
