/** Padding of the last two dimensions with the image's own pixels. */
import { type KernelSet, run } from "../kernels/backend.js";
import type { PadGeometry, PadKernels } from "../kernels/pad.js";
import { referencePad } from "../kernels/reference/pad.js";
import { type Padding2d, type PixelMode, padIndices, padShape } from "../shape/pad.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import { allocate, allocateUnset, type Tensor } from "../tensor/tensor.js";

const padKernels: KernelSet<PadKernels> = { reference: referencePad };

/** y[…, i, j] = x[…, row(i), column(j)] */
export function pad2d(x: Tensor, padding: Padding2d, mode: PixelMode, layer = "pad2d"): Tensor {
  const y = allocateUnset(padShape(layer, x.shape, padding, mode), x.dtype);
  const g = padGeometry(x.shape, padding, mode);
  run(padKernels, [x, y], (kernels, x, y) => kernels.forward(g, x, y));
  return y;
}

/** dx[…, row(i), column(j)] += dy[…, i, j]: pixels that the padding repeats collect every copy's gradient. */
export function pad2dBackward(dy: Tensor, inputShape: Shape, padding: Padding2d, mode: PixelMode): Tensor {
  const dx = allocate(inputShape, dy.dtype);
  const g = padGeometry(inputShape, padding, mode);
  run(padKernels, [dy, dx], (kernels, dy, dx) => kernels.backward(g, dy, dx));
  return dx;
}

function padGeometry(input: Shape, [left, right, top, bottom]: Padding2d, mode: PixelMode): PadGeometry {
  const height = input.at(-2) ?? 1;
  const width = input.at(-1) ?? 1;
  return {
    planes: sizeOf(input, 0, input.length - 2),
    height,
    width,
    rows: padIndices(height, top, bottom, mode),
    columns: padIndices(width, left, right, mode),
  };
}
