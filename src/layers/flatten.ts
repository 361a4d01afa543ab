import { Cache } from "../graph/cache.js";
import { Layer } from "../graph/layer.js";
import { checkInteger, readOptions } from "../shape/check.js";
import {
  checkUnflattened,
  type FlattenRule,
  flattenShape,
  type UnflattenRule,
  unflattenShape,
} from "../shape/flatten.js";
import type { OnlyArguments, ShapeRule } from "../shape/rule.js";
import { type Shape, showShape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { reprOf } from "./repr.js";

/** A layer that gives the same numbers another shape: its backward gives them the first shape back. */
abstract class Reshape<Rule extends ShapeRule> extends Layer<Rule> {
  readonly #cache = new Cache<Shape>();

  protected compute(x: Tensor): Tensor {
    this.#cache.push(x.shape);
    return x.withShape(this.inferShape(x.shape));
  }

  protected computeBackward(dy: Tensor): Tensor {
    return dy.withShape(this.#cache.pop(this.name));
  }
}

export interface FlattenOptions {
  /** First dimension to merge; negative counts from the end. Default 1, which keeps the batch dimension. */
  readonly startDim?: number;
  /** Last dimension to merge, included; negative counts from the end. Default −1. */
  readonly endDim?: number;
}

/**
 * Merges the dimensions from `startDim` to `endDim` into one: `[N, C, H, W]` → `[N, C·H·W]`.
 *
 *     y[n, (c·H + h)·W + w] = x[n, c, h, w]
 *
 * @throws ArgumentError for fractional dimensions; ShapeError (from forward) for a dimension that the input does not have.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Flatten.html
 *
 * @example
 * const flatten = new Flatten();
 * flatten.forward(randn([64, 16, 5, 5])).shape; // [64, 400]
 */
export class Flatten<
  const O extends readonly [options?: FlattenOptions] = readonly [options?: FlattenOptions],
> extends Reshape<FlattenRule<O>> {
  override readonly name: string = "Flatten";
  readonly startDim: number;
  readonly endDim: number;

  constructor(...options: OnlyArguments<"Flatten", O, FlattenOptions>);
  constructor(options: FlattenOptions = {}) {
    super();
    const { startDim, endDim } = readOptions("Flatten", options, { startDim: 1, endDim: -1 });
    this.startDim = checkInteger("Flatten", "startDim", startDim, -Infinity);
    this.endDim = checkInteger("Flatten", "endDim", endDim, -Infinity);
  }

  protected override inferShape(inputShape: Shape): number[] {
    return flattenShape(this.name, inputShape, this.startDim, this.endDim);
  }

  protected override extraRepr(): string {
    return reprOf(this, "startDim=1, endDim=-1");
  }
}

/**
 * Splits the dimension `dim` into the dimensions `unflattenedSize`; one may be −1: `[N, 400]` → `[N, 16, 5, 5]`.
 *
 *     y[n, c, h, w] = x[n, (c·H + h)·W + w]
 *
 * @throws ArgumentError for sizes that are not positive integers or a second −1; ShapeError (from forward) for a dimension
 *   that the input does not have, or sizes whose product is not that dimension's size.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Unflatten.html
 *
 * @example
 * const unflatten = new Unflatten(1, [16, 5, -1]);
 * unflatten.forward(randn([64, 400])).shape; // [64, 16, 5, 5]
 */
export class Unflatten<const Dim extends number = number, const Sizes extends Shape = Shape> extends Reshape<
  UnflattenRule<Dim, Sizes>
> {
  override readonly name: string = "Unflatten";
  readonly dim: number;
  readonly unflattenedSize: Shape;

  constructor(dim: Dim, unflattenedSize: Sizes) {
    super();
    this.dim = checkInteger("Unflatten", "dim", dim, -Infinity);
    this.unflattenedSize = checkUnflattened("Unflatten", unflattenedSize);
  }

  protected override inferShape(inputShape: Shape): number[] {
    return unflattenShape(this.name, inputShape, this.dim, this.unflattenedSize);
  }

  protected override extraRepr(): string {
    return reprOf({ ...this, unflattenedSize: showShape(this.unflattenedSize) }, "dim=, unflattenedSize=");
  }
}
