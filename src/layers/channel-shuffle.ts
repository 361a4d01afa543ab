import { Layer } from "../graph/layer.js";
import { channelShuffle } from "../ops/layout.js";
import { checkInteger } from "../shape/check.js";
import { type ChannelShuffleRule, channelShuffleShape } from "../shape/layout.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { reprOf } from "./repr.js";

/**
 * Deals the channels, in `groups`, out in turns: `[N, C, …]`, same shape out. Of 6 channels in 2 groups: 0, 3, 1, 4, 2, 5.
 *
 *     y[n, k·groups + g] = x[n, g·(C / groups) + k]
 *
 * @throws ArgumentError for groups that are not a positive integer; ShapeError (from forward) for fewer than two dimensions or
 *   groups that do not divide the channels.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html,
 *   Zhang et al. 2018, https://arxiv.org/abs/1707.01083
 *
 * @example
 * const shuffle = new ChannelShuffle(2);
 * shuffle.forward(randn([8, 116, 28, 28])).shape; // [8, 116, 28, 28]
 */
export class ChannelShuffle<const G extends number = number> extends Layer<ChannelShuffleRule<G>> {
  override readonly name: string = "ChannelShuffle";
  readonly groups: G;

  constructor(groups: G) {
    super();
    this.groups = checkInteger("ChannelShuffle", "groups", groups, 1);
  }

  protected compute(x: Tensor): Tensor {
    return channelShuffle(x, this.groups);
  }

  protected computeBackward(dy: Tensor): Tensor {
    return channelShuffle(dy, (dy.shape[1] ?? 0) / this.groups || 1);
  }

  protected override inferShape(inputShape: Shape): number[] {
    channelShuffleShape(this.name, inputShape, this.groups);
    return [...inputShape];
  }

  protected override extraRepr(): string {
    return reprOf(this, "groups=");
  }
}
