/** Sums, means and maxima along some dimensions, and their adjoints. */
import { type KernelSet, run } from "../kernels/backend.js";
import type { MaxKernels, SumKernels } from "../kernels/reduce.js";
import { referenceMax, referenceSum } from "../kernels/reference/reduce.js";
import { wasmMax, wasmSum } from "../kernels/wasm/reduce.js";
import { checkNonEmpty, type DimGeometry, type Dims, reducedShape, resolveDims } from "../shape/dim.js";
import { type Shape, sizeOf, stridesOf } from "../shape/shape.js";
import { loopsOf } from "../tensor/loops.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";
import { combine } from "./broadcast.js";
import { full, permute, permuteBackward } from "./layout.js";

// Two sets: a program that has only one of the reductions holds no kernels of the other.
const sumKernels: KernelSet<SumKernels> = { reference: referenceSum, wasm: () => wasmSum };
const maxKernels: KernelSet<MaxKernels> = { reference: referenceMax, wasm: () => wasmMax };

/** y = Σ x along `dims`, 0 of nothing. */
export function sum(x: Tensor, dims: Dims, keepDims = false): Tensor {
  const reduced = resolveDims("sum", dims, x.shape);
  return sumOver(x, reduced).withShape(reducedShape(x.shape, reduced, keepDims));
}

/** dx = dy, repeated along `dims` */
export function sumBackward(dy: Tensor, inputShape: Shape, dims: Dims): Tensor {
  return repeatOver(dy, inputShape, resolveDims("sum", dims, inputShape), 1);
}

/** y = Σ x / count along `dims`, NaN of nothing. */
export function mean(x: Tensor, dims: Dims, keepDims = false): Tensor {
  const reduced = resolveDims("mean", dims, x.shape);
  return sumOver(x, reduced, countOf(x.shape, reduced)).withShape(reducedShape(x.shape, reduced, keepDims));
}

/** dx = dy / count, repeated along `dims` */
export function meanBackward(dy: Tensor, inputShape: Shape, dims: Dims): Tensor {
  const reduced = resolveDims("mean", dims, inputShape);
  return repeatOver(dy, inputShape, reduced, countOf(inputShape, reduced));
}

/**
 * Σ x / divisor, or Σ x · by with `by` of x's shape, along `dims`: the elements of the result in row-major order, without a
 * shape. In double precision, rounded once for each group of neighboring dimensions.
 */
export function sumOver(x: Tensor, dims: readonly number[], divisor = 1, by?: Tensor): Tensor {
  const sizes = reducedShape(x.shape, dims, false);
  if (x.size === 0) return full([sizeOf(sizes)], x.dtype, 0 / divisor);
  const own = stridesOf(x.shape);
  const kept = own.map((stride, dim) => (dims.includes(dim) ? 0 : stride));
  const loops = loopsOf(x.shape, own, kept);
  let [from, factor] = [x, by];
  let inner = 1;
  const reduce = (size: number, isLast: boolean) => {
    const g = { outer: from.size / size / inner, size, inner };
    const y = allocateUnset([g.outer * inner], x.dtype);
    if (factor) run(sumKernels, [from, factor, y], (kernels, a, b, y) => kernels.sumProducts(g, a, b, y));
    else run(sumKernels, [from, y], (kernels, x, y) => kernels.sum(g, x, y, isLast ? divisor : 1));
    [from, factor] = [y, undefined];
  };
  // Dimensions side by side are one by now. The innermost are first, so that most is skipped as soon as possible.
  const groups = loops.sizes.map((size, dim) => ({ size, isReduced: loops.strides[1]?.[dim] === 0 })).reverse();
  const last = groups.findLastIndex(({ isReduced }) => isReduced);
  if (last < 0) reduce(1, true);
  for (const [i, { size, isReduced }] of groups.slice(0, last + 1).entries()) {
    if (isReduced) reduce(size, i === last);
    else inner *= size;
  }
  return from;
}

function repeatOver(dy: Tensor, shape: Shape, dims: readonly number[], divisor: number): Tensor {
  return combine("divide", dy.withShape(reducedShape(shape, dims, true)), divisor, shape);
}

function countOf(shape: Shape, dims: readonly number[]): number {
  return dims.reduce((count, dim) => count * (shape[dim] ?? 1), 1);
}

/** The maximum of every line along the middle dimension, and where on its line it is: 32-bit integers, which lie where tensors lie. */
export function maxAlong(g: DimGeometry, x: Tensor, shape: Shape): { readonly y: Tensor; readonly winners: Tensor } {
  const y = allocateUnset(shape, x.dtype);
  const winners = allocateUnset(shape, "float32");
  run(maxKernels, [x, y, winners], (kernels, x, y, winners) => kernels.forward(g, x, y, winners));
  return { y, winners };
}

/** dx = dy at every winner, 0 elsewhere */
export function maxAlongBackward(g: DimGeometry, winners: Tensor, dy: Tensor, shape: Shape): Tensor {
  const dx = allocateUnset(shape, dy.dtype);
  run(maxKernels, [dy, winners, dx], (kernels, dy, winners, dx) => kernels.backward(g, winners, dy, dx));
  return dx;
}

/** How x is read as lines along `dims`, after its dimensions were put in `order` where they are not neighbors. */
function linesAlong(shape: Shape, dims: Dims) {
  const reduced = resolveDims("max", dims, shape);
  const kept = [...shape.keys()].filter((dim) => !reduced.includes(dim));
  const first = reduced[0] ?? shape.length;
  const order = reduced.every((dim, i) => dim === first + i) ? undefined : [...kept, ...reduced];
  const start = order ? kept.length : first;
  const ordered = order?.map((dim) => shape[dim] ?? 1) ?? shape;
  const g = {
    outer: sizeOf(ordered, 0, start),
    size: sizeOf(ordered, start, start + reduced.length),
    inner: sizeOf(ordered, start + reduced.length),
  };
  return { reduced, order, ordered, g };
}

/**
 * y = max x along `dims`: NaN as soon as there is one, else the first of equal maxima in row-major order, which is the one
 * that gets the gradient (as in torch's max along one dim; amax would divide it among them).
 * @throws ShapeError where there is nothing to choose from.
 */
export function max(x: Tensor, dims: Dims, keepDims = false): { readonly y: Tensor; readonly winners: Tensor } {
  const { reduced, order, g } = linesAlong(x.shape, dims);
  checkNonEmpty("max", reduced, x.shape);
  return maxAlong(g, order ? permute(x, order) : x, reducedShape(x.shape, reduced, keepDims));
}

/** dx = dy at every maximum, 0 elsewhere */
export function maxBackward(dy: Tensor, winners: Tensor, inputShape: Shape, dims: Dims): Tensor {
  const { order, ordered, g } = linesAlong(inputShape, dims);
  const dx = maxAlongBackward(g, winners, dy, ordered);
  return order ? permuteBackward(dx, order) : dx;
}
