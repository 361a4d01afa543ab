import { readOptions } from "../shape/check.js";
import type { Sizes } from "../shape/conv.js";
import type { PoolRule } from "../shape/pool.js";
import {
  type AvgPool2dOptions,
  averageGeometry,
  averageSettings,
  POOL_DEFAULTS,
  type PoolGeometry,
} from "../shape/pool.js";
import type { DefaultOptions, OnlyOptions, PairOf } from "../shape/rule.js";
import type { Pair, Shape } from "../shape/shape.js";
import { AveragePool2d } from "./pool2d.js";
import { reprOf } from "./repr.js";

/**
 * Averages each window: `[N, C, H, W]` → `[N, C, H′, W′]` with H′ = ⌊(H + 2·padding − kernelSize) / stride⌋ + 1,
 * rounded up in ceil mode, and W′ likewise. `[C, H, W]` works too.
 *
 *     y[n, c, i, j] = Σᵤᵥ x[n, c, i·stride + u − padding, j·stride + v − padding] / divisor
 *
 * Padding counts as 0. The divisor is the number of the window's pixels, with those in the padding unless
 * `countIncludePad` is false, but never those that ceil mode adds beyond it; `divisorOverride` replaces it.
 *
 * @throws ArgumentError for sizes that are not positive integers, padding wider than half the kernel or a divisor of 0;
 *   ShapeError (from forward) for a wrong rank, an empty image, or a window larger than the padded input.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
 *
 * @example
 * const pool = new AvgPool2d(2); // stride is the kernel's size unless given: new AvgPool2d(3, { stride: 2 })
 * pool.forward(randn([1, 6, 28, 28])).shape; // [1, 6, 14, 14]
 */
export class AvgPool2d<
  const K extends Pair = Pair,
  const O extends AvgPool2dOptions | undefined = DefaultOptions<K, AvgPool2dOptions>,
> extends AveragePool2d<PoolRule<"AvgPool2d", K, O>> {
  override readonly name: string = "AvgPool2d";
  declare readonly kernelSize: PairOf<K>;
  /** Step between two windows. */
  declare readonly stride: Sizes;
  /** Rows and columns added on each side. */
  declare readonly padding: Sizes;
  /**
   * 1, as averages have no dilation.
   * @internal
   */
  declare readonly dilation: Sizes;
  /** Whether a last window may reach over the edge. */
  declare readonly ceilMode: boolean;
  /** Whether the zeros of the padding count as pixels. */
  declare readonly countIncludePad: boolean;
  /** What each window's sum is divided by; undefined for the number of its pixels. */
  declare readonly divisorOverride: number | undefined;

  constructor(kernelSize: K);
  constructor(kernelSize: K, options: O & OnlyOptions<"AvgPool2d", O, AvgPool2dOptions>);
  constructor(kernelSize: K, options: AvgPool2dOptions = {}) {
    super();
    const defaults = { ...POOL_DEFAULTS, countIncludePad: true, divisorOverride: undefined };
    Object.assign(this, averageSettings("AvgPool2d", kernelSize, readOptions("AvgPool2d", options, defaults)));
  }

  protected override windows(inputShape: Shape): PoolGeometry {
    return averageGeometry(this.name, this, inputShape);
  }

  protected override extraRepr(): string {
    return reprOf(this, "kernelSize=, stride=, padding=0, ceilMode=false, countIncludePad=true, divisorOverride=false");
  }
}
