/** Resizing by interpolation and its adjoint. Every mode is separable, so the spatial dimensions are resized one by one. */
import { type KernelSet, run } from "../kernels/backend.js";
import { referenceUpsample } from "../kernels/reference/upsample.js";
import type { UpsampleKernels } from "../kernels/upsample.js";
import { wasmUpsample } from "../kernels/wasm/upsample.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import type { ResizedDim } from "../shape/upsample.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

const upsampleKernels: KernelSet<UpsampleKernels> = { reference: referenceUpsample, wasm: () => wasmUpsample };

/**
 * y[n, c, i, j] = Σₖₗ weight[i, k] · weight[j, l] · x[n, c, index[i, k], index[j, l]], for as many dimensions as there are
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Upsample.html
 */
export function upsample(dims: readonly ResizedDim[], x: Tensor): Tensor {
  return dims.reduce((input, dim, k) => {
    const shape = input.shape.with(k + 2, dim.out);
    const y = allocateUnset(shape, x.dtype);
    const [outer, inner] = around(shape, k + 2);
    run(upsampleKernels, [input, y], (kernels, x, y) => kernels.forward(dim, outer, inner, x, y));
    return y;
  }, x);
}

/** dx[n, c, index[i, k], index[j, l]] += weight[i, k] · weight[j, l] · dy[n, c, i, j] */
export function upsampleBackward(dims: readonly ResizedDim[], dy: Tensor): Tensor {
  return dims.reduceRight((output, dim, k) => {
    const shape = output.shape.with(k + 2, dim.size);
    const dx = allocateUnset(shape, dy.dtype);
    const [outer, inner] = around(shape, k + 2);
    run(upsampleKernels, [output, dx], (kernels, dy, dx) => kernels.backward(dim, outer, inner, dy, dx));
    return dx;
  }, dy);
}

/** Number of elements before and after one dimension. */
function around(shape: Shape, dim: number): [outer: number, inner: number] {
  return [sizeOf(shape, 0, dim), sizeOf(shape, dim + 1)];
}
