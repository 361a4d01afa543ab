import { abs, gt, le } from "../../kernels/wasm/assembler/f32x4.js";
import { and, andnot } from "../../kernels/wasm/assembler/v128.js";
import { activationFunction } from "../../ops/activation.js";
import { checkFinite } from "../../shape/check.js";
import { Activation } from "../activation.js";
import { reprOf } from "../repr.js";

/** x for |x| > lambd, else 0. f′(±lambd) = f′(NaN) = 0. */
export const hardshrink = /* @__PURE__ */ activationFunction({
  numbers: ["lambd"],
  f: (x, { lambd }) => (x >= -lambd && x <= lambd ? 0 : x),
  df: (x, dy, { lambd }) => (x < -lambd || x > lambd ? dy : 0),
  simd: {
    f: (x, { lambd }) => andnot(x, le(abs(x), lambd)),
    df: (x, dy, { lambd }) => and(dy, gt(abs(x), lambd)),
  },
});

/**
 * Sets small inputs to 0: `[…]` → `[…]`.
 *
 *     y = x for |x| > lambd, else 0
 *
 * @param lambd any finite number. Default 0.5.
 * @throws ArgumentError for a lambd that is not a finite number.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Hardshrink.html
 *
 * @example
 * const shrink = new Hardshrink();
 * shrink.forward(tensor([-1, 0.25, 2])); // [-1, 0, 2]
 */
export class Hardshrink extends Activation<"lambd"> {
  override readonly name: string = "Hardshrink";

  constructor(readonly lambd = 0.5) {
    super(hardshrink, { lambd: checkFinite("Hardshrink", "lambd", lambd) });
  }

  protected override extraRepr(): string {
    return reprOf(this, "lambd");
  }
}
