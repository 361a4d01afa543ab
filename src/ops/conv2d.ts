/** Two-dimensional convolution (cross-correlation, as in torch) and its adjoint. */

import { kernelsFor } from "../kernels/backend.js";
import { biasKernels } from "../kernels/bias.js";
import { convKernels } from "../kernels/conv.js";
import type { Finish } from "../kernels/interface/conv.js";
import type { ConvGeometry } from "../shape/conv.js";
import type { Shape } from "../shape/shape.js";
import { allocateUnset, type DType, type Tensor } from "../tensor/tensor.js";

/**
 * y[n, o, i, j] = bias[o] + Σ_{c,u,v} weight[o, c, u, v] · x[n, c, i·stride + u·dilation − padding, j·stride + v·dilation − padding]
 *
 * and max(y, 0) with `relu`.
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
 */
export function conv2d(
  g: ConvGeometry,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  shape: Shape,
  relu = false,
): Tensor {
  const y = allocateUnset(shape, x.dtype);
  kernelsFor(convKernels, x.dtype).forward(g, x.data, weight.data, bias?.data, y.data, relu);
  return y;
}

/** Whether {@link conv2dFinished} is there for tensors of this precision. */
export function finishesConv2d(dtype: DType): boolean {
  return kernelsFor(convKernels, dtype).forwardFinished !== undefined;
}

/** {@link conv2d} and what follows it, in one pass over y. */
export function conv2dFinished(
  g: ConvGeometry,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  shape: Shape,
  finish: Finish,
): Tensor {
  const y = allocateUnset(shape, x.dtype);
  kernelsFor(convKernels, x.dtype).forwardFinished?.(g, x.data, weight.data, bias?.data, y.data, finish);
  return y;
}

/** dx = Σ_{o,u,v} weight[o, c, u, v] · dy[n, o, i, j] at every tap's place: the adjoint of {@link conv2d} in x. */
export function conv2dInputGradient(g: ConvGeometry, dy: Tensor, weight: Tensor, shape: Shape): Tensor {
  const dx = allocateUnset(shape, dy.dtype);
  kernelsFor(convKernels, dy.dtype).inputGradient(g, dy.data, weight.data, dx.data);
  return dx;
}

/** dweight[o, c, u, v] += Σ_{n,i,j} dy[n, o, i, j] · x[n, c, i·stride + u·dilation − padding, …] */
export function conv2dWeightGradient(g: ConvGeometry, x: Tensor, dy: Tensor, dweight: Tensor): void {
  kernelsFor(convKernels, x.dtype).weightGradient(g, x.data, dy.data, dweight.data);
}

/** dbias[o] += Σ_{n,i,j} dy[n, o, i, j] */
export function conv2dBiasGradient(g: ConvGeometry, dy: Tensor, dbias: Tensor): void {
  const pixels = g.outHeight * g.outWidth;
  kernelsFor(biasKernels, dy.dtype).gradient(g.batch, g.outChannels, pixels, dy.data, dbias.data);
}
