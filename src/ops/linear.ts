/** The affine map of the last axis, and its adjoint. */
import { kernelsFor } from "../kernels/backend.js";
import { biasKernels } from "../kernels/bias.js";
import { linearKernels } from "../kernels/linear.js";
import type { LinearGeometry } from "../shape/linear.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

/** y[…, o] = bias[o] + Σᵢ weight[o, i] · x[…, i] */
export function linear(g: LinearGeometry, x: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor {
  const y = allocateUnset([...x.shape.slice(0, -1), g.outFeatures], x.dtype);
  kernelsFor(linearKernels, x.dtype).forward(g, x.data, weight.data, bias?.data, y.data);
  return y;
}

/** dx[…, i] = Σₒ weight[o, i] · dy[…, o] */
export function linearInputGradient(g: LinearGeometry, dy: Tensor, weight: Tensor): Tensor {
  const dx = allocateUnset([...dy.shape.slice(0, -1), g.inFeatures], dy.dtype);
  kernelsFor(linearKernels, dy.dtype).inputGradient(g, dy.data, weight.data, dx.data);
  return dx;
}

/** dweight[o, i] += Σ dy[…, o] · x[…, i] */
export function linearWeightGradient(g: LinearGeometry, x: Tensor, dy: Tensor, dweight: Tensor): void {
  kernelsFor(linearKernels, x.dtype).weightGradient(g, x.data, dy.data, dweight.data);
}

/** dbias[o] += Σ dy[…, o] */
export function linearBiasGradient(g: LinearGeometry, dy: Tensor, dbias: Tensor): void {
  kernelsFor(biasKernels, dy.dtype).gradient(g.rows, g.outFeatures, 1, dy.data, dbias.data);
}
