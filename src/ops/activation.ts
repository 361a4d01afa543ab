/** Activations that work on each element by itself, and their adjoints. Their formulas are in kernels/activation.ts. */
import type { ActivationFunction } from "../kernels/activation.js";
import { kernelsFor } from "../kernels/backend.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

/** What the backward of `f` needs from its forward: x or y. */
export function keptByActivation(f: ActivationFunction, x: Tensor, y: Tensor): Tensor {
  return f.readsOutput ? y : x;
}

/** y = f(x) with the function's own numbers p and q, written to `y`, which may be x. */
export function activation(
  f: ActivationFunction,
  x: Tensor,
  p = 0,
  q = 0,
  y: Tensor = allocateUnset(x.shape, x.dtype),
): Tensor {
  kernelsFor(f, x.dtype).forward(x.operand(y.size), y.operand(y.size), rounded(p, x), rounded(q, x));
  return y;
}

/** dx = dy · f′(x), from what {@link keptByActivation} chose. */
export function activationBackward(f: ActivationFunction, kept: Tensor, dy: Tensor, p = 0, q = 0): Tensor {
  const dx = allocateUnset(dy.shape, dy.dtype);
  const [from, to] = [kept.operand(dy.size), dx.operand(dy.size)];
  kernelsFor(f, dy.dtype).backward(from, dy.operand(dy.size), to, rounded(p, dy), rounded(q, dy));
  return dx;
}

/** The number in the tensor's precision, as torch compares it: an element equal to a float32 0.1 is at the kink 0.1. */
function rounded(value: number, { dtype }: Tensor): number {
  return dtype === "float32" ? Math.fround(value) : value;
}
