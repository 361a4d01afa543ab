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
  kernelsFor(maxPoolKernels, x.dtype).maxForward(g, x.operand(x.size), y.operand(y.size), argmax.operand(y.size));
  return { y, argmax };
}

/** dx[n, c, argmax] += dy[n, c, i, j]: each window's gradient goes to its maximum. */
export function maxPool2dBackward(g: PoolGeometry, dy: Tensor, argmax: Positions, inputShape: Shape): Tensor {
  const dx = allocateUnset(inputShape, dy.dtype);
  kernelsFor(maxPoolKernels, dy.dtype).maxBackward(
    g,
    dy.operand(dy.size),
    argmax.operand(dy.size),
    dx.operand(dx.size),
  );
  return dx;
}

/**
 * y[n, c, i, j] = Σ of window (i, j) / its divisor
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
 */
export function avgPool2d(g: PoolGeometry, x: Tensor): Tensor {
  const y = allocateUnset(poolShape(g, x.shape), x.dtype);
  kernelsFor(averagePoolKernels, x.dtype).averageForward(g, x.operand(x.size), y.operand(y.size));
  return y;
}

/** dx = Σ dy[n, c, i, j] / divisor over the windows of each pixel: every pixel of a window gets the same share. */
export function avgPool2dBackward(g: PoolGeometry, dy: Tensor, inputShape: Shape): Tensor {
  const dx = allocateUnset(inputShape, dy.dtype);
  kernelsFor(averagePoolKernels, dy.dtype).averageBackward(g, dy.operand(dy.size), dx.operand(dx.size));
  return dx;
}

/** A copy of the 32-bit integers that lie in a float32 tensor's place. */
export function integers(positions: Positions): Int32Array {
  return new Int32Array(positions.view().slice().buffer);
}
