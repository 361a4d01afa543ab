/** Maximum and average over windows of the last two dimensions, with their adjoints. */
import { type KernelSet, run } from "../kernels/backend.js";
import type { AveragePoolKernels, MaxPoolKernels } from "../kernels/pool.js";
import { referenceAveragePool, referenceMaxPool } from "../kernels/reference/pool.js";
import { wasmAveragePool, wasmMaxPool } from "../kernels/wasm/pool.js";
import { type PoolGeometry, poolShape } from "../shape/pool.js";
import type { Shape } from "../shape/shape.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

// Two sets: a program that has only one of the poolings holds no kernels of the other.
export const maxPoolKernels: KernelSet<MaxPoolKernels> = { reference: referenceMaxPool, wasm: () => wasmMaxPool };
export const averagePoolKernels: KernelSet<AveragePoolKernels> = {
  reference: referenceAveragePool,
  wasm: () => wasmAveragePool,
};

/** Positions in planes, which lie where tensors lie: 32-bit integers, read by {@link integers}. */
export type Positions = Tensor;

/**
 * y[n, c, i, j] = max of window (i, j), and the position r·W + c of each maximum in its plane. Of equal maxima the first
 * in row-major order wins; NaN beats every number, and of several NaN the last one wins. A window without a pixel (its
 * dilation steps over the whole input) gives −∞ and position −1.
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
 */
export function maxPool2d(g: PoolGeometry, x: Tensor): { readonly y: Tensor; readonly argmax: Positions } {
  const y = allocateUnset(poolShape(g, x.shape), x.dtype);
  const argmax = allocateUnset(y.shape, "float32");
  run(maxPoolKernels, [x, y, argmax], (kernels, x, y, argmax) => kernels.maxForward(g, x, y, argmax));
  return { y, argmax };
}

/** dx[n, c, argmax] += dy[n, c, i, j]: each window's gradient goes to its maximum. */
export function maxPool2dBackward(g: PoolGeometry, dy: Tensor, argmax: Positions, inputShape: Shape): Tensor {
  const dx = allocateUnset(inputShape, dy.dtype);
  run(maxPoolKernels, [dy, argmax, dx], (kernels, dy, argmax, dx) => kernels.maxBackward(g, dy, argmax, dx));
  return dx;
}

/**
 * y[n, c, i, j] = Σ of window (i, j) / its divisor, rows.count[i] · columns.count[j]
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
 */
export function avgPool2d(g: PoolGeometry, x: Tensor): Tensor {
  const y = allocateUnset(poolShape(g, x.shape), x.dtype);
  run(averagePoolKernels, [x, y], (kernels, x, y) => kernels.averageForward(g, x, y));
  return y;
}

/** dx = Σ dy[n, c, i, j] / divisor over the windows of each pixel: every pixel of a window gets the same share. */
export function avgPool2dBackward(g: PoolGeometry, dy: Tensor, inputShape: Shape): Tensor {
  const dx = allocateUnset(inputShape, dy.dtype);
  run(averagePoolKernels, [dy, dx], (kernels, dy, dx) => kernels.averageBackward(g, dy, dx));
  return dx;
}

/** A copy of the 32-bit integers that lie in a float32 tensor's place. */
export function integers(positions: Positions): Int32Array {
  return new Int32Array(positions.view().slice().buffer);
}
