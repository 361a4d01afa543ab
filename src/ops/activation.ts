/** Activations that work on each element by itself, and their adjoints. Their formulas are in {@link ActivationKernels}. */
import { activationKernels } from "../kernels/activation.js";
import { kernelsFor } from "../kernels/backend.js";
import type { ActivationName } from "../kernels/interface/activation.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

/** Activations whose backward reads the output; all others read the input. */
const READS_OUTPUT: ReadonlySet<ActivationName> = new Set<ActivationName>(["relu", "sigmoid", "tanh"]);

/** What the backward of `f` needs from its forward: x or y. */
export function keptByActivation(f: ActivationName, x: Tensor, y: Tensor): Tensor {
  return READS_OUTPUT.has(f) ? y : x;
}

/** y = f(x) with the function's own numbers p and q. */
export function activation(f: ActivationName, x: Tensor, p = 0, q = 0): Tensor {
  const y = allocateUnset(x.shape, x.dtype);
  kernelsFor(activationKernels, x.dtype)[f].forward(x.data, y.data, rounded(p, x), rounded(q, x));
  return y;
}

/** dx = dy · f′(x), from what {@link keptByActivation} chose. */
export function activationBackward(f: ActivationName, kept: Tensor, dy: Tensor, p = 0, q = 0): Tensor {
  const dx = allocateUnset(dy.shape, dy.dtype);
  kernelsFor(activationKernels, dy.dtype)[f].backward(kept.data, dy.data, dx.data, rounded(p, dy), rounded(q, dy));
  return dx;
}

/** The number in the tensor's precision, as torch compares it: an element equal to a float32 0.1 is at the kink 0.1. */
function rounded(value: number, { dtype }: Tensor): number {
  return dtype === "float32" ? Math.fround(value) : value;
}
