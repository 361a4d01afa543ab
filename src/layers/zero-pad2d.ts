import { Cache } from "../graph/cache.js";
import { Layer } from "../graph/layer.js";
import { pad, padBackward } from "../ops/pad.js";
import type { ZeroPadRule } from "../shape/pad.js";
import { checkPadding2d, type Padding2d, padShape } from "../shape/pad.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { reprOf } from "./repr.js";

/**
 * Surrounds images with zeros: `[N, C, H, W]` → `[N, C, H + top + bottom, W + left + right]`, with any leading dimensions.
 * Negative numbers crop.
 *
 *     y[…, i, j] = x[…, i − top, j − left] where that is inside the image, else 0
 *
 * @param padding one integer for all sides, or `[left, right, top, bottom]`
 * @throws ArgumentError for anything else; ShapeError (from forward) for fewer than two dimensions or a crop of everything.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad2d.html
 *
 * @example
 * const pad = new ZeroPad2d([1, 1, 2, 2]);
 * pad.forward(randn([1, 3, 32, 32])).shape; // [1, 3, 36, 34]
 */
export class ZeroPad2d<const P extends number | Padding2d = number | Padding2d> extends Layer<ZeroPadRule<P>> {
  override readonly name: string = "ZeroPad2d";
  readonly padding: Padding2d;
  readonly #cache = new Cache<Shape>();

  constructor(padding: P) {
    super();
    this.padding = checkPadding2d("ZeroPad2d", padding);
  }

  protected compute(x: Tensor): Tensor {
    this.#cache.push(x.shape);
    return pad(x, this.padding, "constant", 0, this.name);
  }

  protected computeBackward(dy: Tensor): Tensor {
    return padBackward(dy, this.#cache.pop(this.name), this.padding, "constant");
  }

  protected override inferShape(inputShape: Shape): number[] {
    return padShape(this.name, inputShape, this.padding);
  }

  protected override extraRepr(): string {
    return reprOf(this, "padding");
  }
}
