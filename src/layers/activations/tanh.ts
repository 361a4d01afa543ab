import { add, mul, sub } from "../../kernels/wasm/assembler/f32x4.js";
import * as maths from "../../kernels/wasm/elementwise/maths.js";
import { activationFunction } from "../../ops/activation.js";
import { checkNone } from "../../shape/check.js";
import * as math from "../../tensor/math.js";
import { Activation } from "../activation.js";

/** (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), f′ = 1 − y² = (1 − y)(1 + y), whose first factor is exact near y = 1 also in float32. */
export const tanh = /* @__PURE__ */ activationFunction({
  readsOutput: true,
  f: (x) => math.tanh(x),
  df: (y, dy) => dy * (1 - y * y),
  simd: {
    f: (x) => maths.tanh(x),
    df: (y, dy) => mul(dy, mul(sub(1, y), add(y, 1))),
  },
});

/**
 * The hyperbolic tangent: `[…]` → `[…]`, between −1 and 1.
 *
 *     y = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)        dx = dy · (1 − y²)
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Tanh.html
 *
 * @example
 * const tanh = new Tanh();
 * tanh.forward(tensor([-1, 0, 2])); // [-0.7616, 0, 0.9640]
 */
export class Tanh extends Activation {
  override readonly name: string = "Tanh";

  constructor(...none: []) {
    super(tanh, {});
    checkNone("Tanh", none);
  }
}
