/** Two-dimensional convolution (cross-correlation, as in torch) and its adjoint. */

import { kernelsFor } from "../kernels/backend.js";
import { biasKernels } from "../kernels/bias.js";
import { convKernels } from "../kernels/conv.js";
import type { Finish } from "../kernels/interface/conv.js";
import { mergeKernels } from "../kernels/merge.js";
import type { ConvGeometry } from "../shape/conv.js";
import type { Shape } from "../shape/shape.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

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
  epilogue: Epilogue<Tensor> = {},
  y: Tensor = allocateUnset(shape, x.dtype),
): Tensor {
  const { norm, sum, activation } = epilogue;
  const kernels = kernelsFor(convKernels, x.dtype);
  const to = sum && sum === y ? allocateUnset(shape, x.dtype) : y;
  const operands = [
    x.operand(inputsOf(g)),
    weight.operand(weightsOf(g)),
    bias?.operand(g.outChannels),
    to.operand(outputsOf(g)),
  ] as const;
  const isRelu = activation?.min === 0 && activation.max === Infinity && activation.slope === 1;
  if (!norm && !sum && (isRelu || !activation)) {
    kernels.forward(g, ...operands, isRelu);
    return y;
  }
  if (!kernels.forwardFinished) throw new Error("interim");
  const { slope = 1, min: least = -Infinity, max: most = Infinity } = (!sum && activation) || {};
  kernels.forwardFinished(g, ...operands, { ...(norm && { norm }), slope, least, most });
  if (sum) {
    kernelsFor(mergeKernels, x.dtype).add(to.operand(y.size), sum.operand(y.size), y.operand(y.size), isRelu);
    if (activation && !isRelu) throw new Error("interim");
  }
  return y;
}

interface Epilogue<T> {
  readonly norm?: NonNullable<Finish["norm"]>;
  readonly sum?: T;
  readonly activation?: { readonly slope: number; readonly min: number; readonly max: number };
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
