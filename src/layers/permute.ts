import { Layer } from "../graph/layer.js";
import { permute, permuteBackward } from "../ops/layout.js";
import { checkInteger, checkList } from "../shape/check.js";
import { type PermuteRule, permutedDims } from "../shape/layout.js";
import { type Shape, showShape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";

/**
 * Puts the dimensions in another order: dim i of the output is dimension `order[i]` of the input, `[N, C, H, W]` → `[N, H, W, C]`.
 *
 *     y[n, h, w, c] = x[n, c, h, w]
 *
 * @throws ArgumentError (from forward) unless `order` names every dimension once; ShapeError for a dimension that is not there.
 * Source: https://pytorch.org/docs/stable/generated/torch.permute.html
 *
 * @example
 * const channelsLast = new Permute([0, 2, 3, 1]);
 * channelsLast.forward(randn([8, 3, 32, 32])).shape; // [8, 32, 32, 3]
 */
export class Permute<const Order extends readonly number[] = readonly number[]> extends Layer<PermuteRule<Order>> {
  override readonly name: string = "Permute";
  readonly order: readonly number[];

  constructor(order: Order) {
    super();
    checkList("Permute", "order", order);
    this.order = order.map((dim) => checkInteger("Permute", "order", dim, -Infinity));
  }

  protected compute(x: Tensor): Tensor {
    return permute(x, this.order);
  }

  protected computeBackward(dy: Tensor): Tensor {
    return permuteBackward(dy, this.order);
  }

  protected override inferShape(inputShape: Shape): number[] {
    return permutedDims(this.name, inputShape, this.order).map((dim) => inputShape[dim] ?? 0);
  }

  protected override extraRepr(): string {
    return showShape(this.order);
  }
}
