/** Elements in another order, parts of a tensor, tensors side by side, and their adjoints. Every result is a copy. */
import { type KernelSet, run } from "../kernels/backend.js";
import type { LayoutKernels } from "../kernels/layout.js";
import { referenceLayout } from "../kernels/reference/layout.js";
import { wasmLayout } from "../kernels/wasm/layout.js";
import { resolveDim } from "../shape/dim.js";
import { channelShuffleShape, permutedDims } from "../shape/layout.js";
import { type Shape, stridesOf } from "../shape/shape.js";
import { type DimSlice, sliceGeometry } from "../shape/slice.js";
import { type Loops, loopsOf } from "../tensor/loops.js";
import { allocateUnset, type DType, type Tensor } from "../tensor/tensor.js";

const layoutKernels: KernelSet<LayoutKernels> = { reference: referenceLayout, wasm: () => wasmLayout };

/** A tensor whose every element is `value`. */
export function full(shape: Shape, dtype: DType, value: number): Tensor {
  const y = allocateUnset(shape, dtype);
  run(layoutKernels, [y], (kernels, y) => kernels.fill(y, value));
  return y;
}

/** Copies elements of `from` to `to`, in place: {@link LayoutKernels.copy}. */
export function copyInto(to: Tensor, toAt: number, from: Tensor, fromAt: number, loops: Loops): void {
  run(layoutKernels, [from, to], (kernels, from, to) => kernels.copy(loops, from, fromAt, to, toAt));
}

/** Dim i of the result is dimension `order[i]` of x. */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  const dims = permutedDims("permute", x.shape, order);
  const strides = stridesOf(x.shape);
  const y = allocateUnset(
    dims.map((dim) => x.shape[dim] ?? 1),
    x.dtype,
  );
  const moved = dims.map((dim) => strides[dim] ?? 0);
  copyInto(y, 0, x, 0, loopsOf(y.shape, moved, stridesOf(y.shape)));
  return y;
}

/** The dimensions back where they were. */
export function permuteBackward(dy: Tensor, order: readonly number[]): Tensor {
  const dims = permutedDims("permute", dy.shape, order);
  return permute(
    dy,
    dims.map((_, dim) => dims.indexOf(dim)),
  );
}

/** The part of x that one slice per dimension selects, as in `Tensor.slice`. */
export function slice(x: Tensor, slices: readonly DimSlice[]): Tensor {
  const { offset, shape, strides } = sliceGeometry("slice", x.shape, slices);
  const y = allocateUnset(shape, x.dtype);
  copyInto(y, 0, x, offset, loopsOf(shape, strides, stridesOf(shape)));
  return y;
}

/** dx = dy at the selected elements, 0 elsewhere */
export function sliceBackward(dy: Tensor, inputShape: Shape, slices: readonly DimSlice[]): Tensor {
  const { offset, shape, strides } = sliceGeometry("slice", inputShape, slices);
  const dx = full(inputShape, dy.dtype, 0);
  copyInto(dx, offset, dy, 0, loopsOf(shape, stridesOf(shape), strides));
  return dx;
}

/** Lays tensors side by side along `dim`; all their other sizes are equal. `shape` is the result's. */
export function concatenate(parts: readonly Tensor[], dim: number, shape: Shape): Tensor {
  const y = allocateUnset(shape, parts[0]?.dtype ?? "float32");
  const at = resolveDim("concatenate", dim, shape);
  const strides = stridesOf(shape);
  let offset = 0;
  for (const part of parts) {
    copyInto(y, offset, part, 0, loopsOf(part.shape, stridesOf(part.shape), strides));
    offset += (part.shape[at] ?? 0) * (strides[at] ?? 0);
  }
  return y;
}

/** x in parts of these sizes along `dim`: the adjoint of {@link concatenate}. */
export function split(x: Tensor, sizes: readonly number[], dim: number): Tensor[] {
  const at = resolveDim("split", dim, x.shape);
  const strides = stridesOf(x.shape);
  let offset = 0;
  return sizes.map((size) => {
    const y = allocateUnset(x.shape.with(at, size), x.dtype);
    copyInto(y, 0, x, offset, loopsOf(y.shape, strides, stridesOf(y.shape)));
    offset += size * (strides[at] ?? 0);
    return y;
  });
}

/** The parts' gradients side by side, 0 for a part without one. */
export function splitBackward(
  parts: readonly (Tensor | undefined)[],
  sizes: readonly number[],
  dim: number,
  inputShape: Shape,
  dtype: DType,
): Tensor {
  const at = resolveDim("split", dim, inputShape);
  const whole = parts.map((part, i) => part ?? full(inputShape.with(at, sizes[i] ?? 0), dtype, 0));
  return concatenate(whole, at, inputShape);
}

/**
 * Channels, dim 1, in `groups` that are dealt out in turns: of 6 channels in 2 groups 0, 3, 1, 4, 2, 5.
 *
 *     y[n, k·groups + g] = x[n, g·(C / groups) + k]
 *
 * Its adjoint is the shuffle by C / groups groups.
 * Source: Zhang et al. 2018, https://arxiv.org/abs/1707.01083
 */
export function channelShuffle(x: Tensor, groups: number): Tensor {
  const [batch, channels, inner] = channelShuffleShape("channelShuffle", x.shape, groups);
  const each = channels / groups;
  return permute(x.withShape([batch, groups, each, inner]), [0, 2, 1, 3]).withShape(x.shape);
}
