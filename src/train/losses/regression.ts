/** Losses of predictions that are numbers: squared, absolute, and what lies between the two. */
import type { LossKernels } from "../../kernels/loss.js";
import { checkFinite, checkPositive, checkRange, readOptions } from "../../shape/check.js";
import type { Operand } from "../../tensor/storage.js";
import type { LossOptions, Reduction } from "../loss.js";
import { ElementwiseLoss, type Outputs } from "./elementwise.js";

/**
 * Squared error, (x − target)², averaged over all elements. Prediction and target have the same shape, any shape.
 *
 * Options: `reduction` `"mean"` (default), `"sum"` or `"none"`. Throws ShapeError when the shapes differ: unlike torch,
 * which broadcasts them with a warning.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.MSELoss.html
 *
 * @example
 * const loss = new MSELoss();
 * loss.forward(tensor([1, 2], [2]), tensor([1, 4], [2])); // 2
 */
export class MSELoss<R extends Reduction = "mean"> extends ElementwiseLoss<"MSELoss", R> {
  constructor(options?: LossOptions<R> | LossOptions);
  constructor(options: LossOptions<R> = {}) {
    readOptions("MSELoss", options, { reduction: undefined });
    super("MSELoss", options);
  }

  /** @internal */
  protected sum(kernels: LossKernels, x: Operand, target: Operand, outputs: Outputs): number {
    return kernels.squaredError(x, target, ...outputs);
  }
}

/**
 * Absolute error, |x − target|, averaged over all elements; its derivative is 0 where the two are equal.
 * Prediction and target have the same shape, any shape.
 *
 * Options: `reduction` `"mean"` (default), `"sum"` or `"none"`. Throws ShapeError when the shapes differ.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.L1Loss.html
 *
 * @example
 * const loss = new L1Loss();
 * loss.forward(tensor([1, 2], [2]), tensor([1, 4], [2])); // 1
 */
export class L1Loss<R extends Reduction = "mean"> extends ElementwiseLoss<"L1Loss", R> {
  constructor(options?: LossOptions<R> | LossOptions);
  constructor(options: LossOptions<R> = {}) {
    readOptions("L1Loss", options, { reduction: undefined });
    super("L1Loss", options);
  }

  /** @internal */
  protected sum(kernels: LossKernels, x: Operand, target: Operand, outputs: Outputs): number {
    return kernels.absoluteError(x, target, ...outputs);
  }
}

/** Options of {@link SmoothL1Loss}. */
export interface SmoothL1LossOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** Where it turns from squared to absolute. Default 1; 0 gives {@link L1Loss}. */
  readonly beta?: number;
}

/**
 * Squared near 0 and absolute beyond it, scaled so that the slope beyond is 1. With d = x − target:
 * d²/(2·beta) where |d| < beta, else |d| − beta/2. Prediction and target have the same shape, any shape.
 *
 * Options: `beta` ≥ 0 (default 1; 0 gives {@link L1Loss}), `reduction` `"mean"` (default), `"sum"` or `"none"`.
 * Throws ShapeError when the shapes differ.
 * Source: Girshick 2015, https://arxiv.org/abs/1504.08083; https://pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html
 *
 * @example
 * const loss = new SmoothL1Loss({ beta: 0.5 });
 * loss.forward(tensor([0, 3], [2]), tensor([0, 1], [2])); // (0 + 1.75) / 2
 */
export class SmoothL1Loss<R extends Reduction = "mean"> extends ElementwiseLoss<"SmoothL1Loss", R> {
  readonly beta: number;

  constructor(options?: SmoothL1LossOptions<R> | SmoothL1LossOptions);
  constructor(options: SmoothL1LossOptions<R> = {}) {
    const { beta } = readOptions("SmoothL1Loss", options, { reduction: undefined, beta: 1 });
    super("SmoothL1Loss", options);
    this.beta = checkFinite("SmoothL1Loss", "beta", checkRange("SmoothL1Loss", "beta", beta, 0, Infinity));
  }

  /** @internal */
  protected sum(kernels: LossKernels, x: Operand, target: Operand, outputs: Outputs): number {
    return kernels.huber(x, target, this.beta, 1, ...outputs);
  }
}

/** Options of {@link HuberLoss}. */
export interface HuberLossOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** Where it turns from squared to absolute. Default 1. */
  readonly delta?: number;
}

/**
 * Squared near 0 and absolute beyond it, scaled so that it is d²/2 near 0. With d = x − target:
 * d²/2 where |d| < delta, else delta·(|d| − delta/2). Prediction and target have the same shape, any shape.
 *
 * Options: `delta` > 0 (default 1), `reduction` `"mean"` (default), `"sum"` or `"none"`.
 * Throws ShapeError when the shapes differ.
 * Source: Huber 1964; https://pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html
 *
 * @example
 * const loss = new HuberLoss({ delta: 2 });
 * loss.forward(tensor([0, 5], [2]), tensor([1, 1], [2])); // (0.5 + 6) / 2
 */
export class HuberLoss<R extends Reduction = "mean"> extends ElementwiseLoss<"HuberLoss", R> {
  readonly delta: number;

  constructor(options?: HuberLossOptions<R> | HuberLossOptions);
  constructor(options: HuberLossOptions<R> = {}) {
    const { delta } = readOptions("HuberLoss", options, { reduction: undefined, delta: 1 });
    super("HuberLoss", options);
    this.delta = checkPositive("HuberLoss", "delta", delta);
  }

  /** @internal */
  protected sum(kernels: LossKernels, x: Operand, target: Operand, outputs: Outputs): number {
    return kernels.huber(x, target, this.delta, this.delta, ...outputs);
  }
}
