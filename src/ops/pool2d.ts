/** Maximum and average over windows of the last two axes, with their adjoints. */
import { kernelsFor } from "../kernels/backend.js";
import { averagePoolKernels, maxPoolKernels } from "../kernels/pool.js";
import { type PoolGeometry, poolShape } from "../shape/pool.js";
import type { Shape } from "../shape/shape.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

/** Positions in planes, which lie where tensors lie: 32-bit integers, read by {@link integers}. */
export type Positions = Tensor;

/**
 * y[n, c, i, j] = max of window (i, j), and the position of each maximum in its plane.
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
 */
export function maxPool2d(g: PoolGeometry, x: Tensor): { readonly y: Tensor; readonly argmax: Positions } {
  const y = allocateUnset(poolShape(g, x.shape), x.dtype);
  const argmax = allocateUnset(y.shape, "float32");
  kernelsFor(maxPoolKernels, x.dtype).maxForward(g, x.data, y.data, integers(argmax));
  return { y, argmax };
}

/** dx[n, c, argmax] += dy[n, c, i, j]: each window's gradient goes to its maximum. */
export function maxPool2dBackward(g: PoolGeometry, dy: Tensor, argmax: Positions, inputShape: Shape): Tensor {
  const dx = allocateUnset(inputShape, dy.dtype);
  kernelsFor(maxPoolKernels, dy.dtype).maxBackward(g, dy.data, integers(argmax), dx.data);
  return dx;
}

/**
 * y[n, c, i, j] = Σ of window (i, j) / its divisor
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
 */
export function avgPool2d(g: PoolGeometry, x: Tensor): Tensor {
  const y = allocateUnset(poolShape(g, x.shape), x.dtype);
  kernelsFor(averagePoolKernels, x.dtype).averageForward(g, x.data, y.data);
  return y;
}

/** dx = Σ dy[n, c, i, j] / divisor over the windows of each pixel: every pixel of a window gets the same share. */
export function avgPool2dBackward(g: PoolGeometry, dy: Tensor, inputShape: Shape): Tensor {
  const dx = allocateUnset(inputShape, dy.dtype);
  kernelsFor(averagePoolKernels, dy.dtype).averageBackward(g, dy.data, dx.data);
  return dx;
}

/** The 32-bit integers that lie in a float32 tensor's place; valid until the engine's memory grows. */
export function integers({ data }: Positions): Int32Array {
  return new Int32Array(data.buffer, data.byteOffset, data.length);
}
