import { mul, sub } from "../../kernels/wasm/assembler/f32x4.js";
import * as maths from "../../kernels/wasm/elementwise/maths.js";
import { activationFunction } from "../../ops/activation.js";
import { checkNone } from "../../shape/check.js";
import * as math from "../../tensor/math.js";
import { Activation } from "../activation.js";

/** 1 / (1 + e⁻ˣ), f′ = y (1 − y) */
export const sigmoid = /* @__PURE__ */ activationFunction({
  readsOutput: true,
  f: (x) => math.sigmoid(x),
  df: (y, dy) => dy * (1 - y) * y,
  simd: {
    f: (x) => maths.sigmoid(x).value,
    df: (y, dy) => mul(mul(dy, sub(1, y)), y),
  },
});

/**
 * The logistic function: `[…]` → `[…]`, between 0 and 1.
 *
 *     y = 1 / (1 + e⁻ˣ)        dx = dy · y · (1 − y)
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html
 *
 * @example
 * const sigmoid = new Sigmoid();
 * sigmoid.forward(tensor([-1, 0, 2])); // [0.2689, 0.5, 0.8808]
 */
export class Sigmoid extends Activation {
  override readonly name: string = "Sigmoid";

  constructor(...none: []) {
    super(sigmoid, {});
    checkNone("Sigmoid", none);
  }
}
