import { checkInteger, checkRange, readOptions } from "../shape/check.js";
import type { InstanceNorm2dRule } from "../shape/norm.js";
import { batchNormGeometry, groupNormGeometry, instanceNormSizes, type NormGeometry } from "../shape/norm.js";
import type { Shape } from "../shape/shape.js";
import { RunningNorm } from "./norm.js";
import { reprOf } from "./repr.js";

/** Options of {@link InstanceNorm2d}; every default is torch's. */
export interface InstanceNorm2dOptions {
  /** Added to the variance, so that a constant channel is not divided by 0. Default 1e-5. */
  readonly eps?: number;
  /** Weight of a new batch in the running statistics. Default 0.1. */
  readonly momentum?: number;
  /** Whether each channel has a learned weight and bias. Default false. */
  readonly affine?: boolean;
  /** Whether to keep running statistics and use them in eval mode. Default false. */
  readonly trackRunningStats?: boolean;
}

/**
 * Normalizes every channel of every image by itself: `[N, C, H, W]` or `[C, H, W]`, same shape out.
 *
 *     y = (x − mean) / √(variance + eps) · weight + bias
 *
 * Mean and (biased) variance are over H and W, in train and eval mode alike. With trackRunningStats, train mode moves
 * running statistics toward the batch's average (unbiased variance) and eval mode normalizes by them; as in torch,
 * `num_batches_tracked` is kept for the file format only and stays 0.
 *
 * Parameters with affine: `weight` `[numFeatures]`, ones, and `bias` `[numFeatures]`, zeros. Buffers with
 * trackRunningStats: `running_mean` and `running_var` `[numFeatures]`, zeros and ones, `num_batches_tracked` `[]`.
 *
 * @throws ArgumentError for numFeatures that is not a positive integer, a negative eps, or a momentum outside 0 to 1;
 *   ShapeError (from forward) for a wrong rank, wrong channels, or a single pixel where the image's own statistics
 *   are used.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html,
 *   Ulyanov et al. 2016, https://arxiv.org/abs/1607.08022
 *
 * @example
 * const norm = new InstanceNorm2d(16);
 * norm.forward(randn([8, 16, 32, 32])).shape; // [8, 16, 32, 32]
 */
export class InstanceNorm2d<const C extends number = number> extends RunningNorm<InstanceNorm2dRule<C>> {
  override readonly name: string = "InstanceNorm2d";
  declare readonly numFeatures: C;
  /** Weight of a new batch in the running statistics. */
  readonly momentum: number;

  constructor(numFeatures: C, options: InstanceNorm2dOptions = {}) {
    const layer = "InstanceNorm2d";
    const defaults = { eps: 1e-5, momentum: 0.1, affine: false, trackRunningStats: false };
    const { momentum, ...rest } = readOptions(layer, options, defaults);
    super(layer, checkInteger(layer, "numFeatures", numFeatures, 1), rest);
    this.momentum = checkRange(layer, "momentum", momentum, 0, 1);
  }

  protected geometry(input: Shape): NormGeometry {
    const { numFeatures, usesInput } = this;
    const sizes = instanceNormSizes(this.name, numFeatures, false, input);
    return usesInput ? groupNormGeometry(numFeatures, numFeatures, sizes) : batchNormGeometry(numFeatures, sizes);
  }

  /**
   * One pixel per channel has no variance; that depends on the mode, which a shape does not.
   * @internal
   */
  override checkInput(input: Shape): void {
    instanceNormSizes(this.name, this.numFeatures, this.usesInput, input);
  }

  protected averagingFactor(): number {
    return this.momentum;
  }

  protected override extraRepr(): string {
    return reprOf(this, "numFeatures, eps=0.00001, momentum=0.1, affine=false, trackRunningStats=false");
  }
}
