import { add, mul } from "../../kernels/wasm/assembler/f32x4.js";
import { sigmoid } from "../../kernels/wasm/elementwise/math.js";
import { activationFunction } from "../../ops/activation.js";
import { checkNone } from "../../shape/check.js";
import { exp } from "../../tensor/math.js";
import { Activation } from "../activation.js";

/** x · s with s = 1 / (1 + e⁻ˣ), f′ = s (1 + x (1 − s)) */
export const silu = /* @__PURE__ */ activationFunction({
  f: (x) => x / (1 + exp(-x)),
  df(x, dy) {
    const s = 1 / (1 + exp(-x));
    return dy * s * (1 + x * (1 - s));
  },
  simd: {
    f: (x) => mul(x, sigmoid(x).value),
    df(x, dy) {
      const { value, slope } = sigmoid(x);
      return mul(dy, add(value, mul(x, slope)));
    },
  },
});

/**
 * The sigmoid-weighted linear unit, also called swish: `[…]` → `[…]`.
 *
 *     y = x / (1 + e⁻ˣ)
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.SiLU.html
 *
 * @example
 * const silu = new SiLU();
 * silu.forward(tensor([-1, 0, 2])); // [-0.2689, 0, 1.7616]
 */
export class SiLU extends Activation {
  override readonly name: string = "SiLU";

  constructor(...none: []) {
    super(silu, {});
    checkNone("SiLU", none);
  }
}
