import * as scalar from "../../kernels/reference/select.js";
import { add, div } from "../../kernels/wasm/assembler/f32x4.js";
import { clamp, inside } from "../../kernels/wasm/elementwise/math.js";
import { activationFunction } from "../../ops/activation.js";
import { checkNone } from "../../shape/check.js";
import { Activation } from "../activation.js";

/** (x + 3) / 6 clamped to [0, 1]. f′(±3) = f′(NaN) = 0. */
export const hardsigmoid = /* @__PURE__ */ activationFunction({
  f: (x) => scalar.clamp(x + 3, 0, 6) / 6,
  df: (x, dy) => scalar.inside(x, -3, 3, dy / 6),
  simd: {
    f: (x) => div(clamp(add(x, 3), 0, 6), 6),
    df: (x, dy) => inside(x, -3, 3, div(dy, 6)),
  },
});

/**
 * The sigmoid in three straight pieces: `[…]` → `[…]`.
 *
 *     y = 0 for x ≤ −3, 1 for x ≥ 3, else x/6 + 1/2
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Hardsigmoid.html
 *
 * @example
 * const gate = new Hardsigmoid();
 * gate.forward(tensor([-4, 0, 3])); // [0, 0.5, 1]
 */
export class Hardsigmoid extends Activation {
  override readonly name: string = "Hardsigmoid";

  constructor(...none: []) {
    super(hardsigmoid, {});
    checkNone("Hardsigmoid", none);
  }
}
