/** Elementwise functions of two operands whose shapes broadcast. */
import type { ArithmeticKernels, Operation } from "../kernels/arithmetic.js";
import { type KernelSet, run } from "../kernels/backend.js";
import { referenceArithmetic } from "../kernels/reference/arithmetic.js";
import { wasmArithmetic } from "../kernels/wasm/arithmetic.js";
import { broadcastShape } from "../shape/broadcast.js";
import type { Shape } from "../shape/shape.js";
import { broadcastStrides, loopsOf } from "../tensor/loops.js";
import { allocateUnset, Tensor } from "../tensor/tensor.js";

const arithmeticKernels: KernelSet<ArithmeticKernels> = {
  reference: referenceArithmetic,
  wasm: () => wasmArithmetic,
};

/** y = a ∘ b in the shape that they broadcast to, or in a larger `shape`. @throws ShapeError where they do not broadcast. */
export function combine(operation: Operation, a: Tensor, b: Tensor | number, shape?: Shape): Tensor {
  const { dtype } = a;
  if (typeof b === "number") b = new Tensor(dtype === "float64" ? Float64Array.of(b) : Float32Array.of(b), []);
  const to = shape ?? broadcastShape(operation, a.shape, b.shape);
  const y = allocateUnset(to, dtype);
  if (y.size === 0) return y;
  const loops = loopsOf(to, broadcastStrides(a.shape, to), broadcastStrides(b.shape, to));
  run(arithmeticKernels, [a, b, y], (kernels, a, b, y) => kernels.combine(operation, loops, a, b, y));
  return y;
}
