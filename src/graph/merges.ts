/** The operations that join branches, which containers of layers need. */
import { add } from "../ops/arithmetic.js";
import { concatenate, split } from "../ops/layout.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Operation } from "./module.js";

/** The shape of a result, or a sentence about what does not fit. */
type ShapeOf = (shapes: readonly Shape[]) => Shape;

/** The sum of two values of equal shapes. Its backward hands dy to both. */
export function sumOf(shapeOf: ShapeOf): Operation {
  return {
    name: "add",
    isSum: true,
    shapes: (inputs) => [shapeOf(inputs)],
    forward: ([a, b]) => [add(a as Tensor, b as Tensor)],
    forwardRectified: ([a, b]) => [add(a as Tensor, b as Tensor, true)],
    backward: ([dy], _inputs, wanted) => wanted.map((isWanted) => (isWanted ? dy : undefined)),
  };
}

/** Values side by side along `dim`. Its backward cuts dy into their parts. */
export function concatenationOf(dim: number, shapeOf: ShapeOf): Operation {
  return {
    name: "concat",
    shapes: (inputs) => [shapeOf(inputs)],
    forward: (inputs) => [concatenate(inputs, dim, shapeOf(inputs.map((x) => x.shape)))],
    backward: ([dy], inputs) =>
      split(
        dy as Tensor,
        inputs.map((x) => x.shape.at(dim) as number),
        dim,
      ),
  };
}
