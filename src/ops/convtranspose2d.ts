/**
 * Transposed convolution: the adjoint of a convolution as a layer of its own. Its geometry is that of the convolution,
 * from this layer's output to its input, so that forward and backward are convolution's kernels in exchanged roles.
 */
import { kernelsFor } from "../kernels/backend.js";
import { biasKernels } from "../kernels/bias.js";
import { convKernels } from "../kernels/conv.js";
import type { ConvGeometry } from "../shape/conv.js";
import type { Shape } from "../shape/shape.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";
import { inputsOf, outputsOf, weightsOf } from "./conv2d.js";

/**
 * y[n, o, i·stride + u·dilation − padding, …] = bias[o] + Σ_{c,i,u} weight[c, o, u, v] · x[n, c, i, j]
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
 */
export function convTranspose2d(
  g: ConvGeometry,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  shape: Shape,
): Tensor {
  const y = allocateUnset(shape, x.dtype);
  kernelsFor(convKernels, x.dtype).inputGradient(
    g,
    x.operand(outputsOf(g)),
    weight.operand(weightsOf(g)),
    y.operand(inputsOf(g)),
  );
  if (bias) {
    kernelsFor(biasKernels, x.dtype).add(
      g.batch,
      g.inChannels,
      g.height * g.width,
      bias.operand(g.inChannels),
      y.operand(inputsOf(g)),
    );
  }
  return y;
}

/** dx[n, c, i, j] = Σ_{o,u,v} weight[c, o, u, v] · dy[n, o, i·stride + u·dilation − padding, …]: a convolution. */
export function convTranspose2dInputGradient(g: ConvGeometry, dy: Tensor, weight: Tensor, shape: Shape): Tensor {
  const dx = allocateUnset(shape, dy.dtype);
  kernelsFor(convKernels, dy.dtype).forward(
    g,
    dy.operand(inputsOf(g)),
    weight.operand(weightsOf(g)),
    undefined,
    dx.operand(outputsOf(g)),
  );
  return dx;
}

/** dweight[c, o, u, v] += Σ_{n,i,j} x[n, c, i, j] · dy[n, o, i·stride + u·dilation − padding, …] */
export function convTranspose2dWeightGradient(g: ConvGeometry, x: Tensor, dy: Tensor, dweight: Tensor): void {
  kernelsFor(convKernels, x.dtype).weightGradient(
    g,
    dy.operand(inputsOf(g)),
    x.operand(outputsOf(g)),
    dweight.operand(weightsOf(g)),
  );
}

/** dbias[o] += Σ_{n,i,j} dy[n, o, i, j] */
export function convTranspose2dBiasGradient(g: ConvGeometry, dy: Tensor, dbias: Tensor): void {
  kernelsFor(biasKernels, dy.dtype).gradient(
    g.batch,
    g.inChannels,
    g.height * g.width,
    dy.operand(inputsOf(g)),
    dbias.operand(g.inChannels),
  );
}
