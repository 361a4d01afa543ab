/** What the normalizing layers share: weight and bias, and, for some, running statistics. */

import { Cache } from "../graph/cache.js";
import { Layer } from "../graph/layer.js";
import type { How, Traits } from "../graph/module.js";
import { Parameter, StateBuffer } from "../graph/parameter.js";
import { ownZeros } from "../kernels/residency.js";
import { frozenMoments, type Moments, momentsOf, normalize, normalizeBackward, trackMoments } from "../ops/norm.js";
import { checkRange } from "../shape/check.js";
import type { NormGeometry } from "../shape/norm.js";
import type { ShapeRule } from "../shape/rule.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { constant, zeroWeight } from "./initializers.js";

/** Shapes of weight and bias; undefined for a layer without them. */
interface AffineShapes {
  readonly weight: Shape | undefined;
  readonly bias: Shape | undefined;
}

/** A layer that normalizes groups of elements; a subclass says by {@link geometry} which. */
export abstract class Norm<Rule extends ShapeRule> extends Layer<Rule> {
  /** Added to the variance. */
  readonly eps: number;
  /** Starts at 1. */
  readonly weight: Parameter | undefined;
  /** Starts at 0. */
  readonly bias: Parameter | undefined;
  readonly #cache = new Cache<{ g: NormGeometry; x: Tensor; moments: Moments }>();

  constructor(layer: string, eps: number, { weight, bias }: AffineShapes) {
    super();
    this.eps = checkRange(layer, "eps", eps, 0, Infinity);
    this.weight = weight && new Parameter("weight", constant(zeroWeight(layer, weight), 1));
    this.bias = bias && new Parameter("bias", zeroWeight(layer, bias));
  }

  /** Which elements share statistics. @throws ShapeError for an input that does not fit. */
  protected abstract geometry(input: Shape): NormGeometry;

  protected moments(g: NormGeometry, x: Tensor): Moments {
    return momentsOf(g, x);
  }

  /** @internal */
  override get traits(): Traits {
    return this.compute === Norm.prototype.compute ? { epilogue: "relu", overwrites: true, isFresh: true } : {};
  }

  protected compute(x: Tensor): Tensor {
    return this.ownSelf.#compute(x, {});
  }

  /** @internal */
  override run(x: Tensor, how: How): Tensor {
    return how.epilogue || how.overwrites ? this.#compute(x, how) : super.run(x, how);
  }

  #compute(x: Tensor, { epilogue, overwrites }: How): Tensor {
    this.checkInput(x.shape);
    const g = this.geometry(x.shape);
    const moments = this.moments(g, x);
    this.#cache.push({ g, x, moments });
    const affine = { weight: this.weight?.value, bias: this.bias?.value };
    return normalize(g, x, moments, this.eps, affine, epilogue !== undefined, overwrites ? x : undefined);
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const { g, x, moments } = this.#cache.pop(this.name);
    const { weight, bias } = this;
    const gradients = {
      weight: weight?.requiresGrad ? weight.grad : undefined,
      bias: bias?.requiresGrad ? bias.grad : undefined,
    };
    return normalizeBackward(g, x, moments, this.eps, weight?.value, dy, gradients, inputGradient);
  }

  protected override inferShape(inputShape: Shape): number[] {
    this.geometry(inputShape);
    return [...inputShape];
  }
}

interface RunningNormSettings {
  readonly eps: number;
  readonly affine: boolean;
  readonly trackRunningStats: boolean;
}

/** A norm that may keep running statistics of each channel while it trains, and then uses them in eval mode. */
export abstract class RunningNorm<Rule extends ShapeRule> extends Norm<Rule> {
  readonly runningMean: StateBuffer | undefined;
  readonly runningVar: StateBuffer | undefined;
  readonly numBatchesTracked: StateBuffer | undefined;
  /** Whether each channel has a learned weight and bias. */
  readonly affine: boolean;
  /** Whether there are running statistics. */
  readonly trackRunningStats: boolean;

  constructor(
    layer: string,
    /** Channels of the input. */
    readonly numFeatures: number,
    { eps, affine, trackRunningStats }: RunningNormSettings,
  ) {
    const shape = affine ? [numFeatures] : undefined;
    super(layer, eps, { weight: shape, bias: shape });
    this.affine = affine;
    this.trackRunningStats = trackRunningStats;
    if (!trackRunningStats) return;
    this.runningMean = new StateBuffer("running_mean", ownZeros([numFeatures]));
    this.runningVar = new StateBuffer("running_var", constant(ownZeros([numFeatures]), 1));
    this.numBatchesTracked = new StateBuffer("num_batches_tracked", ownZeros([]));
  }

  /** Buffers by torch's names. */
  protected override ownState(): [string, Parameter | StateBuffer][] {
    return super.ownState().map(([, state]) => [state.name, state]);
  }

  /** Whether the next forward normalizes by its input's own statistics; without running ones it always does. */
  protected get usesInput(): boolean {
    return this.training || !this.runningMean;
  }

  /** How much of the running statistics this batch becomes. Called once for each forward in train mode. */
  protected abstract averagingFactor(): number;

  protected override moments(g: NormGeometry, x: Tensor): Moments {
    const { runningMean, runningVar } = this;
    if (!runningMean || !runningVar) return momentsOf(g, x);
    if (!this.training) return frozenMoments(g.channels, runningMean.value, runningVar.value);
    const now = momentsOf(g, x);
    const factor = this.averagingFactor();
    // An empty batch has no statistics.
    if (x.size > 0) trackMoments(g, now, factor, { mean: runningMean.value, variance: runningVar.value });
    return now;
  }
}
