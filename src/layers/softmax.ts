import { Cache } from "../graph/cache.js";
import { Layer } from "../graph/layer.js";
import { logSoftmax, logSoftmaxBackward, softmax, softmaxBackward } from "../ops/softmax.js";
import { checkInteger } from "../shape/check.js";
import { type DimGeometry, dimGeometry } from "../shape/dim.js";
import type { Shape } from "../shape/shape.js";
import type { AlongDimRule } from "../shape/softmax.js";
import type { Tensor } from "../tensor/tensor.js";
import { reprOf } from "./repr.js";

/** What Softmax and LogSoftmax share: a dimension, and a backward that needs the output. */
abstract class AlongDim<Name extends string, Dim extends number> extends Layer<AlongDimRule<Name, Dim>> {
  readonly #cache = new Cache<{ g: DimGeometry; y: Tensor }>();

  constructor(
    layer: Name,
    readonly dim: Dim,
    private readonly forwards: (g: DimGeometry, x: Tensor) => Tensor,
    private readonly backwards: (g: DimGeometry, y: Tensor, dy: Tensor) => Tensor,
  ) {
    super();
    checkInteger(layer, "dim", dim, -Infinity);
  }

  protected compute(x: Tensor): Tensor {
    const g = dimGeometry(this.name, this.dim, x.shape);
    const y = this.forwards(g, x);
    this.#cache.push({ g, y });
    return y;
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const { g, y } = this.#cache.pop(this.name);
    return inputGradient ? this.backwards(g, y, dy) : undefined;
  }

  protected override inferShape(inputShape: Shape): number[] {
    dimGeometry(this.name, this.dim, inputShape);
    return [...inputShape];
  }

  protected override extraRepr(): string {
    return reprOf(this, "dim=");
  }
}

/**
 * Makes every line along one dimension a distribution: any shape, the same out. Large inputs do not overflow.
 *
 *     y[k] = e^x[k] / Σⱼ e^x[j]        dx[k] = y[k] · (dy[k] − Σⱼ dy[j] · y[j])
 *
 * Not before `CrossEntropyLoss`, which takes the scores themselves.
 *
 * @param dim the dimension that sums to 1; negative numbers count from the end.
 * @throws ArgumentError for a dim that is not an integer; ShapeError (from forward) where the input has no such dimension.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Softmax.html
 *
 * @example
 * const softmax = new Softmax(1);
 * softmax.forward(tensor([[0, 0, 1]])); // [[0.2119, 0.2119, 0.5761]]
 */
export class Softmax<const Dim extends number = number> extends AlongDim<"Softmax", Dim> {
  override readonly name: string = "Softmax";

  constructor(dim: Dim) {
    super("Softmax", dim, softmax, softmaxBackward);
  }
}

/**
 * The logarithm of {@link Softmax}, without its rounding near 0: any shape, the same out.
 *
 *     y[k] = x[k] − log Σⱼ e^x[j]        dx[k] = dy[k] − e^y[k] · Σⱼ dy[j]
 *
 * @param dim the dimension whose powers sum to 1; negative numbers count from the end.
 * @throws ArgumentError for a dim that is not an integer; ShapeError (from forward) where the input has no such dimension.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html
 *
 * @example
 * const logSoftmax = new LogSoftmax(-1);
 * logSoftmax.forward(tensor([[0, 0, 1]])); // [[-1.5514, -1.5514, -0.5514]]
 */
export class LogSoftmax<const Dim extends number = number> extends AlongDim<"LogSoftmax", Dim> {
  override readonly name: string = "LogSoftmax";

  constructor(dim: Dim) {
    super("LogSoftmax", dim, logSoftmax, logSoftmaxBackward);
  }
}
