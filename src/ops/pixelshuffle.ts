/** Channels into pixels and back. Each direction is the other's inverse and, because it only moves numbers, its adjoint. */
import { kernelsFor } from "../kernels/backend.js";
import { pixelShuffleKernels } from "../kernels/pixelshuffle.js";
import { pixelShuffleGeometry } from "../shape/pixelshuffle.js";
import type { Shape } from "../shape/shape.js";
import { allocate, type Tensor } from "../tensor/tensor.js";

/** y[c, h·r + i, w·r + j] = x[c·r² + i·r + j, h, w]; `shape` is the output's. */
export function pixelShuffle(x: Tensor, factor: number, shape: Shape): Tensor {
  const y = allocate(shape, x.dtype);
  kernelsFor(pixelShuffleKernels, x.dtype).shuffle(
    pixelShuffleGeometry(x.shape, factor),
    x.operand(y.size),
    y.operand(y.size),
  );
  return y;
}

/** y[c·r² + i·r + j, h, w] = x[c, h·r + i, w·r + j]; `shape` is the output's. */
export function pixelUnshuffle(x: Tensor, factor: number, shape: Shape): Tensor {
  const y = allocate(shape, x.dtype);
  kernelsFor(pixelShuffleKernels, x.dtype).unshuffle(
    pixelShuffleGeometry(shape, factor),
    x.operand(y.size),
    y.operand(y.size),
  );
  return y;
}
