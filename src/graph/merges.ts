/** The operations that join branches, which containers of layers need. */
import { add, concatenate, part } from "../ops/merge.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Operation } from "./module.js";

/** The sum of two values of equal shapes; `shape` says what it is, or throws. Its backward hands dy to both. */
export function sumOf(shape: (shapes: readonly Shape[]) => readonly number[]): Operation {
  return {
    name: "add",
    isSum: true,
    shapes: (inputs) => [shape(inputs)],
    forward: ([a, b]) => [add(a as Tensor, b as Tensor)],
    forwardRectified: ([a, b]) => [add(a as Tensor, b as Tensor, true)],
    backward: ([dy], _inputs, wanted) => wanted.map((isWanted) => (isWanted ? dy : undefined)),
  };
}

/** Values side by side along `dim`, which `axis` tells for a rank; `shape` says what they become, or throws. */
export function concatenationOf(
  axis: (rank: number) => number,
  shape: (shapes: readonly Shape[]) => readonly number[],
): Operation {
  return {
    name: "concat",
    shapes: (inputs) => [shape(inputs)],
    forward(inputs) {
      const shapes = inputs.map((x) => x.shape);
      return [concatenate(inputs, axis(inputs[0]?.shape.length ?? 0), shape(shapes))];
    },
    backward([dy], inputs) {
      const shapes = inputs.map((x) => x.shape);
      return part(dy as Tensor, axis(inputs[0]?.shape.length ?? 0), shapes);
    },
  };
}
