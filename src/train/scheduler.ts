/** What every scheduler has in common: a count of steps, and a change of each group's learning rate at each. */
import { checkMethod } from "../graph/layer.js";
import { Branded } from "../shape/brand.js";
import { checkText, isPlainObject, refuse } from "../shape/check.js";
import { StateError } from "../shape/errors.js";
import { listed } from "../shape/show.js";
import { isCount, Optimizer } from "./optimizer.js";
import { factsOf } from "./repr.js";

/** A scheduler's state as a plain record of finite numbers, for a JSON file. */
export type SchedulerState = Record<string, number>;

/**
 * Base class of every scheduler. Call `step()` once an epoch (or once a batch, for `OneCycleLR`), after the optimizer's.
 * A scheduler of your own extends it and implements `next`.
 *
 * @example
 * const scheduler = new StepLR(optimizer, { stepSize: 10 });
 * scheduler.step(); // after each epoch
 */
export abstract class Scheduler extends Branded {
  #steps = 0;
  /** The learning rate of each group before any scheduler changed it. */
  #baseLrs: readonly number[];

  /** @param name the class's name, as messages show it */
  constructor(
    readonly name: string,
    readonly optimizer: Optimizer,
  ) {
    super();
    checkText("Scheduler", "name", name);
    if (!(optimizer instanceof Optimizer)) {
      refuse(name, "", "an optimizer first", optimizer, "the options or the model in its place");
    }
    this.#baseLrs = optimizer.groups.map(({ initialLr, lr }) => initialLr ?? lr);
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.Scheduler";
  }

  /** Its options, steps and what else changes: `StepLR(stepSize=10, gamma=0.1, steps=3)`. */
  override toString(): string {
    return factsOf(this.name, { ...this, steps: this.steps, ...this.extraState() });
  }

  /** How many times `step` was called. */
  get steps(): number {
    return this.ownSelf.#steps;
  }

  /**
   * Moves on to the next learning rate.
   * @param metric what `ReduceLROnPlateau` watches; the others pay no heed to it
   */
  step(metric?: number): void {
    if (this.apply === Scheduler.prototype.apply) checkMethod(this, "next", "step");
    this.check(this.ownSelf.#steps + 1, metric);
    this.ownSelf.#steps++;
    this.apply(metric);
  }

  /** Throws where step number `steps` is impossible, before anything changes. */
  protected check(_steps: number, _metric: number | undefined): void {}

  /** Sets every group's learning rate for the current step. */
  protected apply(_metric?: number): void {
    this.optimizer.groups.forEach((group, i) => {
      const base = this.ownSelf.#baseLrs[i] ?? group.lr;
      group.initialLr ??= base;
      group.lr = this.next(group.lr, base, i);
    });
  }

  /**
   * A group's learning rate at the current step.
   * @param lr its learning rate now
   * @param base its learning rate before any scheduler changed it
   * @param group its position among the groups
   */
  protected abstract next(lr: number, base: number, group: number): number;

  /** Numbers of a subclass that change from step to step. */
  protected extraState(): SchedulerState {
    return {};
  }

  protected loadExtraState(_state: SchedulerState): void {}

  /** Which of a subclass's own numbers cannot be; all of them are finite. */
  protected wrongExtraState(_state: SchedulerState): string[] {
    return [];
  }

  /** Steps taken, and the optimizer's learning rates: everything to resume from. */
  stateDict(): SchedulerState {
    const { groups } = this.optimizer;
    return {
      steps: this.ownSelf.#steps,
      ...Object.fromEntries(groups.map(({ lr }, i) => [`group.${i}.lr`, lr])),
      ...Object.fromEntries(this.ownSelf.#baseLrs.map((lr, i) => [`group.${i}.base_lr`, lr])),
      ...this.extraState(),
    };
  }

  /** The state dict, for `JSON.stringify`; `loadStateDict` takes it as it is. */
  toJSON(): SchedulerState {
    return this.stateDict();
  }

  /**
   * Continues from a state that `stateDict` returned, and puts the optimizer's learning rates back too, so that it does
   * not matter which of the two is loaded first.
   * @throws StateError when entries are missing, unknown or no numbers; nothing has changed then.
   */
  loadStateDict(state: SchedulerState): void {
    this.checkState(state);
    const at = (key: string) => state[key] ?? Number.NaN;
    this.ownSelf.#steps = at("steps");
    this.ownSelf.#baseLrs = this.ownSelf.#baseLrs.map((_, i) => at(`group.${i}.base_lr`));
    this.optimizer.groups.forEach((group, i) => {
      group.lr = at(`group.${i}.lr`);
    });
    this.loadExtraState(state);
  }

  /** Throws what {@link loadStateDict} would of this state, and changes nothing. */
  checkState(state: SchedulerState): void {
    if (!isPlainObject(state)) {
      refuse(
        `${this.name}.loadStateDict`,
        "its state",
        "what stateDict returned",
        state,
        "text that is still to be parsed",
      );
    }
    const expected = Object.keys(this.stateDict());
    const valid = (key: string, value: number | undefined) =>
      key === "steps" ? isCount(value) : Number.isFinite(value) && (!/lr$/.test(key) || Number(value) >= 0);
    const wrong = [
      ...expected.filter((key) => !valid(key, state[key])),
      ...Object.keys(state).filter((key) => !expected.includes(key)),
    ];
    if (wrong.length === 0) wrong.push(...this.wrongExtraState(state));
    if (wrong.length === 0) return;
    throw new StateError(
      `${this.name}.loadStateDict expects finite numbers for ${listed(expected)} and nothing else, but these are missing or unexpected: ${listed(wrong)}. Usual cause: a checkpoint of another scheduler or optimizer.`,
    );
  }
}
