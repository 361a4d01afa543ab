import { add } from "../ops/arithmetic.js";
import type { ResidualRule } from "../shape/merge.js";
import { addShape } from "../shape/merge.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { give, offerTo } from "./fusion.js";
import { checkLayer, Layer } from "./layer.js";

/**
 * Adds a layer's input to its output: y = body(x) + x, or body(x) + projection(x) where the body changes the shape
 * (a 1×1 convolution with the body's stride, as in ResNet). Keys: `"body.…"`, `"projection.…"`.
 *
 * @throws ArgumentError for something that is no layer; ShapeError (from forward) when the two summands differ in shape.
 * Source: He et al. 2016, https://arxiv.org/abs/1512.03385
 *
 * @example
 * const block = new Residual(new Sequential(new Conv2d(8, 8, 3, { padding: 1 }), new ReLU()));
 * block.forward(randn([1, 8, 16, 16])).shape; // [1, 8, 16, 16]
 */
export class Residual<
  Body extends Layer = Layer,
  Projection extends readonly [projection?: Layer | undefined] = readonly [projection?: Layer | undefined],
> extends Layer<ResidualRule<Body, Projection>> {
  override readonly name: string = "Residual";
  readonly body: Body;
  readonly projection: Projection[0];

  constructor(body: Body, ...projection: Projection) {
    super();
    checkLayer("Residual expects its body", body);
    if (projection[0] !== undefined) checkLayer("Residual expects its projection", projection[0]);
    this.body = body;
    this.projection = projection[0];
  }

  protected compute(x: Tensor): Tensor {
    const { compute } = Residual.prototype;
    const { rectify } = offerTo(this, compute);
    const y = add(this.body.forward(x), this.projection?.forward(x) ?? x, rectify);
    return give(this, compute, y, { rectified: rectify });
  }

  /** dx = bodyᵀ(dy) + projectionᵀ(dy), or + dy without a projection. */
  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const shortcut = this.projection ? this.projection.backward(dy, { inputGradient }) : dy;
    const throughBody = this.body.backward(dy, { inputGradient });
    return throughBody && shortcut && add(throughBody, shortcut);
  }

  protected override inferShape(inputShape: Shape): number[] {
    const body = this.body.outputShape(inputShape);
    const shortcut = this.projection?.outputShape(inputShape) ?? inputShape;
    const cause = "a body that changes channels or size needs a projection, such as a 1×1 convolution with its stride";
    return addShape(this.name, [body, shortcut], cause);
  }
}
