import { Cache } from "../graph/cache.js";
import { Layer } from "../graph/layer.js";
import { upsample, upsampleBackward } from "../ops/upsample.js";
import type { OnlyOptions } from "../shape/rule.js";
import type { Shape } from "../shape/shape.js";
import type { UpsampleRule } from "../shape/upsample.js";
import {
  type ResizedDim,
  type UpsampleMode,
  type UpsampleOptions,
  upsampleDims,
  upsampleSettings,
  upsampleShape,
} from "../shape/upsample.js";
import type { Tensor } from "../tensor/tensor.js";
import { reprOf } from "./repr.js";

/**
 * Resizes images, up or down: `[N, C, H, W]` → `[N, C, H′, W′]` with H′ = size or ⌊H · scaleFactor⌋ and W′ likewise.
 * `"linear"` resizes `[N, C, L]`, `"bilinear"` and `"bicubic"` `[N, C, H, W]`, `"trilinear"` `[N, C, D, H, W]`, the
 * nearest modes all three. Output pixel i lies at the input position
 *
 *     p = i · (H − 1) / (H′ − 1)          with alignCorners
 *     p = (i + ½) · s − ½                 without; s = 1 / scaleFactor, or H / H′ for a size
 *
 * and is mixed along each dimension from
 *
 *     the pixel ⌊i · s⌋                               "nearest"
 *     the pixel closest to p                          "nearest-exact"
 *     ⌊p⌋ and ⌊p⌋ + 1 by distance                     "linear", "bilinear", "trilinear"
 *     ⌊p⌋ − 1 … ⌊p⌋ + 2 by Keys' cubic, a = −3/4      "bicubic"
 *
 * Pixels beyond an edge are the edge's pixels.
 *
 * @throws ArgumentError for both or neither of size and scaleFactor, for sizes that are not positive integers, scales
 *   that are not positive, an unknown mode, or alignCorners with a nearest mode; ShapeError (from forward) for a rank
 *   that the mode does not take, or an output without pixels.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Upsample.html
 *
 * @example
 * const up = new Upsample({ scaleFactor: 2, mode: "bilinear" });
 * up.forward(randn([1, 64, 14, 14])).shape; // [1, 64, 28, 28]
 */
export class Upsample<const O extends UpsampleOptions = UpsampleOptions> extends Layer<UpsampleRule<O>> {
  override readonly name: string = "Upsample";
  /** Size of the output; undefined where a `scaleFactor` was given. */
  declare readonly size: number | readonly number[] | undefined;
  /** Output over input size; undefined where a `size` was given. */
  declare readonly scaleFactor: number | readonly number[] | undefined;
  declare readonly mode: UpsampleMode;
  declare readonly alignCorners: boolean;
  declare readonly recomputeScaleFactor: boolean;
  readonly #cache = new Cache<readonly ResizedDim[]>();

  constructor(options: O & OnlyOptions<"Upsample", O, UpsampleOptions>) {
    super();
    Object.assign(this, upsampleSettings("Upsample", options));
  }

  protected compute(x: Tensor): Tensor {
    const dims = upsampleDims(this.name, this, x.shape);
    this.#cache.push(dims);
    return upsample(dims, x);
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const dims = this.#cache.pop(this.name);
    return inputGradient ? upsampleBackward(dims, dy) : undefined;
  }

  protected override inferShape(inputShape: Shape): number[] {
    return upsampleShape(this.name, this, inputShape);
  }

  protected override extraRepr(): string {
    return reprOf(this, "size=false, scaleFactor=false, mode=nearest, alignCorners=false, recomputeScaleFactor=false");
  }
}
