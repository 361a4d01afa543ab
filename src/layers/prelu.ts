import { Cache } from "../graph/cache.js";
import { Layer } from "../graph/layer.js";
import { Parameter } from "../graph/parameter.js";
import { prelu, preluInputGradient, preluWeightGradient } from "../ops/prelu.js";
import { checkFinite, checkInteger, readOptions } from "../shape/check.js";
import type { DimGeometry } from "../shape/dim.js";
import { type PReLURule, preluGeometry } from "../shape/prelu.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { constant, zeroWeight } from "./initializers.js";
import { reprOf } from "./repr.js";

export interface PReLUOptions {
  /** Every slope's first value. Default 0.25. */
  readonly init?: number;
}

/**
 * The rectifier with a learned slope for negative inputs: any shape, or `[N, numParameters, …]`, and the same out.
 *
 *     y[n, c] = x[n, c] where that is > 0, else weight[c] · x[n, c]
 *
 * Parameter: `weight` `[numParameters]`. It should not be decayed.
 *
 * @param numParameters 1 (default) for one slope for all elements, or the number of channels, dim 1 of the input.
 * @throws ArgumentError for a numParameters that is not a positive integer, or an init that is not a finite number;
 *   ShapeError (from forward) for several parameters and another number of channels.
 * Source: He et al. 2015, https://arxiv.org/abs/1502.01852
 *
 * @example
 * const act = new PReLU(16);
 * act.forward(randn([8, 16, 4, 4])).shape; // [8, 16, 4, 4]
 */
export class PReLU<const P extends number = number> extends Layer<PReLURule<P>> {
  override readonly name: string = "PReLU";
  readonly numParameters: P;
  /** Every slope's first value. */
  readonly init: number;
  readonly weight: Parameter;
  readonly #cache = new Cache<{ g: DimGeometry; x: Tensor }>();

  constructor(numParameters?: P, options?: PReLUOptions);
  constructor(numParameters: P = 1 as P, options: PReLUOptions = {}) {
    super();
    this.numParameters = checkInteger("PReLU", "numParameters", numParameters, 1);
    const { init } = readOptions("PReLU", options, { init: 0.25 });
    this.init = checkFinite("PReLU", "init", init);
    this.weight = new Parameter("weight", constant(zeroWeight("PReLU", [numParameters]), init));
  }

  protected compute(x: Tensor): Tensor {
    const g = preluGeometry(this.name, this.numParameters, x.shape);
    this.#cache.push({ g, x });
    return prelu(g, x, this.weight.value);
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const { g, x } = this.#cache.pop(this.name);
    if (this.weight.requiresGrad) preluWeightGradient(g, x, dy, this.weight.grad);
    return inputGradient ? preluInputGradient(g, x, this.weight.value, dy) : undefined;
  }

  protected override inferShape(inputShape: Shape): number[] {
    preluGeometry(this.name, this.numParameters, inputShape);
    return [...inputShape];
  }

  protected override extraRepr(): string {
    return reprOf(this, "numParameters=");
  }
}
