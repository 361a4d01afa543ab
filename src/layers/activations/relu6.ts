import { piecewiseLinear } from "../../graph/epilogue.js";
import type { Traits } from "../../graph/module.js";
import { checkNone } from "../../shape/check.js";
import { Activation } from "../activation.js";
import { hardtanh } from "./hardtanh.js";

/**
 * The rectifier that stops at 6: `[…]` → `[…]`.
 *
 *     y = min(max(x, 0), 6)        dx = dy where 0 < x < 6, else 0
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.ReLU6.html
 *
 * @example
 * const relu6 = new ReLU6();
 * relu6.forward(tensor([-1, 3, 8])); // [0, 3, 6]
 */
export class ReLU6 extends Activation<"min" | "max"> {
  override readonly name: string = "ReLU6";
  readonly minVal = 0;
  readonly maxVal = 6;

  constructor(...none: []) {
    super(hardtanh, { min: 0, max: 6 });
    checkNone("ReLU6", none);
  }

  /** @internal */
  override get traits(): Traits {
    return this.constructor === ReLU6
      ? { ...super.traits, activation: piecewiseLinear({ min: 0, max: 6 }) }
      : super.traits;
  }
}
