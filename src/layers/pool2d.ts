/** What the poolings share: they differ in which windows they lay over the input. */

import { Cache } from "../graph/cache.js";
import { Layer } from "../graph/layer.js";
import { avgPool2d, avgPool2dBackward, integers, maxPool2d, maxPool2dBackward, type Positions } from "../ops/pool2d.js";
import { StateError } from "../shape/errors.js";
import { type PoolGeometry, poolShape } from "../shape/pool.js";
import type { ShapeRule } from "../shape/rule.js";
import type { Shape } from "../shape/shape.js";
import { Tensor } from "../tensor/tensor.js";

/** A layer that reduces each window of its input to one number. */
abstract class Pool2d<Rule extends ShapeRule> extends Layer<Rule> {
  /** The windows over an input of this shape. @throws ShapeError when it does not fit. */
  protected abstract windows(inputShape: Shape): PoolGeometry;

  protected override inferShape(inputShape: Shape): number[] {
    return poolShape(this.windows(inputShape), inputShape);
  }
}

/** Keeps each window's maximum, and where it was. */
export abstract class MaximumPool2d<Rule extends ShapeRule> extends Pool2d<Rule> {
  readonly #cache = new Cache<{ g: PoolGeometry; argmax: Positions; inputShape: Shape }>();
  #indices: Tensor | undefined;

  constructor(readonly returnIndices: boolean) {
    super();
  }

  /**
   * Positions of the last forward's maxima, row · W + column in the plane of each, in the output's shape. −1 where
   * dilation steps over the whole input. Exact for planes of up to 2²⁴ pixels.
   * @throws StateError without the option `returnIndices`, or before the first forward.
   */
  get indices(): Tensor {
    if (!this.returnIndices) {
      throw new StateError(`${this.name}.indices expects a layer with { returnIndices: true }, but this one lacks it.`);
    }
    const indices = this.ownSelf.#indices;
    if (!indices) {
      throw new StateError(
        `${this.name}.indices expects a forward before it, but none has run. Usual cause: the indices of another layer.`,
      );
    }
    return indices;
  }

  protected compute(x: Tensor): Tensor {
    const g = this.windows(x.shape);
    const { y, argmax } = maxPool2d(g, x);
    if (this.returnIndices) this.#indices = new Tensor(new Float32Array(integers(argmax)), y.shape);
    this.#cache.push({ g, argmax, inputShape: x.shape });
    return y;
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const { g, argmax, inputShape } = this.#cache.pop(this.name);
    return inputGradient ? maxPool2dBackward(g, dy, argmax, inputShape) : undefined;
  }
}

/** Averages each window. */
export abstract class AveragePool2d<Rule extends ShapeRule> extends Pool2d<Rule> {
  readonly #cache = new Cache<{ g: PoolGeometry; inputShape: Shape }>();

  protected compute(x: Tensor): Tensor {
    const g = this.windows(x.shape);
    this.#cache.push({ g, inputShape: x.shape });
    return avgPool2d(g, x);
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const { g, inputShape } = this.#cache.pop(this.name);
    return inputGradient ? avgPool2dBackward(g, dy, inputShape) : undefined;
  }
}
