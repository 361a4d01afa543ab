/**
 * Schedulers that follow a formula of the step count t. Like torch's, each turns the present rate into the next one, so
 * that schedulers chain: two of them over one optimiser multiply.
 */

import { checkFinite, checkInteger, checkPositive, checkRange, readOptions } from "../../shape/check.js";
import { power } from "../../tensor/math.js";
import { cosPi } from "../maths.js";
import { checkRate, type Optimizer } from "../optimizer.js";
import { Scheduler } from "../scheduler.js";

/**
 * Multiplies the learning rate by `gamma` after every `stepSize` steps.
 *
 * Options: `stepSize` (a positive integer), `gamma` (default 0.1).
 * Source: https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html
 *
 * @example
 * const scheduler = new StepLR(optimizer, { stepSize: 10, gamma: 0.5 });
 * scheduler.step();
 */
export class StepLR extends Scheduler {
  readonly stepSize: number;
  readonly gamma: number;

  constructor(optimizer: Optimizer, options: { readonly stepSize: number; readonly gamma?: number }) {
    super("StepLR", optimizer);
    const { gamma } = readOptions("StepLR", options, { stepSize: undefined, gamma: 0.1 });
    this.stepSize = checkInteger("StepLR", "stepSize", options.stepSize, 1);
    this.gamma = checkRate("StepLR", "gamma", gamma);
  }

  protected next(lr: number): number {
    return this.steps % this.stepSize === 0 ? lr * this.gamma : lr;
  }
}

/**
 * Multiplies the learning rate by `gamma` after every step.
 *
 * Options: `gamma`.
 * Source: https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html
 *
 * @example
 * const scheduler = new ExponentialLR(optimizer, { gamma: 0.95 });
 * scheduler.step();
 */
export class ExponentialLR extends Scheduler {
  readonly gamma: number;

  constructor(optimizer: Optimizer, options: { readonly gamma: number }) {
    super("ExponentialLR", optimizer);
    readOptions("ExponentialLR", options, { gamma: undefined });
    this.gamma = checkRate("ExponentialLR", "gamma", options.gamma);
  }

  protected next(lr: number): number {
    return lr * this.gamma;
  }
}

/**
 * Half a cosine from the first rate down to `etaMin` in `tMax` steps, then back up, and so on:
 * etaMin + (base − etaMin)·(1 + cos(π·t/tMax)) / 2.
 *
 * Options: `tMax` (a positive integer), `etaMin` (default 0).
 * Source: Loshchilov & Hutter 2016, https://arxiv.org/abs/1608.03983; https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html
 *
 * @example
 * const scheduler = new CosineAnnealingLR(optimizer, { tMax: epochs });
 * scheduler.step();
 */
export class CosineAnnealingLR extends Scheduler {
  readonly tMax: number;
  readonly etaMin: number;

  constructor(optimizer: Optimizer, options: { readonly tMax: number; readonly etaMin?: number }) {
    super("CosineAnnealingLR", optimizer);
    const { etaMin } = readOptions("CosineAnnealingLR", options, { tMax: undefined, etaMin: 0 });
    this.tMax = checkInteger("CosineAnnealingLR", "tMax", options.tMax, 1);
    this.etaMin = checkFinite("CosineAnnealingLR", "etaMin", etaMin);
  }

  protected next(lr: number, base: number): number {
    const { etaMin, steps, tMax } = this;
    // At the bottom the ratio below would be 0 / 0: the first step up is found from the base rate.
    if ((steps - 1 - tMax) % (2 * tMax) === 0) return lr + ((base - etaMin) * (1 - cosPi(1 / tMax))) / 2;
    return ((1 + cosPi(steps / tMax)) / (1 + cosPi((steps - 1) / tMax))) * (lr - etaMin) + etaMin;
  }
}

/**
 * A straight line from startFactor · rate to endFactor · rate in `totalIters` steps; then the rate stays. The usual
 * warm-up. The first factor applies at once.
 *
 * Options: `startFactor` (above 0 up to 1, default 1/3), `endFactor` (0 to 1, default 1), `totalIters` (default 5).
 * Source: https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html
 *
 * @example
 * const scheduler = new LinearLR(optimizer, { startFactor: 0.1, totalIters: 4 });
 * scheduler.step();
 */
export class LinearLR extends Scheduler {
  readonly startFactor: number;
  readonly endFactor: number;
  readonly totalIters: number;

  constructor(
    optimizer: Optimizer,
    options: { readonly startFactor?: number; readonly endFactor?: number; readonly totalIters?: number } = {},
  ) {
    super("LinearLR", optimizer);
    const read = readOptions("LinearLR", options, { startFactor: 1 / 3, endFactor: 1, totalIters: 5 });
    const startFactor = checkPositive("LinearLR", "startFactor", read.startFactor);
    this.startFactor = checkRange("LinearLR", "startFactor", startFactor, 0, 1);
    this.endFactor = checkRange("LinearLR", "endFactor", read.endFactor, 0, 1);
    this.totalIters = checkInteger("LinearLR", "totalIters", read.totalIters, 1);
    this.apply();
  }

  protected next(lr: number): number {
    const { startFactor, endFactor, totalIters, steps } = this;
    if (steps === 0) return lr * startFactor;
    if (steps > totalIters) return lr;
    const rise = endFactor - startFactor;
    return lr * (1 + rise / (totalIters * startFactor + (steps - 1) * rise));
  }
}

/**
 * Down to 0 in `totalIters` steps, by base·(1 − t/totalIters)^power; then it stays 0.
 *
 * Options: `totalIters` (default 5), `power` (default 1).
 * Source: https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html
 *
 * @example
 * const scheduler = new PolynomialLR(optimizer, { totalIters: 30, power: 0.9 });
 * scheduler.step();
 */
export class PolynomialLR extends Scheduler {
  readonly totalIters: number;
  readonly power: number;

  constructor(optimizer: Optimizer, options: { readonly totalIters?: number; readonly power?: number } = {}) {
    super("PolynomialLR", optimizer);
    const { totalIters, power } = readOptions("PolynomialLR", options, { totalIters: 5, power: 1 });
    this.totalIters = checkInteger("PolynomialLR", "totalIters", totalIters, 1);
    this.power = checkRate("PolynomialLR", "power", power);
  }

  protected next(lr: number): number {
    const { totalIters, steps } = this;
    if (steps > totalIters) return lr;
    const ratio = (1 - steps / totalIters) / (1 - (steps - 1) / totalIters);
    return lr * power(ratio, this.power);
  }
}
