import { readOptions } from "../shape/check.js";
import {
  checkGroupNorm,
  checkGroups,
  type GroupNormRule,
  groupNormGeometry,
  type MultipleOf,
  type NormGeometry,
} from "../shape/norm.js";
import type { Shape } from "../shape/shape.js";
import { Norm } from "./norm.js";
import { reprOf } from "./repr.js";

/** Options of {@link GroupNorm}; every default is torch's. */
export interface GroupNormOptions {
  /** Added to the variance, so that a constant group is not divided by 0. Default 1e-5. */
  readonly eps?: number;
  /** Whether each channel has a learned weight and bias. Default true. */
  readonly affine?: boolean;
}

/**
 * Cuts the channels of every sample into groups and normalizes each: `[N, C, …]`, same shape out.
 *
 *     y = (x − mean) / √(variance + eps) · weight + bias
 *
 * Mean and (biased) variance are over the group's C / numGroups channels and all dimensions after them, in train and eval
 * mode alike. One group is LayerNorm over `[C, …]`; as many groups as channels is InstanceNorm.
 * Parameters: `weight` `[numChannels]`, ones, and `bias` `[numChannels]`, zeros.
 *
 * @throws ArgumentError for numbers that are not positive integers, channels that numGroups does not divide, or a
 *   negative eps; ShapeError (from forward) for fewer than two dimensions, wrong channels, or one value per group.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html, Wu & He 2018, https://arxiv.org/abs/1803.08494
 *
 * @example
 * const norm = new GroupNorm(4, 16);
 * norm.forward(randn([2, 16, 8, 8])).shape; // [2, 16, 8, 8]
 */
export class GroupNorm<const G extends number = number, const C extends number = number> extends Norm<
  GroupNormRule<C>
> {
  override readonly name: string = "GroupNorm";
  readonly numGroups: G;
  readonly numChannels: C;
  /** Whether each channel has a learned weight and bias. */
  readonly affine: boolean;

  constructor(numGroups: G, numChannels: MultipleOf<G, C>, options?: GroupNormOptions);
  constructor(numGroups: G, numChannels: C, options: GroupNormOptions = {}) {
    checkGroups("GroupNorm", numGroups, numChannels);
    const { eps, affine } = readOptions("GroupNorm", options, { eps: 1e-5, affine: true });
    const shape = affine ? [numChannels] : undefined;
    super("GroupNorm", eps, { weight: shape, bias: shape });
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.affine = affine;
  }

  protected geometry(input: Shape): NormGeometry {
    checkGroupNorm(this.name, this.numGroups, this.numChannels, input);
    return groupNormGeometry(this.numGroups, this.numChannels, input);
  }

  protected override extraRepr(): string {
    return reprOf(this, "numGroups, numChannels, eps=0.00001, affine=true");
  }
}
