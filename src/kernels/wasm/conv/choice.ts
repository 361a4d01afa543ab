/** Which algorithm computes a convolution. */
import type { ConvGeometry } from "../../../shape/conv.js";
import type { Direction } from "../../interface/conv.js";
import { winogradFits, winogradPays, winogradSaving } from "../winograd.js";
import { isDepthwise } from "./depthwise.js";
import { batchedFits } from "./turned.js";
import { rowTiles, rowTilesPay } from "./turned-winograd.js";

/**
 * im2col    products with patches that are packed      conv/correlate.ts, conv/spread.ts, conv/weights.ts
 * winograd  products in a space of fewer of them       winograd.ts
 * batched   products with a turned batch, in place     conv/batched.ts
 * rows      the same in a space of fewer products      conv/turned-winograd.ts
 * sliding   filters that slide along lines             conv/depthwise.ts
 *
 * `algorithm: "direct"` stands for batched and sliding; only `"auto"` takes rows. The shape alone decides, so that bits do
 * not depend on what ran before; but where numbers are uneven (winograd/reach.ts) products take the place of winograd and rows.
 */
export type ConvPath = "im2col" | "winograd" | "batched" | "rows" | "sliding";

export function convPath(g: ConvGeometry, direction: Direction): ConvPath {
  const { algorithm } = g;
  if (algorithm === "im2col" || (algorithm === "winograd" && winogradFits(g, direction))) return algorithm;
  if (isDepthwise(g)) return "sliding";
  // The products of a weight gradient would have to be looked at first, which takes longer than is saved.
  if (algorithm === "auto" && direction !== "weightGradient" && rowTilesPay(g)) return "rows";
  if (algorithm === "auto" && winogradPays(g, direction)) return "winograd";
  if (batchedFits(g)) return "batched";
  return algorithm === "direct" ? "sliding" : "im2col";
}

export interface Described {
  /** `"winograd 4×4"`, `"direct, sliding filters"` */
  readonly algorithm: string;
  /** How many of the definition's multiplications there are to one of the algorithm's. */
  readonly saving: number;
}

/** The path in words. */
export function describePath(g: ConvGeometry, direction: Direction): Described {
  const path = convPath(g, direction);
  if (path === "winograd") {
    const { tile, saving } = winogradSaving(g, direction);
    return { algorithm: `winograd ${tile}×${tile}`, saving };
  }
  if (path === "rows") {
    const { size, saving } = rowTiles(g)!;
    return { algorithm: `winograd 1×${size}, turned batch`, saving };
  }
  const algorithm = { im2col: "im2col", batched: "direct, turned batch", sliding: "direct, sliding filters" }[path];
  return { algorithm, saving: 1 };
}
