/** Reductions: one number from all elements along some dimensions. Sums run in double precision and are rounded once. */

import { checkFinite, readOptions, refuse } from "../shape/check.js";
import { checkNonEmpty, type Dims, reducedShape, resolveDims } from "../shape/dim.js";
import { sizeOf } from "../shape/shape.js";
import { permute } from "./layout.js";
import { type DType, dtypeOf, type FloatArray, floats, type TensorLike } from "./storage.js";

/** Options of sums, means and maxima over dimensions. */
export interface ReduceOptions<KeepDims extends boolean = boolean> {
  /** Whether the reduced dimensions stay, with size 1. Default false. */
  readonly keepDims?: KeepDims;
}

/** Options of `Tensor.var` and `Tensor.std`. */
export interface VarianceOptions<KeepDims extends boolean = boolean> extends ReduceOptions<KeepDims> {
  /** Subtracted from the number of elements in the divisor: 1 (default) for a sample, 0 for a whole population. */
  readonly correction?: number;
}

/** The number that stands for data[at], data[at + step], …, `count` elements in all. */
type Reducer = (data: FloatArray, at: number, step: number, count: number) => number;

/**
 * y[kept dimensions] = run(elements along `dims`).
 * @param dtype precision of the result. Default: that of `x`.
 */
export function reduce(
  who: string,
  x: TensorLike,
  dims: Dims,
  options: ReduceOptions,
  run: Reducer,
  dtype: DType = dtypeOf(x),
): TensorLike {
  const { keepDims } = readOptions(who, options, { keepDims: false });
  const reduced = resolveDims(who, dims, x.shape);
  const kept = x.shape.map((_, dim) => dim).filter((dim) => !reduced.includes(dim));
  // Neighboring dimensions are one block (outer, count, inner) in memory; others are brought to the end first.
  const first = reduced[0] ?? x.shape.length;
  const adjacent = reduced.every((dim, i) => dim === first + i);
  const { data, shape } = adjacent ? x : permute(who, x, [...kept, ...reduced]);
  const start = adjacent ? first : kept.length;
  const count = sizeOf(shape, start, start + reduced.length);
  const inner = sizeOf(shape, start + reduced.length);
  const outShape = reducedShape(x.shape, reduced, keepDims);
  const result = floats(sizeOf(outShape), dtype);
  for (let i = 0; i < result.length; i++) {
    const at = Math.floor(i / inner) * count * inner + (i % inner);
    result[i] = run(data, at, inner, count);
  }
  return { data: result, shape: outShape };
}

/**
 * {@link reduce} by one of the reducers that choose an element.
 * @throws ShapeError where there is nothing to choose from.
 */
export function extreme(who: string, x: TensorLike, dims: Dims, options: ReduceOptions, run: Reducer): TensorLike {
  checkNonEmpty(who, resolveDims(who, dims, x.shape), x.shape);
  // A float32 cannot hold every index of more elements than 2²⁴.
  const isIndex = run === argmax || run === argmin;
  if (isIndex && typeof dims === "object")
    refuse(who, "a dimension", "one integer", dims, "several dimensions: flatten them first");
  return reduce(who, x, dims, options, run, isIndex && x.data.length > 2 ** 24 ? "float64" : dtypeOf(x));
}

export const sum: Reducer = (data, at, step, count) => {
  let total = 0;
  for (let i = 0; i < count; i++, at += step) total += data[at]!;
  return total;
};

export const mean: Reducer = (data, at, step, count) => sum(data, at, step, count) / count;

/** Σ (x − mean)² / max(0, count − correction), in two passes. */
function variance(correction: number): Reducer {
  return (data, at, step, count) => {
    const center = mean(data, at, step, count);
    let squares = 0;
    for (let i = 0; i < count; i++, at += step) {
      const deviation = data[at]! - center;
      squares += deviation * deviation;
    }
    return squares / Math.max(0, count - correction);
  };
}

function deviation(correction: number): Reducer {
  const run = variance(correction);
  return (data, at, step, count) => Math.sqrt(run(data, at, step, count));
}

/** {@link reduce} by the variance, or by the standard deviation. */
export function spread(who: string, x: TensorLike, dims: Dims, options: VarianceOptions, root: boolean): TensorLike {
  const { correction, keepDims } = readOptions(who, options, { correction: 1, keepDims: false });
  checkFinite(who, "correction", correction);
  return reduce(who, x, dims, { keepDims }, (root ? deviation : variance)(correction));
}

/** The largest element; NaN as soon as there is one. */
export const max: Reducer = (data, at, step, count) => data[at + argmax(data, at, step, count) * step]!;

/** The smallest element; NaN as soon as there is one. */
export const min: Reducer = (data, at, step, count) => data[at + argmin(data, at, step, count) * step]!;

/** Position of the first largest element, or of the first NaN. */
export const argmax: Reducer = (data, at, step, count) => {
  let best = data[at]!;
  let position = 0;
  for (let i = 1; i < count && !Number.isNaN(best); i++) {
    const value = data[at + i * step]!;
    if (!(value <= best)) {
      best = value;
      position = i;
    }
  }
  return position;
};

/** Position of the first smallest element, or of the first NaN. */
export const argmin: Reducer = (data, at, step, count) => {
  let best = data[at]!;
  let position = 0;
  for (let i = 1; i < count && !Number.isNaN(best); i++) {
    const value = data[at + i * step]!;
    if (!(value >= best)) {
      best = value;
      position = i;
    }
  }
  return position;
};
