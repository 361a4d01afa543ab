/** The tensor: numbers in row-major order and a shape. Storage is a plain typed array that the garbage collector owns. */

import { type Axes, resolveAxis } from "../shape/axis.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { flattenShape } from "../shape/flatten.js";
import { checkShape, type Reshaped, reshapeShape } from "../shape/reshape.js";
import { type Shape, showShape, sizeOf, stridesOf } from "../shape/shape.js";
import { combine, map, power } from "./broadcast.js";
import { allClose, equals, type ToleranceOptions } from "./compare.js";
import { engine } from "./engine.js";
import { permute, resolvePosition, type Slice, slice } from "./layout.js";
import { log } from "./log.js";
import { exp, sigmoid, tanh } from "./math.js";
import { matmul } from "./matmul.js";
import { type ArrayOf, toNested } from "./nested.js";
import { type PadOptions, pad } from "./pad.js";
import { print } from "./print.js";
import * as reduction from "./reduce.js";
import { type DType, type FloatArray, floats, type Resident, type TensorLike } from "./storage.js";

export type { DType, FloatArray, TensorLike } from "./storage.js";

/** The result of an elementwise function of a tensor of shape `S` and `Other`, a number or a tensor. */
type Combined<S extends Shape, Other> = Other extends number ? Tensor<S> : Tensor;

/** Where Node's console.log looks for how to print an object. */
const inspect = Symbol.for("nodejs.util.inspect.custom");

/**
 * Numbers in row-major order with a shape. Make one with `tensor`, `zeros`, `randn` and their like.
 *
 * Every method leaves its tensor as it is and returns a new one that shares no memory with it (`set` and writing to
 * `data` are the exceptions). Results are float32, or float64 as soon as one operand is. Axes and indices may be
 * negative to count from the end. Names and semantics are torch's: https://pytorch.org/docs/stable/tensors.html
 *
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 * console.log(x.mul(10).add(x.sum(0))); // [[14, 26], [34, 46]]
 */
export class Tensor<S extends Shape = Shape> {
  readonly #data: FloatArray | Resident;
  readonly shape: S;

  /**
   * Wraps `data` without copying it; most code calls `tensor` or `zeros` instead.
   * @throws ShapeError when `data` does not hold exactly as many numbers as `shape` says, ArgumentError for no shape.
   */
  constructor(data: FloatArray | Resident, shape: S) {
    checkShape("Tensor", shape);
    if (data.length !== sizeOf(shape)) {
      throw new ShapeError(
        `Tensor expects ${sizeOf(shape)} numbers for the shape ${showShape(shape)}, but got ${data.length}.`,
      );
    }
    this.#data = data;
    this.shape = [...shape] as unknown as S; // the caller's array may change later
  }

  /**
   * The elements in row-major order, without a copy: writing to it changes the tensor.
   * A Float32Array, except inside `gradcheck` and for tensors made by `to("float64")`, where it is a Float64Array.
   */
  get data(): Float32Array {
    const data = this.#data;
    return ArrayBuffer.isView(data) ? (data as Float32Array) : data.view();
  }

  get dtype(): DType {
    return this.#data instanceof Float64Array ? "float64" : "float32";
  }

