import type { ActivationFunction, Numbers } from "../kernels/activation.js";
import { activation, activationBackward, keptByActivation } from "../ops/activation.js";
import type { SameRule } from "../shape/rule.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { Cache } from "./cache.js";
import { give, offerTo } from "./fusion.js";
import { Layer } from "./layer.js";

/** What all activations share that work on each element by itself: any shape in, the same shape out, no parameters. */
export abstract class Activation<N extends string = never> extends Layer<SameRule> {
  readonly #cache = new Cache<Tensor>();

  /** @param numbers the function's own, such as a slope */
  protected constructor(
    private readonly f: ActivationFunction<N>,
    private readonly numbers: Numbers<N>,
  ) {
    super();
  }

  protected compute(x: Tensor): Tensor {
    const { overwrite, rectified } = offerTo(this, Activation.prototype.compute);
    const y = rectified ? x : activation(this.f, this.numbers, x, overwrite ? x : undefined);
    this.#cache.push(keptByActivation(this.f, x, y));
    return give(this, Activation.prototype.compute, y);
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const kept = this.#cache.pop(this.name);
    return inputGradient ? activationBackward(this.f, this.numbers, kept, dy) : undefined;
  }

  protected override inferShape(inputShape: Shape): number[] {
    return [...inputShape];
  }
}
