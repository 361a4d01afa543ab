/** What flows through a network while it is composed: no numbers, only where they will come from. */

import type { Broadcast, Broadcasts, Matmul } from "../shape/broadcast.js";
import type { ChainRule, Fitting } from "../shape/chain.js";
import type { DimOrMistake, Dims, DimsOrMistake, Reduced } from "../shape/dim.js";
import type { FlattenedDims, UnflattenRule } from "../shape/flatten.js";
import type { Concatenated } from "../shape/join.js";
import type { HasAnyRank, NumberOrMistake, OrMistake, ResultShape } from "../shape/known-shape.js";
import type { Permuted, Squeezed, Transposed, Unsqueezed } from "../shape/layout.js";
import type { Named, NamedSize } from "../shape/named.js";
import type { Padded } from "../shape/pad.js";
import type { Reshape } from "../shape/reshape.js";
import type { AnyLayer, Apply, OnlyOptions, OutputOf, Refusal } from "../shape/rule.js";
import type { Shape } from "../shape/shape.js";
import type { DimSlice, Sliced } from "../shape/slice.js";
import type { ChunkShapes, ChunksOrMistake, SplitOrMistake, SplitShapes } from "../shape/split.js";
import type { ResizedLike, UpsampleMode, UpsampleOptions, UpsampleRule } from "../shape/upsample.js";
import type { PadOptions } from "../tensor/pad.js";
import type { ReduceOptions } from "../tensor/reduce.js";
import type { Tensor } from "../tensor/tensor.js";
import * as operations from "./operations.js";
import { record, recordArithmetic, recordLayers, recordSeveral } from "./record.js";
import { BareValue } from "./recording.js";

/** A learned tensor as an operand: a `Parameter`. */
export interface LearnedTensor {
  readonly value: Tensor;
  readonly grad: Tensor;
  requiresGrad: boolean;
}

/** The second operand of an elementwise operation. */
export type Operand = Value | number | LearnedTensor;

/** The shape of a value. */
type ShapeOf<X extends Value> = X["~shape"];

/** The shape of an elementwise operation of `X` and `Y`. */
export type Combined<X extends Value, Y extends Operand> = 0 extends 1 & Y
  ? Shape
  : [Y] extends [number | LearnedTensor]
    ? ShapeOf<X>
    : [Y] extends [Value]
      ? ResultShape<Broadcast<ShapeOf<X>, ShapeOf<Y>>>
      : Shape;

/** For `Y` to be intersected with: nothing, or the sentence that says why it does not broadcast with `X`. */
export type OperandOrMistake<Who extends string, X extends Value, Y extends Operand> = [Y] extends [Value]
  ? OrMistake<Broadcasts<`Value.${Who}`, ShapeOf<X>, ShapeOf<Y>>>
  : unknown;

/** The shapes of values. */
export type ShapesOf<Values extends readonly unknown[]> = {
  readonly [I in keyof Values]: Values[I] extends Value ? ShapeOf<Values[I]> : Shape;
};

/** Values of these shapes. */
export type ValuesOf<Shapes> = Shapes extends infer T extends readonly Shape[]
  ? { readonly [I in keyof T]: Value<T[I]> }
  : readonly Value[];

/** A shape as a pattern takes it apart: of one that is not known, as many sizes as are asked for. */
export type Sizes<S extends Shape> =
  HasAnyRank<S> extends true
    ? readonly [number, number, number, number, number, number, number, number, ...number[]]
    : S;

/** How {@link Value.resizeLike} resizes. */
export interface ResizeOptions {
  /** How pixels are mixed, as in `Upsample`. Default `"nearest"`. */
  readonly mode?: UpsampleMode;
  /** Whether the corner pixels of input and output lie on each other. Default false. */
  readonly alignCorners?: boolean;
}

/** An input as `compose` declares it: `Input<["N", 64, "H", "W"]>`, where equal names are equal sizes. */
export type Input<Sizes extends readonly NamedSize[]> = Value<Named<Sizes>>;

