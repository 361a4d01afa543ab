/** Softmax and its logarithm along one axis, and their adjoints. Shifting by the maximum keeps every power ≤ 1. */
import { kernelsFor } from "../kernels/backend.js";
import { softmaxKernels } from "../kernels/softmax.js";
import type { AxisGeometry } from "../shape/axis.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

/** y[k] = e^x[k] / Σⱼ e^x[j] */
export function softmax(g: AxisGeometry, x: Tensor): Tensor {
  const y = allocateUnset(x.shape, x.dtype);
  kernelsFor(softmaxKernels, x.dtype).forward(g, x.operand(y.size), y.operand(y.size));
  return y;
}

/** dx[k] = y[k] · (dy[k] − Σⱼ dy[j] · y[j]) */
export function softmaxBackward(g: AxisGeometry, y: Tensor, dy: Tensor): Tensor {
  const dx = allocateUnset(dy.shape, dy.dtype);
  kernelsFor(softmaxKernels, dy.dtype).backward(g, y.operand(dy.size), dy.operand(dy.size), dx.operand(dy.size));
  return dx;
}

/** y[k] = x[k] − log Σⱼ e^x[j] */
export function logSoftmax(g: AxisGeometry, x: Tensor): Tensor {
  const y = allocateUnset(x.shape, x.dtype);
  kernelsFor(softmaxKernels, x.dtype).logForward(g, x.operand(y.size), y.operand(y.size));
  return y;
}

/** dx[k] = dy[k] − e^y[k] · Σⱼ dy[j] */
export function logSoftmaxBackward(g: AxisGeometry, y: Tensor, dy: Tensor): Tensor {
  const dx = allocateUnset(dy.shape, dy.dtype);
  kernelsFor(softmaxKernels, dy.dtype).logBackward(g, y.operand(dy.size), dy.operand(dy.size), dx.operand(dy.size));
  return dx;
}
