import { div, gt, mul } from "../../kernels/wasm/assembler/f32x4.js";
import * as vector from "../../kernels/wasm/elementwise/math.js";
import { activationFunction } from "../../ops/activation.js";
import { checkFinite, checkPositive, readOptions } from "../../shape/check.js";
import * as math from "../../tensor/math.js";
import { Activation } from "../activation.js";
import { reprOf } from "../repr.js";

/**
 * log(1 + e^(beta·x)) / beta for beta·x ≤ threshold, else x; f′ = σ(beta·x), or 1. beta·x is compared with the threshold
 * after rounding, as in torch.
 */
export const softplus = /* @__PURE__ */ activationFunction({
  numbers: ["beta", "threshold"],
  f(x, { beta, threshold, round }) {
    const z = round(x * beta);
    return z > threshold ? x : math.softplus(z) / beta;
  },
  df(x, dy, { beta, threshold, round }) {
    const z = round(x * beta);
    return z > threshold ? dy : dy * math.sigmoid(z);
  },
  simd: {
    f(x, { beta, threshold }) {
      const z = vector.keep(mul(x, beta));
      return vector.where(gt(z, threshold), x, div(vector.softplus(z), beta));
    },
    df(x, dy, { beta, threshold }) {
      const z = vector.keep(mul(x, beta));
      return mul(dy, vector.where(gt(z, threshold), 1, vector.sigmoid(z).value));
    },
  },
});

export interface SoftplusOptions {
  /** How sharp the bend is. Default 1. */
  readonly beta?: number;
  /** Where beta · x is above it, y is x. Default 20. */
  readonly threshold?: number;
}

/**
 * A smooth rectifier: `[…]` → `[…]`, above 0.
 *
 *     y = log(1 + e^(beta·x)) / beta for beta·x ≤ threshold, else x
 *
 * @throws ArgumentError for a beta that is not above 0, or a threshold that is not a finite number.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Softplus.html
 *
 * @example
 * const softplus = new Softplus({ beta: 2 });
 * softplus.forward(tensor([-1, 0, 2])); // [0.0635, 0.3466, 2.0091]
 */
export class Softplus extends Activation<"beta" | "threshold"> {
  override readonly name: string = "Softplus";
  readonly beta: number;
  readonly threshold: number;

  constructor(options: SoftplusOptions = {}) {
    const { beta, threshold } = readOptions("Softplus", options, { beta: 1, threshold: 20 });
    checkPositive("Softplus", "beta", beta);
    checkFinite("Softplus", "threshold", threshold);
    super(softplus, { beta, threshold });
    this.beta = beta;
    this.threshold = threshold;
  }

  protected override extraRepr(): string {
    return reprOf(this, "beta=1, threshold=20");
  }
}
