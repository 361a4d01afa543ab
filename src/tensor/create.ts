/** Making tensors. All are float32; `x.to("float64")` converts. */

import type { IsKnown, ProductOf } from "../shape/arithmetic.js";
import { checkInteger, checkOneOf, isPlainObject, readOptions, refuse } from "../shape/check.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import type { KnownShape, OrMistake, ResultShape } from "../shape/known-shape.js";
import { checkShape } from "../shape/reshape.js";
import type { Differs, Mistake, Show } from "../shape/rule.js";
import { type Shape, showShape, sizeOf } from "../shape/shape.js";
import { show } from "../shape/show.js";
import {
  flatten,
  isTypedArray,
  type Nesting,
  type PlainTensor,
  shapeOf,
  type TensorData,
  type TypedArray,
} from "./nested.js";
import { defaultRandom, type Random } from "./random.js";
import { floats } from "./storage.js";
import { allocate, checkTensor, Tensor } from "./tensor.js";

export interface RandomOptions {
  /** Where the numbers come from. Default: the generator that `manualSeed` seeds. */
  readonly random?: Random;
}

/**
 * A tensor with a copy of `data`: a number, nested arrays, or flat numbers in row-major order with a shape.
 * Without `shape` it has the shape of the nesting. Of `{ shape, data }`, as `JSON.parse(JSON.stringify(x))` gives it,
 * it makes the tensor again, to the same bits.
 *
 * @throws ShapeError for rows of unequal lengths or another number of elements than `shape` has, ArgumentError for
 *   entries that are not numbers.
 * @example tensor([[1, 2], [3, 4]]); tensor(new Uint8Array(784), [1, 28, 28]);
 */
export function tensor(data: PlainTensor): Tensor;
export function tensor<const Data extends TensorData>(data: Data): Tensor<ResultShape<Nesting<Data>>>;
export function tensor<const Data extends TensorData, const S extends Shape>(
  data: Data,
  shape: S & OrMistake<Counted<ResultShape<Nesting<Data>>, S>>,
): Tensor<KnownShape<S>>;
export function tensor(data: TensorData | PlainTensor, shape?: Shape, more?: unknown): Tensor {
  refuseType("tensor", shape);
  refuseType("tensor", more);
  if (isPlain(data)) return fromPlain(data);
  const nesting = shapeOf(data);
  const flat = flatten("tensor", data, nesting);
  if (shape === undefined) return new Tensor(flat, nesting);
  checkCount("tensor", flat.length, shape);
  return new Tensor(flat, shape);
}

/** `{ shape, data }`, or what structuredClone left of a tensor. */
function isPlain(data: unknown): data is PlainTensor {
  return isPlainObject(data);
}

const NAMED: Readonly<Record<string, number>> = { NaN, Infinity, "-Infinity": -Infinity, "-0": -0 };

function fromPlain({ shape, data, dtype = "float32" }: PlainTensor): Tensor {
  if (!(Array.isArray(data) || isTypedArray(data))) {
    throw new ArgumentError(
      `tensor expects { shape, data } with an array of numbers, but got ${data === undefined ? "no data" : `data of type ${typeof data}`}. Usual cause: a tensor that went through structuredClone or postMessage, which lose its numbers; send x.toJSON(), or the bytes that writeSafetensors makes.`,
    );
  }
  checkShape("tensor", shape);
  checkOneOf("tensor", "dtype", dtype, ["float32", "float64"]);
  checkCount("tensor", data.length, shape);
  const x = new Tensor(floats(data.length, dtype), shape);
  data.forEach((value: unknown, i: number) => {
    const number = typeof value === "string" && Object.hasOwn(NAMED, value) ? NAMED[value] : value;
    if (typeof number !== "number") {
      throw new ArgumentError(
        `tensor expects numbers, or "NaN", "Infinity", "-Infinity" and "-0", but got ${typeof value === "string" ? `"${value}"` : value} at ${i} of its data. Usual cause: NaN or Infinity in another program's JSON, which it writes as null.`,
      );
    }
    x.data[i] = number;
  });
  return x;
}

/** `S`, which has to have as many elements as the data that has the shape `Nested`. */
type Counted<Nested extends Shape, S extends Shape> =
  IsKnown<ProductOf<Nested>> extends true
    ? Differs<ProductOf<Nested>, ProductOf<KnownShape<S>>> extends true
      ? Mistake<`tensor expects ${ProductOf<S>} numbers for the shape ${Show<S>}, but got ${ProductOf<Nested>}`>
      : S
    : S;

/**
 * A tensor over `data` itself if that is a Float32Array: both then share their memory. Other typed arrays are converted,
 * which copies them. Without `shape` it is a vector.
 *
 * @throws ShapeError when `data` does not hold exactly as many numbers as `shape` says.
 */
export function fromTypedArray<const S extends Shape>(data: TypedArray, shape: S): Tensor<KnownShape<S>>;
export function fromTypedArray(data: TypedArray): Tensor<readonly [number]>;
export function fromTypedArray(data: TypedArray, shape: Shape = [data?.length], more?: unknown): Tensor {
  refuseType("fromTypedArray", shape);
  refuseType("fromTypedArray", more);
  if (!isTypedArray(data)) {
    throw new ArgumentError(
      `fromTypedArray expects a typed array of numbers, but got ${show(data)}. Usual cause: a plain array or BigInts; tensor() takes nested arrays.`,
    );
  }
  checkCount("fromTypedArray", data.length, shape);
  return new Tensor(data instanceof Float32Array ? data : new Float32Array(data), shape);
}

