/** Which passes make a network's plans. */
import { fuseActivations, fuseEpilogues } from "./epilogues.js";
import { valuesWithGradient } from "./gradients.js";
import type { Plan } from "./module.js";
import { rectifyAfterPooling } from "./order.js";
import { assignPlaces } from "./places.js";

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
