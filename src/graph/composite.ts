import type { ComposeRule, Outputs } from "./call.js";
import { Composed } from "./composed.js";
import type { Recording } from "./recording.js";
import { Value } from "./value.js";

/**
 * Base class of a network or block that is layers put together: its public fields are its children, in the order of the
 * state dict, and {@link compose} says once how values flow through them.
 *
 * @throws StateError (from forward) where `compose` uses a layer with weights that is in no field.
 *
 * @example
 * class Block extends Composite<Block> {
 *   readonly conv = new Conv2d(8, 8, 3, { padding: 1 });
 *   readonly relu = new ReLU();
 *   compose(x: Input<["N", 8, "H", "W"]>) {
 *     return x.through(this.conv, this.relu).add(x);
 *   }
 * } // keys: conv.weight, conv.bias
 */
export abstract class Composite<Self = unknown> extends Composed<ComposeRule<Self>> {
  /** How values flow from the inputs to the outputs. It runs once, on values that have no numbers. */
  abstract override compose(...values: never): Outputs;

  protected override input(recording: Recording, number: number): Value {
    return new Value(recording, number);
  }
}
