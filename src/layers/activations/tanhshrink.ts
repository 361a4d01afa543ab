import { mul } from "../../kernels/wasm/assembler/f32x4.js";
import * as vector from "../../kernels/wasm/elementwise/math.js";
import { activationFunction } from "../../ops/activation.js";
import { checkNone } from "../../shape/check.js";
import * as math from "../../tensor/math.js";
import { Activation } from "../activation.js";

/** x − tanh x, f′ = tanh² x */
export const tanhshrink = /* @__PURE__ */ activationFunction({
  f: (x) => x - math.tanh(x),
  df(x, dy) {
    const t = math.tanh(x);
    return dy * t * t;
  },
  simd: {
    f: (x) => vector.tanhshrink(x),
    df(x, dy) {
      const t = vector.keep(vector.tanh(x));
      return mul(mul(dy, t), t);
    },
  },
});

/**
 * What tanh leaves over: `[…]` → `[…]`.
 *
 *     y = x − tanh x
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Tanhshrink.html
 *
 * @example
 * const shrink = new Tanhshrink();
 * shrink.forward(tensor([-1, 0, 2])); // [-0.2384, 0, 1.0360]
 */
export class Tanhshrink extends Activation {
  override readonly name: string = "Tanhshrink";

  constructor(...none: []) {
    super(tanhshrink, {});
    checkNone("Tanhshrink", none);
  }
}
