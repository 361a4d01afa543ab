/**
 * Transposed convolution: the adjoint of a convolution as a layer of its own. Its geometry is that of the convolution,
 * from this layer's output to its input, so that forward and backward are convolution's kernels in exchanged roles.
 */
import { run } from "../kernels/backend.js";
import type { ConvGeometry } from "../shape/conv.js";
import type { Shape } from "../shape/shape.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";
import { addBias, biasGradient } from "./bias.js";
import { convKernels, inputsOf, outputsOf, weightsOf } from "./conv2d.js";

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
  run(
    convKernels,
    [x.operand(outputsOf(g)), weight.operand(weightsOf(g)), y.operand(inputsOf(g))],
    (kernels, x, weight, y) => kernels.inputGradient(g, x, weight, y),
  );
  if (bias) addBias(g.batch, g.inChannels, g.height * g.width, bias, y);
  return y;
}

/** dx[n, c, i, j] = Σ_{o,u,v} weight[c, o, u, v] · dy[n, o, i·stride + u·dilation − padding, …]: a convolution. */
export function convTranspose2dInputGradient(g: ConvGeometry, dy: Tensor, weight: Tensor, shape: Shape): Tensor {
  const dx = allocateUnset(shape, dy.dtype);
  run(
    convKernels,
    [dy.operand(inputsOf(g)), weight.operand(weightsOf(g)), dx.operand(outputsOf(g))],
    (kernels, dy, weight, dx) => kernels.forward(g, dy, weight, undefined, dx),
  );
  return dx;
}

/** dweight[c, o, u, v] += Σ_{n,i,j} x[n, c, i, j] · dy[n, o, i·stride + u·dilation − padding, …] */
export function convTranspose2dWeightGradient(g: ConvGeometry, x: Tensor, dy: Tensor, dweight: Tensor): void {
  run(
    convKernels,
    [dy.operand(inputsOf(g)), x.operand(outputsOf(g)), dweight.operand(weightsOf(g))],
    (kernels, dy, x, dweight) => kernels.weightGradient(g, dy, x, dweight),
  );
}

/** dbias[o] += Σ_{n,i,j} dy[n, o, i, j] */
export function convTranspose2dBiasGradient(g: ConvGeometry, dy: Tensor, dbias: Tensor): void {
  biasGradient(g.batch, g.inChannels, g.height * g.width, dy, dbias);
}
