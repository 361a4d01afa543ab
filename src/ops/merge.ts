/** Joining branches by sum or by concatenation, and parting a gradient again. */
import { kernelsFor } from "../kernels/backend.js";
import { mergeKernels } from "../kernels/merge.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

/** y = a + b, or max(a + b, 0) with `relu`, for equal shapes. The backward of a sum hands dy to both. */
export function add(a: Tensor, b: Tensor, relu = false): Tensor {
  const y = allocateUnset(a.shape, a.dtype);
  kernelsFor(mergeKernels, a.dtype).add(a.operand(y.size), b.operand(y.size), y.operand(y.size), relu);
  return y;
}

/** Lays tensors side by side along `axis`; all their other sizes are equal. `shape` is the result's. */
export function concatenate(parts: readonly Tensor[], axis: number, shape: Shape): Tensor {
  const dtype = parts[0]?.dtype ?? "float32";
  const y = allocateUnset(shape, dtype);
  const kernels = kernelsFor(mergeKernels, dtype);
  const outer = sizeOf(shape, 0, axis);
  const stride = sizeOf(shape, axis);
  let at = 0;
  for (const part of parts) {
    const block = sizeOf(part.shape, axis);
    kernels.copy(outer, block, part.operand(outer * block), 0, block, y.operand(y.size), at, stride);
    at += block;
  }
  return y;
}

/** The adjoint of {@link concatenate}: cuts dy into tensors of the given shapes. */
export function part(dy: Tensor, axis: number, shapes: readonly Shape[]): Tensor[] {
  const kernels = kernelsFor(mergeKernels, dy.dtype);
  const outer = sizeOf(dy.shape, 0, axis);
  const stride = sizeOf(dy.shape, axis);
  let at = 0;
  return shapes.map((shape) => {
    const dx = allocateUnset(shape, dy.dtype);
    const block = sizeOf(shape, axis);
    kernels.copy(outer, block, dy.operand(dy.size), at, stride, dx.operand(outer * block), 0, block);
    at += block;
    return dx;
  });
}

/** sum += x, in place. */
export function addInto(sum: Tensor, x: Tensor): void {
  const to = sum.operand(sum.size);
  kernelsFor(mergeKernels, sum.dtype).add(to, x.operand(sum.size), to);
}
