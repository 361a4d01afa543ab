/**
 * A layer's shape rule as a type: a function from the input's shape to the output's.
 * `in` is filled in by {@link OutputOf}; `out` reads it as `this["in"]`. (TypeScript has no type-level functions; this
 * is the usual way to write one.)
 */
import type { Shape } from "./shape.js";

export interface ShapeRule {
  readonly in: unknown;
  readonly out: unknown;
}

/** The rule that knows nothing: any shape in, any shape out. */
export interface AnyRule extends ShapeRule {
  readonly out: Shape;
}

/** The output shape of `Rule` for the input shape `S`. */
export type OutputOf<Rule extends ShapeRule, S extends Shape> = (Rule & { readonly in: S })["out"] extends infer Out
  ? Out extends Shape
    ? Out
    : Shape
  : Shape;
