import { gt, mul } from "../../kernels/wasm/assembler/f32x4.js";
import * as vector from "../../kernels/wasm/elementwise/math.js";
import { activationFunction } from "../../ops/activation.js";
import { checkFinite } from "../../shape/check.js";
import * as math from "../../tensor/math.js";
import { Activation } from "../activation.js";
import { reprOf } from "../repr.js";

/** scale · x for x > 0, else scale · alpha · (eˣ − 1). f′(0) = scale · alpha. */
export const elu = /* @__PURE__ */ activationFunction({
  numbers: ["alpha", "scale"],
  f: (x, { alpha, scale }) => scale * (x > 0 ? x : alpha * math.expm1(x)),
  df: (x, dy, { alpha, scale }) => dy * scale * (x > 0 ? 1 : alpha * math.exp(x)),
  simd: {
    f: (x, { alpha, scale }) => mul(vector.where(gt(x, 0), x, mul(vector.expm1(x), alpha)), scale),
    df: (x, dy, { alpha, scale }) => mul(mul(dy, scale), vector.where(gt(x, 0), 1, mul(vector.exp(x), alpha))),
  },
});

/**
 * The exponential linear unit: `[…]` → `[…]`.
 *
 *     y = x for x > 0, else alpha · (eˣ − 1)
 *
 * @param alpha any finite number. Default 1.
 * @throws ArgumentError for an alpha that is not a finite number.
 * Source: Clevert et al. 2015, https://arxiv.org/abs/1511.07289
 *
 * @example
 * const elu = new ELU();
 * elu.forward(tensor([-1, 0, 2])); // [-0.6321, 0, 2]
 */
export class ELU extends Activation<"alpha" | "scale"> {
  override readonly name: string = "ELU";

  constructor(readonly alpha = 1) {
    super(elu, { alpha: checkFinite("ELU", "alpha", alpha), scale: 1 });
  }

  protected override extraRepr(): string {
    return reprOf(this, "alpha=");
  }
}
