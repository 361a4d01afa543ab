/** What the kernels of Winograd convolution agree on. */
import { type Expr, type Local, local, type Operand } from "../assembler/expression.js";
import type { Flavour } from "../assembler/flavour.js";
import { v128 } from "../assembler/instructions.js";

/** Outputs along one axis of a tile: F(2×2, 3×3) or F(4×4, 3×3). */
export type TileSize = 2 | 4;

/** What a module is generated for. */
export interface Variant {
  readonly size: TileSize;
  readonly flavour: Flavour;
  /** Filters in a panel of transformed filters, and quads (four tiles) in a panel of transformed input: a micro-kernel's product. */
  readonly rows: number;
  readonly quads: 1 | 2;
}

const variants = new Map<string, Variant>();

/** The variant for so many quads: panels that keep the vector registers busy; for one quad, whatever reads the filters in one stream. */
export function variantOf(size: TileSize, flavour: Flavour, quads: number): Variant {
  const narrow = quads === 1 || quads === 3;
  const rows = narrow ? 12 : flavour === "relaxed" ? 6 : 5;
  const key = `${size} ${flavour} ${rows}`;
  const found = variants.get(key) ?? { size, flavour, rows, quads: narrow ? 1 : 2 };
  variants.set(key, found);
  return found;
}

/** Points along one axis of a transformed tile, and the bytes that lie between neighbours in what `multiply` writes. */
export function bytesOf({ size, rows, quads }: Variant) {
  const points = size + 2;
  const tileRow = 16 * quads;
  const tilePoint = tileRow * rows;
  return { points, tileRow, tilePoint, tilePanel: tilePoint * points * points };
}

export const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

export const vector = (value: Operand<"v128">): Local<"v128"> => local("v128", value);

/** `count` vectors, `step` bytes apart, from `start` on. */
export function loadAll(address: Expr<"i32">, count: number, step: number, start = 0): Local<"v128">[] {
  return times(count, (i) => vector(v128.load(address, start + i * step)));
}
