/** Two-dimensional convolution (cross-correlation, as in torch) and its adjoint. */

import { kernelsFor } from "../kernels/backend.js";
import { biasKernels } from "../kernels/bias.js";
import { convKernels } from "../kernels/conv.js";
import type { Epilogue } from "../kernels/interface/epilogue.js";
import type { ConvGeometry } from "../shape/conv.js";
import type { Shape } from "../shape/shape.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

/**
 * y[n, o, i, j] = bias[o] + Σ_{c,u,v} weight[o, c, u, v] · x[n, c, i·stride + u·dilation − padding, j·stride + v·dilation − padding]
 *
 * and then the epilogue. `y` may be the epilogue's sum, to which the convolution is added then.
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
 */
export function conv2d(
  g: ConvGeometry,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  shape: Shape,
  epilogue?: Epilogue<Tensor>,
  y: Tensor = allocateUnset(shape, x.dtype),
): Tensor {
  kernelsFor(convKernels, x.dtype).forward(
    g,
    x.operand(inputsOf(g)),
    weight.operand(weightsOf(g)),
    bias?.operand(g.outChannels),
    y.operand(outputsOf(g)),
    epilogue && { ...epilogue, sum: epilogue.sum?.operand(outputsOf(g)) },
  );
  return y;
}

/** dx = Σ_{o,u,v} weight[o, c, u, v] · dy[n, o, i, j] at every tap's place: the adjoint of {@link conv2d} in x. */
export function conv2dInputGradient(g: ConvGeometry, dy: Tensor, weight: Tensor, shape: Shape): Tensor {
  const dx = allocateUnset(shape, dy.dtype);
  kernelsFor(convKernels, dy.dtype).inputGradient(
    g,
    dy.operand(outputsOf(g)),
    weight.operand(weightsOf(g)),
    dx.operand(inputsOf(g)),
  );
  return dx;
}

/** dweight[o, c, u, v] += Σ_{n,i,j} dy[n, o, i, j] · x[n, c, i·stride + u·dilation − padding, …] */
export function conv2dWeightGradient(g: ConvGeometry, x: Tensor, dy: Tensor, dweight: Tensor): void {
  kernelsFor(convKernels, x.dtype).weightGradient(
    g,
    x.operand(inputsOf(g)),
    dy.operand(outputsOf(g)),
    dweight.operand(weightsOf(g)),
  );
}

/** dbias[o] += Σ_{n,i,j} dy[n, o, i, j] */
export function conv2dBiasGradient(g: ConvGeometry, dy: Tensor, dbias: Tensor): void {
  const pixels = g.outHeight * g.outWidth;
  kernelsFor(biasKernels, dy.dtype).gradient(
    g.batch,
    g.outChannels,
    pixels,
    dy.operand(outputsOf(g)),
    dbias.operand(g.outChannels),
  );
}

/** How many numbers x, y and weight have. */
export const inputsOf = (g: ConvGeometry): number => g.batch * g.inChannels * g.height * g.width;
export const outputsOf = (g: ConvGeometry): number => g.batch * g.outChannels * g.outHeight * g.outWidth;
export const weightsOf = (g: ConvGeometry): number =>
  g.outChannels * (g.inChannels / g.groups) * g.kernelHeight * g.kernelWidth;
