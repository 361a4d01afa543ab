/** The operations that join branches, which containers of layers need. */
import { add, multiply, multiplyBackward } from "../ops/arithmetic.js";
import { concatenate, split } from "../ops/layout.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Operation } from "./module.js";

/** The shape of a result, or a sentence about what does not fit. */
type ShapeOf = (shapes: readonly Shape[]) => Shape;

/** The sum of values of equal shapes, from the first to the last. Its backward hands dy to all of them. */
export function sumOf(shapeOf: ShapeOf): Operation {
  return {
    name: "add",
    isSum: true,
    shapes: (inputs) => [shapeOf(inputs)],
    forward: (inputs) => [inputs.reduce((sum, x) => add(sum, x))],
    forwardRectified: (inputs) => [inputs.reduce((sum, x, i) => add(sum, x, i === inputs.length - 1))],
    backward: ([dy], _inputs, wanted) => wanted.map((isWanted) => (isWanted ? dy : undefined)),
  };
}

/** The product of two values whose shapes broadcast. */
export function productOf(shapeOf: ShapeOf): Operation {
  return {
    name: "mul",
    shapes: (inputs) => [shapeOf(inputs)],
    forward: ([a, b]) => [multiply(a as Tensor, b as Tensor)],
    backward: ([dy], [a, b], [wantsA = false, wantsB = false]) =>
      multiplyBackward(dy as Tensor, a as Tensor, b as Tensor, [wantsA, wantsB]),
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
