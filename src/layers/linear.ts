import { Cache } from "../graph/cache.js";
import type { Epilogue } from "../graph/epilogue.js";
import { Layer } from "../graph/layer.js";
import type { How, Traits } from "../graph/module.js";
import type { Parameter } from "../graph/parameter.js";
import { linear, linearBiasGradient, linearInputGradient, linearWeightGradient } from "../ops/linear.js";
import { checkInteger, readOptions } from "../shape/check.js";
import { type LinearGeometry, type LinearRule, linearGeometry } from "../shape/linear.js";
import { checkExtents } from "../shape/reshape.js";
import { replaceLast, type Shape, sizeOf } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { type InitOptions, learned } from "./initializers.js";
import { reprOf } from "./repr.js";

const TRAITS: Traits = { epilogue: "any", isFresh: true };

/** Options of {@link Linear}. */
export interface LinearOptions extends InitOptions {
  /** Whether to add a learned number to each output feature. Default true. */
  readonly bias?: boolean;
}

/**
 * A fully connected layer: `[…, inFeatures]` → `[…, outFeatures]`, with any leading dimensions or none.
 *
 *     y = x · weightᵀ + bias
 *
 * Parameters: `weight` `[outFeatures, inFeatures]` and `bias` `[outFeatures]`, both uniform in ±1/√inFeatures.
 *
 * @throws ArgumentError for features that are not positive integers; ShapeError (from forward) for other features.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Linear.html
 *
 * @example
 * const classify = new Linear(84, 10);
 * classify.forward(randn([64, 84])).shape; // [64, 10]
 */
export class Linear<const In extends number = number, const Out extends number = number> extends Layer<
  LinearRule<In, Out>
> {
  override readonly name: string = "Linear";
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly inFeatures: In;
  readonly outFeatures: Out;
  readonly #cache = new Cache<{ g: LinearGeometry; x: Tensor }>();

  constructor(inFeatures: In, outFeatures: Out, options: LinearOptions = {}) {
    super();
    const { bias: hasBias, random } = readOptions("Linear", options, { bias: true, random: undefined });
    this.inFeatures = checkInteger("Linear", "inFeatures", inFeatures, 1);
    this.outFeatures = checkInteger("Linear", "outFeatures", outFeatures, 1);
    const { weight, bias } = learned("Linear", [outFeatures, inFeatures], outFeatures, hasBias, random);
    this.weight = weight;
    this.bias = bias;
  }

  /** @internal */
  override get traits(): Traits {
    return this.compute === Linear.prototype.compute ? TRAITS : {};
  }

  protected compute(x: Tensor): Tensor {
    return this.ownSelf.#compute(x);
  }

  /** @internal */
  override run(x: Tensor, how: How): Tensor {
    return how.epilogue ? this.#compute(x, how.epilogue) : super.run(x, how);
  }

  #compute(x: Tensor, epilogue?: Epilogue): Tensor {
    const g = this.#geometry(x.shape);
    this.#cache.push({ g, x });
    const y = epilogue?.inPlace ? epilogue.sum : undefined;
    return linear(g, x, this.weight.value, this.bias?.value, epilogue, y);
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const { g, x } = this.#cache.pop(this.name);
    if (this.weight.requiresGrad) linearWeightGradient(g, x, dy, this.weight.grad);
    if (this.bias?.requiresGrad) linearBiasGradient(g, dy, this.bias.grad);
    return inputGradient ? linearInputGradient(g, dy, this.weight.value) : undefined;
  }

  protected override inferShape(inputShape: Shape): number[] {
    this.#geometry(inputShape);
    return replaceLast(inputShape, this.outFeatures);
  }

  override multiplyAdds(inputShape: Shape): number {
    checkExtents(`${this.name}.multiplyAdds`, inputShape);
    return this.ownSelf.#geometry(inputShape).rows * sizeOf(this.weight.value.shape);
  }

  #geometry(inputShape: Shape): LinearGeometry {
    return linearGeometry(this.name, this.inFeatures, this.outFeatures, inputShape);
  }

  protected override extraRepr(): string {
    return reprOf(this, "inFeatures=, outFeatures=, bias=true");
  }
}