/**
 * What a layer gives, while a network is composed: `compose` gets one for each input and says how it is used. It has
 * no numbers; what runs later is the plan that is made of it. Names and semantics are torch's.
 *
 * `Value<readonly [8, 64, 5, 5]>` knows its shape at compile time, and so does what its methods return; an argument that
 * must fail is refused with a sentence. `Value` alone has any shape, and a shape may have names for sizes that are only
 * known where the network is used: {@link Input}.
 *
 * @example
 * class SqueezeExcite extends Composite<SqueezeExcite> {
 *   pool = new GlobalAvgPool2d(); reduce = new Conv2d(64, 4, 1); relu = new ReLU();
 *   expand = new Conv2d(4, 64, 1); gate = new Sigmoid();
 *   compose(x: Input<["N", 64, "H", "W"]>) {
 *     return x.mul(x.through(this.pool, this.reduce, this.relu, this.expand, this.gate));
 *   }
 * }
 */
export class Value<out S extends Shape = Shape> extends BareValue {
  /** The shape, for the compiler only: there is no such field. */
  declare readonly "~shape": S;

  /**
   * What the layers give, one after another, as in a `Sequential`. A layer that is used twice is one set of weights.
   *
   *     const c3 = x.through(this.conv, this.relu);
   */
  through<X extends Value, const L extends readonly AnyLayer[]>(
    this: X,
    ...layers: Fitting<L, X["~shape"]>
  ): Value<OutputOf<ChainRule<L>, X["~shape"]>> {
    return recordLayers(this, layers);
  }

  // ── Arithmetic with a number, a parameter or a value; shapes broadcast: sizes equal or 1, matched from the last dimension ──

  /** this + other. @throws ShapeError (from forward) where shapes do not broadcast, as do all that follow. */
  add<X extends Value, Y extends Operand>(this: X, other: Y & OperandOrMistake<"add", X, Y>): Value<Combined<X, Y>> {
    return recordArithmetic("add", this, other);
  }

  /** this − other */
  sub<X extends Value, Y extends Operand>(this: X, other: Y & OperandOrMistake<"sub", X, Y>): Value<Combined<X, Y>> {
    return recordArithmetic("sub", this, other);
  }

  /** this · other, element by element; the matrix product is {@link matmul}. */
  mul<X extends Value, Y extends Operand>(this: X, other: Y & OperandOrMistake<"mul", X, Y>): Value<Combined<X, Y>> {
    return recordArithmetic("mul", this, other);
  }

  /** this / other */
  div<X extends Value, Y extends Operand>(this: X, other: Y & OperandOrMistake<"div", X, Y>): Value<Combined<X, Y>> {
    return recordArithmetic("div", this, other);
  }

  /**
   * Matrix product: `[m, k] · [k, n]` → `[m, n]`; a vector is a row on the left and a column on the right; leading dimensions
   * are batches that broadcast.
   */
  matmul<X extends Value, Y extends Value>(
    this: X,
    other: Y & OrMistake<Matmul<"Value.matmul", X["~shape"], Y["~shape"]>>,
  ): Value<ResultShape<Matmul<"Value.matmul", X["~shape"], Y["~shape"]>>> {
    return record(operations.matmulValues, this, other);
  }

  // ── Joining and taking apart ──

  /**
   * This value and then the others along the dimension `dim`, by default 1, the channels: dense connections, skips.
   *
   *     up.concat([skip])
   */
  concat<X extends Value, const T extends readonly Value[], const D extends number = 1>(
    this: X,
    others: T & OrMistake<Concatenated<"Value.concat", readonly [X["~shape"], ...ShapesOf<T>], D>>,
    dim?: D & DimOrMistake<"Value.concat", X["~shape"], D>,
  ): Value<ResultShape<Concatenated<"Value.concat", readonly [X["~shape"], ...ShapesOf<T>], D>>> {
    return record(operations.concat(dim === undefined ? 1 : dim), this, ...others);
  }

  /**
   * Parts of these sizes along the dimension `dim`; {@link chunk} makes equal ones.
   *
   *     const [kept, changed] = x.split([24, 24], 1);
   */
  split<X extends Value, const T extends readonly number[], const D extends number>(
    this: X,
    sizes: T & OrMistake<SplitOrMistake<"Value.split", X["~shape"], T, D>>,
    dim: D & DimOrMistake<"Value.split", X["~shape"], D>,
  ): ValuesOf<SplitShapes<X["~shape"], T, D>> {
    return recordSeveral(operations.splitInto("split", sizes, dim), sizes.length, this);
  }

