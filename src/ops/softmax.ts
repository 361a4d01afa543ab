/** Softmax and its logarithm along one dimension, and their adjoints. Shifting by the maximum keeps every power ≤ 1. */
import { type KernelSet, run } from "../kernels/backend.js";
import { referenceSoftmax } from "../kernels/reference/softmax.js";
import type { SoftmaxKernels } from "../kernels/softmax.js";
import { wasmSoftmax } from "../kernels/wasm/softmax.js";
import type { DimGeometry } from "../shape/dim.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

export const softmaxKernels: KernelSet<SoftmaxKernels> = { reference: referenceSoftmax, wasm: () => wasmSoftmax };

/** y[k] = e^x[k] / Σⱼ e^x[j] */
export function softmax(g: DimGeometry, x: Tensor): Tensor {
  const y = allocateUnset(x.shape, x.dtype);
  run(softmaxKernels, [x, y], (kernels, x, y) => kernels.forward(g, x, y));
  return y;
}

/** dx[k] = y[k] · (dy[k] − Σⱼ dy[j] · y[j]) */
export function softmaxBackward(g: DimGeometry, y: Tensor, dy: Tensor): Tensor {
  const dx = allocateUnset(dy.shape, dy.dtype);
  run(softmaxKernels, [y, dy, dx], (kernels, y, dy, dx) => kernels.backward(g, y, dy, dx));
  return dx;
}

/** y[k] = x[k] − log Σⱼ e^x[j] */
export function logSoftmax(g: DimGeometry, x: Tensor): Tensor {
  const y = allocateUnset(x.shape, x.dtype);
  run(softmaxKernels, [x, y], (kernels, x, y) => kernels.logForward(g, x, y));
  return y;
}

/** dx[k] = dy[k] − e^y[k] · Σⱼ dy[j] */
export function logSoftmaxBackward(g: DimGeometry, y: Tensor, dy: Tensor): Tensor {
  const dx = allocateUnset(dy.shape, dy.dtype);
  run(softmaxKernels, [y, dy, dx], (kernels, y, dy, dx) => kernels.logBackward(g, y, dy, dx));
  return dx;
}
