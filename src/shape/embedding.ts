/** Shape rule of Embedding. */
import type { OneSize } from "./arithmetic.js";
import type { HasRank, ShapeRule } from "./rule.js";
import type { Shape } from "./shape.js";

/** Every index becomes a vector: `[…]` → `[…, embeddingDim]`. */
export function embeddingShape(embeddingDim: number, input: Shape): number[] {
  return [...input, embeddingDim];
}

/** The rule of Embedding: {@link embeddingShape} as a type. */
export interface EmbeddingRule<D extends number> extends ShapeRule {
  readonly of?: D;
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : this["in"] extends Shape
      ? readonly [...this["in"], OneSize<D>]
      : Shape;
}
