import { Cache } from "../graph/cache.js";
import { Layer } from "../graph/layer.js";
import type { How, Traits } from "../graph/module.js";
import type { ActivationFunction } from "../kernels/activation.js";
import { activation, activationBackward, keptByActivation } from "../ops/activation.js";
import type { SameRule } from "../shape/rule.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";

/** What all activations share that work on each element by itself: any shape in, the same shape out, no parameters. */
export abstract class Activation extends Layer<SameRule> {
  readonly #cache = new Cache<Tensor>();

  /** @param f the function, `p` and `q` its own numbers as the kernels count them */
  protected constructor(
    private readonly f: ActivationFunction,
    private readonly p = 0,
    private readonly q = 0,
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
    const y = isDone ? x : activation(this.f, x, this.p, this.q, overwrites ? x : undefined);
    this.#cache.push(keptByActivation(this.f, x, y));
    return y;
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const kept = this.#cache.pop(this.name);
    return inputGradient ? activationBackward(this.f, kept, dy, this.p, this.q) : undefined;
  }

  protected override inferShape(inputShape: Shape): number[] {
    return [...inputShape];
  }
}
