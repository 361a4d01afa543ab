/** Shape rule of Dropout2d, which drops whole channels. */
import { rankMismatch } from "./errors.js";
import type { HasRank, RankMistake, ShapeRule } from "./rule.js";
import type { Shape } from "./shape.js";

/** The shape of the mask, one entry per channel: `[N, C]`. @throws ShapeError for another rank than 3 and 4. */
export function channelMaskShape(layer: string, input: Shape): Shape {
  if (input.length === 3 || input.length === 4) return input.slice(0, 2);
  throw rankMismatch(layer, "[N, C, H, W] or [N, C, L]", input, "images flattened too early");
}

/** The rule of Dropout2d: the shape is kept, the rank is checked as {@link channelMaskShape} does. */
export interface Dropout2dRule extends ShapeRule {
  readonly out: HasRank<this["in"]> extends false
    ? this["in"]
    : this["in"] extends readonly [number, number, number] | readonly [number, number, number, number]
      ? this["in"]
      : RankMistake<"Dropout2d", "[N, C, H, W] or [N, C, L]", this["in"]>;
}