  /** `chunks` parts of equal size along the dimension `dim`; the last one may be smaller. */
  chunk<X extends Value, const C extends number, const D extends number>(
    this: X,
    chunks: C & ChunksOrMistake<"Value.chunk", X["~shape"], C, D>,
    dim: D & DimOrMistake<"Value.chunk", X["~shape"], D>,
  ): ValuesOf<ChunkShapes<X["~shape"], C, D>> {
    return recordSeveral(operations.splitInto("chunk", chunks, dim), chunks, this);
  }

  /**
   * A part, one argument per dimension from the first, as `Tensor.slice` takes it: a number takes one position and drops the
   * dimension, `[start, end, step]` takes a range without its end, null the whole dimension.
   *
   *     x.slice(null, [0, 16]) // the first 16 channels
   */
  slice<X extends Value, const Slices extends readonly DimSlice[]>(
    this: X,
    ...slices: Slices
  ): Value<Sliced<X["~shape"], Slices>> {
    return record(operations.sliceOf(slices), this);
  }

  // ── Layout ──

  /**
   * The same elements in another shape; one −1 stands for the size that fits. A function gets the shape that the value
   * has when the network runs.
   *
   *     x.reshape(([n, c, h, w]) => [n, 2, c / 2, h, w])
   */
  reshape<X extends Value, const T extends Shape>(
    this: X,
    shape: (T & OrMistake<Reshape<"Value.reshape", X["~shape"], T>>) | ((shape: Sizes<X["~shape"]>) => T),
  ): Value<ResultShape<Reshape<"Value.reshape", X["~shape"], T>>> {
    return record(operations.reshape(shape as Shape), this);
  }

  /** Joins the dimensions from `startDim` to `endDim`, both included, into one. Default: all. */
  flatten<X extends Value, const A extends number = 0, const B extends number = -1>(
    this: X,
    startDim?: A & NumberOrMistake<FlattenedDims<"Value.flatten", X["~shape"], A, -1>>,
    endDim?: B & NumberOrMistake<FlattenedDims<"Value.flatten", X["~shape"], A, B>>,
  ): Value<ResultShape<FlattenedDims<"Value.flatten", X["~shape"], A, B>>> {
    return record(operations.flatten(startDim ?? 0, endDim ?? -1), this);
  }

  /** Splits the dimension `dim` into dimensions of these sizes; one may be −1. */
  unflatten<X extends Value, const D extends number, const T extends Shape>(
    this: X,
    dim: D & DimOrMistake<"Unflatten", X["~shape"], D>,
    sizes: T & Refusal<UnflattenRule<D, T>, X["~shape"]>,
  ): Value<OutputOf<UnflattenRule<D, T>, X["~shape"]>> {
    return record(operations.unflatten(dim, sizes), this);
  }

  /** Dim i of the result is dimension `order[i]` of this value. */
  permute<X extends Value, const Order extends readonly number[]>(
    this: X,
    order: Order & OrMistake<Permuted<"Value.permute", X["~shape"], Order>>,
  ): Value<ResultShape<Permuted<"Value.permute", X["~shape"], Order>>> {
    return record(operations.permuteBy(order), this);
  }

  /** Swaps two dimensions. */
  transpose<X extends Value, const A extends number, const B extends number>(
    this: X,
    a: A & DimOrMistake<"Value.transpose", X["~shape"], A>,
    b: B & DimOrMistake<"Value.transpose", X["~shape"], B>,
  ): Value<Transposed<X["~shape"], A, B>> {
    return record(operations.transpose(a, b), this);
  }

  /** Drops the dimension `dim` if its size is 1; without an argument, every dimension of size 1. */
  squeeze<X extends Value, const D extends number | undefined = undefined>(
    this: X,
    dim?: D & DimOrMistake<"Value.squeeze", X["~shape"], D>,
  ): Value<Squeezed<X["~shape"], D>> {
    return record(operations.squeeze(dim), this);
  }

  /** Inserts a dimension of size 1 so that it becomes dimension `dim` of the result. */
  unsqueeze<X extends Value, const D extends number>(
    this: X,
    dim: D & DimOrMistake<"Value.unsqueeze", readonly [...X["~shape"], 1], D>,
  ): Value<Unsqueezed<X["~shape"], D>> {
    return record(operations.unsqueeze(dim), this);
  }

