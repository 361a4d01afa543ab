import { RELU } from "../../graph/epilogue.js";
import type { Traits } from "../../graph/module.js";
import { relu } from "../../ops/relu.js";
import { checkNone } from "../../shape/check.js";
import { Activation } from "../activation.js";

/**
 * The rectifier: `[…]` → `[…]`.
 *
 *     y = max(x, 0)        dx = dy where y > 0, else 0 (also at 0)
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html
 *
 * @example
 * const relu = new ReLU();
 * relu.forward(tensor([-1, 0, 2])); // [0, 0, 2]
 */
export class ReLU extends Activation {
  override readonly name: string = "ReLU";

  constructor(...none: []) {
    super(relu, {});
    checkNone("ReLU", none);
  }

  /** @internal */
  override get traits(): Traits {
    return this.constructor === ReLU ? { ...super.traits, activation: RELU } : super.traits;
  }
}
