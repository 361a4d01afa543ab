/** Adagrad and Adadelta: steps divided by the size of all, or of recent, gradients. */

import type { Parameter } from "../../graph/parameter.js";
import { run } from "../../kernels/backend.js";
import type { Step } from "../../kernels/optimizer.js";
import { checkRange, readOptions } from "../../shape/check.js";
import {
  checkRate,
  OPTIMIZER_DEFAULTS,
  Optimizer,
  type OptimizerOptions,
  optimizerKernels,
  type ParameterState,
  type Parameters,
} from "../optimizer.js";

export interface AdagradOptions extends OptimizerOptions {
  /** The learning rate of step t is lr / (1 + (t − 1)·lrDecay). Default 0. */
  readonly lrDecay?: number;
  /** What the sum of squares starts with. Default 0. */
  readonly initialAccumulatorValue?: number;
  /** Added to the divisor, against division by 0. Default 1e-10. */
  readonly eps?: number;
}

/**
 * Adagrad: with the sum s of all squared gradients, p −= lr·g / (√s + eps), where lr decays to lr / (1 + (t − 1)·lrDecay).
 *
 * Options: `lr` (default 0.01), `lrDecay`, `weightDecay`, `initialAccumulatorValue` (default 0), `eps` (default 1e-10),
 * `maximize` (default false). Throws ArgumentError for options that cannot work.
 * Source: Duchi et al. 2011, https://jmlr.org/papers/v12/duchi11a.html; https://pytorch.org/docs/stable/generated/torch.optim.Adagrad.html
 *
 * @example
 * const optimizer = new Adagrad(model.parameters(), { lr: 0.01 });
 * optimizer.step();
 */
export class Adagrad extends Optimizer {
  override readonly momentum = undefined;
  readonly lrDecay: number;
  readonly initialAccumulatorValue: number;
  readonly eps: number;
  protected readonly stateNames = ["sum"];

  constructor(parameters: Parameters, options: AdagradOptions = {}) {
    const own = { lrDecay: 0, initialAccumulatorValue: 0, eps: 1e-10 };
    const read = readOptions("Adagrad", options, { lr: 0.01, ...OPTIMIZER_DEFAULTS, ...own });
    super("Adagrad", parameters, read, read);
    this.lrDecay = checkRate("Adagrad", "lrDecay", read.lrDecay);
    this.initialAccumulatorValue = checkRate("Adagrad", "initialAccumulatorValue", read.initialAccumulatorValue);
    this.eps = checkRate("Adagrad", "eps", read.eps);
  }

  protected update({ value, grad }: Parameter, state: ParameterState, step: Step): void {
    const lr = step.lr / (1 + (state.step - 1) * this.lrDecay);
    const sum = state.get("sum", this.initialAccumulatorValue);
    const s = { ...step, lr, eps: this.eps };
    run(optimizerKernels, [value, grad, sum], (kernels, ...operands) => kernels.adagrad(s, ...operands));
  }
}

export interface AdadeltaOptions extends OptimizerOptions {
  /** Decay of both running means, from 0 to 1. Default 0.9. */
  readonly rho?: number;
  /** Added below both square roots. Default 1e-6. */
  readonly eps?: number;
}

/**
 * Adadelta: with running means v of squared gradients and d of squared steps, δ = g·√(d + eps) / √(v + eps), p −= lr·δ.
 *
 * Options: `lr` (default 1), `rho` (default 0.9), `eps` (default 1e-6), `weightDecay` (default 0), `maximize` (default
 * false). Throws ArgumentError for options that cannot work.
 * Source: Zeiler 2012, https://arxiv.org/abs/1212.5701; https://pytorch.org/docs/stable/generated/torch.optim.Adadelta.html
 *
 * @example
 * const optimizer = new Adadelta(model.parameters());
 * optimizer.step();
 */
export class Adadelta extends Optimizer {
  override readonly momentum = undefined;
  readonly rho: number;
  readonly eps: number;
  protected readonly stateNames = ["square_avg", "acc_delta"];

  constructor(parameters: Parameters, options: AdadeltaOptions = {}) {
    const read = readOptions("Adadelta", options, { lr: 1, ...OPTIMIZER_DEFAULTS, rho: 0.9, eps: 1e-6 });
    super("Adadelta", parameters, read, read);
    this.rho = checkRange("Adadelta", "rho", read.rho, 0, 1);
    this.eps = checkRate("Adadelta", "eps", read.eps);
  }

  protected update({ value, grad }: Parameter, state: ParameterState, step: Step): void {
    const s = { ...step, rho: this.rho, eps: this.eps };
    const [variance, deltas] = [state.get("square_avg"), state.get("acc_delta")];
    run(optimizerKernels, [value, grad, variance, deltas], (kernels, ...operands) => kernels.adadelta(s, ...operands));
  }
}
