/** The maximum over groups of channels, and its adjoint. */
import { type KernelSet, run } from "../kernels/backend.js";
import type { MaxoutKernels } from "../kernels/maxout.js";
import { referenceMaxout } from "../kernels/reference/maxout.js";
import type { MaxoutGeometry } from "../shape/maxout.js";
import type { Shape } from "../shape/shape.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

const maxoutKernels: KernelSet<MaxoutKernels> = { reference: referenceMaxout };

/** y[o, c, i] = maxₖ x[o, c, k, i], and where each winner lies in x. The first NaN wins, else the first maximum. */
export function maxout(
  g: MaxoutGeometry,
  x: Tensor,
  shape: Shape,
): { readonly y: Tensor; readonly winners: Int32Array } {
  const y = allocateUnset(shape, x.dtype);
  const winners = new Int32Array(y.size);
  run(maxoutKernels, [x, y], (kernels, x, y) => kernels.forward(g, x, y, winners));
  return { y, winners };
}

/** dx = dy at every winner, 0 elsewhere */
export function maxoutBackward(winners: Int32Array, dy: Tensor, inputShape: Shape): Tensor {
  const dx = allocateUnset(inputShape, dy.dtype);
  run(maxoutKernels, [dy, dx], (kernels, dy, dx) => kernels.backward(winners, dy, dx));
  return dx;
}
