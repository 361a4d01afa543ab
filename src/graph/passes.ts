/** The passes over plans, in their order. */
import { fuseActivations, fuseEpilogues } from "./epilogues.js";
import { rectifyAfterPooling } from "./order.js";
import { assignPlaces } from "./places.js";
import type { Plan } from "./plan.js";

/** For tests, which take passes away: the numbers have to stay the same. */
export const passes = { epilogues: true, order: true, places: true };

/** The plan of a forward whose backward follows. */
export function trainingPlan(plan: Plan): Plan {
  const ordered = passes.order ? rectifyAfterPooling(plan) : plan;
  return passes.epilogues ? fuseActivations(ordered) : ordered;
}

/** The plan of a forward that keeps nothing. */
export function inferencePlan(plan: Plan): Plan {
  const fused = passes.epilogues ? fuseEpilogues(plan) : plan;
  return passes.places ? assignPlaces(fused) : fused;
}