/** Zeros: `zeros([2, 3])`. @throws ArgumentError for a shape that is not an array of integers ≥ 0; the same for all that take one. */
export function zeros<const S extends Shape>(shape: S): Tensor<KnownShape<S>>;
export function zeros<const S extends Shape>(shape: S, more?: unknown): Tensor<KnownShape<S>> {
  refuseType("zeros", more);
  return make("zeros", shape, () => 0);
}

/** Ones: `ones([2, 3])`. */
export function ones<const S extends Shape>(shape: S): Tensor<KnownShape<S>>;
export function ones<const S extends Shape>(shape: S, more?: unknown): Tensor<KnownShape<S>> {
  refuseType("ones", more);
  return make("ones", shape, () => 1);
}

/** `value` everywhere: `full([2, 3], -Infinity)`. */
export function full<const S extends Shape>(shape: S, value: number): Tensor<KnownShape<S>>;
export function full<const S extends Shape>(shape: S, value: number, more?: unknown): Tensor<KnownShape<S>> {
  refuseType("full", more);
  if (typeof value !== "number") refuse("full", "value", "a number", value);
  return make("full", shape, () => value);
}

/** Zeros in the shape and precision of `x`. */
export function zerosLike<S extends Shape>(x: Tensor<S>): Tensor<S> {
  checkTensor("zerosLike", x);
  return allocate(x.shape, x.dtype);
}

/** Ones in the shape and precision of `x`. */
export function onesLike<S extends Shape>(x: Tensor<S>): Tensor<S> {
  checkTensor("onesLike", x);
  return filled(allocate(x.shape, x.dtype), () => 1);
}

/**
 * start, start + step, … up to and without `end`: `arange(3)` is 0, 1, 2; `arange(1, 2, 0.25)` has four numbers.
 * @throws ArgumentError for a step of 0, one that leads away from `end`, or bounds that are not finite.
 */
export function arange<const End extends number>(end: End): Tensor<readonly [IsKnown<End> extends true ? End : number]>;
export function arange(start: number, end: number, step?: number): Tensor<readonly [number]>;
export function arange(first: number, second?: number, step = 1): Tensor<readonly [number]> {
  const [start, end] = second === undefined ? [0, first] : [first, second];
  for (const [name, value] of Object.entries({ start, end, step })) {
    if (typeof value !== "number") refuse("arange", name, "a number", value);
  }
  const count = Math.ceil((end - start) / step);
  if (!Number.isFinite(count) || count < 0 || !Number.isFinite(step)) {
    throw new ArgumentError(
      `arange expects finite bounds and a step that leads from start to end, but got start ${start}, end ${end}, step ${step}. Usual cause: a missing minus sign of the step.`,
    );
  }
  return make("arange", [count], (i) => start + i * step);
}

/** The identity matrix: ones on the diagonal. @param columns default: as many as rows. */
export function eye<const N extends number, const M extends number = N>(
  rows: N,
  columns: M | N = rows,
): Tensor<KnownShape<readonly [N, M]>> {
  checkInteger("eye", "rows", rows, 0);
  checkInteger("eye", "columns", columns, 0);
  const shape = [rows, columns as M] as const;
  return make("eye", shape, (i) => (i % columns === Math.floor(i / columns) ? 1 : 0));
}

/** Uniform numbers in [0, 1), multiples of 2⁻²⁴. */
export function rand<const S extends Shape>(shape: S, options: RandomOptions = {}): Tensor<KnownShape<S>> {
  checkShape("rand", shape);
  const { random = defaultRandom() } = readOptions("rand", options, { random: undefined });
  // 24 bits are all that a float32 can hold; more would round up to 1 now and then.
  return make("rand", shape, () => (random.bits() >>> 8) * 2 ** -24);
}

/** Normal numbers with mean 0 and variance 1. */
export function randn<const S extends Shape>(shape: S, options: RandomOptions = {}): Tensor<KnownShape<S>> {
  checkShape("randn", shape);
  const { random = defaultRandom() } = readOptions("randn", options, { random: undefined });
  return make("randn", shape, () => random.normal());
}

/** Refuses torch's dtype, which would be lost. Whatever else comes after a shape may be what `map` passes on. */
function refuseType(who: string, more: unknown): void {
  if (typeof more !== "string" && !isPlainObject(more)) return;
  refuse(who, "", "no element type or options", more, 'torch\'s dtype: all are float32, and .to("float64") converts');
}

/** f(i) at every index i of a tensor of a checked shape. */
function make<S extends Shape>(who: string, shape: S, f: (index: number) => number): Tensor<KnownShape<S>> {
  checkShape(who, shape);
  return filled(allocate(shape as Shape as KnownShape<S>, "float32"), f);
}

function filled<S extends Shape>(x: Tensor<S>, f: (index: number) => number): Tensor<S> {
  const data = x.view();
  for (let i = 0; i < data.length; i++) data[i] = f(i);
  return x;
}

function checkCount(who: string, count: number, shape: Shape): void {
  checkShape(who, shape);
  if (count !== sizeOf(shape)) {
    throw new ShapeError(
      `${who} expects ${sizeOf(shape)} numbers for the shape ${showShape(shape)}, but got ${count}. Usual cause: a shape with missing dimensions, or of another data set.`,
    );
  }
}
