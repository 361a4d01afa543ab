import type { Traits } from "../graph/module.js";
import { frozenMoments } from "../ops/norm.js";
import { checkInteger, checkRange, readOptions } from "../shape/check.js";
import type { BatchNorm1dRule, BatchNorm2dRule } from "../shape/norm.js";
import { batchNormGeometry, checkBatchNorm, type NormGeometry } from "../shape/norm.js";
import type { ShapeRule } from "../shape/rule.js";
import type { Shape } from "../shape/shape.js";
import { RunningNorm } from "./norm.js";
import { reprOf } from "./repr.js";

/** Options of {@link BatchNorm1d} and {@link BatchNorm2d}; every default is torch's. */
export interface BatchNormOptions {
  /** Added to the variance, so that a constant channel is not divided by 0. Default 1e-5. */
  readonly eps?: number;
  /** Weight of a new batch in the running statistics; null averages all batches equally. Default 0.1. */
  readonly momentum?: number | null;
  /** Whether each channel has a learned weight and bias. Default true. */
  readonly affine?: boolean;
  /** Whether to keep running statistics; without them eval mode uses its batch's own. Default true. */
  readonly trackRunningStats?: boolean;
}

abstract class BatchNorm<Rule extends ShapeRule> extends RunningNorm<Rule> {
  /** Weight of a new batch in the running statistics; null averages all batches equally. */
  readonly momentum: number | null;

  constructor(layer: string, numFeatures: number, options: BatchNormOptions) {
    const defaults = { eps: 1e-5, momentum: 0.1, affine: true, trackRunningStats: true };
    const { momentum, ...rest } = readOptions(layer, options, defaults);
    super(layer, checkInteger(layer, "numFeatures", numFeatures, 1), rest);
    this.momentum = momentum === null ? null : checkRange(layer, "momentum", momentum, 0, 1);
  }

  /** The shapes that fit, by their rank. */
  protected abstract readonly dims: Readonly<Record<number, string>>;

  protected geometry(input: Shape): NormGeometry {
    checkBatchNorm(this.name, this.dims, this.numFeatures, false, input);
    return batchNormGeometry(this.numFeatures, input);
  }

  /**
   * One value per channel has no variance; that depends on the mode, which a shape does not.
   * @internal
   */
  override checkInput(input: Shape): void {
    checkBatchNorm(this.name, this.dims, this.numFeatures, this.usesInput, input);
  }

  /** @internal */
  override get traits(): Traits {
    const { runningMean, runningVar, weight, bias, eps } = this;
    const isPlain = ([BatchNorm1d, BatchNorm2d] as unknown[]).includes(this.constructor);
    if (!isPlain || !runningMean || !runningVar) return super.traits;
    const norm = (shape: Shape) => {
      this.geometry(shape);
      const { mean, variance } = frozenMoments(this.numFeatures, runningMean.value, runningVar.value);
      // Copies: the engine's memory may grow before they are used, and take views of it away.
      const [scale, shift] = [weight, bias].map((parameter) => parameter?.value.view().slice());
      return { mean, variance, eps, weight: scale, bias: shift };
    };
    return { ...super.traits, norm };
  }

  protected averagingFactor(): number {
    const counter = this.numBatchesTracked?.value.view() ?? new Float32Array(1);
    const batches = (counter[0] ?? 0) + 1;
    counter[0] = batches;
    return this.momentum ?? 1 / batches;
  }

  protected override extraRepr(): string {
    return reprOf(
      { ...this, momentum: `${this.momentum}` },
      "numFeatures, eps=0.00001, momentum=0.1, affine=true, trackRunningStats=true",
    );
  }
}

/**
 * Normalizes each channel over the batch: `[N, C]` or `[N, C, L]`, same shape out.
 *
 *     y = (x − mean) / √(variance + eps) · weight + bias
 *
 * In train mode mean and (biased) variance are the batch's, over N and L, and the running statistics move toward
 * them: running = (1 − momentum) · running + momentum · batch, with the unbiased variance. In eval mode the running
 * statistics are used and nothing moves; so a layer that is put in eval mode inside a training model is frozen.
 *
 * Parameters: `weight` `[numFeatures]`, ones, and `bias` `[numFeatures]`, zeros. Buffers: `running_mean`
 * `[numFeatures]`, zeros, `running_var` `[numFeatures]`, ones, and `num_batches_tracked` `[]`.
 *
 * @throws ArgumentError for numFeatures that is not a positive integer, a negative eps, or a momentum outside 0 to 1;
 *   ShapeError (from forward) for a wrong rank, wrong channels, or one value per channel where the batch's own
 *   statistics are used.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html,
 *   Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167
 *
 * @example
 * const norm = new BatchNorm1d(100);
 * norm.forward(randn([20, 100])).shape; // [20, 100]
 */
export class BatchNorm1d<const C extends number = number> extends BatchNorm<BatchNorm1dRule<C>> {
  override readonly name: string = "BatchNorm1d";
  declare readonly numFeatures: C;
  protected readonly dims = { 2: "[N, C]", 3: "[N, C, L]" };

  constructor(numFeatures: C, options: BatchNormOptions = {}) {
    super("BatchNorm1d", numFeatures, options);
  }
}

/**
 * Normalizes each channel over a batch of images: `[N, C, H, W]`, same shape out. Formula, parameters, buffers and
 * errors are those of {@link BatchNorm1d}, with statistics over N, H and W.
 *
 * @throws ArgumentError for numFeatures that is not a positive integer, a negative eps, or a momentum outside 0 to 1;
 *   ShapeError (from forward) for a wrong rank, wrong channels, or one value per channel where the batch's own
 *   statistics are used.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html,
 *   Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167
 *
 * @example
 * const norm = new BatchNorm2d(16);
 * norm.forward(randn([8, 16, 32, 32])).shape; // [8, 16, 32, 32]
 */
export class BatchNorm2d<const C extends number = number> extends BatchNorm<BatchNorm2dRule<C>> {
  override readonly name: string = "BatchNorm2d";
  declare readonly numFeatures: C;
  protected readonly dims = { 4: "[N, C, H, W]" };

  constructor(numFeatures: C, options: BatchNormOptions = {}) {
    super("BatchNorm2d", numFeatures, options);
  }
}
