import { Composed } from "../graph/composed.js";
import { checkLayer, type Layer } from "../graph/layer.js";
import { sumOf } from "../graph/merges.js";
import { recordLayer, recordOperation } from "../graph/recording.js";
import type { Value } from "../graph/value.js";
import type { ResidualRule } from "../shape/merge.js";
import { addShape } from "../shape/merge.js";

/**
 * Adds a layer's input to its output: y = body(x) + x, or body(x) + projection(x) where the body changes the shape
 * (a 1×1 convolution with the body's stride, as in ResNet). Keys: `"body.…"`, `"projection.…"`.
 *
 * @throws ArgumentError for something that is not a layer; ShapeError (from forward) when the two summands differ in shape.
 * Source: He et al. 2016, https://arxiv.org/abs/1512.03385
 *
 * @example
 * const block = new Residual(new Sequential(new Conv2d(8, 8, 3, { padding: 1 }), new ReLU()));
 * block.forward(randn([1, 8, 16, 16])).shape; // [1, 8, 16, 16]
 */
export class Residual<
  Body extends Layer = Layer,
  Projection extends readonly [projection?: Layer | undefined] = readonly [projection?: Layer | undefined],
> extends Composed<ResidualRule<Body, Projection>> {
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

  /** y = body(x) + x, or + projection(x). */
  override compose(x: Value): Value {
    const y = recordLayer(this.body, x);
    const cause = "a body that changes channels or size needs a projection, such as a 1×1 convolution with its stride";
    const sum = sumOf((shapes) => addShape(this.name, shapes, cause));
    return recordOperation(sum, y, this.projection ? recordLayer(this.projection, x) : x);
  }
}
