/** Smooth activations. Each takes any shape and keeps it. */

import * as functions from "../kernels/activation.js";
import { checkFinite, checkNone, checkOneOf, checkPositive, readOptions } from "../shape/check.js";
import { Activation } from "./activation.js";
import { reprOf } from "./repr.js";

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
    super(functions.sigmoid);
    checkNone("Sigmoid", none);
  }
}

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
    super(functions.tanh);
    checkNone("Tanh", none);
  }
}

export interface GELUOptions {
  /** `"none"` is exact, `"tanh"` the older approximation that some models were trained with. Default `"none"`. */
  readonly approximate?: "none" | "tanh";
}

/**
 * The Gaussian error linear unit: `[…]` → `[…]`.
 *
 *     y = x · Φ(x) with Φ the normal distribution function, or
 *     y = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))
 *
 * @throws ArgumentError for another value of `approximate`.
 * Source: Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415
 *
 * @example
 * const gelu = new GELU({ approximate: "tanh" });
 * gelu.forward(tensor([-1, 0, 2])); // [-0.1588, 0, 1.9546]
 */
export class GELU extends Activation {
  override readonly name: string = "GELU";
  readonly approximate: "none" | "tanh";

  constructor(options: GELUOptions = {}) {
    const { approximate } = readOptions("GELU", options, { approximate: "none" });
    checkOneOf("GELU", "approximate", approximate, ["none", "tanh"]);
    super(approximate === "tanh" ? functions.geluTanh : functions.gelu);
    this.approximate = approximate;
  }

  protected override extraRepr(): string {
    return reprOf(this, "approximate=none");
  }
}

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
    super(functions.silu);
    checkNone("SiLU", none);
  }
}

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
 * @throws ArgumentError for a beta that is not above 0, or a threshold that is no finite number.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Softplus.html
 *
 * @example
 * const softplus = new Softplus({ beta: 2 });
 * softplus.forward(tensor([-1, 0, 2])); // [0.0635, 0.3466, 2.0091]
 */
export class Softplus extends Activation {
  override readonly name: string = "Softplus";
  readonly beta: number;
  readonly threshold: number;

  constructor(options: SoftplusOptions = {}) {
    const { beta, threshold } = readOptions("Softplus", options, { beta: 1, threshold: 20 });
    checkPositive("Softplus", "beta", beta);
    checkFinite("Softplus", "threshold", threshold);
    super(functions.softplus, beta, threshold);
    this.beta = beta;
    this.threshold = threshold;
  }

  protected override extraRepr(): string {
    return reprOf(this, "beta=1, threshold=20");
  }
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
    super(functions.mish);
    checkNone("Mish", none);
  }
}

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
    super(functions.softsign);
    checkNone("Softsign", none);
  }
}

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
    super(functions.tanhshrink);
    checkNone("Tanhshrink", none);
  }
}

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
    super(functions.logSigmoid);
    checkNone("LogSigmoid", none);
  }
}
