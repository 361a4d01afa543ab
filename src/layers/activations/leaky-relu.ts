import { piecewiseLinear } from "../../graph/epilogue.js";
import type { Traits } from "../../graph/module.js";
import { select } from "../../kernels/reference/select.js";
import { gt, mul } from "../../kernels/wasm/assembler/f32x4.js";
import { where } from "../../kernels/wasm/elementwise/math.js";
import { activationFunction } from "../../ops/activation.js";
import { checkFinite } from "../../shape/check.js";
import { Activation } from "../activation.js";
import { reprOf } from "../repr.js";

/** x for x > 0, else negativeSlope · x. f′(0) = f′(NaN) = negativeSlope. */
export const leakyRelu = /* @__PURE__ */ activationFunction({
  numbers: ["negativeSlope"],
  f: (x, { negativeSlope }) => x * select(x > 0, 1, negativeSlope),
  df: (x, dy, { negativeSlope }) => dy * select(x > 0, 1, negativeSlope),
  simd: {
    f: (x, { negativeSlope }) => mul(x, where(gt(x, 0), 1, negativeSlope)),
    df: (x, dy, { negativeSlope }) => mul(dy, where(gt(x, 0), 1, negativeSlope)),
  },
});

/**
 * The rectifier with a small slope for negative inputs: `[…]` → `[…]`.
 *
 *     y = x for x > 0, else negativeSlope · x
 *
 * @param negativeSlope any finite number. Default 0.01.
 * @throws ArgumentError for a negativeSlope that is not a finite number.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
 *
 * @example
 * const leaky = new LeakyReLU(0.1);
 * leaky.forward(tensor([-1, 0, 2])); // [-0.1, 0, 2]
 */
export class LeakyReLU extends Activation<"negativeSlope"> {
  override readonly name: string = "LeakyReLU";

  constructor(readonly negativeSlope = 0.01) {
    super(leakyRelu, { negativeSlope: checkFinite("LeakyReLU", "negativeSlope", negativeSlope) });
  }

  /** @internal */
  override get traits(): Traits {
    const { negativeSlope: slope } = this;
    return this.constructor === LeakyReLU ? { ...super.traits, activation: piecewiseLinear({ slope }) } : super.traits;
  }

  protected override extraRepr(): string {
    return reprOf(this, "negativeSlope=");
  }
}
