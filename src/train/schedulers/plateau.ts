import { checkFinite, checkInteger, checkOneOf, readOptions, refuse } from "../../shape/check.js";
import { ArgumentError } from "../../shape/errors.js";
import { show } from "../../shape/show.js";
import { isCount, type Optimizer } from "../optimizer.js";
import { checkRate } from "../parameter-group.js";
import { Scheduler, type SchedulerState } from "../scheduler.js";

export interface ReduceLROnPlateauOptions {
  /** Whether the metric should fall (a loss) or rise (an accuracy). Default `"min"`. */
  readonly mode?: "min" | "max";
  /** What the learning rate is multiplied by. Default 0.1. */
  readonly factor?: number;
  /** Steps without improvement that are put up with. Default 10. */
  readonly patience?: number;
  /** The least change that counts as improvement. Default 1e-4. */
  readonly threshold?: number;
  /** Whether the threshold is a share of the best metric or a difference from it. Default `"rel"`. */
  readonly thresholdMode?: "rel" | "abs";
  /** Steps after a reduction that count for nothing. Default 0. */
  readonly cooldown?: number;
  /** The lowest learning rate, for all groups or one for each. Default 0. */
  readonly minLr?: number | readonly number[];
  /** A smaller change of the learning rate than this is not made. Default 1e-8. */
  readonly eps?: number;
}

/**
 * Multiplies the learning rate by `factor` when a metric has not improved for more than `patience` steps.
 *
 * Options: {@link ReduceLROnPlateauOptions}. `step(metric)` throws ArgumentError without a metric; NaN is no improvement.
 * Source: https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html
 *
 * @example
 * const scheduler = new ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 3 });
 * scheduler.step(validationLoss); // after each epoch
 */
export class ReduceLROnPlateau extends Scheduler {
  readonly #mode: "min" | "max";
  readonly #factor: number;
  readonly #patience: number;
  readonly #threshold: number;
  readonly #relative: boolean;
  readonly #cooldown: number;
  readonly #minLrs: readonly number[];
  readonly #eps: number;
  /** The largest finite number stands for "none yet": unlike Infinity, a JSON file can hold it. */
  #best: number;
  #badSteps = 0;
  #cooling = 0;

  constructor(optimizer: Optimizer, options: ReduceLROnPlateauOptions = {}) {
    const name = "ReduceLROnPlateau";
    super(name, optimizer);
    const read = readOptions(name, options, {
      mode: "min",
      factor: 0.1,
      patience: 10,
      threshold: 1e-4,
      thresholdMode: "rel",
      cooldown: 0,
      minLr: 0,
      eps: 1e-8,
    });
    this.#mode = checkOneOf(name, "mode", read.mode, ["min", "max"]);
    this.#factor = checkRate(name, "factor", read.factor);
    if (this.#factor >= 1) {
      throw new ArgumentError(
        `${name} expects factor to be below 1, but got ${this.#factor}. Usual cause: what is divided by, where what is multiplied by is meant.`,
      );
    }
    this.#patience = checkInteger(name, "patience", read.patience, 0);
    this.#threshold = checkFinite(name, "threshold", read.threshold);
    this.#relative = checkOneOf(name, "thresholdMode", read.thresholdMode, ["rel", "abs"]) === "rel";
    this.#cooldown = checkInteger(name, "cooldown", read.cooldown, 0);
    const { minLr } = read;
    const minLrs = typeof minLr === "number" ? optimizer.groups.map(() => minLr) : minLr;
    if (!Array.isArray(minLrs)) refuse(name, "minLr", "a number, or one for each group", minLr);
    if (minLrs.length !== optimizer.groups.length) {
      throw new ArgumentError(
        `${name} expects minLr to be a number, or one for each of the ${optimizer.groups.length} groups, but got ${minLrs.length}.`,
      );
    }
    this.#minLrs = minLrs.map((lr) => checkRate(name, "minLr", lr));
    this.#eps = checkRate(name, "eps", read.eps);
    this.#best = this.#mode === "min" ? Number.MAX_VALUE : -Number.MAX_VALUE;
  }

  protected override check(_steps: number, metric: number | undefined): void {
    if (typeof metric === "number") return;
    throw new ArgumentError(
      `ReduceLROnPlateau.step expects the metric to watch, but got ${metric === undefined ? "none" : show(metric)}. Usual cause: step() as with the other schedulers, where step(validationLoss) is meant.`,
    );
  }

  protected override apply(metric = Number.NaN): void {
    if (this.ownSelf.#improves(metric)) {
      // It stays finite, so that JSON can hold it.
      this.ownSelf.#best = Math.max(-Number.MAX_VALUE, Math.min(metric, Number.MAX_VALUE));
      this.ownSelf.#badSteps = 0;
    } else {
      this.ownSelf.#badSteps++;
    }
    if (this.ownSelf.#cooling > 0) {
      this.ownSelf.#cooling--;
      this.ownSelf.#badSteps = 0;
    }
    if (this.ownSelf.#badSteps > this.ownSelf.#patience) {
      super.apply();
      this.ownSelf.#cooling = this.ownSelf.#cooldown;
      this.ownSelf.#badSteps = 0;
    }
  }

  protected next(lr: number, _base: number, group: number): number {
    const reduced = Math.max(lr * this.ownSelf.#factor, this.ownSelf.#minLrs[group] ?? 0);
    return lr - reduced > this.ownSelf.#eps ? reduced : lr;
  }

  #improves(metric: number): boolean {
    const margin = this.#threshold;
    if (this.#mode === "min") return metric < (this.#relative ? this.#best * (1 - margin) : this.#best - margin);
    return metric > (this.#relative ? this.#best * (1 + margin) : this.#best + margin);
  }

  protected override extraState(): SchedulerState {
    return {
      best: this.ownSelf.#best,
      num_bad_epochs: this.ownSelf.#badSteps,
      cooldown_counter: this.ownSelf.#cooling,
    };
  }

  protected override wrongExtraState(state: SchedulerState): string[] {
    return ["num_bad_epochs", "cooldown_counter"].filter((key) => !isCount(state[key]));
  }

  protected override loadExtraState(state: SchedulerState): void {
    const { best = this.ownSelf.#best, num_bad_epochs = 0, cooldown_counter = 0 } = state;
    this.ownSelf.#best = best;
    this.ownSelf.#badSteps = num_bad_epochs;
    this.ownSelf.#cooling = cooldown_counter;
  }
}
