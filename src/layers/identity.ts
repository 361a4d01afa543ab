import { Layer } from "../graph/layer.js";
import { checkNone } from "../shape/check.js";
import type { SameRule } from "../shape/rule.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";

/**
 * Returns its input, of any shape: a place in a model that does nothing, such as a skipped projection.
 *
 *     y = x
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Identity.html
 *
 * @example
 * const skip = stride === 1 ? new Identity() : new Conv2d(8, 16, 1, { stride });
 * skip.forward(randn([1, 8, 4, 4])).shape; // [1, 8, 4, 4]
 */
export class Identity extends Layer<SameRule> {
  override readonly name: string = "Identity";

  constructor(...none: []) {
    super();
    checkNone("Identity", none);
  }

  protected compute(x: Tensor): Tensor {
    return x;
  }

  protected computeBackward(dy: Tensor): Tensor {
    return dy;
  }

  protected override inferShape(inputShape: Shape): number[] {
    return [...inputShape];
  }
}
