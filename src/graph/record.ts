/** What the methods of a value record. */
import { refuse } from "../shape/check.js";
import type { Operation } from "./module.js";
import * as operations from "./operations.js";
import { Parameter } from "./parameter.js";
import { BareValue, recordLayer, recordOperations } from "./recording.js";

const ARITHMETIC = {
  add: [operations.addValues, operations.addNumber],
  sub: [operations.subValues, operations.subNumber],
  mul: [operations.mulValues, operations.mulNumber],
  div: [operations.divValues, operations.divNumber],
} as const;

/** A value with a value, a number or a parameter. */
export function recordArithmetic<V>(name: keyof typeof ARITHMETIC, value: BareValue, other: unknown): V {
  const [ofValues, ofNumber] = ARITHMETIC[name];
  if (typeof other === "number") return record(`Value.${name}`, ofNumber(other), value);
  const operand = other instanceof Parameter ? value.source(operations.parameterOf(other.ownSelf)) : other;
  return record(`Value.${name}`, ofValues, value, operand);
}

/** What an operation on these values gives. @throws ArgumentError for operands that are not values. */
export function record<V>(who: string, operation: Operation, ...values: readonly unknown[]): V {
  return recordOperations(operation, 1, ...checkedValues(who, values))[0] as V;
}

/** The same of an operation that gives several, or one that has outputs for its backward alone. */
export function recordSeveral<V>(who: string, operation: Operation, count: number, ...values: readonly unknown[]): V {
  return recordOperations(operation, count, ...checkedValues(who, values)) as V;
}

/** What the layers give, one after another. */
export function recordLayers<V>(value: BareValue, layers: readonly unknown[]): V {
  return layers.reduce((each: unknown, layer, i) => {
    const { of: call, composed } = Object(layer) as Readonly<Record<string, unknown>>;
    if (typeof call !== "function" || typeof composed !== "function") {
      const cause = typeof layer === "function" ? 'a missing "new"' : 'a list of layers that needs "..." before it';
      refuse("Value.through", `argument ${i}`, "a layer", layer, cause);
    }
    return recordLayer(layer as object, each as BareValue);
  }, value) as V;
}

function checkedValues(who: string, values: readonly unknown[]): readonly BareValue[] {
  for (const value of values) {
    if (value instanceof BareValue) continue;
    refuse(
      who,
      "its operands",
      "values of the network that is being composed",
      value,
      "a tensor, which only forward takes",
    );
  }
  return values as readonly BareValue[];
}
