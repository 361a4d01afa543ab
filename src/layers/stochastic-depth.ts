import { checkOneOf } from "../shape/check.js";
import type { SameRule } from "../shape/rule.js";
import type { Shape } from "../shape/shape.js";
import { DropoutLayer, type DropoutOptions } from "./dropout.js";
import { reprOf } from "./repr.js";

/**
 * Drops whole samples (`"row"`) or the whole batch (`"batch"`) with probability p in train mode, and scales what stays up
 * so that its expected value stays: any shape, same shape out. Before the sum of a residual block it skips the block. In
 * eval mode it passes its input through.
 *
 *     y[n] = x[n] · mask[n],   mask = 0 with probability p, else 1 / (1 − p)
 *
 * Backward uses the mask of its forward. With p = 1 everything is dropped.
 *
 * @param p probability of a sample, or of the batch, to be dropped, from 0 to 1.
 * @param mode `"row"` or `"batch"`
 * @throws ArgumentError for a p outside 0 to 1, or another mode.
 * Source: torchvision.ops.StochasticDepth, Huang et al. 2016, https://arxiv.org/abs/1603.09382
 *
 * @example
 * const drop = new StochasticDepth(0.2, "row", { random: new Random(1) });
 * drop.forward(randn([8, 16, 32, 32])).shape; // [8, 16, 32, 32], one or two of the 8 samples zeros
 */
export class StochasticDepth extends DropoutLayer<SameRule> {
  override readonly name: string = "StochasticDepth";
  readonly mode: "row" | "batch";

  constructor(p: number, mode: "row" | "batch", options: DropoutOptions = {}) {
    super("StochasticDepth", p, options);
    this.mode = checkOneOf("StochasticDepth", "mode", mode, ["row", "batch"]);
  }

  protected maskShape(input: Shape): Shape {
    return this.mode === "row" ? input.slice(0, 1) : [];
  }

  protected override extraRepr(): string {
    return reprOf(this, "p=, mode=");
  }
}
