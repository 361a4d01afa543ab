/** Activations made of pieces. Each takes any shape and keeps it. */

import { piecewiseLinear, RELU } from "../graph/epilogue.js";
import type { Traits } from "../graph/module.js";
import * as functions from "../kernels/activation.js";
import { checkFinite, checkNone, checkNumber, checkRange, readOptions } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { Activation } from "./activation.js";
import { reprOf } from "./repr.js";

/**
 * The rectifier: `[…]` → `[…]`.
 *
 *     y = max(x, 0)        dx = dy where y > 0, else 0 (also at 0)
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html
 *
 * @example
 * const relu = new ReLU();
 * relu.forward(tensor([-1, 0, 2])); // [0, 0, 2]
 */
export class ReLU extends Activation {
  override readonly name: string = "ReLU";

  constructor(...none: []) {
    super(functions.relu);
    checkNone("ReLU", none);
  }

  /** @internal */
  override get traits(): Traits {
    return this.constructor === ReLU ? { ...super.traits, activation: RELU } : super.traits;
  }
}

/**
 * The rectifier with a small slope for negative inputs: `[…]` → `[…]`.
 *
 *     y = x for x > 0, else negativeSlope · x
 *
 * @param negativeSlope any finite number. Default 0.01.
 * @throws ArgumentError for a negativeSlope that is no finite number.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
 *
 * @example
 * const leaky = new LeakyReLU(0.1);
 * leaky.forward(tensor([-1, 0, 2])); // [-0.1, 0, 2]
 */
export class LeakyReLU extends Activation {
  override readonly name: string = "LeakyReLU";

  constructor(readonly negativeSlope = 0.01) {
    super(functions.leakyRelu, checkFinite("LeakyReLU", "negativeSlope", negativeSlope));
  }

  /** @internal */
  override get traits(): Traits {
    const { negativeSlope: slope } = this;
    return this.constructor === LeakyReLU ? { ...super.traits, activation: piecewiseLinear({ slope }) } : super.traits;
  }

  protected override extraRepr(): string {
    return reprOf(this, "negativeSlope=");
  }
}

/**
 * The rectifier that stops at 6: `[…]` → `[…]`.
 *
 *     y = min(max(x, 0), 6)        dx = dy where 0 < x < 6, else 0
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.ReLU6.html
 *
 * @example
 * const relu6 = new ReLU6();
 * relu6.forward(tensor([-1, 3, 8])); // [0, 3, 6]
 */
export class ReLU6 extends Activation {
  override readonly name: string = "ReLU6";

  constructor(...none: []) {
    super(functions.hardtanh, 0, 6);
    checkNone("ReLU6", none);
  }

  /** @internal */
  override get traits(): Traits {
    return this.constructor === ReLU6
      ? { ...super.traits, activation: piecewiseLinear({ min: 0, max: 6 }) }
      : super.traits;
  }
}

/**
 * The exponential linear unit: `[…]` → `[…]`.
 *
 *     y = x for x > 0, else alpha · (eˣ − 1)
 *
 * @param alpha any finite number. Default 1.
 * @throws ArgumentError for an alpha that is no finite number.
 * Source: Clevert et al. 2015, https://arxiv.org/abs/1511.07289
 *
 * @example
 * const elu = new ELU();
 * elu.forward(tensor([-1, 0, 2])); // [-0.6321, 0, 2]
 */
export class ELU extends Activation {
  override readonly name: string = "ELU";

  constructor(readonly alpha = 1) {
    super(functions.elu, checkFinite("ELU", "alpha", alpha), 1);
  }

  protected override extraRepr(): string {
    return reprOf(this, "alpha=");
  }
}

/**
 * The self-normalising ELU: `[…]` → `[…]`.
 *
 *     y = 1.0507 · x for x > 0, else 1.0507 · 1.6733 · (eˣ − 1)
 *
 * Source: Klambauer et al. 2017, https://arxiv.org/abs/1706.02515
 *
 * @example
 * const selu = new SELU();
 * selu.forward(tensor([-1, 0, 2])); // [-1.1113, 0, 2.1014]
 */
