import { Cache } from "../graph/cache.js";
import { Layer } from "../graph/layer.js";
import { pixelShuffle, pixelUnshuffle } from "../ops/pixel-shuffle.js";
import { checkInteger } from "../shape/check.js";
import type { PixelShuffleRule, PixelUnshuffleRule } from "../shape/pixel-shuffle.js";
import { pixelShuffleShape, pixelUnshuffleShape } from "../shape/pixel-shuffle.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { reprOf } from "./repr.js";

/**
 * Spreads every r² channels over r × r pixels: `[…, C·r², H, W]` → `[…, C, H·r, W·r]` with r = `upscaleFactor`.
 *
 *     y[…, c, h·r + i, w·r + j] = x[…, c·r² + i·r + j, h, w]
 *
 * @throws ArgumentError for a factor that is not a positive integer; ShapeError (from forward) for fewer than three dimensions
 *   or channels that r² does not divide.
 * Source: Shi et al. 2016, https://arxiv.org/abs/1609.05158; https://pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html
 *
 * @example
 * const upscale = new PixelShuffle(2);
 * upscale.forward(randn([1, 12, 16, 16])).shape; // [1, 3, 32, 32]
 */
export class PixelShuffle<const R extends number = number> extends Layer<PixelShuffleRule<R>> {
  override readonly name: string = "PixelShuffle";
  readonly upscaleFactor: R;
  readonly #cache = new Cache<Shape>();

  constructor(upscaleFactor: R) {
    super();
    this.upscaleFactor = checkInteger("PixelShuffle", "upscaleFactor", upscaleFactor, 1);
  }

  protected compute(x: Tensor): Tensor {
    this.#cache.push(x.shape);
    return pixelShuffle(x, this.upscaleFactor, this.inferShape(x.shape));
  }

  protected computeBackward(dy: Tensor): Tensor {
    return pixelUnshuffle(dy, this.upscaleFactor, this.#cache.pop(this.name));
  }

  protected override inferShape(inputShape: Shape): number[] {
    return pixelShuffleShape(this.name, inputShape, this.upscaleFactor);
  }

  protected override extraRepr(): string {
    return reprOf(this, "upscaleFactor=");
  }
}

/**
 * Gathers every r × r pixels into r² channels: `[…, C, H·r, W·r]` → `[…, C·r², H, W]` with r = `downscaleFactor`;
 * the inverse of {@link PixelShuffle}.
 *
 *     y[…, c·r² + i·r + j, h, w] = x[…, c, h·r + i, w·r + j]
 *
 * @throws ArgumentError for a factor that is not a positive integer; ShapeError (from forward) for fewer than three dimensions
 *   or a height or width that r does not divide.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html
 *
 * @example
 * const fold = new PixelUnshuffle(2);
 * fold.forward(randn([1, 3, 32, 32])).shape; // [1, 12, 16, 16]
 */
export class PixelUnshuffle<const R extends number = number> extends Layer<PixelUnshuffleRule<R>> {
  override readonly name: string = "PixelUnshuffle";
  readonly downscaleFactor: R;
  readonly #cache = new Cache<Shape>();

  constructor(downscaleFactor: R) {
    super();
    this.downscaleFactor = checkInteger("PixelUnshuffle", "downscaleFactor", downscaleFactor, 1);
  }

  protected compute(x: Tensor): Tensor {
    this.#cache.push(x.shape);
    return pixelUnshuffle(x, this.downscaleFactor, this.inferShape(x.shape));
  }

  protected computeBackward(dy: Tensor): Tensor {
    return pixelShuffle(dy, this.downscaleFactor, this.#cache.pop(this.name));
  }

  protected override inferShape(inputShape: Shape): number[] {
    return pixelUnshuffleShape(this.name, inputShape, this.downscaleFactor);
  }

  protected override extraRepr(): string {
    return reprOf(this, "downscaleFactor=");
  }
}
