import { abs, add, div, mul, sub } from "../../kernels/wasm/assembler/f32x4.js";
import { keep } from "../../kernels/wasm/elementwise/math.js";
import { activationFunction } from "../../ops/activation.js";
import { checkNone } from "../../shape/check.js";
import { Activation } from "../activation.js";

/** x / (1 + |x|), f′ = 1 / (1 + |x|)², written so that it is NaN at ±∞, as f is there. */
export const softsign = /* @__PURE__ */ activationFunction({
  f: (x) => x / (1 + Math.abs(x)),
  df(x, dy) {
    const size = Math.abs(x);
    return (dy * (1 - size / (1 + size))) / (1 + size);
  },
  simd: {
    f: (x) => div(x, add(abs(x), 1)),
    df(x, dy) {
      const size = keep(abs(x));
      const inverse = keep(div(1, add(size, 1)));
      return mul(dy, add(mul(inverse, inverse), sub(size, size)));
    },
  },
});

/**
 * A sigmoid with slow tails: `[…]` → `[…]`, between −1 and 1. NaN at ±∞, as in torch.
 *
 *     y = x / (1 + |x|)
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Softsign.html
 *
 * @example
 * const softsign = new Softsign();
 * softsign.forward(tensor([-1, 0, 3])); // [-0.5, 0, 0.75]
 */
export class Softsign extends Activation {
  override readonly name: string = "Softsign";

  constructor(...none: []) {
    super(softsign, {});
    checkNone("Softsign", none);
  }
}
