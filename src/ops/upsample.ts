/** Resizing by interpolation and its adjoint. Every mode is separable, so the spatial axes are resized one by one. */
import { kernelsFor } from "../kernels/backend.js";
import { upsampleKernels } from "../kernels/upsample.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import type { ResizedAxis } from "../shape/upsample.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

/**
 * y[n, c, i, j] = Σₖₗ weight[i, k] · weight[j, l] · x[n, c, index[i, k], index[j, l]], for as many axes as there are
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Upsample.html
 */
export function upsample(axes: readonly ResizedAxis[], x: Tensor): Tensor {
  return axes.reduce((input, axis, k) => {
    const shape = input.shape.with(k + 2, axis.out);
    const y = allocateUnset(shape, x.dtype);
    kernelsFor(upsampleKernels, x.dtype).forward(
      axis,
      ...around(shape, k + 2),
      input.operand(input.size),
      y.operand(y.size),
    );
    return y;
  }, x);
}

/** dx[n, c, index[i, k], index[j, l]] += weight[i, k] · weight[j, l] · dy[n, c, i, j] */
export function upsampleBackward(axes: readonly ResizedAxis[], dy: Tensor): Tensor {
  return axes.reduceRight((output, axis, k) => {
    const shape = output.shape.with(k + 2, axis.size);
    const dx = allocateUnset(shape, dy.dtype);
    kernelsFor(upsampleKernels, dy.dtype).backward(
      axis,
      ...around(shape, k + 2),
      output.operand(output.size),
      dx.operand(dx.size),
    );
    return dx;
  }, dy);
}

/** Number of elements before and after one axis. */
function around(shape: Shape, axis: number): [outer: number, inner: number] {
  return [sizeOf(shape, 0, axis), sizeOf(shape, axis + 1)];
}
