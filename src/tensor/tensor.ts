/** The tensor: numbers in row-major order and a shape. Storage is a plain typed array that the garbage collector owns. */

import { Branded, kindOf } from "../shape/brand.js";
import type { Broadcast, Broadcasts, Matmul } from "../shape/broadcast.js";
import type { InputSize } from "../shape/chain.js";
import { checkFunction, checkNumber, checkOneOf, refuse } from "../shape/check.js";
import type { DimOrMistake, Dims, DimsOrMistake, Reduced } from "../shape/dim.js";
import { ShapeError, StateError } from "../shape/errors.js";
import { type FlattenedDims, flattenShape } from "../shape/flatten.js";
import type { NumberOrMistake, OrMistake, ResultShape } from "../shape/known-shape.js";
import {
  type Permuted,
  type Squeezed,
  squeezedShape,
  type Transposed,
  transposedOrder,
  type Unsqueezed,
  unsqueezedShape,
} from "../shape/layout.js";
import type { Padded } from "../shape/pad.js";
import { type Asserted, assertShape, checkShape, type Reshape, reshapeShape } from "../shape/reshape.js";
import { type Shape, showShape, sizeOf, stridesOf } from "../shape/shape.js";
import { type DimSlice, resolvePosition, type Sliced } from "../shape/slice.js";
import { combine, map } from "./broadcast.js";
import { allClose, equals, type ToleranceOptions } from "./compare.js";
import { carryRun, engine } from "./engine.js";
import { permute, slice } from "./layout.js";
import { log } from "./log.js";
import { exp, power, sigmoid, tanh } from "./math.js";
import { matmul } from "./matmul.js";
import { type ArrayOf, type JSONNumber, toJSONNumber, toNested } from "./nested.js";
import { type PadOptions, pad } from "./pad.js";
import { print } from "./print.js";
import * as reduction from "./reduce.js";
import {
  arrayOf,
  type DType,
  type FloatArray,
  floats,
  type Operand as Numbers,
  type Resident,
  type TensorLike,
} from "./storage.js";

export type { DType, FloatArray, TensorLike } from "./storage.js";

/** The second operand of an elementwise function. */
type Operand = Tensor | number;

/** The shape of an elementwise function of `X` and `Y`. */
type Combined<X extends Tensor, Y extends Operand> = 0 extends 1 & Y
  ? Shape
  : [Y] extends [number]
    ? X["shape"]
    : [Y] extends [Tensor]
      ? ResultShape<Broadcast<X["shape"], Y["shape"]>>
      : Shape;

/** For `Y` to be intersected with: nothing, or the sentence that says why it does not broadcast with `X`. */
type OperandOrMistake<Who extends string, X extends Tensor, Y extends Operand> = [Y] extends [number]
  ? unknown
  : [Y] extends [Tensor]
    ? OrMistake<Broadcasts<`Tensor.${Who}`, X["shape"], Y["shape"]>>
    : unknown;

/** What iterating over a tensor of shape `S` gives: tensors without its first dimension. */
type ItemOf<S extends Shape> = S extends readonly []
  ? number
  : S extends readonly [number, ...infer Rest extends Shape]
    ? Tensor<Readonly<Rest>>
    : Tensor;

/**
 * Numbers in row-major order with a shape. Make one with `tensor`, `zeros`, `randn` and their like.
 *
 * Every method leaves its tensor as it is and returns a new one that shares no memory with it (`set` and writing to
 * `data` are the exceptions). Results are float32, or float64 as soon as one operand is. Dimensions and indices may be
 * negative to count from the end. Names and semantics are torch's: https://pytorch.org/docs/stable/tensors.html
 *
 * `Tensor<readonly [2, 3]>` knows its shape at compile time, and so does what its methods return; an argument that must
 * fail is refused with the sentence of the run-time error. `Tensor` alone has any shape. Methods take their tensor as
 * `this: X`, so that `S` stands in their types nowhere and a tensor of known shape is a `Tensor` at no cost.
 *
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 * console.log(x.mul(10).add(x.sum(0))); // [[14, 26], [34, 46]]
 */
export class Tensor<out S extends Shape = Shape> extends Branded {
  readonly #data: Numbers;
  readonly #size: number;
  readonly #shape: S;

