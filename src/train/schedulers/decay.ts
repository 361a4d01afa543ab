/**
 * Schedulers that follow a formula of the step count t. Like torch's, each turns the present rate into the next one, so
 * that schedulers chain: two of them over one optimizer multiply.
 */

import { checkFinite, checkInteger, checkPositive, checkRange, readOptions } from "../../shape/check.js";
import { power } from "../../tensor/math.js";
import { cosPi } from "../math.js";
import type { Optimizer } from "../optimizer.js";
import { checkRate } from "../parameter-group.js";
import { Scheduler } from "../scheduler.js";

/** Options of {@link StepLR}. */
export interface StepLROptions {
  /** Steps from one change to the next. */
  readonly stepSize: number;
  /** Factor of each change. Default 0.1. */
  readonly gamma?: number;
}

/**
 * Multiplies the learning rate by `gamma` after every `stepSize` steps.
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html
 *
 * @example
 * const scheduler = new StepLR(optimizer, { stepSize: 10, gamma: 0.5 });
 * scheduler.step();
 */
export class StepLR extends Scheduler {
  readonly stepSize: number;
  readonly gamma: number;

  constructor(optimizer: Optimizer, options: StepLROptions) {
    super("StepLR", optimizer);
    const { gamma } = readOptions("StepLR", options, { stepSize: undefined, gamma: 0.1 });
    this.stepSize = checkInteger("StepLR", "stepSize", options.stepSize, 1);
    this.gamma = checkRate("StepLR", "gamma", gamma);
  }

  protected next(lr: number): number {
    return this.steps % this.stepSize === 0 ? lr * this.gamma : lr;
  }
}

/** Options of {@link ExponentialLR}. */
export interface ExponentialLROptions {
  /** Factor of every step. */
  readonly gamma: number;
}

/**
 * Multiplies the learning rate by `gamma` after every step.
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html
 *
 * @example
 * const scheduler = new ExponentialLR(optimizer, { gamma: 0.95 });
 * scheduler.step();
 */
export class ExponentialLR extends Scheduler {
  readonly gamma: number;

  constructor(optimizer: Optimizer, options: ExponentialLROptions) {
    super("ExponentialLR", optimizer);
    readOptions("ExponentialLR", options, { gamma: undefined });
    this.gamma = checkRate("ExponentialLR", "gamma", options.gamma);
  }

  protected next(lr: number): number {
    return lr * this.gamma;
  }
}

/** Options of {@link CosineAnnealingLR}. */
export interface CosineAnnealingLROptions {
  /** Steps down to the lowest rate. */
  readonly tMax: number;
  /** The lowest rate. Default 0. */
  readonly etaMin?: number;
}

/**
 * Half a cosine from the first rate down to `etaMin` in `tMax` steps, then back up, and so on:
 * etaMin + (base − etaMin)·(1 + cos(π·t/tMax)) / 2.
 *
 * Source: Loshchilov & Hutter 2016, https://arxiv.org/abs/1608.03983; https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html
 *
 * @example
 * const scheduler = new CosineAnnealingLR(optimizer, { tMax: epochs });
 * scheduler.step();
 */
export class CosineAnnealingLR extends Scheduler {
  readonly tMax: number;
  readonly etaMin: number;

  constructor(optimizer: Optimizer, options: CosineAnnealingLROptions) {
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

/** Options of {@link LinearLR}. */
export interface LinearLROptions {
  /** Factor of the rate at first, above 0 up to 1. Default 1/3. */
  readonly startFactor?: number;
  /** Factor of the rate in the end, from 0 to 1. Default 1. */
  readonly endFactor?: number;
  /** Steps from the one to the other. Default 5. */
  readonly totalIters?: number;
}

/**
 * A straight line from startFactor · rate to endFactor · rate in `totalIters` steps; then the rate stays. The usual
 * warm-up. The first factor applies at once.
 *
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

  constructor(optimizer: Optimizer, options: LinearLROptions = {}) {
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

/** Options of {@link PolynomialLR}. */
export interface PolynomialLROptions {
  /** Steps down to 0. Default 5. */
  readonly totalIters?: number;
  /** Exponent; 1, the default, is a straight line. */
  readonly power?: number;
}

/**
 * Down to 0 in `totalIters` steps, by base·(1 − t/totalIters)^power; then it stays 0.
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html
 *
 * @example
 * const scheduler = new PolynomialLR(optimizer, { totalIters: 30, power: 0.9 });
 * scheduler.step();
 */
export class PolynomialLR extends Scheduler {
  readonly totalIters: number;
  readonly power: number;

  constructor(optimizer: Optimizer, options: PolynomialLROptions = {}) {
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
