import { checkInteger, checkOneOf, checkPositive, checkRange, readOptions } from "../../shape/check.js";
import { ArgumentError, StateError } from "../../shape/errors.js";
import { cosPi } from "../math.js";
import type { Optimizer } from "../optimizer.js";
import { checkRate, type ParameterGroup } from "../parameter-group.js";
import { Scheduler, type SchedulerState } from "../scheduler.js";

export interface OneCycleLROptions {
  /** The peak, for all groups or one for each. */
  readonly maxLr: number | readonly number[];
  /** Steps of the whole cycle: epochs · batches. */
  readonly totalSteps: number;
  /** Share of the cycle that rises. Default 0.3. */
  readonly pctStart?: number;
  /** Half cosines or straight lines. Default `"cos"`. */
  readonly annealStrategy?: "cos" | "linear";
  /** Whether the momentum (Adam's β₁) falls while the rate rises, and rises while it falls. Default true. */
  readonly cycleMomentum?: boolean;
  /** The momentum at the peak of the rate. Default 0.85. */
  readonly baseMomentum?: number;
  /** The momentum at both ends. Default 0.95. */
  readonly maxMomentum?: number;
  /** The first rate is maxLr / divFactor. Default 25. */
  readonly divFactor?: number;
  /** The last rate is the first / finalDivFactor. Default 10 000. */
  readonly finalDivFactor?: number;
  /** Whether the fall mirrors the rise and a third phase goes down to the last rate. Default false. */
  readonly threePhase?: boolean;
}

/** What a group has of a momentum. */
type Cycled = ParameterGroup & { betas?: readonly number[]; momentum?: number };

/** A stretch of the cycle, between two of its rates and momenta. */
interface Phase {
  /** The step at which it ends. */
  readonly end: number;
  readonly from: "first" | "peak";
  readonly to: "first" | "peak" | "last";
}

/**
 * One cycle: from maxLr / divFactor up to `maxLr` in pctStart · totalSteps steps, then down to almost nothing. Step it
 * after every batch. It sets the learning rate (and momentum) when it is made.
 *
 * Options: {@link OneCycleLROptions}. Throws StateError after `totalSteps` steps, ArgumentError for an optimizer that has no
 * momentum to cycle.
 * Source: Smith & Topin 2017, https://arxiv.org/abs/1708.07120; https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html
 *
 * @example
 * const scheduler = new OneCycleLR(optimizer, { maxLr: 0.1, totalSteps: epochs * batches });
 * scheduler.step(); // after each batch
 */
export class OneCycleLR extends Scheduler {
  readonly maxLrs: readonly number[];
  readonly totalSteps: number;
  readonly #linear: boolean;
  readonly #cycleMomentum: boolean;
  readonly #momenta: { readonly first: number; readonly peak: number; readonly last: number };
  readonly #divFactor: number;
  readonly #finalDivFactor: number;
  readonly #phases: readonly Phase[];

  constructor(optimizer: Optimizer, options: OneCycleLROptions) {
    super("OneCycleLR", optimizer);
    const read = readOptions("OneCycleLR", options, {
      maxLr: undefined,
      totalSteps: undefined,
      pctStart: 0.3,
      annealStrategy: "cos",
      cycleMomentum: true,
      baseMomentum: 0.85,
      maxMomentum: 0.95,
      divFactor: 25,
      finalDivFactor: 1e4,
      threePhase: false,
    });
    const { maxLr, pctStart, threePhase } = read;
    const maxLrs = typeof maxLr === "number" ? optimizer.groups.map(() => maxLr) : maxLr;
    if (!Array.isArray(maxLrs) || maxLrs.length !== optimizer.groups.length) {
      throw new ArgumentError(
        `OneCycleLR expects maxLr to be a number, or one for each of the ${optimizer.groups.length} groups, but got ${JSON.stringify(maxLr)}. Usual cause: a missing maxLr.`,
      );
    }
    this.maxLrs = maxLrs.map((lr) => checkRate("OneCycleLR", "maxLr", lr));
    this.totalSteps = checkInteger("OneCycleLR", "totalSteps", options.totalSteps, 1);
    this.#linear = checkOneOf("OneCycleLR", "annealStrategy", read.annealStrategy, ["cos", "linear"]) === "linear";
    this.#cycleMomentum = read.cycleMomentum;
    const low = checkRange("OneCycleLR", "baseMomentum", read.baseMomentum, 0, 1);
    const high = checkRange("OneCycleLR", "maxMomentum", read.maxMomentum, 0, 1);
    this.#momenta = { first: high, peak: low, last: high };
    this.#divFactor = checkPositive("OneCycleLR", "divFactor", read.divFactor);
    this.#finalDivFactor = checkPositive("OneCycleLR", "finalDivFactor", read.finalDivFactor);
    if (this.#cycleMomentum && !optimizer.groups.every((group) => "betas" in group || "momentum" in group)) {
      throw new ArgumentError(
        `OneCycleLR expects an optimizer with a momentum or β₁ to cycle, but ${optimizer.name} has neither. Usual cause: a missing cycleMomentum: false.`,
      );
    }
    const rise = checkRange("OneCycleLR", "pctStart", pctStart, 0, 1) * this.totalSteps;
    const end = this.totalSteps - 1;
    this.#phases = threePhase
      ? [
          { end: rise - 1, from: "first", to: "peak" },
          { end: 2 * rise - 2, from: "peak", to: "first" },
          { end, from: "first", to: "last" },
        ]
      : [
          { end: rise - 1, from: "first", to: "peak" },
          { end, from: "peak", to: "last" },
        ];
    optimizer.groups.forEach((group, i) => {
      group.initialLr = (this.maxLrs[i] ?? group.lr) / this.#divFactor;
    });
    this.apply();
  }

  protected override check(steps: number): void {
    if (steps <= this.totalSteps) return;
    throw new StateError(
      `OneCycleLR.step expects at most totalSteps = ${this.totalSteps} calls, but this is call ${steps}. Usual cause: totalSteps counted in epochs, where it is epochs · batches.`,
    );
  }

  protected override wrongExtraState(state: SchedulerState): string[] {
    return (state.steps ?? 0) > this.totalSteps ? ["steps"] : [];
  }

  protected override apply(): void {
    super.apply();
    this.ownSelf.#setMomentum();
  }

  protected override loadExtraState(): void {
    this.ownSelf.#setMomentum();
  }

  /** The momentum at the present step, or β₁ where there are betas. */
  #setMomentum(): void {
    if (!this.#cycleMomentum) return;
    const momentum = this.#at(this.#momenta);
    for (const group of this.optimizer.groups as readonly Cycled[]) {
      if (group.betas) group.betas = [momentum, ...group.betas.slice(1)];
      else group.momentum = momentum;
    }
  }

  protected next(_lr: number, _base: number, group: number): number {
    const peak = this.maxLrs[group] ?? Number.NaN;
    const first = peak / this.ownSelf.#divFactor;
    return this.ownSelf.#at({ first, peak, last: first / this.ownSelf.#finalDivFactor });
  }

  /** Where the present step lies between the values of its phase's ends. */
  #at(values: { readonly first: number; readonly peak: number; readonly last: number }): number {
    let start = 0;
    for (const { end, from, to } of this.#phases) {
      if (this.steps <= end || end === this.totalSteps - 1) {
        const share = end > start ? Math.min((this.steps - start) / (end - start), 1) : 1;
        const [a, b] = [values[from], values[to]];
        return this.#linear ? a + (b - a) * share : b + ((a - b) / 2) * (1 + cosPi(share));
      }
      start = end;
    }
    return values.last;
  }
}
