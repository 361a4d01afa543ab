/** Elementwise functions of two operands whose shapes broadcast. */
import { arithmeticKernels } from "../kernels/arithmetic.js";
import { kernelsFor } from "../kernels/backend.js";
import type { Operation } from "../kernels/interface/arithmetic.js";
import { broadcastShape } from "../shape/broadcast.js";
import type { Shape } from "../shape/shape.js";
import { broadcastStrides, loopsOf } from "../tensor/loops.js";
import { allocateUnset, Tensor } from "../tensor/tensor.js";

/** y = a ∘ b in the shape that they broadcast to, or in a larger `shape`. @throws ShapeError where they do not broadcast. */
export function combine(operation: Operation, a: Tensor, b: Tensor | number, shape?: Shape): Tensor {
  const { dtype } = a;
  if (typeof b === "number") b = new Tensor(dtype === "float64" ? Float64Array.of(b) : Float32Array.of(b), []);
  const to = shape ?? broadcastShape(operation, a.shape, b.shape);
  const y = allocateUnset(to, dtype);
  if (y.size === 0) return y;
  const loops = loopsOf(to, broadcastStrides(a.shape, to), broadcastStrides(b.shape, to));
  kernelsFor(arithmeticKernels, dtype).combine(
    operation,
    loops,
    a.operand(a.size),
    b.operand(b.size),
    y.operand(y.size),
  );
  return y;
}