  /** Whether the numbers lie in the engine's memory. */
  get isResident(): boolean {
    return !ArrayBuffer.isView(this.#data);
  }

  /** Number of elements. */
  get size(): number {
    return this.#data.length;
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** The same numbers, in the same memory, with another shape. For layers that only reshape. */
  withShape<const T extends Shape>(shape: T): Tensor<T> {
    return new Tensor(this.#data, shape);
  }

  /** A copy that shares nothing with this tensor. */
  clone(): Tensor<S> {
    return new Tensor(this.data.slice(), this.shape);
  }

  /** This tensor in another precision; the tensor itself when it has that precision already. */
  to(dtype: DType): Tensor<S> {
    if (dtype === this.dtype) return this;
    return new Tensor(dtype === "float64" ? new Float64Array(this.data) : new Float32Array(this.data), this.shape);
  }

  // ── Elements ──

  /** The element at one index per axis: `x.at(0, -1)`. @throws ShapeError for too few, too many or outside indices. */
  at(...indices: readonly number[]): number {
    return this.data[this.#offset("Tensor.at", indices)]!;
  }

  /** Writes one element, in place: `x.set(5, 0, -1)`. @throws ShapeError as {@link at}. */
  set(value: number, ...indices: readonly number[]): this {
    this.data[this.#offset("Tensor.set", indices)] = value;
    return this;
  }

  /** The only element of a tensor that has one, of any shape. @throws ShapeError when there are more or none. */
  item(): number {
    if (this.size !== 1) {
      throw new ShapeError(
        `Tensor.item expects one element, but got the shape ${showShape(this.shape)} with ${this.size}. Usual cause: a missing sum() or mean(), or at() where one element is meant.`,
      );
    }
    return this.data[0]!;
  }

  /** Nested arrays of the elements: `number[][]` for a matrix, a number for a scalar. */
  toArray(): ArrayOf<S> {
    return toNested(this) as ArrayOf<S>;
  }

  /**
   * The tensors along the first axis: the samples of a batch, the rows of a matrix, the scalars of a vector. A scalar
   * gives its one number, so that what compares iterables (`expect(x).toEqual(y)`) compares elements in the end.
   */
  *[Symbol.iterator](): Generator<S extends readonly [] ? number : Tensor, void, undefined> {
    type Item = S extends readonly [] ? number : Tensor;
    if (this.rank === 0) yield this.item() as Item;
    else for (let i = 0; i < this.shape[0]!; i++) yield this.slice(i) as Item;
  }

  // ── Layout ──

  /**
   * A part of the tensor, one argument per axis from the first: a number takes one position and drops the axis,
   * `[start, end]` takes a range without its end, `[start, end, step]` every step-th position, null the whole axis.
   * Ends outside the axis are moved to its ends, as in Python.
   *
   * @throws ShapeError for more arguments than axes or a position outside, ArgumentError for a step below 1.
   * @example images.slice([0, 8], null, [1, -1], [1, -1]) // 8 images without their outermost pixels
   */
  slice(...slices: readonly Slice[]): Tensor {
    return wrap(slice("Tensor.slice", this, slices));
  }

  /** The same elements in another shape; one −1 stands for the size that fits. @throws ShapeError when none does. */
  reshape<const T extends Shape>(shape: T): Tensor<Reshaped<T>> {
    const sizes = reshapeShape("Tensor.reshape", this.shape, shape);
    return new Tensor(this.data.slice(), sizes as unknown as Reshaped<T>);
  }

  /** Joins the axes from `startDim` to `endDim`, both included, into one. Default: all. A scalar becomes `[1]`. */
  flatten(): Tensor<readonly [number]>;
  flatten(startDim: number, endDim?: number): Tensor;
  flatten(startDim = 0, endDim = -1): Tensor {
    return new Tensor(this.data.slice(), flattenShape("Tensor.flatten", this.shape, startDim, endDim));
  }

  /** Drops the axis if its size is 1; without an argument, every axis of size 1. */
  squeeze(axis?: number): Tensor {
    const chosen = axis === undefined ? undefined : resolveAxis("Tensor.squeeze", axis, this.shape);
    const keep = (extent: number, i: number) => extent !== 1 || (chosen !== undefined && i !== chosen);
    return new Tensor(this.data.slice(), this.shape.filter(keep));
  }

  /** Inserts an axis of size 1 so that it becomes axis `axis` of the result. */
  unsqueeze(axis: number): Tensor {
    const at = resolveAxis("Tensor.unsqueeze", axis, [...this.shape, 1]);
    return new Tensor(this.data.slice(), this.shape.toSpliced(at, 0, 1));
  }

  /** Swaps two axes: `matrix.transpose(0, 1)`. */
  transpose(a: number, b: number): Tensor {
    const order = this.shape.map((_, axis) => axis);
    const [first, second] = [a, b].map((axis) => resolveAxis("Tensor.transpose", axis, this.shape)) as [number, number];
    order[first] = second;
    order[second] = first;
    return this.permute(order);
  }

  /** Axis i of the result is axis `order[i]` of this tensor: `nhwc.permute([0, 3, 1, 2])` is NCHW. */
  permute(order: readonly number[]): Tensor {
    return wrap(permute("Tensor.permute", this, order));
  }

  /**
   * Adds elements at the ends of the last axes, in torch's order: before and after the last axis, before and after
   * the one before it, … Negative numbers crop.
   * @example images.pad([2, 2, 1, 1]) // 2 columns left and right, 1 row above and below
   */
  pad(padding: readonly number[], options: PadOptions = {}): Tensor {
    return wrap(pad("Tensor.pad", this, padding, options));
  }

  // ── Arithmetic with a number or a tensor; shapes broadcast: sizes equal or 1, matched from the last axis ──

  /** this + other. @throws ShapeError where shapes do not broadcast; so do all that follow. */
  add<Other extends Tensor | number>(other: Other): Combined<S, Other> {
    return this.#combine("Tensor.add", other, (a, b) => a + b);
  }

  /** this − other */
  sub<Other extends Tensor | number>(other: Other): Combined<S, Other> {
    return this.#combine("Tensor.sub", other, (a, b) => a - b);
  }

  /** this · other, element by element; the matrix product is {@link matmul}. */
  mul<Other extends Tensor | number>(other: Other): Combined<S, Other> {
    return this.#combine("Tensor.mul", other, (a, b) => a * b);
  }

  /** this / other */
  div<Other extends Tensor | number>(other: Other): Combined<S, Other> {
    return this.#combine("Tensor.div", other, (a, b) => a / b);
  }

  /** this to the power of other */
  pow<Other extends Tensor | number>(other: Other): Combined<S, Other> {
    return this.#combine("Tensor.pow", other, power);
  }

  /** The larger of each pair of elements; NaN where either is. */
  maximum<Other extends Tensor | number>(other: Other): Combined<S, Other> {
    return this.#combine("Tensor.maximum", other, (a, b) => Math.max(a, b));
  }

  /** The smaller of each pair of elements; NaN where either is. */
  minimum<Other extends Tensor | number>(other: Other): Combined<S, Other> {
    return this.#combine("Tensor.minimum", other, (a, b) => Math.min(a, b));
  }

  /** 1 where this = other, else 0. */
  eq<Other extends Tensor | number>(other: Other): Combined<S, Other> {
    return this.#combine("Tensor.eq", other, (a, b) => +(a === b));
  }

  /** 1 where this ≠ other, else 0. */
  ne<Other extends Tensor | number>(other: Other): Combined<S, Other> {
    return this.#combine("Tensor.ne", other, (a, b) => +(a !== b));
  }

  /** 1 where this > other, else 0. */
  gt<Other extends Tensor | number>(other: Other): Combined<S, Other> {
    return this.#combine("Tensor.gt", other, (a, b) => +(a > b));
  }

  /** 1 where this ≥ other, else 0. */
  ge<Other extends Tensor | number>(other: Other): Combined<S, Other> {
    return this.#combine("Tensor.ge", other, (a, b) => +(a >= b));
  }

  /** 1 where this < other, else 0. */
  lt<Other extends Tensor | number>(other: Other): Combined<S, Other> {
    return this.#combine("Tensor.lt", other, (a, b) => +(a < b));
  }

  /** 1 where this ≤ other, else 0. */
  le<Other extends Tensor | number>(other: Other): Combined<S, Other> {
    return this.#combine("Tensor.le", other, (a, b) => +(a <= b));
  }

  /**
   * Matrix product: `[m, k] · [k, n]` → `[m, n]`; a vector is a row on the left and a column on the right; leading
   * axes are batches that broadcast. Sums run in double precision.
   * @throws ShapeError for scalars, inner sizes that differ, or batches that do not broadcast.
   */
  matmul(other: Tensor): Tensor {
    checkTensor("Tensor.matmul", other, "a Tensor");
    return wrap(matmul("Tensor.matmul", this, other));
  }

  // ── Elementwise functions ──

  /** `f` of every element; `index` is the row-major one. */
  map(f: (value: number, index: number) => number): Tensor<S> {
    return new Tensor(map(this, f).data, this.shape);
  }

  /** −x */
  neg(): Tensor<S> {
    return this.map((x) => -x);
  }

  /** |x| */
  abs(): Tensor<S> {
    return this.map(Math.abs);
  }

  /** x² */
  square(): Tensor<S> {
    return this.map((x) => x * x);
  }

  /** √x, NaN below 0. */
  sqrt(): Tensor<S> {
    return this.map(Math.sqrt);
  }

  /** eˣ */
  exp(): Tensor<S> {
    return this.map(exp);
  }

  /** Natural logarithm: −Infinity at 0, NaN below. */
  log(): Tensor<S> {
    return this.map(log);
  }

  tanh(): Tensor<S> {
    return this.map(tanh);
  }

  /** 1 / (1 + e⁻ˣ) */
  sigmoid(): Tensor<S> {
    return this.map(sigmoid);
  }

  /** max(x, 0) */
  relu(): Tensor<S> {
    return this.map((x) => Math.max(x, 0));
  }

  /** min(max(x, low), high); Infinity for no bound. NaN stays NaN. */
  clip(low: number, high: number): Tensor<S> {
    return this.map((x) => Math.min(Math.max(x, low), high));
  }

  // ── Reductions over one axis, several axes, or (without an argument) all. `keepDims` leaves reduced axes as size 1 ──

  /** Sum; 0 of nothing. */
  sum(axes?: Axes, { keepDims = false }: reduction.ReduceOptions = {}): Tensor {
    return wrap(reduction.reduce("Tensor.sum", this, axes, keepDims, reduction.sum));
  }

  /** Mean; NaN of nothing. */
  mean(axes?: Axes, { keepDims = false }: reduction.ReduceOptions = {}): Tensor {
    return wrap(reduction.reduce("Tensor.mean", this, axes, keepDims, reduction.mean));
  }

  /** Variance Σ(x − mean)² / (n − correction); the default correction 1 is torch's. */
  var(axes?: Axes, { keepDims = false, correction = 1 }: reduction.VarianceOptions = {}): Tensor {
    return wrap(reduction.reduce("Tensor.var", this, axes, keepDims, reduction.variance(correction)));
  }

  /** Standard deviation: the square root of {@link var}. */
  std(axes?: Axes, { keepDims = false, correction = 1 }: reduction.VarianceOptions = {}): Tensor {
    return wrap(reduction.reduce("Tensor.std", this, axes, keepDims, reduction.deviation(correction)));
  }

  /** Largest element; NaN where there is one. @throws ShapeError for an empty axis. */
  max(axes?: Axes, { keepDims = false }: reduction.ReduceOptions = {}): Tensor {
    return wrap(reduction.extreme("Tensor.max", this, axes, keepDims, reduction.max));
  }

  /** Smallest element; NaN where there is one. @throws ShapeError for an empty axis. */
  min(axes?: Axes, { keepDims = false }: reduction.ReduceOptions = {}): Tensor {
    return wrap(reduction.extreme("Tensor.min", this, axes, keepDims, reduction.min));
  }

  /** Index of the first largest element (of the first NaN, if any) along `axis`, or in row-major order. */
  argmax(axis?: number, { keepDims = false }: reduction.ReduceOptions = {}): Tensor {
    return wrap(reduction.extreme("Tensor.argmax", this, axis, keepDims, reduction.argmax));
  }

  /** Index of the first smallest element (of the first NaN, if any) along `axis`, or in row-major order. */
  argmin(axis?: number, { keepDims = false }: reduction.ReduceOptions = {}): Tensor {
    return wrap(reduction.extreme("Tensor.argmin", this, axis, keepDims, reduction.argmin));
  }

  // ── Comparison and printing ──

  /** Equal shapes and |this − other| ≤ atol + rtol·|other| everywhere. Defaults: rtol 1e-5, atol 1e-8, NaN never close. */
  allClose(other: Tensor, options: ToleranceOptions = {}): boolean {
    checkTensor("Tensor.allClose", other, "a Tensor");
    return allClose(this, other, options);
  }

  /** Equal shapes and equal elements; NaN equals nothing, not even itself. */
  equals(other: Tensor): boolean {
    checkTensor("Tensor.equals", other, "a Tensor");
    return equals(this, other);
  }

  /** Shape and aligned numbers; of more than 1000 elements, the first and last 3 along every axis. */
  toString(): string {
    return print(this);
  }

  [inspect](): string {
    return this.toString();
  }

  #offset(who: string, indices: readonly number[]): number {
    if (indices.length !== this.rank) {
      throw new ShapeError(
        `${who} expects one index for each of the ${this.rank} axes of ${showShape(this.shape)}, but got ${indices.length}. Usual cause: a missing batch index; slice() takes fewer.`,
      );
    }
    const strides = stridesOf(this.shape);
    return indices.reduce((at, index, axis) => at + resolvePosition(who, index, axis, this.shape) * strides[axis]!, 0);
  }

  #combine<Other extends Tensor | number>(
    who: string,
    other: Other,
    f: (a: number, b: number) => number,
  ): Combined<S, Other> {
    if (typeof other !== "number") checkTensor(who, other, "a Tensor or a number");
    return wrap(combine(who, this, other, f)) as Combined<S, Other>;
  }
}

/** A tensor of zeros, in the precision that `dtype` says; the one place where results get their memory. */
export function allocate<const S extends Shape>(shape: S, dtype: DType): Tensor<S> {
  const tensor = allocateUnset(shape, dtype);
  if (tensor.isResident) tensor.data.fill(0);
  return tensor;
}

/** Like {@link allocate}, for results that a kernel overwrites: inside a run they hold whatever was there. */
export function allocateUnset<const S extends Shape>(shape: S, dtype: DType): Tensor<S> {
  const size = sizeOf(shape);
  const place = dtype === "float32" ? engine().place?.(size) : undefined;
  return new Tensor(place ?? floats(size, dtype), shape);
}

function wrap({ data, shape }: TensorLike): Tensor {
  return new Tensor(data, shape);
}

function checkTensor(who: string, value: unknown, expected: string): void {
  if (value instanceof Tensor) return;
  const got = Array.isArray(value) ? "an array" : value === null ? "null" : `a value of type ${typeof value}`;
  throw new ArgumentError(
    `${who} expects ${expected}, but got ${got}. Usual cause: a plain array; wrap it with tensor(data).`,
  );
}