export class SELU extends Activation {
  override readonly name: string = "SELU";

  constructor(...none: []) {
    super(functions.elu, 1.6732632423543772, 1.0507009873554805);
    checkNone("SELU", none);
  }
}

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
export class Hardtanh extends Activation {
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
    super(functions.hardtanh, minVal, maxVal);
    this.minVal = minVal;
    this.maxVal = maxVal;
  }

  /** @internal */
  override get traits(): Traits {
    const activation = piecewiseLinear({ min: this.minVal, max: this.maxVal });
    return this.constructor === Hardtanh ? { ...super.traits, activation } : super.traits;
  }

  protected override extraRepr(): string {
    return reprOf(this, "minVal=, maxVal=");
  }
}

/**
 * The sigmoid in three straight pieces: `[…]` → `[…]`.
 *
 *     y = 0 for x ≤ −3, 1 for x ≥ 3, else x/6 + 1/2
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Hardsigmoid.html
 *
 * @example
 * const gate = new Hardsigmoid();
 * gate.forward(tensor([-4, 0, 3])); // [0, 0.5, 1]
 */
export class Hardsigmoid extends Activation {
  override readonly name: string = "Hardsigmoid";

  constructor(...none: []) {
    super(functions.hardsigmoid);
    checkNone("Hardsigmoid", none);
  }
}

/**
 * SiLU with the sigmoid in straight pieces: `[…]` → `[…]`.
 *
 *     y = 0 for x ≤ −3, x for x ≥ 3, else x · (x + 3) / 6
 *
 * The slope at −3 is −1/2. At exactly 3 it is what torch 1.13 gives: 1, but 3/2 among the last (size modulo 16) elements.
 * Source: Howard et al. 2019, https://arxiv.org/abs/1905.02244
 *
 * @example
 * const act = new Hardswish();
 * act.forward(tensor([-4, 1, 4])); // [0, 0.6667, 4]
 */
export class Hardswish extends Activation {
  override readonly name: string = "Hardswish";

  constructor(...none: []) {
    super(functions.hardswish);
    checkNone("Hardswish", none);
  }
}

/**
 * Sets small inputs to 0: `[…]` → `[…]`.
 *
 *     y = x for |x| > lambd, else 0
 *
 * @param lambd any finite number. Default 0.5.
 * @throws ArgumentError for a lambd that is no finite number.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Hardshrink.html
 *
 * @example
 * const shrink = new Hardshrink();
 * shrink.forward(tensor([-1, 0.25, 2])); // [-1, 0, 2]
 */
export class Hardshrink extends Activation {
  override readonly name: string = "Hardshrink";

  constructor(readonly lambd = 0.5) {
    super(functions.hardshrink, checkFinite("Hardshrink", "lambd", lambd));
  }

  protected override extraRepr(): string {
    return reprOf(this, "lambd");
  }
}

/**
 * Moves every input towards 0: `[…]` → `[…]`. NaN becomes 0, as in torch 1.13.
 *
 *     y = x − lambd for x > lambd, x + lambd for x < −lambd, else 0
 *
 * @param lambd a number ≥ 0. Default 0.5.
 * @throws ArgumentError for a negative lambd.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Softshrink.html
 *
 * @example
 * const shrink = new Softshrink();
 * shrink.forward(tensor([-1, 0.25, 2])); // [-0.5, 0, 1.5]
 */
export class Softshrink extends Activation {
  override readonly name: string = "Softshrink";

  constructor(readonly lambd = 0.5) {
    super(functions.softshrink, checkRange("Softshrink", "lambd", lambd, 0, Infinity));
  }

  protected override extraRepr(): string {
    return reprOf(this, "lambd");
  }
}
