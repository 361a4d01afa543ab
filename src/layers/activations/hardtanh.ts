import { piecewiseLinear } from "../../graph/epilogue.js";
import type { Traits } from "../../graph/module.js";
import * as scalar from "../../kernels/reference/select.js";
import { clamp, inside } from "../../kernels/wasm/elementwise/math.js";
import { activationFunction } from "../../ops/activation.js";
import { checkNumber, readOptions } from "../../shape/check.js";
import { ArgumentError } from "../../shape/errors.js";
import { Activation } from "../activation.js";
import { reprOf } from "../repr.js";

/** x clamped to [min, max]. f′(min) = f′(max) = f′(NaN) = 0. */
export const hardtanh = /* @__PURE__ */ activationFunction({
  numbers: ["min", "max"],
  f: (x, { min, max }) => scalar.clamp(x, min, max),
  df: (x, dy, { min, max }) => scalar.inside(x, min, max, dy),
  simd: {
    f: (x, { min, max }) => clamp(x, min, max),
    df: (x, dy, { min, max }) => inside(x, min, max, dy),
  },
});

export interface HardtanhOptions {
  /** Default −1. */
  readonly minVal?: number;
  /** Default 1. */
  readonly maxVal?: number;
}

/**
 * Clamps its input: `[…]` → `[…]`.
 *
 *     y = min(max(x, minVal), maxVal)        dx = dy where minVal < x < maxVal, else 0
 *
 * @throws ArgumentError where minVal is not below maxVal.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Hardtanh.html
 *
 * @example
 * const clamp = new Hardtanh({ minVal: -2, maxVal: 2 });
 * clamp.forward(tensor([-3, 0, 5])); // [-2, 0, 2]
 */
export class Hardtanh extends Activation<"min" | "max"> {
  override readonly name: string = "Hardtanh";
  readonly minVal: number;
  readonly maxVal: number;

  constructor(options: HardtanhOptions = {}) {
    const { minVal, maxVal } = readOptions("Hardtanh", options, { minVal: -1, maxVal: 1 });
    checkNumber("Hardtanh", "minVal", minVal);
    checkNumber("Hardtanh", "maxVal", maxVal);
    if (!(minVal < maxVal)) {
      throw new ArgumentError(
        `Hardtanh expects minVal to be below maxVal, but got minVal ${minVal} and maxVal ${maxVal}. Usual cause: the two swapped.`,
      );
    }
    super(hardtanh, { min: minVal, max: maxVal });
    this.minVal = minVal;
    this.maxVal = maxVal;
  }

  /** @internal */
  override get traits(): Traits {
    const { minVal: min, maxVal: max } = this;
    return this.constructor === Hardtanh
      ? { ...super.traits, activation: piecewiseLinear({ min, max }) }
      : super.traits;
  }

  protected override extraRepr(): string {
    return reprOf(this, "minVal=, maxVal=");
  }
}
