import { checkNone } from "../shape/check.js";
import { AdaptiveAvgPool2d, AdaptiveMaxPool2d } from "./adaptive-pool2d.js";

/**
 * Averages each channel: `[N, C, H, W]` → `[N, C, 1, 1]`, for images of any size. `[C, H, W]` works too.
 *
 *     y[n, c] = Σᵢⱼ x[n, c, i, j] / (H·W)
 *
 * @throws ShapeError (from forward) for a wrong rank or an empty image.
 * Source: Lin, Chen & Yan 2013, Network In Network, https://arxiv.org/abs/1312.4400, section 3.2
 *
 * @example
 * const pool = new GlobalAvgPool2d(); // before a Linear classifier: new Flatten() comes next
 * pool.forward(randn([1, 512, 7, 7])).shape; // [1, 512, 1, 1]
 */
export class GlobalAvgPool2d extends AdaptiveAvgPool2d<1, "GlobalAvgPool2d"> {
  override readonly name: string = "GlobalAvgPool2d";

  constructor(...none: []) {
    super(1);
    checkNone("GlobalAvgPool2d", none);
  }

  protected override extraRepr(): string {
    return "";
  }
}

/**
 * Keeps the largest number of each channel: `[N, C, H, W]` → `[N, C, 1, 1]`, for images of any size. `[C, H, W]` works too.
 *
 *     y[n, c] = max x[n, c, i, j] over all i, j
 *
 * The gradient goes to the maximum, of equal ones to the first; NaN counts as the largest.
 *
 * @throws ShapeError (from forward) for a wrong rank or an empty image.
 * Source: Oquab et al. 2015, Is object localization for free?, https://doi.org/10.1109/CVPR.2015.7298668
 *
 * @example
 * const pool = new GlobalMaxPool2d(); // was a feature seen anywhere?
 * pool.forward(randn([1, 512, 7, 7])).shape; // [1, 512, 1, 1]
 */
export class GlobalMaxPool2d extends AdaptiveMaxPool2d<1, "GlobalMaxPool2d"> {
  override readonly name: string = "GlobalMaxPool2d";

  constructor(...none: []) {
    super(1);
    checkNone("GlobalMaxPool2d", none);
  }

  protected override extraRepr(): string {
    return "";
  }
}
