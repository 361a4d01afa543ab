/** Channels into pixels and back. Each direction is the other's inverse and, because it only moves numbers, its adjoint. */
import { type KernelSet, run } from "../kernels/backend.js";
import type { PixelShuffleKernels } from "../kernels/pixel-shuffle.js";
import { referencePixelShuffle } from "../kernels/reference/pixel-shuffle.js";
import { pixelShuffleGeometry } from "../shape/pixel-shuffle.js";
import type { Shape } from "../shape/shape.js";
import { allocate, type Tensor } from "../tensor/tensor.js";

const pixelShuffleKernels: KernelSet<PixelShuffleKernels> = { reference: referencePixelShuffle };

/** y[c, h·r + i, w·r + j] = x[c·r² + i·r + j, h, w]; `shape` is the output's. */
export function pixelShuffle(x: Tensor, factor: number, shape: Shape): Tensor {
  const y = allocate(shape, x.dtype);
  const g = pixelShuffleGeometry(x.shape, factor);
  run(pixelShuffleKernels, [x, y], (kernels, x, y) => kernels.shuffle(g, x, y));
  return y;
}

/** y[c·r² + i·r + j, h, w] = x[c, h·r + i, w·r + j]; `shape` is the output's. */
export function pixelUnshuffle(x: Tensor, factor: number, shape: Shape): Tensor {
  const y = allocate(shape, x.dtype);
  const g = pixelShuffleGeometry(shape, factor);
  run(pixelShuffleKernels, [x, y], (kernels, x, y) => kernels.unshuffle(g, x, y));
  return y;
}