  /**
   * Adds elements at the ends of the last dimensions, in torch's order: before and after the last dimension, before and after the
   * one before it, … Negative numbers crop.
   */
  pad<X extends Value, const Padding extends readonly number[]>(
    this: X,
    padding: Padding,
    options: PadOptions = {},
  ): Value<Padded<X["~shape"], Padding>> {
    return record(operations.padBy(padding, options), this);
  }

  // ── Reductions over one dimension, several dimensions, or (without an argument) all. `keepDims` leaves reduced dimensions as size 1 ──

  /** Mean: `x.mean([2, 3], { keepDims: true })`. */
  mean<X extends Value, const D extends Dims = undefined, K extends boolean = false>(
    this: X,
    dims?: D & DimsOrMistake<"Value.mean", X["~shape"], D>,
    options: ReduceOptions<K> = {},
  ): Value<Reduced<X["~shape"], D, K>> {
    return record(operations.meanOver(dims, options), this);
  }

  /** Sum. */
  sum<X extends Value, const D extends Dims = undefined, K extends boolean = false>(
    this: X,
    dims?: D & DimsOrMistake<"Value.sum", X["~shape"], D>,
    options: ReduceOptions<K> = {},
  ): Value<Reduced<X["~shape"], D, K>> {
    return record(operations.sumOver(dims, options), this);
  }

  /** Largest element; its gradient goes to the first one where several are. */
  max<X extends Value, const D extends Dims = undefined, K extends boolean = false>(
    this: X,
    dims?: D & DimsOrMistake<"Value.max", X["~shape"], D>,
    options: ReduceOptions<K> = {},
  ): Value<Reduced<X["~shape"], D, K>> {
    return recordSeveral<readonly [never, never]>(operations.maxOver(dims, options), 2, this)[0];
  }

  // ── What needs no layer ──

  /** exp(x) / Σ exp(x) along the dimension `dim`. */
  softmax<X extends Value, const D extends number>(
    this: X,
    dim: D & DimOrMistake<"Value.softmax", X["~shape"], D>,
  ): Value<X["~shape"]> {
    return record(operations.softmaxAlong(dim), this);
  }

  /** Resizes images as `Upsample` does: by a `scaleFactor` or to a `size`. */
  upsample<X extends Value, const O extends UpsampleOptions>(
    this: X,
    options: O & OnlyOptions<"Value.upsample", O, UpsampleOptions> & OrMistake<Apply<UpsampleRule<O>, X["~shape"]>>,
  ): Value<OutputOf<UpsampleRule<O>, X["~shape"]>> {
    return record(operations.upsampleBy(options), this);
  }

  /**
   * Resizes images to the height and width of another value: feature pyramids, segmentation.
   *
   *     coarse.resizeLike(fine, { mode: "bilinear" }).add(fine)
   */
  resizeLike<X extends Value, Y extends Value>(
    this: X,
    other: Y & OrMistake<ResizedLike<"Value.resizeLike", X["~shape"], Y["~shape"]>>,
    options: ResizeOptions = {},
  ): Value<ResultShape<ResizedLike<"Value.resizeLike", X["~shape"], Y["~shape"]>>> {
    return record(operations.resizeLike(options), this, other);
  }

  /** −x */
  neg(): Value<S> {
    return record(operations.negative, this);
  }

  /** |x| */
  abs(): Value<S> {
    return record(operations.functionOf("abs"), this);
  }

  /** x² */
  square(): Value<S> {
    return recordArithmetic("mul", this, this);
  }

  /** √x */
  sqrt(): Value<S> {
    return record(operations.functionOf("sqrt"), this);
  }

  /** eˣ */
  exp(): Value<S> {
    return record(operations.functionOf("exp"), this);
  }

  /** Natural logarithm. */
  log(): Value<S> {
    return record(operations.functionOf("log"), this);
  }

  /** x to the power of a number. */
  pow(exponent: number): Value<S> {
    if (exponent === 2) return this.square();
    return record(operations.power(exponent), this);
  }

  /** min(max(x, low), high); Infinity for no bound. */
  clip(low: number, high: number): Value<S> {
    return record(operations.clipTo(low, high), this);
  }

  /** max(x, 0) */
  relu(): Value<S> {
    return record(operations.reluOf, this);
  }

  /** 1 / (1 + e⁻ˣ) */
  sigmoid(): Value<S> {
    return record(operations.functionOf("sigmoid"), this);
  }

  tanh(): Value<S> {
    return record(operations.functionOf("tanh"), this);
  }
}
