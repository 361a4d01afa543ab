/**
 * A pass over plans: what follows a convolution or a Linear (a frozen norm, a sum, an activation) is done by it before it
 * stores its results, in the same order, to the same bits.
 */
import { isRelu } from "./epilogue.js";
import type { Plan, PlannedEpilogue, Step } from "./module.js";
import { activationOf, isFresh, producersOf, readersOf } from "./plan.js";

/** For a forward that keeps nothing: the steps that were taken in are gone. */
export function fuseEpilogues(plan: Plan): Plan {
  const readers = readersOf(plan);
  const producers = producersOf(plan);
  const taken = new Map<Step, Step | undefined>();
  /** The only step that reads the value. */
  const only = (value: number | undefined): Step | undefined => {
    const [reader = -1, ...others] = value === undefined ? [] : (readers[value] ?? []);
    const step = others.length > 0 ? undefined : plan.steps[reader];
    return step && !taken.has(step) ? step : undefined;
  };
  for (const step of plan.steps) {
    const takes = takesOf(step);
    if (!takes || taken.has(step)) continue;
    const parts = [step];
    let epilogue: PlannedEpilogue = {};
    let [value] = step.outputs;
    for (let next = only(value); next && !epilogue.activation; next = only(value)) {
      const more = fused(next, value as number, epilogue, takes);
      if (!more) break;
      const sum = more.sum === undefined ? undefined : readers[more.sum];
      const inPlace = sum?.length === 1 && isFresh(producers[more.sum as number]);
      epilogue = inPlace ? { ...more, inPlace } : more;
      parts.push(next);
      [value] = next.outputs;
    }
    const last = parts.at(-1) as Step;
    if (last === step) continue;
    const inputs = epilogue.sum === undefined ? step.inputs : [...step.inputs, epilogue.sum];
    for (const part of parts) taken.set(part, undefined);
    // All that it reads is there where the last part was; what the sum adds may not be there before.
    taken.set(last, { ...step, inputs, outputs: last.outputs, epilogue, parts });
  }
  const steps = plan.steps.flatMap((step) => (taken.has(step) ? (taken.get(step) ?? []) : step));
  return { ...plan, steps };
}

/** What an epilogue becomes by the step that reads `value`; undefined where that does not fit after it. */
function fused(
  next: Step,
  value: number,
  epilogue: PlannedEpilogue,
  takes: "any" | "relu",
): PlannedEpilogue | undefined {
  const { module, operation } = next;
  const activation = activationOf(next);
  if (activation && (takes === "any" || isRelu(activation))) return { ...epilogue, activation };
  if (takes !== "any" || epilogue.sum !== undefined) return undefined;
  if (module?.traits.norm && !epilogue.norm) return { ...epilogue, norm: module };
  const sum = operation?.isSum && next.inputs.length === 2 ? next.inputs.find((each) => each !== value) : undefined;
  return sum === undefined ? undefined : { ...epilogue, sum };
}

/** For a forward whose backward follows: a ReLU is done by the step before it, whose backward does not read its output. */
export function fuseActivations(plan: Plan): Plan {
  const readers = readersOf(plan);
  const steps = [...plan.steps];
  plan.steps.forEach((step, i) => {
    const [reader = -1, ...others] = readers[step.outputs[0] as number] ?? [];
    const next = plan.steps[reader];
    const activation = next && activationOf(next);
    if (!takesOf(step) || others.length > 0 || !next || !activation || !isRelu(activation)) return;
    steps[i] = { ...step, epilogue: { activation } };
    steps[reader] = { ...next, isDone: true };
  });
  return { ...plan, steps };
}

function takesOf({ module, operation }: Step): "any" | "relu" | undefined {
  return operation?.forwardRectified ? "relu" : module?.traits.epilogue;
}