  /**
   * Wraps `data` without copying it; most code calls `tensor` or `zeros` instead.
   * @throws ShapeError when `data` does not hold exactly as many numbers as `shape` says, ArgumentError for no shape.
   */
  constructor(data: FloatArray | Resident, shape: S) {
    super();
    if (!isFloats(data)) {
      refuse(
        "Tensor",
        "its data",
        "a Float32Array or Float64Array",
        data,
        "another array, which tensor(data, shape) converts",
      );
    }
    checkShape("Tensor", shape);
    const size = sizeOf(shape);
    if (data.length !== size) {
      throw new ShapeError(`Tensor expects ${size} numbers for the shape ${showShape(shape)}, but got ${data.length}.`);
    }
    this.#data = data;
    this.#size = size;
    // The caller's array may change later, unless it is another tensor's.
    this.#shape = Object.isFrozen(shape) ? shape : (Object.freeze([...shape]) as Shape as S);
  }

  /** @internal The same for tensors alone, which is several times faster: every kernel's call asks for some. */
  override get ownSelf(): this {
    return #data in this ? this : super.ownSelf;
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.Tensor";
  }

  /** Sizes of the dimensions, outermost first; frozen. */
  get shape(): S {
    return this.ownSelf.#shape;
  }

  /**
   * The elements in row-major order, without a copy: writing to it changes the tensor.
   * A Float32Array, except inside `gradcheck` and for tensors made by `to("float64")`, where it is a Float64Array.
   *
   * An array that you keep goes on showing this tensor's numbers, and never another's: those of a parameter, a gradient
   * or a buffer change when its optimizer, its layer's backward or its layer says so; all others only when you write to
   * them. Where memory cannot be shared (a page without cross-origin isolation) kernels copy numbers whose array was
   * asked for in and out of their own memory at every call; `clone().data` and `toArray()` only look.
   * @throws StateError when the array lost its memory since: by a transfer to a worker, or a buffer that was resized.
   */
  get data(): Float32Array {
    const data = this.operand(this.ownSelf.#size);
    return ArrayBuffer.isView(data) ? (data as Float32Array) : data.expose();
  }

  set data(data: never) {
    refuse("Tensor.data", "", "no assignment", data, "x.data.set(numbers), which copies them, is meant");
  }

  /**
   * What layers read of their parameters, for which plain JavaScript may have exchanged a tensor.
   * @internal
   */
  get value(): never {
    return refuse("Layer", "its weights", "Parameters", this, "layer.weight = x instead of layer.weight.value = x");
  }

  /**
   * What a kernel gets of the tensor, which has to hold `length` numbers: the last check before addresses are made.
   * @internal
   * @throws StateError for another number of them, or an array that lost its memory.
   */
  operand(length: number): Numbers {
    const data = this.ownSelf.#data;
    if (data.length === length) return data;
    throw new StateError(
      data.length === this.ownSelf.#size
        ? `A kernel expects ${length} numbers, but got a tensor of shape ${showShape(this.shape)}. Usual cause: a parameter, buffer or setting exchanged for one of another shape.`
        : `A tensor of shape ${showShape(this.shape)} lost its memory: ${data.length} of ${this.ownSelf.#size} numbers are left. Usual cause: a buffer transferred to a worker, or resized: give the tensor a copy.`,
    );
  }

  /**
   * The numbers where they lie now, to be read or written at once and not kept.
   * @internal
   */
  view(): Float32Array {
    return arrayOf(this.operand(this.ownSelf.#size)) as Float32Array;
  }

  get dtype(): DType {
    return this.ownSelf.#data instanceof Float64Array ? "float64" : "float32";
  }

  /** Whether the numbers lie in the engine's memory. */
  get isResident(): boolean {
    return !ArrayBuffer.isView(this.ownSelf.#data);
  }

  /** Number of elements. */
  get size(): number {
    return this.ownSelf.#size;
  }

  /** Number of dimensions. */
  get rank(): number {
    return this.shape.length;
  }

  /** The same numbers, in the same memory, with another shape. For layers that only reshape. */
  withShape<const T extends Shape>(shape: T): Tensor<T> {
    return new Tensor(this.ownSelf.#data, shape);
  }

  /** A copy that shares nothing with this tensor. */
  clone(): Tensor<S> {
    return carryRun(new Tensor(this.view().slice(), this.shape), this.ownSelf);
  }

  /** This tensor in another precision; the tensor itself when it has that precision already. */
  to(dtype: DType): Tensor<S> {
    checkOneOf("Tensor.to", "dtype", dtype, ["float32", "float64"]);
    if (dtype === this.dtype) return this;
    return new Tensor(dtype === "float64" ? new Float64Array(this.view()) : new Float32Array(this.view()), this.shape);
  }

  /**
   * This tensor itself, with a shape that the compiler knows: for data that comes from a file or from code without
   * types. `"N"` stands for any size.
   * @throws ShapeError unless the tensor has this shape.
   * @example const images = readNpy(await readFile("images.npy")).as(["N", 1, 28, 28]);
   */
  as<X extends Tensor, const T extends readonly InputSize[]>(
    this: X,
    shape: T & OrMistake<Asserted<"Tensor.as", X["shape"], T>>,
  ): Tensor<ResultShape<Asserted<"Tensor.as", X["shape"], T>>> {
    assertShape("Tensor.as", this.shape, shape);
    return this as Tensor as Tensor<ResultShape<Asserted<"Tensor.as", X["shape"], T>>>;
  }

  // ── Elements ──

  /** The element at one index per dimension: `x.at(0, -1)`. @throws ShapeError for too few, too many or outside indices. */
  at(...indices: readonly number[]): number {
    return this.view()[offsetOf("Tensor.at", this, indices)]!;
  }

  /** Writes one element, in place: `x.set(5, 0, -1)`. @throws ShapeError as {@link at}. */
  set(value: number, ...indices: readonly number[]): this {
    if (typeof value !== "number") refuse("Tensor.set", "value", "a number", value);
    this.view()[offsetOf("Tensor.set", this, indices)] = value;
    return this;
  }

  /** The only element of a tensor that has one, of any shape. @throws ShapeError when there are more or none. */
  item(): number {
    if (this.size !== 1) {
      throw new ShapeError(
        `Tensor.item expects one element, but got the shape ${showShape(this.shape)} with ${this.size}. Usual cause: a missing sum(), mean() or at().`,
      );
    }
    return this.view()[0]!;
  }

  /** The tensor as plain data, for JSON and `postMessage`; `tensor` makes one of it again, to the same bits. */
  toJSON(): { readonly shape: S; readonly dtype: DType; readonly data: JSONNumber[] } {
    return { shape: this.shape, dtype: this.dtype, data: Array.from(this.data, toJSONNumber) };
  }

  /** Nested arrays of the elements: `number[][]` for a matrix, a number for a scalar. */
  toArray(): ArrayOf<S> {
    return toNested(rawOf(this)) as ArrayOf<S>;
  }

  /**
   * The tensors along the first dimension: the samples of a batch, the rows of a matrix, the scalars of a vector. A scalar
   * gives its one number, so that what compares iterables (`expect(x).toEqual(y)`) compares elements in the end.
   */
  *[Symbol.iterator](): Generator<ItemOf<S>, void, undefined> {
    type Item = ItemOf<S>;
    if (this.rank === 0) yield this.item() as Item;
    else for (let i = 0; i < this.shape[0]!; i++) yield wrap(slice("Tensor.slice", rawOf(this), [i])) as Tensor as Item;
  }

  // ── Layout ──

  /**
   * A part of the tensor, one argument per dimension from the first: a number takes one position and drops the dimension,
   * `[start, end]` takes a range without its end, `[start, end, step]` every step-th position, null the whole dimension.
   * Ends outside the dimension are moved to its ends, as in Python.
   *
   * @throws ShapeError for more arguments than dimensions or a position outside, ArgumentError for a step below 1.
   * @example images.slice([0, 8], null, [1, -1], [1, -1]) // 8 images without their outermost pixels
   */
  slice<X extends Tensor, const Slices extends readonly DimSlice[]>(
    this: X,
    ...slices: Slices
  ): Tensor<Sliced<X["shape"], Slices>> {
    return wrap(slice("Tensor.slice", rawOf(this), slices));
  }

  /** The same elements in another shape; one −1 stands for the size that fits. @throws ShapeError when none does. */
  reshape<X extends Tensor, const T extends Shape>(
    this: X,
    shape: T & OrMistake<Reshape<"Tensor.reshape", X["shape"], T>>,
  ): Tensor<ResultShape<Reshape<"Tensor.reshape", X["shape"], T>>> {
    return wrap({ data: this.view().slice(), shape: reshapeShape("Tensor.reshape", this.shape, shape) });
  }

  /** Joins the dimensions from `startDim` to `endDim`, both included, into one. Default: all. A scalar becomes `[1]`. */
  flatten<X extends Tensor, const A extends number = 0, const B extends number = -1>(
    this: X,
    startDim?: A & NumberOrMistake<FlattenedDims<"Tensor.flatten", X["shape"], A, -1>>,
    endDim?: B & NumberOrMistake<FlattenedDims<"Tensor.flatten", X["shape"], A, B>>,
  ): Tensor<ResultShape<FlattenedDims<"Tensor.flatten", X["shape"], A, B>>> {
    const shape = flattenShape(
      "Tensor.flatten",
      this.shape,
      startDim === undefined ? 0 : startDim,
      endDim === undefined ? -1 : endDim,
    );
    return wrap({ data: this.view().slice(), shape });
  }

  /** Drops the dimension if its size is 1; without an argument, every dimension of size 1. */
  squeeze<X extends Tensor, const A extends number | undefined = undefined>(
    this: X,
    dim?: A & DimOrMistake<"Tensor.squeeze", X["shape"], A>,
  ): Tensor<Squeezed<X["shape"], A>> {
    return wrap({ data: this.view().slice(), shape: squeezedShape("Tensor.squeeze", this.shape, dim) });
  }

  /** Inserts a dimension of size 1 so that it becomes dimension `dim` of the result. */
  unsqueeze<X extends Tensor, const A extends number>(
    this: X,
    dim: A & DimOrMistake<"Tensor.unsqueeze", readonly [...X["shape"], 1], A>,
  ): Tensor<Unsqueezed<X["shape"], A>> {
    return wrap({ data: this.view().slice(), shape: unsqueezedShape("Tensor.unsqueeze", this.shape, dim) });
  }

  /** Swaps two dimensions: `matrix.transpose(0, 1)`. */
  transpose<X extends Tensor, const A extends number, const B extends number>(
    this: X,
    a: A & DimOrMistake<"Tensor.transpose", X["shape"], A>,
    b: B & DimOrMistake<"Tensor.transpose", X["shape"], B>,
  ): Tensor<Transposed<X["shape"], A, B>> {
    return wrap(permute("Tensor.transpose", rawOf(this), transposedOrder("Tensor.transpose", this.shape, a, b)));
  }

  /** Dim i of the result is dimension `order[i]` of this tensor: `nhwc.permute([0, 3, 1, 2])` is NCHW. */
  permute<X extends Tensor, const Order extends readonly number[]>(
    this: X,
    order: Order & OrMistake<Permuted<"Tensor.permute", X["shape"], Order>>,
  ): Tensor<ResultShape<Permuted<"Tensor.permute", X["shape"], Order>>> {
    return wrap(permute("Tensor.permute", rawOf(this), order));
  }

  /**
   * Adds elements at the ends of the last dimensions, in torch's order: before and after the last dimension, before and after
   * the one before it, … Negative numbers crop.
   * @example images.pad([2, 2, 1, 1]) // 2 columns left and right, 1 row above and below
   */
  pad<X extends Tensor, const Padding extends readonly number[]>(
    this: X,
    padding: Padding,
    options: PadOptions = {},
  ): Tensor<Padded<X["shape"], Padding>> {
    return wrap(pad("Tensor.pad", rawOf(this), padding, options));
  }

  // ── Arithmetic with a number or a tensor; shapes broadcast: sizes equal or 1, matched from the last dimension ──

  /** this + other. @throws ShapeError where shapes do not broadcast, as do all that follow. */
  add<X extends Tensor, Y extends Operand>(this: X, other: Y & OperandOrMistake<"add", X, Y>): Tensor<Combined<X, Y>> {
    return combined("Tensor.add", this, other, (a, b) => a + b);
  }

  /** this − other */
  sub<X extends Tensor, Y extends Operand>(this: X, other: Y & OperandOrMistake<"sub", X, Y>): Tensor<Combined<X, Y>> {
    return combined("Tensor.sub", this, other, (a, b) => a - b);
  }

  /** this · other, element by element; the matrix product is {@link matmul}. */
  mul<X extends Tensor, Y extends Operand>(this: X, other: Y & OperandOrMistake<"mul", X, Y>): Tensor<Combined<X, Y>> {
    return combined("Tensor.mul", this, other, (a, b) => a * b);
  }

  /** this / other */
  div<X extends Tensor, Y extends Operand>(this: X, other: Y & OperandOrMistake<"div", X, Y>): Tensor<Combined<X, Y>> {
    return combined("Tensor.div", this, other, (a, b) => a / b);
  }

  /** this to the power of other */
  pow<X extends Tensor, Y extends Operand>(this: X, other: Y & OperandOrMistake<"pow", X, Y>): Tensor<Combined<X, Y>> {
    return combined("Tensor.pow", this, other, power);
  }

  /** The larger of each pair of elements; NaN where either is. */
  maximum<X extends Tensor, Y extends Operand>(
    this: X,
    other: Y & OperandOrMistake<"maximum", X, Y>,
  ): Tensor<Combined<X, Y>> {
    return combined("Tensor.maximum", this, other, (a, b) => Math.max(a, b));
  }

  /** The smaller of each pair of elements; NaN where either is. */
  minimum<X extends Tensor, Y extends Operand>(
    this: X,
    other: Y & OperandOrMistake<"minimum", X, Y>,
  ): Tensor<Combined<X, Y>> {
    return combined("Tensor.minimum", this, other, (a, b) => Math.min(a, b));
  }

  /** 1 where this = other, else 0. */
  eq<X extends Tensor, Y extends Operand>(this: X, other: Y & OperandOrMistake<"eq", X, Y>): Tensor<Combined<X, Y>> {
    return combined("Tensor.eq", this, other, (a, b) => +(a === b));
  }

  /** 1 where this ≠ other, else 0. */
  ne<X extends Tensor, Y extends Operand>(this: X, other: Y & OperandOrMistake<"ne", X, Y>): Tensor<Combined<X, Y>> {
    return combined("Tensor.ne", this, other, (a, b) => +(a !== b));
  }

  /** 1 where this > other, else 0. */
  gt<X extends Tensor, Y extends Operand>(this: X, other: Y & OperandOrMistake<"gt", X, Y>): Tensor<Combined<X, Y>> {
    return combined("Tensor.gt", this, other, (a, b) => +(a > b));
  }

  /** 1 where this ≥ other, else 0. */
  ge<X extends Tensor, Y extends Operand>(this: X, other: Y & OperandOrMistake<"ge", X, Y>): Tensor<Combined<X, Y>> {
    return combined("Tensor.ge", this, other, (a, b) => +(a >= b));
  }

  /** 1 where this < other, else 0. */
  lt<X extends Tensor, Y extends Operand>(this: X, other: Y & OperandOrMistake<"lt", X, Y>): Tensor<Combined<X, Y>> {
    return combined("Tensor.lt", this, other, (a, b) => +(a < b));
  }

  /** 1 where this ≤ other, else 0. */
  le<X extends Tensor, Y extends Operand>(this: X, other: Y & OperandOrMistake<"le", X, Y>): Tensor<Combined<X, Y>> {
    return combined("Tensor.le", this, other, (a, b) => +(a <= b));
  }

  /**
   * Matrix product: `[m, k] · [k, n]` → `[m, n]`; a vector is a row on the left and a column on the right; leading
   * dimensions are batches that broadcast. Sums run in double precision.
   * @throws ShapeError for scalars, inner sizes that differ, or batches that do not broadcast.
   */
  matmul<X extends Tensor, Y extends Tensor>(
    this: X,
    other: Y & OrMistake<Matmul<"Tensor.matmul", X["shape"], Y["shape"]>>,
  ): Tensor<ResultShape<Matmul<"Tensor.matmul", X["shape"], Y["shape"]>>> {
    checkTensor("Tensor.matmul", other);
    return wrap(matmul("Tensor.matmul", rawOf(this), rawOf(other)));
  }

  // ── Elementwise functions ──

  /** `f` of every element; `index` is the row-major one. */
  map(f: (value: number, index: number) => number): Tensor<S> {
    checkFunction("Tensor.map", "f", f);
    const data = this.isResident ? this.view().slice() : this.view();
    return carryRun(new Tensor(map({ data, shape: this.shape }, f).data, this.shape), this.ownSelf);
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
    checkNumber("Tensor.clip", "low", low);
    checkNumber("Tensor.clip", "high", high);
    return this.map((x) => Math.min(Math.max(x, low), high));
  }

  // ── Reductions over one dimension, several dimensions, or (without an argument) all. `keepDims` leaves reduced dimensions as size 1 ──

  /** Sum; 0 of nothing. */
  sum<X extends Tensor, const A extends Dims = undefined, K extends boolean = false>(
    this: X,
    dims?: A & DimsOrMistake<"Tensor.sum", X["shape"], A>,
    options: reduction.ReduceOptions<K> = {},
  ): Tensor<Reduced<X["shape"], A, K>> {
    return wrap(reduction.reduce("Tensor.sum", rawOf(this), dims, options, reduction.sum));
  }

  /** Mean; NaN of nothing. */
  mean<X extends Tensor, const A extends Dims = undefined, K extends boolean = false>(
    this: X,
    dims?: A & DimsOrMistake<"Tensor.mean", X["shape"], A>,
    options: reduction.ReduceOptions<K> = {},
  ): Tensor<Reduced<X["shape"], A, K>> {
    return wrap(reduction.reduce("Tensor.mean", rawOf(this), dims, options, reduction.mean));
  }

  /** Variance Σ(x − mean)² / (n − correction); the default correction 1 is torch's. */
  var<X extends Tensor, const A extends Dims = undefined, K extends boolean = false>(
    this: X,
    dims?: A & DimsOrMistake<"Tensor.var", X["shape"], A>,
    options: reduction.VarianceOptions<K> = {},
  ): Tensor<Reduced<X["shape"], A, K>> {
    return wrap(reduction.spread("Tensor.var", rawOf(this), dims, options, false));
  }

  /** Standard deviation: the square root of {@link var}. */
  std<X extends Tensor, const A extends Dims = undefined, K extends boolean = false>(
    this: X,
    dims?: A & DimsOrMistake<"Tensor.std", X["shape"], A>,
    options: reduction.VarianceOptions<K> = {},
  ): Tensor<Reduced<X["shape"], A, K>> {
    return wrap(reduction.spread("Tensor.std", rawOf(this), dims, options, true));
  }

  /** Largest element; NaN where there is one. @throws ShapeError for an empty dimension. */
  max<X extends Tensor, const A extends Dims = undefined, K extends boolean = false>(
    this: X,
    dims?: A & DimsOrMistake<"Tensor.max", X["shape"], A>,
    options: reduction.ReduceOptions<K> = {},
  ): Tensor<Reduced<X["shape"], A, K>> {
    return wrap(reduction.extreme("Tensor.max", rawOf(this), dims, options, reduction.max));
  }

  /** Smallest element; NaN where there is one. @throws ShapeError for an empty dimension. */
  min<X extends Tensor, const A extends Dims = undefined, K extends boolean = false>(
    this: X,
    dims?: A & DimsOrMistake<"Tensor.min", X["shape"], A>,
    options: reduction.ReduceOptions<K> = {},
  ): Tensor<Reduced<X["shape"], A, K>> {
    return wrap(reduction.extreme("Tensor.min", rawOf(this), dims, options, reduction.min));
  }

  /** Index of the first largest element (of the first NaN, if any) along `dim`, or in row-major order. */
  argmax<X extends Tensor, const A extends number | undefined = undefined, K extends boolean = false>(
    this: X,
    dim?: A & DimOrMistake<"Tensor.argmax", X["shape"], A>,
    options: reduction.ReduceOptions<K> = {},
  ): Tensor<Reduced<X["shape"], A, K>> {
    return wrap(reduction.extreme("Tensor.argmax", rawOf(this), dim, options, reduction.argmax));
  }

  /** Index of the first smallest element (of the first NaN, if any) along `dim`, or in row-major order. */
  argmin<X extends Tensor, const A extends number | undefined = undefined, K extends boolean = false>(
    this: X,
    dim?: A & DimOrMistake<"Tensor.argmin", X["shape"], A>,
    options: reduction.ReduceOptions<K> = {},
  ): Tensor<Reduced<X["shape"], A, K>> {
    return wrap(reduction.extreme("Tensor.argmin", rawOf(this), dim, options, reduction.argmin));
  }

  // ── Comparison and printing ──

  /** Equal shapes and |this − other| ≤ atol + rtol·|other| everywhere. Defaults: rtol 1e-5, atol 1e-8, NaN never close. */
  allClose(other: Tensor, options: ToleranceOptions = {}): boolean {
    checkTensor("Tensor.allClose", other);
    return allClose(rawOf(this), rawOf(other), options);
  }

  /** Equal shapes and equal elements; NaN equals nothing, not even itself. */
  equals(other: Tensor): boolean {
    checkTensor("Tensor.equals", other);
    return equals(rawOf(this), rawOf(other));
  }

  /** Shape and aligned numbers; of more than 1000 elements, the first and last 3 along every dimension. */
  override toString(): string {
    return print(rawOf(this));
  }
}

/** The tensor as the functions of this room read it. */
function rawOf(x: Tensor): TensorLike {
  return { data: x.view(), shape: x.shape };
}

/** Which of the numbers has these indices. */
function offsetOf(who: string, { shape }: Tensor, indices: readonly number[]): number {
  if (indices.length !== shape.length) {
    throw new ShapeError(
      `${who} expects one index for each of the ${shape.length} dimensions of ${showShape(shape)}, but got ${indices.length}. Usual cause: a missing batch index; slice() takes fewer.`,
    );
  }
  const strides = stridesOf(shape);
  return indices.reduce((at, index, dim) => at + resolvePosition(who, index, dim, shape) * strides[dim]!, 0);
}

function combined<T extends Shape>(
  who: string,
  x: Tensor,
  other: Operand,
  f: (a: number, b: number) => number,
): Tensor<T> {
  if (typeof other === "number") return carryRun(wrap<T>(combine(who, rawOf(x), other, f)), x.ownSelf);
  checkTensor(who, other, "a Tensor or a number");
  return carryRun(wrap<T>(combine(who, rawOf(x), rawOf(other), f)), x.ownSelf, other.ownSelf);
}

/** The tensor itself; the compiler forgets its shape. */
export function asDynamic(x: Tensor): Tensor {
  return x;
}

/** A tensor of zeros, in the precision that `dtype` says; the one place where results get their memory. */
export function allocate<const S extends Shape>(shape: S, dtype: DType): Tensor<S> {
  const tensor = allocateUnset(shape, dtype);
  if (tensor.isResident) tensor.view().fill(0);
  return tensor;
}

/** Like {@link allocate}, for results that a kernel overwrites: inside a run they hold whatever was there. */
export function allocateUnset<const S extends Shape>(shape: S, dtype: DType): Tensor<S> {
  const size = sizeOf(shape);
  const place = dtype === "float32" ? engine().allocator?.allocate(size) : undefined;
  return new Tensor(place ?? floats(size, dtype), shape);
}

/** A tensor whose compile-time shape is the caller's to get right. */
function wrap<S extends Shape>({ data, shape }: TensorLike): Tensor<S> {
  return new Tensor(data, shape as Shape as S);
}

/** An array may be another window's, so that `instanceof` does not know it. */
function isFloats(data: unknown): data is FloatArray | Resident {
  if (data instanceof Float32Array || data instanceof Float64Array) return true;
  const other = data as { readonly [Symbol.toStringTag]?: string; readonly expose?: unknown } | null | undefined;
  return other?.expose !== undefined || /^Float(32|64)Array$/.test(other?.[Symbol.toStringTag] ?? "");
}

/** @throws ArgumentError for anything else. */
export function checkTensor(who: string, value: unknown, expected = "a Tensor"): asserts value is Tensor {
  if (value instanceof Tensor) return;
  refuse(who, "", expected, value, causeOf(value, expected));
}

function causeOf(value: unknown, expected: string): string {
  if (value === undefined) return "a missing argument or return";
  if (typeof value === "number")
    return "a bare number, which tensor(x) wraps, or a loss's where loss.backward() is meant";
  const kind = kindOf(value);
  if (kind === "Parameter" || kind === "StateBuffer") return "a missing .value";
  if (kind === "Value") return "forward instead of of(value) in compose";
  if (kind) return "a layer or loss instead of the tensor it returns";
  if (expected === "a Tensor" && Object(value)[0] instanceof Tensor)
    return "a list instead of arguments: forward(a, b)";
  return "inputs" in Object(value)
    ? "a batch instead of its inputs"
    : "a plain array, or a tensor after JSON or postMessage, which tensor(data) converts";
}
