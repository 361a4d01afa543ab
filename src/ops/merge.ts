/** Joining branches by sum or by concatenation, and parting a gradient again. */
import { kernelsFor } from "../kernels/backend.js";
import { mergeKernels } from "../kernels/merge.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import { allocate, allocateUnset, type Tensor } from "../tensor/tensor.js";

/** y = a + b, for equal shapes. Its backward hands dy to both. */
export function add(a: Tensor, b: Tensor): Tensor {
  const y = allocateUnset(a.shape, a.dtype);
  kernelsFor(mergeKernels, a.dtype).add(a.data, b.data, y.data);
  return y;
}

/** Lays tensors side by side along `axis`; all their other sizes are equal. `shape` is the result's. */
export function concatenate(parts: readonly Tensor[], axis: number, shape: Shape): Tensor {
  const dtype = parts[0]?.dtype ?? "float32";
  const y = allocateUnset(shape, dtype);
  const kernels = kernelsFor(mergeKernels, dtype);
  const outer = sizeOf(shape.slice(0, axis));
  const stride = sizeOf(shape.slice(axis));
  let at = 0;
  for (const part of parts) {
    const block = sizeOf(part.shape.slice(axis));
    kernels.copy(outer, block, part.data, 0, block, y.data, at, stride);
    at += block;
  }
  return y;
}

/** The adjoint of {@link concatenate}: cuts dy into tensors of the given shapes. */
export function part(dy: Tensor, axis: number, shapes: readonly Shape[]): Tensor[] {
  const kernels = kernelsFor(mergeKernels, dy.dtype);
  const outer = sizeOf(dy.shape.slice(0, axis));
  const stride = sizeOf(dy.shape.slice(axis));
  let at = 0;
  return shapes.map((shape) => {
    const dx = allocateUnset(shape, dy.dtype);
    const block = sizeOf(shape.slice(axis));
    kernels.copy(outer, block, dy.data, at, stride, dx.data, 0, block);
    at += block;
    return dx;
  });
}

/** y = x with zeros after it along every axis that is longer in `shape`; x itself where none is. */
export function padAfter(x: Tensor, shape: Shape): Tensor {
  return resizeAxes(x, shape, allocate);
}

/** The adjoint of {@link padAfter}: the first part of dy along every axis; dy itself where it has this shape. */
export function cropAfter(dy: Tensor, shape: Shape): Tensor {
  return resizeAxes(dy, shape, allocateUnset);
}

/** One axis after the other, each row up to the shorter of the two lengths. */
function resizeAxes(x: Tensor, shape: Shape, make: typeof allocate): Tensor {
  return shape.reduce((from, size, axis) => {
    if (from.shape[axis] === size) return from;
    const to = make(
      from.shape.map((old, i) => (i === axis ? size : old)),
      x.dtype,
    );
    const [fromStride, toStride] = [sizeOf(from.shape.slice(axis)), sizeOf(to.shape.slice(axis))];
    const rows = sizeOf(from.shape.slice(0, axis));
    const block = Math.min(fromStride, toStride);
    kernelsFor(mergeKernels, x.dtype).copy(rows, block, from.data, 0, fromStride, to.data, 0, toStride);
    return to;
  }, x);
}
