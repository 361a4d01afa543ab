import { StateError } from "../shape/errors.js";
import type { Operation } from "./operations.js";

/** Records one call: the value that it gives. */
export function record<V>(operation: Operation, ..._operands: readonly unknown[]): V {
  throw new StateError(`Value.${operation} expects to be recorded, which is not implemented.`);
}

/** Records a call of each layer on what the one before it gives. */
export function recordLayers<V>(_value: unknown, _layers: readonly unknown[]): V {
  throw new StateError("Value.through expects to be recorded, which is not implemented.");
}

/** Records what takes a value apart along an axis. */
export function recordParts<V>(operation: "split" | "chunk", ..._operands: readonly unknown[]): V {
  throw new StateError(`Value.${operation} expects to be recorded, which is not implemented.`);
}

/** Records one call of a layer. */
export function recordCall<V>(_layer: unknown, _values: readonly unknown[]): V {
  throw new StateError("Layer.of expects to be recorded, which is not implemented.");
}
