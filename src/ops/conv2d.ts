/** Two-dimensional convolution (cross-correlation, as in torch) and its adjoint. */

import { backend, type KernelSet, run } from "../kernels/backend.js";
import type { ConvKernels, Finish } from "../kernels/interface/conv.js";
import { referenceConv } from "../kernels/reference/conv.js";
import { wasmConv } from "../kernels/wasm/conv.js";
import { NoRoom } from "../kernels/wasm/memory.js";
import type { ConvGeometry } from "../shape/conv.js";
import type { Shape } from "../shape/shape.js";
import { allocateUnset, type DType, type Tensor } from "../tensor/tensor.js";
import { biasGradient } from "./bias.js";

export const convKernels: KernelSet<ConvKernels> = { reference: referenceConv, wasm: wasmConv };

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
  run(
    convKernels,
    [x.operand(inputsOf(g)), weight.operand(weightsOf(g)), bias?.operand(g.outChannels), y.operand(outputsOf(g))],
    (kernels, x, weight, bias, y) => kernels.forward(g, x, weight, bias, y, relu),
  );
  return y;
}

/** Whether {@link conv2dFinished} is there for tensors of this precision. */
export function finishesConv2d(dtype: DType): boolean {
  return dtype === "float32" && backend() === "wasm";
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
  run(
    convKernels,
    [x.operand(inputsOf(g)), weight.operand(weightsOf(g)), bias?.operand(g.outChannels), y.operand(outputsOf(g))],
    (kernels, x, weight, bias, y) => {
      if (!kernels.forwardFinished) throw new NoRoom(4 * y.length);
      kernels.forwardFinished(g, x, weight, bias, y, finish);
    },
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
