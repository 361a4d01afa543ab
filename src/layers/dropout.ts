import { Cache } from "../graph/cache.js";
import { Layer } from "../graph/layer.js";
import { dropout, dropoutMask } from "../ops/dropout.js";
import { checkRange, readOptions } from "../shape/check.js";
import { channelMaskShape, type Dropout2dRule } from "../shape/dropout.js";
import type { SameRule, ShapeRule } from "../shape/rule.js";
import type { Shape } from "../shape/shape.js";
import { ownRandom, type Random } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import { reprOf } from "./repr.js";

export interface DropoutOptions {
  /** Where the numbers come from. Default: a generator of its own, seeded from that of `manualSeed` when it is made. */
  readonly random?: Random;
}

/** What is dropped together: an element, a channel, or a sample. */
export abstract class DropoutLayer<Rule extends ShapeRule> extends Layer<Rule> {
  readonly p: number;
  /** Its own, so that nothing else that draws changes what it drops. `fit` saves and resumes it. */
  readonly random: Random;
  readonly #cache = new Cache<{ mask: Tensor | undefined }>();

  constructor(layer: string, p: number, options: DropoutOptions) {
    super();
    this.p = checkRange(layer, "p", p, 0, 1);
    this.random = readOptions(layer, options, { random: undefined }).random ?? ownRandom();
  }

  /** The shape of the mask: one entry for all that is dropped together. */
  protected abstract maskShape(input: Shape): Shape;

  protected compute(x: Tensor): Tensor {
    const drops = this.training && this.p > 0;
    const mask = drops ? dropoutMask(this.maskShape(x.shape), this.p, this.random, x.dtype) : undefined;
    this.#cache.push({ mask });
    return mask ? dropout(x, mask) : x;
  }

  protected computeBackward(dy: Tensor): Tensor {
    const { mask } = this.#cache.pop(this.name);
    return mask ? dropout(dy, mask) : dy;
  }

  protected override inferShape(inputShape: Shape): number[] {
    this.maskShape(inputShape);
    return [...inputShape];
  }

  protected override extraRepr(): string {
    return reprOf(this, "p=");
  }
}

/**
 * Drops each element with probability p in train mode, and scales the others up so that their expected value stays:
 * any shape, same shape out. In eval mode it passes its input through.
 *
 *     y = x · mask,   mask = 0 with probability p, else 1 / (1 − p)
 *
 * Backward uses the mask of its forward. With p = 1 everything is dropped.
 *
 * @param p probability of an element to be dropped, from 0 to 1. Default 0.5.
 * @throws ArgumentError for a p outside 0 to 1.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html,
 *   Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html
 *
 * @example
 * const drop = new Dropout(0.2, { random: new Random(1) });
 * drop.forward(randn([64, 100])).shape; // [64, 100], a fifth of it zeros
 */
export class Dropout extends DropoutLayer<SameRule> {
  override readonly name: string = "Dropout";

  constructor(p = 0.5, options: DropoutOptions = {}) {
    super("Dropout", p, options);
  }

  protected maskShape(input: Shape): Shape {
    return input;
  }
}

/**
 * Drops whole channels, each with probability p, in train mode: `[N, C, H, W]` or `[N, C, L]`, same shape out. Pixels
 * near each other say the same, so dropping single ones would hide nothing. As in torch, an input of three dimensions is read
 * as `[N, C, L]`, not as one image. In eval mode it passes its input through.
 *
 *     y[n, c] = x[n, c] · mask[n, c],   mask = 0 with probability p, else 1 / (1 − p)
 *
 * Backward uses the mask of its forward. With p = 1 everything is dropped.
 *
 * @param p probability of a channel to be dropped, from 0 to 1. Default 0.5.
 * @throws ArgumentError for a p outside 0 to 1; ShapeError (from forward) for another rank.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html,
 *   Tompson et al. 2015, https://arxiv.org/abs/1411.4280
 *
 * @example
 * const drop = new Dropout2d(0.2, { random: new Random(1) });
 * drop.forward(randn([8, 16, 32, 32])).shape; // [8, 16, 32, 32], a fifth of the 128 maps zeros
 */
export class Dropout2d extends DropoutLayer<Dropout2dRule> {
  override readonly name: string = "Dropout2d";

  constructor(p = 0.5, options: DropoutOptions = {}) {
    super("Dropout2d", p, options);
  }

  protected maskShape(input: Shape): Shape {
    return channelMaskShape(this.name, input);
  }
}
