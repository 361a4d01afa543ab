import { Cache } from "../graph/cache.js";
import { Layer } from "../graph/layer.js";
import { localResponseNorm, localResponseNormBackward } from "../ops/lrn.js";
import { checkFinite, checkInteger, readOptions } from "../shape/check.js";
import { type LrnRule, lrnGeometry } from "../shape/lrn.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { reprOf } from "./repr.js";

/** Options of {@link LocalResponseNorm}; every default is torch's. */
export interface LocalResponseNormOptions {
  /** How much the neighbors' squares count. Default 1e-4. */
  readonly alpha?: number;
  /** Exponent of the divisor. Default 0.75. */
  readonly beta?: number;
  /** Added to the divisor before the exponent. Default 1. */
  readonly k?: number;
}

/**
 * Divides each element by the strength of its neighbors in the channels around it: `[N, C, L]`, `[N, C, H, W]` or
 * more dimensions, same shape out.
 *
 *     y[c] = x[c] / (k + alpha / size · Σ_j x[j]²)^beta,   j from c − ⌊size/2⌋ to c + ⌊(size − 1)/2⌋
 *
 * Channels that do not exist count as 0. The sum is divided by `size` (AlexNet's paper does not divide: its α = 1e-4
 * with 5 channels is `alpha: 5e-4` here).
 *
 * @param size how many channels a window has
 * @throws ArgumentError for a size that is not a positive integer, or an option that is not a finite number; ShapeError
 *   (from forward) for fewer than three dimensions.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html,
 *   Krizhevsky et al. 2012, section 3.3
 *
 * @example
 * const norm = new LocalResponseNorm(5, { k: 2 });
 * norm.forward(randn([1, 96, 55, 55])).shape; // [1, 96, 55, 55]
 */
export class LocalResponseNorm extends Layer<LrnRule> {
  override readonly name: string = "LocalResponseNorm";
  /** How much the neighbors' squares count. */
  readonly alpha: number;
  /** Exponent of the divisor. */
  readonly beta: number;
  /** Added to the divisor before the exponent. */
  readonly k: number;
  readonly #cache = new Cache<{ x: Tensor; base: Tensor }>();

  constructor(
    readonly size: number,
    options: LocalResponseNormOptions = {},
  ) {
    super();
    checkInteger("LocalResponseNorm", "size", size, 1);
    const { alpha, beta, k } = readOptions("LocalResponseNorm", options, { alpha: 1e-4, beta: 0.75, k: 1 });
    this.alpha = checkFinite("LocalResponseNorm", "alpha", alpha);
    this.beta = checkFinite("LocalResponseNorm", "beta", beta);
    this.k = checkFinite("LocalResponseNorm", "k", k);
  }

  protected compute(x: Tensor): Tensor {
    const { base, y } = localResponseNorm(lrnGeometry(this.name, this.size, x.shape), this, x);
    this.#cache.push({ x, base });
    return y;
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const { x, base } = this.#cache.pop(this.name);
    if (!inputGradient) return undefined;
    return localResponseNormBackward(lrnGeometry(this.name, this.size, x.shape), this, x, base, dy);
  }

  protected override inferShape(inputShape: Shape): number[] {
    lrnGeometry(this.name, this.size, inputShape);
    return [...inputShape];
  }

  protected override extraRepr(): string {
    return reprOf(this, "size, alpha=0.0001, beta=0.75, k=1");
  }
}
