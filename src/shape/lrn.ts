/** Shape rule of local response normalization: which neighbors each channel sees. */
import { rankMismatch } from "./errors.js";
import type { HasRank, RankMistake, ShapeRule } from "./rule.js";
import { type Shape, sizeOf } from "./shape.js";

/** x (outer, channels, inner); channel c sees the channels c − before … c + after that exist. */
export interface LrnGeometry {
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
  readonly before: number;
  readonly after: number;
}

/** @throws ShapeError for fewer than three dimensions. */
export function lrnGeometry(layer: string, size: number, input: Shape): LrnGeometry {
  const [outer = 0, channels = 0, ...spatial] = input;
  if (input.length < 3) {
    const cause = "images flattened too early, or a missing batch dimension: reshape one sample to [1, C, …]";
    throw rankMismatch(layer, "[N, C, L], [N, C, H, W] or of more dimensions", input, cause);
  }
  // An even window reaches further back, as torch pads it.
  const before = Math.floor(size / 2);
  return { outer, channels, inner: sizeOf(spatial), before, after: size - 1 - before };
}

/** The rule of LocalResponseNorm: the shape is kept, the rank is checked. */
export interface LrnRule extends ShapeRule {
  readonly out: HasRank<this["in"]> extends false
    ? this["in"]
    : this["in"] extends readonly [number, number, number, ...Shape]
      ? this["in"]
      : RankMistake<"LocalResponseNorm", "[N, C, L], [N, C, H, W] or of more dimensions", this["in"]>;
}
