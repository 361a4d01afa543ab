/** Makes plans: a network with all composites in it inlined. */
import { isList } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import type { PiecewiseLinear } from "./epilogue.js";
import { located } from "./located.js";
import type { Module, Node, Plan, Step } from "./module.js";

/** A composite that was inlined, and its children when it was: its fields may be exchanged. */
interface Inlined {
  readonly module: Module;
  readonly children: readonly (readonly [string, Module])[];
  /** What was in its fields when it was last looked at. */
  fields: readonly unknown[];
}

/** A network flattened, from which the plans of both modes are made. */
export interface Flat extends Plan {
  readonly inlined: readonly Inlined[];
  /** Composites that have something to say about the shapes of their inputs, and the values that those are. */
  readonly checks: readonly { readonly module: Module; readonly inputs: readonly number[] }[];
}

/**
 * The steps of a layer, all composites inlined, for so many inputs. Steps that no output reads are left out.
 *
 * @param composition the layer's own graph, for one that does not run it by itself
 */
export function flatten(module: Module, inputs: number, composition = module.composed(inputs)): Flat {
  const calls: Node[] = [];
  const inlined: Inlined[] = [];
  const checks: Flat["checks"][number][] = [];
  let values = inputs;
  const visit = (each: Module, from: readonly number[], graph = each.composed(from.length)): readonly number[] => {
    if (!graph) {
      if (from.length !== 1) {
        throw located(severalInputs(each.name, from.length), { module: each }, module);
      }
      calls.push({ module: each, inputs: from, outputs: [values++] });
      return [values - 1];
    }
    inlined.push({ module: each, children: each.ownLayers(), fields: fieldsOf(each.ownSelf) });
    if (each.checksShapes) checks.push({ module: each, inputs: from });
    const known = [...from];
    for (const { module: inner, operation, inputs: own, outputs } of graph.calls) {
      const args = own.map((value) => known[value] as number);
      const results = inner ? visit(inner, args) : outputs.map(() => values++);
      if (operation) calls.push({ operation, owner: each, inputs: args, outputs: results });
      outputs.forEach((value, i) => {
        known[value] = results[i] as number;
      });
    }
    return graph.outputs.map((value) => known[value] as number);
  };
  const outputs = visit(
    module,
    Array.from({ length: inputs }, (_, i) => i),
    composition,
  );
  const steps = reachable(calls, outputs);
  return { root: module, inputs, steps, values, outputs, inlined, checks };
}

/** Only what is composed has several. */
export function severalInputs(name: string, count: number): ArgumentError {
  return new ArgumentError(
    `${name} expects one input, but got ${count}. Usual cause: an argument too many, or a Layer where a Composite is meant.`,
  );
}

/** A composite says how many it has by its `compose`, as far as it says so. */
export function otherInputs(name: string, expected: number, count: number): ArgumentError {
  return new ArgumentError(
    `${name} expects ${expected === 1 ? "one input" : `${expected} inputs`}, but got ${count}. Usual cause: ${count < expected ? "a missing argument, or a batch for fit whose inputs are not in a list" : "an argument too many"}.`,
  );
}

/** The calls that an output depends on. */
function reachable(calls: readonly Node[], outputs: readonly number[]): Step[] {
  const read = new Set(outputs);
  const kept: Step[] = [];
  for (const call of calls.toReversed()) {
    if (!call.outputs.some((value) => read.has(value))) continue;
    for (const value of call.inputs) read.add(value);
    kept.push({ ...call, ends: [] });
  }
  return kept.reverse();
}

/** Whether the network is still as it was when it was flattened. */
export function isCurrent({ inlined }: Flat): boolean {
  return inlined.every((each) => {
    // Every forward asks: children are looked for where a field holds something else.
    const fields = fieldsOf(each.module.ownSelf);
    if (fields.length === each.fields.length && fields.every((field, i) => field === each.fields[i])) return true;
    each.fields = fields;
    return sameChildren(each.module.ownLayers(), each.children);
  });
}

/** What is in an object's fields, and in lists and plain objects there that may hold layers, however deep. */
function fieldsOf(holder: object, found: unknown[] = [], path: readonly object[] = []): unknown[] {
  for (const value of Object.values(holder)) {
    found.push(value);
    if (isList(value) && !path.includes(value)) fieldsOf(value, found, [...path, value]);
  }
  return found;
}

/** Whether no field has been exchanged between two looks at a layer's children. */
export function sameChildren(now: Inlined["children"], before: Inlined["children"]): boolean {
  return (
    now.length === before.length && now.every(([key, child], i) => key === before[i]?.[0] && child === before[i][1])
  );
}

/** By which steps each value is read, an entry for each reading; outputs of the plan are read by step −1. */
export function readersOf({ steps, values, outputs }: Plan): readonly (readonly number[])[] {
  const readers: number[][] = Array.from({ length: values }, () => []);
  steps.forEach(({ inputs }, i) => {
    for (const value of inputs) readers[value]?.push(i);
  });
  for (const value of outputs) readers[value]?.push(-1);
  return readers;
}

/** Which step gives each value; undefined for the inputs. */
export function producersOf({ steps, values }: Plan): readonly (Step | undefined)[] {
  const producers: (Step | undefined)[] = Array.from({ length: values });
  for (const step of steps) for (const value of step.outputs) producers[value] = step;
  return producers;
}

/** The activation that a step is in an epilogue. */
export function activationOf({ module, operation }: Step): PiecewiseLinear | undefined {
  return operation ? operation.activation : module?.traits.activation;
}

/** What gives a tensor that nobody else has. */
export function isFresh(step: Step | undefined): boolean {
  if (!step || step.isDone) return false;
  return step.operation ? !step.operation.isView : step.module?.traits.isFresh === true;
}
