/** Making tensors. All are float32; `x.to("float64")` converts. */

import { checkInteger } from "../shape/check.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { checkShape } from "../shape/reshape.js";
import { type Shape, showShape, sizeOf } from "../shape/shape.js";
import { flatten, isTypedArray, shapeOf, type TensorData, type TypedArray } from "./nested.js";
import { defaultRandom, type Random } from "./random.js";
import { allocate, Tensor } from "./tensor.js";

export interface RandomOptions {
  /** Where the numbers come from. Default: the generator that `manualSeed` seeds. */
  readonly random?: Random;
}

/**
 * A tensor with a copy of `data`: a number, nested arrays, or flat numbers in row-major order with a shape.
 * Without `shape` it has the shape of the nesting.
 *
 * @throws ShapeError for rows of unequal lengths or another number of elements than `shape` has, ArgumentError for
 *   entries that are no numbers.
 * @example tensor([[1, 2], [3, 4]]); tensor(new Uint8Array(784), [1, 28, 28]);
 */
export function tensor<const S extends Shape>(data: TensorData, shape: S): Tensor<S>;
export function tensor(data: number): Tensor<readonly []>;
export function tensor(data: readonly number[] | TypedArray): Tensor<readonly [number]>;
export function tensor(data: readonly (readonly number[] | TypedArray)[]): Tensor<readonly [number, number]>;
export function tensor(data: TensorData): Tensor;
export function tensor(data: TensorData, shape?: Shape): Tensor {
  const nesting = shapeOf(data);
  const flat = flatten("tensor", data, nesting);
  if (shape === undefined) return new Tensor(flat, nesting);
  checkCount("tensor", flat.length, shape);
  return new Tensor(flat, shape);
}

/**
 * A tensor over `data` itself if that is a Float32Array: both then share their memory. Other typed arrays are converted,
 * which copies them. Without `shape` it is a vector.
 *
 * @throws ShapeError when `data` does not hold exactly as many numbers as `shape` says.
 */
export function fromTypedArray<const S extends Shape>(data: TypedArray, shape: S): Tensor<S>;
export function fromTypedArray(data: TypedArray): Tensor<readonly [number]>;
export function fromTypedArray(data: TypedArray, shape: Shape = [data.length]): Tensor {
  if (!isTypedArray(data)) {
    throw new ArgumentError(
      `fromTypedArray expects a typed array of numbers, but got a value of type ${typeof data}. Usual cause: a plain array or BigInts; tensor() takes nested arrays.`,
    );
  }
  checkCount("fromTypedArray", data.length, shape);
  return new Tensor(data instanceof Float32Array ? data : new Float32Array(data), shape);
}

/** Zeros: `zeros([2, 3])`. @throws ArgumentError for a shape that is no array of integers ≥ 0; so do all that take one. */
export function zeros<const S extends Shape>(shape: S): Tensor<S> {
  checkShape("zeros", shape);
  return allocate(shape, "float32");
}

/** Ones: `ones([2, 3])`. */
export function ones<const S extends Shape>(shape: S): Tensor<S> {
  checkShape("ones", shape);
  return filled(allocate(shape, "float32"), () => 1);
}

/** `value` everywhere: `full([2, 3], -Infinity)`. */
export function full<const S extends Shape>(shape: S, value: number): Tensor<S> {
  checkShape("full", shape);
  return filled(allocate(shape, "float32"), () => value);
}

/** Zeros in the shape and precision of `x`. */
export function zerosLike<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return allocate(x.shape, x.dtype);
}

/** Ones in the shape and precision of `x`. */
export function onesLike<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return filled(allocate(x.shape, x.dtype), () => 1);
}

/**
 * start, start + step, … up to and without `end`: `arange(3)` is 0, 1, 2; `arange(1, 2, 0.25)` has four numbers.
 * @throws ArgumentError for a step of 0, one that leads away from `end`, or bounds that are not finite.
 */
export function arange(end: number): Tensor<readonly [number]>;
export function arange(start: number, end: number, step?: number): Tensor<readonly [number]>;
export function arange(first: number, second?: number, step = 1): Tensor<readonly [number]> {
  const [start, end] = second === undefined ? [0, first] : [first, second];
  const count = Math.ceil((end - start) / step);
  if (!Number.isFinite(count) || count < 0 || !Number.isFinite(step)) {
    throw new ArgumentError(
      `arange expects finite bounds and a step that leads from start to end, but got start ${start}, end ${end}, step ${step}. Usual cause: a missing minus sign of the step.`,
    );
  }
  checkShape("arange", [count]);
  return filled(allocate([count], "float32"), (i) => start + i * step);
}

/** The identity matrix: ones on the diagonal. @param columns default: as many as rows. */
export function eye<const N extends number, const M extends number = N>(
  rows: N,
  columns: M | N = rows,
): Tensor<readonly [N, M]> {
  checkInteger("eye", "rows", rows, 0);
  checkInteger("eye", "columns", columns, 0);
  const shape = [rows, columns as M] as const;
  checkShape("eye", shape);
  return filled(allocate(shape, "float32"), (i) => (i % columns === Math.floor(i / columns) ? 1 : 0));
}

/** Uniform numbers in [0, 1), multiples of 2⁻²⁴. */
export function rand<const S extends Shape>(shape: S, { random = defaultRandom() }: RandomOptions = {}): Tensor<S> {
  checkShape("rand", shape);
  // 24 bits are all that a float32 can hold; more would round up to 1 now and then.
  return filled(allocate(shape, "float32"), () => (random.bits() >>> 8) * 2 ** -24);
}

/** Normal numbers with mean 0 and variance 1. */
export function randn<const S extends Shape>(shape: S, { random = defaultRandom() }: RandomOptions = {}): Tensor<S> {
  checkShape("randn", shape);
  return filled(allocate(shape, "float32"), () => random.normal());
}

function filled<S extends Shape>(x: Tensor<S>, f: (index: number) => number): Tensor<S> {
  const { data } = x;
  for (let i = 0; i < data.length; i++) data[i] = f(i);
  return x;
}

function checkCount(who: string, count: number, shape: Shape): void {
  checkShape(who, shape);
  if (count !== sizeOf(shape)) {
    throw new ShapeError(
      `${who} expects ${sizeOf(shape)} numbers for the shape ${showShape(shape)}, but got ${count}. Usual cause: a shape with axes left out or swapped for another data set.`,
    );
  }
}
