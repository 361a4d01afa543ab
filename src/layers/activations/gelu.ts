import { add, mul } from "../../kernels/wasm/assembler/f32x4.js";
import * as vector from "../../kernels/wasm/elementwise/math.js";
import { activationFunction } from "../../ops/activation.js";
import { checkOneOf, readOptions } from "../../shape/check.js";
import * as math from "../../tensor/math.js";
import { Activation } from "../activation.js";
import { reprOf } from "../repr.js";

/** 1/√(2π): the normal density at 0. */
const DENSITY = 0.3989422804014327;
/** √(2/π) */
const BETA = 0.7978845608028654;
const KAPPA = 0.044715;

/** x · Φ(x) with the normal distribution function Φ(x) = ½ (1 + erf(x/√2)), f′ = Φ(x) + x φ(x) with its density φ. */
export const gelu = /* @__PURE__ */ activationFunction({
  f: (x) => 0.5 * x * (1 + math.erf(x * Math.SQRT1_2)),
  df: (x, dy) => dy * (0.5 * (1 + math.erf(x * Math.SQRT1_2)) + x * DENSITY * math.exp(-0.5 * x * x)),
  simd: {
    f: (x) => mul(x, vector.normal(x).cdf),
    df(x, dy) {
      const { cdf, density } = vector.normal(x);
      return mul(dy, add(cdf, mul(x, density)));
    },
  },
});

/**
 * ½ x (1 + t) with t = tanh(√(2/π) (x + 0.044715 x³)), f′ = ½ (1 + t) + ½ x (1 − t²) √(2/π) (1 + 3 · 0.044715 x²).
 * In float32 with ½ (1 + tanh u) = σ(2u), which cancels nowhere. x² overflows in the array's precision, as in torch: f′ is
 * NaN from |x| = 2·10¹⁹ on.
 */
export const geluTanh = /* @__PURE__ */ activationFunction({
  f: (x) => 0.5 * x * (1 + math.tanh(BETA * (x + KAPPA * x * x * x))),
  df(x, dy, { round }) {
    const square = round(x * x);
    const t = math.tanh(BETA * (x + KAPPA * x * square));
    const slope = BETA * (1 + 3 * KAPPA * square);
    return dy * 0.5 * (1 + t + x * (1 - t * t) * slope);
  },
  simd: {
    f: (x) => mul(x, vector.sigmoid(twiceInner(x, vector.keep(mul(x, x)))).value),
    df(x, dy) {
      const square = vector.keep(mul(x, x));
      const { value, slope } = vector.sigmoid(twiceInner(x, square));
      const inner = mul(add(mul(square, 3 * KAPPA), 1), 2 * BETA);
      return mul(dy, add(value, mul(mul(x, slope), inner)));
    },
  },
});

/** 2·√(2/π)·(x + 0.044715·x³) */
function twiceInner(x: vector.Vector, square: vector.Vector): vector.Vector {
  return mul(add(x, mul(mul(x, square), KAPPA)), 2 * BETA);
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
    super(approximate === "tanh" ? geluTanh : gelu, {});
    this.approximate = approximate;
  }

  protected override extraRepr(): string {
    return reprOf(this, "approximate=none");
  }
}
