/** What the kernels of Winograd convolution agree on. */
import { advance, repeat } from "../assembler/control.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import type { Simd } from "../assembler/simd.js";
import * as v128 from "../assembler/v128.js";

/** Points along one dimension of a transformed tile: 0, ±1 and ∞, or those and ±2. */
export type Points = 4 | 6;

/** What a module is generated for: F(size×size, taps×taps). */
export interface Variant {
  readonly points: Points;
  readonly taps: number;
  /** Outputs along one dimension of a tile: points − taps + 1, which is 2 to 5. */
  readonly size: number;
  readonly simd: Simd;
  /** Filters in a panel of transformed filters, and quads (four tiles) in a panel of transformed input: a micro-kernel's product. */
  readonly rows: number;
  readonly quads: 1 | 2;
}

const variants = new Map<string, Variant>();

/** The variant for this many quads: panels that keep the vector registers busy; for one quad, whatever reads the filters in one stream. */
export function variantOf(points: Points, taps: number, simd: Simd, quads: number): Variant {
  const narrow = quads === 1 || quads === 3;
  const rows = narrow ? 12 : simd === "relaxed" ? 6 : 5;
  const key = `${points} ${taps} ${simd} ${rows}`;
  const size = points - taps + 1;
  const found = variants.get(key) ?? { points, taps, size, simd, rows, quads: narrow ? 1 : 2 };
  variants.set(key, found);
  return found;
}

/** Points along one dimension of a transformed tile, and the bytes that lie between neighbors in what `multiply` writes. */
export function bytesOf({ points, rows, quads }: Variant) {
  const tileRow = 16 * quads;
  const tilePoint = tileRow * rows;
  return { points, tileRow, tilePoint, tilePanel: tilePoint * points * points };
}

/** temporary[i][j] = what `transform` makes of column j of a tile whose points lie at m, four tiles side by side. */
export function columnsOf(
  transform: (column: readonly Local<"v128">[]) => readonly Expr<"v128">[],
  variant: Variant,
  m: Expr<"i32">,
  temporary: Expr<"i32">,
): void {
  const { points, tilePoint } = bytesOf(variant);
  const [from, to] = [local(m), local(temporary)];
  repeat(points, () => {
    const column = transform(loadAll(from, points, points * tilePoint));
    for (const [i, value] of column.entries()) v128.store(to, value, 16 * points * i);
    advance(from, tilePoint);
    advance(to, 16);
  });
}

export const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

/** `count` vectors, `step` bytes apart, from `start` on. */
export function loadAll(address: Expr<"i32">, count: number, step: number, start = 0): Local<"v128">[] {
  return times(count, (i) => local(v128.load(address, start + i * step)));
}
