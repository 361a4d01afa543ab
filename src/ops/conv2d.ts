/** Two-dimensional convolution (cross-correlation, as in torch) and its adjoint. */

import { type KernelSet, run } from "../kernels/backend.js";
import type { ConvKernels } from "../kernels/conv.js";
import type { Epilogue } from "../kernels/epilogue.js";
import { referenceConv } from "../kernels/reference/conv.js";
import { wasmConv } from "../kernels/wasm/conv.js";
import type { ConvGeometry } from "../shape/conv.js";
import type { Shape } from "../shape/shape.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";
import { biasGradient } from "./bias.js";

export const convKernels: KernelSet<ConvKernels> = { reference: referenceConv, wasm: wasmConv };

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
  const results = outputsOf(g);
  run(
    convKernels,
    [
      x.operand(inputsOf(g)),
      weight.operand(weightsOf(g)),
      bias?.operand(g.outChannels),
      y.operand(results),
      epilogue?.sum?.operand(results),
    ],
    (kernels, x, weight, bias, y, sum) => kernels.forward(g, x, weight, bias, y, epilogue && { ...epilogue, sum }),
  );
  return y;
}

/** dx = Σ_{o,u,v} weight[o, c, u, v] · dy[n, o, i, j] at every tap's place: the adjoint of {@link conv2d} in x. */
export function conv2dInputGradient(g: ConvGeometry, dy: Tensor, weight: Tensor, shape: Shape): Tensor {
  const dx = allocateUnset(shape, dy.dtype);
  run(
    convKernels,
    [dy.operand(outputsOf(g)), weight.operand(weightsOf(g)), dx.operand(inputsOf(g))],
    (kernels, dy, weight, dx) => kernels.inputGradient(g, dy, weight, dx),
  );
  return dx;
}

/** dweight[o, c, u, v] += Σ_{n,i,j} dy[n, o, i, j] · x[n, c, i·stride + u·dilation − padding, …] */
export function conv2dWeightGradient(g: ConvGeometry, x: Tensor, dy: Tensor, dweight: Tensor): void {
  run(
    convKernels,
    [x.operand(inputsOf(g)), dy.operand(outputsOf(g)), dweight.operand(weightsOf(g))],
    (kernels, x, dy, dweight) => kernels.weightGradient(g, x, dy, dweight),
  );
}

/** dbias[o] += Σ_{n,i,j} dy[n, o, i, j] */
export function conv2dBiasGradient(g: ConvGeometry, dy: Tensor, dbias: Tensor): void {
  biasGradient(g.batch, g.outChannels, g.outHeight * g.outWidth, dy, dbias);
}

/** How many numbers x, y and weight have. */
export const inputsOf = (g: ConvGeometry): number => g.batch * g.inChannels * g.height * g.width;
export const outputsOf = (g: ConvGeometry): number => g.batch * g.outChannels * g.outHeight * g.outWidth;
export const weightsOf = (g: ConvGeometry): number =>
  g.outChannels * (g.inChannels / g.groups) * g.kernelHeight * g.kernelWidth;
