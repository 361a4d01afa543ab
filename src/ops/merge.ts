/** Joining branches by sum or by concatenation, and parting a gradient again. */
import { type KernelSet, run } from "../kernels/backend.js";
import type { MergeKernels } from "../kernels/merge.js";
import { referenceMerge } from "../kernels/reference/merge.js";
import { wasmMerge } from "../kernels/wasm/merge.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

export const mergeKernels: KernelSet<MergeKernels> = { reference: referenceMerge, wasm: () => wasmMerge };

/** y = a + b, or max(a + b, 0) with `relu`, for equal shapes. The backward of a sum hands dy to both. */
export function add(a: Tensor, b: Tensor, relu = false): Tensor {
  const y = allocateUnset(a.shape, a.dtype);
  run(mergeKernels, [a, b.operand(a.size), y], (kernels, a, b, y) => kernels.add(a, b, y, relu));
  return y;
}

/** Lays tensors side by side along `axis`; all their other sizes are equal. `shape` is the result's. */
export function concatenate(parts: readonly Tensor[], axis: number, shape: Shape): Tensor {
  const dtype = parts[0]?.dtype ?? "float32";
  const y = allocateUnset(shape, dtype);
  const outer = sizeOf(shape, 0, axis);
  const stride = sizeOf(shape, axis);
  let at = 0;
  for (const part of parts) {
    const block = sizeOf(part.shape, axis);
    run(mergeKernels, [part.operand(outer * block), y], (kernels, part, y) =>
      kernels.copy(outer, block, part, 0, block, y, at, stride),
    );
    at += block;
  }
  return y;
}

/** The adjoint of {@link concatenate}: cuts dy into tensors of the given shapes. */
export function part(dy: Tensor, axis: number, shapes: readonly Shape[]): Tensor[] {
  const outer = sizeOf(dy.shape, 0, axis);
  const stride = sizeOf(dy.shape, axis);
  let at = 0;
  return shapes.map((shape) => {
    const dx = allocateUnset(shape, dy.dtype);
    const block = sizeOf(shape, axis);
    run(mergeKernels, [dy, dx], (kernels, dy, dx) => kernels.copy(outer, block, dy, at, stride, dx, 0, block));
    at += block;
    return dx;
  });
}
