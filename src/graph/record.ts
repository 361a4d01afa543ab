/** What the methods of a value record. */
import { divideBy, scale, shift } from "../ops/arithmetic.js";
import { refuse } from "../shape/check.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Operation } from "./module.js";
import * as operations from "./operations.js";
import { Parameter } from "./parameter.js";
import { BareValue, recordLayer, recordOperations } from "./recording.js";

const ARITHMETIC = {
  add: [operations.addValues, shift, false],
  sub: [operations.subValues, (x: Tensor, by: number) => shift(x, -by), false],
  mul: [operations.mulValues, scale, true],
  div: [operations.divValues, divideBy, true],
} as const;

/** A value with a value, a number or a parameter. */
export function recordArithmetic<V>(name: keyof typeof ARITHMETIC, value: BareValue, other: unknown): V {
  const [ofValues, withNumber, scales] = ARITHMETIC[name];
  if (typeof other === "number") return record(operations.byNumber(name, other, withNumber, scales), value);
  const operand = other instanceof Parameter ? value.source(operations.parameterOf(other.ownSelf)) : other;
  return record(ofValues, value, operand);
}

/** What an operation on these values gives. @throws ArgumentError for operands that are not values. */
export function record<V>(operation: Operation, ...values: readonly unknown[]): V {
  return recordOperations(operation, 1, ...checkedValues(operation, values))[0] as V;
}

/** The same of an operation that gives several, or one that has outputs for its backward alone. */
export function recordSeveral<V>(operation: Operation, count: number, ...values: readonly unknown[]): V {
  return recordOperations(operation, count, ...checkedValues(operation, values)) as V;
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

function checkedValues({ name }: Operation, values: readonly unknown[]): readonly BareValue[] {
  for (const value of values) {
    if (value instanceof BareValue) continue;
    refuse(
      `Value.${name}`,
      "its operands",
      "values of the network that is being composed",
      value,
      "a tensor, which only forward takes",
    );
  }
  return values as readonly BareValue[];
}
