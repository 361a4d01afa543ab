import { sigmoid } from "../../ops/sigmoid.js";
import { checkNone } from "../../shape/check.js";
import { Activation } from "../activation.js";

/**
 * The logistic function: `[…]` → `[…]`, between 0 and 1.
 *
 *     y = 1 / (1 + e⁻ˣ)        dx = dy · y · (1 − y)
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html
 *
 * @example
 * const sigmoid = new Sigmoid();
 * sigmoid.forward(tensor([-1, 0, 2])); // [0.2689, 0.5, 0.8808]
 */
export class Sigmoid extends Activation {
  override readonly name: string = "Sigmoid";

  constructor(...none: []) {
    super(sigmoid, {});
    checkNone("Sigmoid", none);
  }
}
