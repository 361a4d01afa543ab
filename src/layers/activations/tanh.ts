import { tanh } from "../../ops/tanh.js";
import { checkNone } from "../../shape/check.js";
import { Activation } from "../activation.js";

/**
 * The hyperbolic tangent: `[…]` → `[…]`, between −1 and 1.
 *
 *     y = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)        dx = dy · (1 − y²)
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Tanh.html
 *
 * @example
 * const tanh = new Tanh();
 * tanh.forward(tensor([-1, 0, 2])); // [-0.7616, 0, 0.9640]
 */
export class Tanh extends Activation {
  override readonly name: string = "Tanh";

  constructor(...none: []) {
    super(tanh, {});
    checkNone("Tanh", none);
  }
}
