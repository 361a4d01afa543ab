/** Shape rule of Softmax and LogSoftmax; as a function it is {@link dimGeometry}. */
import type { DimMistake, DimOf, HasRank, ShapeRule } from "./rule.js";
import type { Shape } from "./shape.js";

/** The shape is kept; it has to have the dimension. A scalar counts as `[1]`. */
export interface AlongDimRule<Layer extends string, Dim> extends ShapeRule {
  readonly of?: Dim;
  readonly out: HasRank<this["in"]> extends false
    ? this["in"]
    : (this["in"] extends readonly [] ? readonly [1] : this["in"]) extends infer S extends Shape
      ? [DimOf<S, Dim>] extends [never]
        ? DimMistake<Layer, S, Dim>
        : this["in"]
      : this["in"];
}
