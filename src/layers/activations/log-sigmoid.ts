import { mul, neg } from "../../kernels/wasm/assembler/f32x4.js";
import * as vector from "../../kernels/wasm/elementwise/math.js";
import { activationFunction } from "../../ops/activation.js";
import { checkNone } from "../../shape/check.js";
import * as math from "../../tensor/math.js";
import { Activation } from "../activation.js";

/** −log(1 + e⁻ˣ), f′ = σ(−x) */
export const logSigmoid = /* @__PURE__ */ activationFunction({
  f: (x) => -math.softplus(-x),
  df: (x, dy) => dy * math.sigmoid(-x),
  simd: {
    f: (x) => neg(vector.softplus(vector.keep(neg(x)))),
    df: (x, dy) => mul(dy, vector.sigmoid(neg(x)).value),
  },
});

/**
 * The logarithm of the sigmoid: `[…]` → `[…]`, below 0.
 *
 *     y = −log(1 + e⁻ˣ)
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.LogSigmoid.html
 *
 * @example
 * const logSigmoid = new LogSigmoid();
 * logSigmoid.forward(tensor([-1, 0, 2])); // [-1.3133, -0.6931, -0.1269]
 */
export class LogSigmoid extends Activation {
  override readonly name: string = "LogSigmoid";

  constructor(...none: []) {
    super(logSigmoid, {});
    checkNone("LogSigmoid", none);
  }
}
