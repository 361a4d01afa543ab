import { Cache } from "../graph/cache.js";
import { Layer } from "../graph/layer.js";
import type { Parameter } from "../graph/parameter.js";
import { linear, linearBiasGradient, linearInputGradient, linearWeightGradient } from "../ops/linear.js";
import { maxAlong, maxAlongBackward } from "../ops/reduce.js";
import { checkInteger, readOptions } from "../shape/check.js";
import type { DimGeometry } from "../shape/dim.js";
import { type LinearGeometry, linearGeometry } from "../shape/linear.js";
import { type MaxoutLinearRule, type MaxoutRule, maxoutGeometry, maxoutShape } from "../shape/maxout.js";
import { checkExtents } from "../shape/reshape.js";
import type { DefaultOptions, OnlyOptions } from "../shape/rule.js";
import { replaceLast, type Shape, sizeOf } from "../shape/shape.js";
import type { Random } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import { learned } from "./initializers.js";
import { reprOf } from "./repr.js";

export interface MaxoutOptions {
  /** The dimension of the channels; negative numbers count from the end. Default 1. */
  readonly dim?: number;
}

/**
 * The maximum over groups of `pieces` neighboring channels: `[N, C, …]` → `[N, C / pieces, …]`. With the layer before
 * it, it learns the activation itself: any convex function in `pieces` straight pieces, ReLU and |x| among them.
 *
 *     y[n, c] = max over k < pieces of x[n, c · pieces + k]
 *
 * The gradient goes to the first maximum; a NaN counts as the maximum.
 *
 * @param pieces channels in a group, a positive integer
 * @throws ArgumentError for pieces that are not a positive integer, or a dim that is not an integer;
 *   ShapeError (from forward) where the input has no dimension `dim` or `pieces` does not divide it.
 * Source: Goodfellow et al. 2013, https://arxiv.org/abs/1302.4389
 *
 * @example
 * const layers = new Sequential(new Conv2d(3, 32, 3), new Maxout(2));
 * layers.forward(randn([1, 3, 32, 32])).shape; // [1, 16, 30, 30]
 */
export class Maxout<
  const Pieces extends number = number,
  const O extends MaxoutOptions | undefined = DefaultOptions<Pieces, MaxoutOptions>,
> extends Layer<MaxoutRule<Pieces, O>> {
  override readonly name: string = "Maxout";
  readonly pieces: Pieces;
  readonly dim: number;
  readonly #cache = new Cache<{ g: DimGeometry; winners: Tensor; inputShape: Shape }>();

  constructor(pieces: Pieces);
  constructor(pieces: Pieces, options: O & OnlyOptions<"Maxout", O, MaxoutOptions>);
  constructor(pieces: Pieces, options: MaxoutOptions = {}) {
    super();
    const { dim } = readOptions("Maxout", options, { dim: 1 });
    this.pieces = checkInteger("Maxout", "pieces", pieces, 1);
    this.dim = checkInteger("Maxout", "dim", dim, -Infinity);
  }

  protected compute(x: Tensor): Tensor {
    const g = maxoutGeometry(this.name, this.pieces, this.dim, x.shape);
    const { y, winners } = maxAlong(g, x, this.inferShape(x.shape));
    this.#cache.push({ g, winners, inputShape: x.shape });
    return y;
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const { g, winners, inputShape } = this.#cache.pop(this.name);
    return inputGradient ? maxAlongBackward(g, winners, dy, inputShape) : undefined;
  }

  protected override inferShape(inputShape: Shape): number[] {
    return maxoutShape(this.name, this.pieces, this.dim, inputShape);
  }

  protected override extraRepr(): string {
    return reprOf(this, "pieces, dim=1");
  }
}

export interface MaxoutLinearOptions {
  /** Straight pieces of each output. Default 2. */
  readonly pieces?: number;
  /** Whether to add a learned number to each piece. Default true. */
  readonly bias?: boolean;
  /** Where the first weights come from. Default: the generator that `manualSeed` seeds. */
  readonly random?: Random;
}

