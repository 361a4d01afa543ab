import { Cache } from "../graph/cache.js";
import { Layer } from "../graph/layer.js";
import type { How, Traits } from "../graph/module.js";
import type { ActivationFunction, Numbers } from "../kernels/activation.js";
import { activation, activationBackward, keptByActivation } from "../ops/activation.js";
import type { SameRule } from "../shape/rule.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";

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

  /** @internal */
  override get traits(): Traits {
    return this.compute === Activation.prototype.compute ? { overwrites: true, isFresh: true } : {};
  }

  protected compute(x: Tensor): Tensor {
    return this.ownSelf.#compute(x, {});
  }

  /** @internal */
  override run(x: Tensor, how: How): Tensor {
    return how.isDone || how.overwrites ? this.#compute(x, how) : super.run(x, how);
  }

  #compute(x: Tensor, { isDone, overwrites }: How): Tensor {
    const y = isDone ? x : activation(this.f, this.numbers, x, overwrites ? x : undefined);
    this.#cache.push(keptByActivation(this.f, x, y));
    return y;
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const kept = this.#cache.pop(this.name);
    return inputGradient ? activationBackward(this.f, this.numbers, kept, dy) : undefined;
  }

  protected override inferShape(inputShape: Shape): number[] {
    return [...inputShape];
  }
}
