import { checkNone } from "../../shape/check.js";
import { Activation } from "../activation.js";
import { elu } from "./elu.js";

/**
 * The self-normalizing ELU: `[…]` → `[…]`.
 *
 *     y = 1.0507 · x for x > 0, else 1.0507 · 1.6733 · (eˣ − 1)
 *
 * Source: Klambauer et al. 2017, https://arxiv.org/abs/1706.02515
 *
 * @example
 * const selu = new SELU();
 * selu.forward(tensor([-1, 0, 2])); // [-1.1113, 0, 2.1014]
 */
export class SELU extends Activation<"alpha" | "scale"> {
  override readonly name: string = "SELU";

  constructor(...none: []) {
    super(elu, { alpha: 1.6732632423543772, scale: 1.0507009873554805 });
    checkNone("SELU", none);
  }
}
