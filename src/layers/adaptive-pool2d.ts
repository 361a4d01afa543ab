import { readOptions } from "../shape/check.js";
import type { AdaptivePoolRule } from "../shape/pool.js";
import { type AdaptiveSize, adaptiveGeometry, adaptiveSizes, type PoolGeometry } from "../shape/pool.js";
import type { Shape } from "../shape/shape.js";
import { AveragePool2d, MaximumPool2d } from "./pool2d.js";
import { reprOf } from "./repr.js";

/**
 * Averages windows that it chooses so that the output has the size asked for, whatever the input's:
 * `[N, C, H, W]` → `[N, C, outputSize[0], outputSize[1]]`. `[C, H, W]` works too. null keeps the input's size.
 *
 *     y[n, c, i, j] = mean of x[n, c, ⌊i·H/H′⌋ … ⌈(i + 1)·H/H′⌉ − 1, ⌊j·W/W′⌋ … ⌈(j + 1)·W/W′⌉ − 1]
 *
 * @throws ArgumentError for an outputSize that is not a positive integer or null; ShapeError (from forward) for a wrong
 *   rank or an empty image.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
 *
 * @example
 * const pool = new AdaptiveAvgPool2d([6, null]); // one number for both: new AdaptiveAvgPool2d(6)
 * pool.forward(randn([1, 256, 13, 9])).shape; // [1, 256, 6, 9]
 */
export class AdaptiveAvgPool2d<
  const Size extends AdaptiveSize = AdaptiveSize,
  Name extends string = "AdaptiveAvgPool2d",
> extends AveragePool2d<AdaptivePoolRule<Name, Size>> {
  override readonly name: string = "AdaptiveAvgPool2d";
  readonly outputSize: readonly [height: number | null, width: number | null];

  constructor(outputSize: Size) {
    super();
    this.outputSize = adaptiveSizes("AdaptiveAvgPool2d", outputSize);
  }

  protected override windows(inputShape: Shape): PoolGeometry {
    return adaptiveGeometry(this.name, this.outputSize, inputShape);
  }

  protected override extraRepr(): string {
    return reprOf({ ...this, outputSize: this.outputSize.map(String) }, "outputSize=");
  }
}

/** Options of {@link AdaptiveMaxPool2d}. */
export interface AdaptiveMaxPool2dOptions {
  /** Whether to keep the positions of the maxima in `indices`. Default false. */
  readonly returnIndices?: boolean;
}

/**
 * Keeps the largest number of windows that it chooses so that the output has the size asked for, whatever the input's:
 * `[N, C, H, W]` → `[N, C, outputSize[0], outputSize[1]]`. `[C, H, W]` works too. null keeps the input's size.
 *
 *     y[n, c, i, j] = max of x[n, c, ⌊i·H/H′⌋ … ⌈(i + 1)·H/H′⌉ − 1, ⌊j·W/W′⌋ … ⌈(j + 1)·W/W′⌉ − 1]
 *
 * The gradient goes to the maximum, of equal ones to the first; NaN counts as the largest.
 *
 * @throws ArgumentError for an outputSize that is not a positive integer or null; ShapeError (from forward) for a wrong
 *   rank or an empty image.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html
 *
 * @example
 * const pool = new AdaptiveMaxPool2d([6, null]); // one number for both: new AdaptiveMaxPool2d(6)
 * pool.forward(randn([1, 256, 13, 9])).shape; // [1, 256, 6, 9]
 */
export class AdaptiveMaxPool2d<
  const Size extends AdaptiveSize = AdaptiveSize,
  Name extends string = "AdaptiveMaxPool2d",
> extends MaximumPool2d<AdaptivePoolRule<Name, Size>> {
  override readonly name: string = "AdaptiveMaxPool2d";
  readonly outputSize: readonly [height: number | null, width: number | null];

  constructor(outputSize: Size, options: AdaptiveMaxPool2dOptions = {}) {
    super(readOptions("AdaptiveMaxPool2d", options, { returnIndices: false }).returnIndices);
    this.outputSize = adaptiveSizes("AdaptiveMaxPool2d", outputSize);
  }

  protected override windows(inputShape: Shape): PoolGeometry {
    return adaptiveGeometry(this.name, this.outputSize, inputShape);
  }

  protected override extraRepr(): string {
    return reprOf({ ...this, outputSize: this.outputSize.map(String) }, "outputSize=, returnIndices=false");
  }
}
