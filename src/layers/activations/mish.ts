import { add, div, gt, mul } from "../../kernels/wasm/assembler/f32x4.js";
import { or } from "../../kernels/wasm/assembler/v128.js";
import { exp, keep, SIGN, type Vector, where } from "../../kernels/wasm/elementwise/math.js";
import { activationFunction } from "../../ops/activation.js";
import { checkNone } from "../../shape/check.js";
import * as math from "../../tensor/math.js";
import { Activation } from "../activation.js";

/** x · t with t = tanh(log(1 + eˣ)), f′ = t + x · σ(x) · (1 − t²) */
export const mish = /* @__PURE__ */ activationFunction({
  f: (x) => x * tanhSoftplus(x),
  df(x, dy) {
    const t = tanhSoftplus(x);
    return dy * (t + x * math.sigmoid(x) * (1 - t * t));
  },
  simd: {
    f(x) {
      const { n, d } = parts(x);
      return mul(x, div(n, d));
    },
    df(x, dy) {
      const { positive, u, square, n, d } = parts(x);
      const slope = div(mul(mul(where(positive, square, u), 4), add(u, 1)), mul(d, d));
      return mul(dy, add(div(n, d), mul(x, slope)));
    },
  },
});

/** tanh(log(1 + eˣ)) = ((1 + eˣ)² − 1) / ((1 + eˣ)² + 1), in the power of e that does not overflow. */
function tanhSoftplus(x: number): number {
  if (x > 0) {
    const u = math.exp(-x);
    return (1 + 2 * u) / (1 + 2 * u + 2 * u * u);
  }
  const w = math.exp(x);
  return (w * (w + 2)) / (w * (w + 2) + 2);
}

/**
 * The same as n/d with u = e^−|x|: n = 1 + 2u, d = n + 2u² for x > 0, else n = u² + 2u, d = n + 2.
 * Then σ(x)·(1 − (n/d)²) = 4u²(1 + u)/d² for x > 0, else 4u(1 + u)/d².
 */
function parts(x: Vector) {
  const positive = keep(gt(x, 0));
  const u = keep(exp(or(x, SIGN)));
  const square = keep(mul(u, u));
  const twice = add(u, u);
  const n = keep(add(twice, where(positive, 1, square)));
  const d = keep(add(n, where(positive, add(square, square), 2)));
  return { positive, u, square, n, d };
}

/**
 * A smooth rectifier that dips below 0: `[…]` → `[…]`.
 *
 *     y = x · tanh(log(1 + eˣ))
 *
 * Source: Misra 2019, https://arxiv.org/abs/1908.08681
 *
 * @example
 * const mish = new Mish();
 * mish.forward(tensor([-1, 0, 2])); // [-0.3034, 0, 1.9440]
 */
export class Mish extends Activation {
  override readonly name: string = "Mish";

  constructor(...none: []) {
    super(mish, {});
    checkNone("Mish", none);
  }
}
