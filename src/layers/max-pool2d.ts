import type { Traits } from "../graph/module.js";
import { readOptions } from "../shape/check.js";
import type { Sizes } from "../shape/conv.js";
import type { PoolRule } from "../shape/pool.js";
import { type MaxPool2dOptions, POOL_DEFAULTS, type PoolGeometry, poolGeometry, poolSettings } from "../shape/pool.js";
import type { DefaultOptions, OnlyOptions, PairOf } from "../shape/rule.js";
import type { Pair, Shape } from "../shape/shape.js";
import { MaximumPool2d } from "./pool2d.js";
import { reprOf } from "./repr.js";

/**
 * Keeps the largest number of each window: `[N, C, H, W]` → `[N, C, H′, W′]` with
 * H′ = ⌊(H + 2·padding − dilation·(kernelSize − 1) − 1) / stride⌋ + 1, rounded up in ceil mode, and W′ likewise.
 * `[C, H, W]` works too.
 *
 *     y[n, c, i, j] = max x[n, c, i·stride + u·dilation − padding, j·stride + v·dilation − padding]    over all u, v
 *
 * Padding counts as −∞. The gradient goes to the maximum, of equal ones to the first; NaN counts as the largest.
 *
 * @throws ArgumentError for sizes that are not positive integers or padding wider than half the kernel; ShapeError (from
 *   forward) for a wrong rank, an empty image, or a window larger than the padded input.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
 *
 * @example
 * const pool = new MaxPool2d(2); // stride is the kernel's size unless given: new MaxPool2d(3, { stride: 2 })
 * pool.forward(randn([1, 6, 28, 28])).shape; // [1, 6, 14, 14]
 */
export class MaxPool2d<
  const K extends Pair = Pair,
  const O extends MaxPool2dOptions | undefined = DefaultOptions<K, MaxPool2dOptions>,
> extends MaximumPool2d<PoolRule<"MaxPool2d", K, O>> {
  override readonly name: string = "MaxPool2d";
  declare readonly kernelSize: PairOf<K>;
  /** Step between two windows. */
  declare readonly stride: Sizes;
  /** Rows and columns added on each side. */
  declare readonly padding: Sizes;
  /** Distance between two pixels of a window. */
  declare readonly dilation: Sizes;
  /** Whether a last window may reach over the edge. */
  declare readonly ceilMode: boolean;

  constructor(kernelSize: K);
  constructor(kernelSize: K, options: O & OnlyOptions<"MaxPool2d", O, MaxPool2dOptions>);
  constructor(kernelSize: K, options: MaxPool2dOptions = {}) {
    const defaults = { ...POOL_DEFAULTS, dilation: 1, returnIndices: false };
    const { returnIndices, ...windows } = readOptions("MaxPool2d", options, defaults);
    super(returnIndices);
    Object.assign(this, poolSettings("MaxPool2d", kernelSize, windows));
  }

  /** @internal */
  override get traits(): Traits {
    return { givesMaxima: this.constructor === MaxPool2d && !this.returnIndices };
  }

  protected override windows(inputShape: Shape): PoolGeometry {
    return poolGeometry(this.name, this, inputShape);
  }

  protected override extraRepr(): string {
    return reprOf(this, "kernelSize=, stride=, padding=0, dilation=1, ceilMode=false, returnIndices=false");
  }
}
