import { readOptions } from "../shape/check.js";
import {
  checkLayerNorm,
  type LayerNormRule,
  layerNormGeometry,
  type NormGeometry,
  normalizedDims,
} from "../shape/norm.js";
import { type Shape, showShape } from "../shape/shape.js";
import { Norm } from "./norm.js";
import { reprOf } from "./repr.js";

/** Options of {@link LayerNorm}; every default is torch's. */
export interface LayerNormOptions {
  /** Added to the variance, so that constant elements are not divided by 0. Default 1e-5. */
  readonly eps?: number;
  /** Whether each element of `normalizedShape` has a learned weight. Default true. */
  readonly elementwiseAffine?: boolean;
  /** Whether each element has a learned bias too; without elementwiseAffine there is none. Default true. */
  readonly bias?: boolean;
}

/**
 * Normalizes every sample over its last dimensions, those of `normalizedShape`: `[…, ...normalizedShape]`, same shape out.
 *
 *     y = (x − mean) / √(variance + eps) · weight + bias
 *
 * Mean and (biased) variance are over all of `normalizedShape`, in train and eval mode alike.
 * Parameters: `weight`, ones, and `bias`, zeros, both of the shape `normalizedShape`.
 *
 * @param normalizedShape sizes of the last dimensions; a number stands for one dimension
 * @throws ArgumentError for sizes that are not positive integers, no sizes at all, or a negative eps; ShapeError (from
 *   forward) for an input with other last dimensions.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html, Ba et al. 2016, https://arxiv.org/abs/1607.06450
 *
 * @example
 * const norm = new LayerNorm([16, 8, 8]);
 * norm.forward(randn([4, 16, 8, 8])).shape; // [4, 16, 8, 8]
 */
export class LayerNorm<const Dims extends number | Shape = number | Shape> extends Norm<LayerNormRule<Dims>> {
  override readonly name: string = "LayerNorm";
  /** The last dimensions of the input, which are normalized together. */
  readonly normalizedShape: Shape;
  /** Whether each element of `normalizedShape` has a learned weight. */
  readonly elementwiseAffine: boolean;

  constructor(normalizedShape: Dims, options: LayerNormOptions = {}) {
    const defaults = { eps: 1e-5, elementwiseAffine: true, bias: true };
    const { eps, elementwiseAffine, bias } = readOptions("LayerNorm", options, defaults);
    const shape = normalizedDims("LayerNorm", normalizedShape);
    super("LayerNorm", eps, {
      weight: elementwiseAffine ? shape : undefined,
      bias: elementwiseAffine && bias ? shape : undefined,
    });
    this.normalizedShape = shape;
    this.elementwiseAffine = elementwiseAffine;
  }

  protected geometry(input: Shape): NormGeometry {
    checkLayerNorm(this.name, this.normalizedShape, input);
    return layerNormGeometry(this.normalizedShape, input);
  }

  protected override extraRepr(): string {
    return reprOf(
      { ...this, normalizedShape: showShape(this.normalizedShape) },
      `normalizedShape, eps=0.00001, elementwiseAffine=true, bias=${!!this.weight}`,
    );
  }
}
