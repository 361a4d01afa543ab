/** The maximum over groups of channels, and its adjoint. */
import { kernelsFor } from "../kernels/backend.js";
import { maxoutKernels } from "../kernels/maxout.js";
import type { MaxoutGeometry } from "../shape/maxout.js";
import type { Shape } from "../shape/shape.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

/** y[o, c, i] = maxₖ x[o, c, k, i], and each winner's place in x. */
export function maxout(
  g: MaxoutGeometry,
  x: Tensor,
  shape: Shape,
): { readonly y: Tensor; readonly winners: Int32Array } {
  const y = allocateUnset(shape, x.dtype);
  const winners = new Int32Array(y.size);
  kernelsFor(maxoutKernels, x.dtype).forward(g, x.operand(x.size), y.operand(y.size), winners);
  return { y, winners };
}

/** dx = dy at every winner, 0 elsewhere */
export function maxoutBackward(winners: Int32Array, dy: Tensor, inputShape: Shape): Tensor {
  const dx = allocateUnset(inputShape, dy.dtype);
  kernelsFor(maxoutKernels, dy.dtype).backward(winners, dy.operand(winners.length), dx.operand(dx.size));
  return dx;
}
