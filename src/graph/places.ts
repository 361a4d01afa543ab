/** A pass over plans that keep nothing: a value's memory is free when its last reader has run. */
import type { Plan } from "./module.js";
import { isFresh, producersOf, readersOf } from "./plan.js";

/** Says of each step which values end with it, and whether its output may take its input's place. */
export function assignPlaces(plan: Plan): Plan {
  const readers = readersOf(plan);
  const producers = producersOf(plan);
  const steps = plan.steps.map((step, i) => {
    const { module, operation, inputs, outputs } = step;
    const ends = [...new Set([...inputs, ...outputs])].filter(
      (value) => value >= plan.inputs && (readers[value] ?? []).every((reader) => reader >= 0 && reader <= i),
    );
    const [first = -1] = inputs;
    const overwrites =
      (operation ?? module?.traits)?.overwrites && readers[first]?.length === 1 && isFresh(producers[first]);
    return { ...step, ends, ...(overwrites && { overwrites }) };
  });
  return { ...plan, steps };
}
