import type { ComposeRule, Outputs } from "../graph/call.js";
import { ArgumentError, StateError } from "../shape/errors.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { forwardInChain } from "./fusion.js";
import { checkLayer, checkMethod, hasState, Layer } from "./layer.js";

/**
 * Base class of a network or block that is only layers put together, under names of its own: its public fields are its
 * children, in the order of the state dict, and {@link compose} says once how they follow each other. The containers
 * that it puts around them appear in no key, and neighbours inside of them share passes over memory as in any Sequential.
 *
 * @throws StateError (from forward) where `compose` uses a layer with weights that is in no field.
 *
 * @example
 * class Block extends Composite {
 *   readonly conv = new Conv2d(8, 8, 3, { padding: 1 });
 *   readonly relu = new ReLU();
 *   compose() {
 *     return new Sequential(new Residual(this.conv), this.relu);
 *   }
 * } // keys: conv.weight, conv.bias
 */
export abstract class Composite<Self = unknown> extends Layer<ComposeRule<Self>> {
  #whole: Layer | undefined;

  /** The children put together; asked once, at the first use after the constructor. */
  abstract compose(...values: never): Outputs | Layer;

  protected override parts(): Layer[] {
    return [...super.parts(), this.#composed()];
  }

  protected compute(x: Tensor): Tensor {
    return forwardInChain(this, Composite.prototype.compute, [this.#composed()], x);
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    return this.#composed().backward(dy, { inputGradient });
  }

  protected override inferShape(inputShape: Shape): number[] {
    return this.#composed().outputShape(inputShape);
  }

  #composed(): Layer {
    if (this.#whole) return this.#whole;
    checkMethod(this, "compose");
    if (this.compose.length > 0) {
      throw new ArgumentError(
        `${this.name} expects compose() to take nothing and to return a layer, but it takes an input. Usual cause: compose, where compute is meant.`,
      );
    }
    const whole = this.compose(...([] as never));
    checkLayer(`${this.name} expects what compose() returns`, whole);
    this.#whole = whole; // already now, for a child that knows its parent
    const named = new Set(super.parts().flatMap((child) => child.descendants()));
    const stranger = whole.descendants().find((layer) => !named.has(layer) && hasState(layer));
    if (stranger) {
      this.#whole = undefined;
      throw new StateError(
        `${this.name} is composed of a ${stranger.name} that is in none of its fields, so its weights would neither train nor be saved. Usual cause: a layer made inside of compose(); keep it in a public field.`,
      );
    }
    return whole;
  }
}