/**
 * Fully connected outputs that are each the maximum of `pieces` affine maps: `[…, inFeatures]` → `[…, outFeatures]`.
 *
 *     y[o] = max over k < pieces of weight[o · pieces + k] · x + bias[o · pieces + k]
 *
 * It is `Linear(inFeatures, pieces · outFeatures)` followed by `Maxout(pieces, { dim: -1 })`, and loads the former's
 * state: rows o · pieces to o · pieces + pieces − 1 of the weight belong to output o.
 *
 * Parameters: `weight` `[pieces · outFeatures, inFeatures]` and `bias` `[pieces · outFeatures]`, both uniform in
 * ±1/√inFeatures.
 *
 * @throws ArgumentError for features or pieces that are not positive integers; ShapeError (from forward) for other features.
 * Source: Goodfellow et al. 2013, https://arxiv.org/abs/1302.4389
 *
 * @example
 * const hidden = new MaxoutLinear(784, 240, { pieces: 5 });
 * hidden.forward(randn([64, 784])).shape; // [64, 240]
 */
export class MaxoutLinear<const In extends number = number, const Out extends number = number> extends Layer<
  MaxoutLinearRule<In, Out>
> {
  override readonly name: string = "MaxoutLinear";
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly inFeatures: In;
  readonly outFeatures: Out;
  readonly pieces: number;
  readonly #cache = new Cache<{
    g: LinearGeometry;
    x: Tensor;
    pieces: DimGeometry;
    affineShape: Shape;
    winners: Tensor;
  }>();

  constructor(inFeatures: In, outFeatures: Out, options: MaxoutLinearOptions = {}) {
    super();
    const defaults = { pieces: 2, bias: true, random: undefined };
    const { pieces, bias: hasBias, random } = readOptions("MaxoutLinear", options, defaults);
    this.inFeatures = checkInteger("MaxoutLinear", "inFeatures", inFeatures, 1);
    this.outFeatures = checkInteger("MaxoutLinear", "outFeatures", outFeatures, 1);
    this.pieces = checkInteger("MaxoutLinear", "pieces", pieces, 1);
    const rows = this.pieces * outFeatures;
    const { weight, bias } = learned("MaxoutLinear", [rows, inFeatures], rows, hasBias, random);
    this.weight = weight;
    this.bias = bias;
  }

  protected compute(x: Tensor): Tensor {
    const g = this.#geometry(x.shape);
    const affine = linear(g, x, this.weight.value, this.bias?.value);
    const pieces = maxoutGeometry(this.name, this.pieces, -1, affine.shape);
    const { y, winners } = maxAlong(pieces, affine, this.inferShape(x.shape));
    this.#cache.push({ g, x, pieces, affineShape: affine.shape, winners });
    return y;
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const { g, x, pieces, affineShape, winners } = this.#cache.pop(this.name);
    const daffine = maxAlongBackward(pieces, winners, dy, affineShape);
    if (this.weight.requiresGrad) linearWeightGradient(g, x, daffine, this.weight.grad);
    if (this.bias?.requiresGrad) linearBiasGradient(g, daffine, this.bias.grad);
    return inputGradient ? linearInputGradient(g, daffine, this.weight.value) : undefined;
  }

  protected override inferShape(inputShape: Shape): number[] {
    this.#geometry(inputShape);
    return replaceLast(inputShape, this.outFeatures);
  }

  override multiplyAdds(inputShape: Shape): number {
    checkExtents(`${this.name}.multiplyAdds`, inputShape);
    return this.ownSelf.#geometry(inputShape).rows * sizeOf(this.weight.value.shape);
  }

  #geometry(inputShape: Shape): LinearGeometry {
    return linearGeometry(this.name, this.inFeatures, this.pieces * this.outFeatures, inputShape);
  }

  protected override extraRepr(): string {
    return reprOf(this, "inFeatures=, outFeatures=, pieces=, bias=true");
  }
}
