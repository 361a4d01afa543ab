/** A pass over plans: which values need a gradient. */
import type { Plan } from "./module.js";

/**
 * A value needs one if a parameter that learns, or an input whose gradient is wanted, lies before it. Asked anew for each
 * backward, for parameters may be frozen in between.
 */
export function valuesWithGradient({ inputs, steps, values }: Plan, inputGradient: boolean): readonly boolean[] {
  const needs = Array.from({ length: values }, (_, value) => inputGradient && value < inputs);
  for (const { module, operation, inputs: own, outputs } of steps) {
    const isNeeded =
      own.some((value) => needs[value]) ||
      (module
        ? module.parameters().some(({ requiresGrad }) => requiresGrad)
        : operation?.parameter?.requiresGrad === true);
    for (const value of outputs) needs[value] = isNeeded;
  }
  return needs;
}
