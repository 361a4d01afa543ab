import { abs, add, gt, lt, neg, sub } from "../../kernels/wasm/assembler/f32x4.js";
import { and } from "../../kernels/wasm/assembler/v128.js";
import { where } from "../../kernels/wasm/elementwise/math.js";
import { activationFunction } from "../../ops/activation.js";
import { checkRange } from "../../shape/check.js";
import { Activation } from "../activation.js";
import { reprOf } from "../repr.js";

/** x − lambd for x > lambd, x + lambd for x < −lambd, else 0, also for NaN. f′(±lambd) = f′(NaN) = 0. */
export const softshrink = /* @__PURE__ */ activationFunction({
  numbers: ["lambd"],
  f: (x, { lambd }) => (x > lambd ? x - lambd : x < -lambd ? x + lambd : 0),
  df: (x, dy, { lambd }) => (x < -lambd || x > lambd ? dy : 0),
  simd: {
    f: (x, { lambd }) => where(gt(x, lambd), sub(x, lambd), and(add(x, lambd), lt(x, neg(lambd)))),
    df: (x, dy, { lambd }) => and(dy, gt(abs(x), lambd)),
  },
});

/**
 * Moves every input toward 0: `[…]` → `[…]`. NaN becomes 0, as in torch 1.13.
 *
 *     y = x − lambd for x > lambd, x + lambd for x < −lambd, else 0
 *
 * @param lambd a number ≥ 0. Default 0.5.
 * @throws ArgumentError for a negative lambd.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Softshrink.html
 *
 * @example
 * const shrink = new Softshrink();
 * shrink.forward(tensor([-1, 0.25, 2])); // [-0.5, 0, 1.5]
 */
export class Softshrink extends Activation<"lambd"> {
  override readonly name: string = "Softshrink";

  constructor(readonly lambd = 0.5) {
    super(softshrink, { lambd: checkRange("Softshrink", "lambd", lambd, 0, Infinity) });
  }

  protected override extraRepr(): string {
    return reprOf(this, "lambd");
  }
}
