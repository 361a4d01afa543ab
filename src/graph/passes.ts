/** The plans of a network: which passes make them, and how long they hold. */
import { fuseActivations, fuseEpilogues } from "./epilogues.js";
import { valuesWithGradient } from "./gradients.js";
import type { Composition, Module, Plan } from "./module.js";
import { rectifyAfterPooling } from "./order.js";
import { assignPlaces } from "./places.js";
import { type Flat, flatten, isCurrent } from "./plan.js";

/** For tests, which take passes away: the numbers have to stay the same. */
export const passes = { epilogues: true, order: true, places: true, gradients: true };

/** The plan of a forward that keeps what its backward needs, or that keeps nothing. */
export function optimize(plan: Plan, keeps: boolean): Plan {
  if (keeps) {
    const ordered = passes.order ? rectifyAfterPooling(plan) : plan;
    return passes.epilogues ? fuseActivations(ordered) : ordered;
  }
  const fused = passes.epilogues ? fuseEpilogues(plan) : plan;
  return passes.places ? assignPlaces(fused) : fused;
}

/** Which values a backward finds the gradients of. */
export function wantedGradients(plan: Plan, inputGradient: boolean): readonly boolean[] {
  return passes.gradients ? valuesWithGradient(plan, inputGradient) : new Array<boolean>(plan.values).fill(true);
}

/** A network's plans, made anew when its fields have been exchanged. */
export class Plans {
  #flat: Flat | undefined;
  #training: Plan | undefined;
  #inference: Plan | undefined;

  /** The network as it is now, for so many inputs; its own graph where it does not run that by itself. */
  current(module: Module, inputs: number, composition?: Composition): Flat {
    if (this.#flat?.inputs === inputs && isCurrent(this.#flat)) return this.#flat;
    this.#flat = flatten(module, inputs, composition);
    this.#training = this.#inference = undefined;
    return this.#flat;
  }

  /** Of a network that `current` gave: the plan that keeps what a backward needs, or the one that keeps nothing. */
  plan(flat: Flat, keeps: boolean): Plan {
    if (!flat.optimize) return flat;
    if (flat !== this.#flat) return flat.optimize(flat, keeps);
    if (keeps) {
      this.#training ??= flat.optimize(flat, true);
      return this.#training;
    }
    this.#inference ??= flat.optimize(flat, false);
    return this.#inference;
  }

  /** Whether there has never been one. */
  get isEmpty(): boolean {
    return this.#flat === undefined;
  }
}
