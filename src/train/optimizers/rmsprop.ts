import type { Parameter } from "../../graph/parameter.js";
import { run } from "../../kernels/backend.js";
import type { Step } from "../../kernels/optimizer.js";
import { checkFraction, readOptions } from "../../shape/check.js";
import {
  checkRate,
  OPTIMIZER_DEFAULTS,
  Optimizer,
  type OptimizerOptions,
  optimizerKernels,
  type ParameterState,
  type Parameters,
} from "../optimizer.js";

export interface RMSpropOptions extends OptimizerOptions {
  /** Decay of the running mean of squared gradients, from 0 to below 1. Default 0.99. */
  readonly alpha?: number;
  /** Added to the divisor, against division by 0. Default 1e-8. */
  readonly eps?: number;
  /** Share of the last step that is repeated. Default 0. */
  readonly momentum?: number;
  /** Whether to divide by the gradient's deviation from its running mean. Default false. */
  readonly centered?: boolean;
}

/**
 * RMSprop: with a running mean v of the squared gradient, p −= lr·g / (√v + eps); with momentum the quotient is
 * accumulated as b = momentum·b + g/(√v + eps). `centered` takes the square of the gradient's running mean from v.
 *
 * Options: `lr` (default 0.01), `alpha` (default 0.99), `eps` (default 1e-8), `weightDecay`, `momentum` (default 0),
 * `centered`, `maximize` (default false). Throws ArgumentError for options that cannot work.
 * Source: Hinton's lecture 6, https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf; https://pytorch.org/docs/stable/generated/torch.optim.RMSprop.html
 *
 * @example
 * const optimizer = new RMSprop(model.parameters(), { lr: 0.001 });
 * optimizer.step();
 */
export class RMSprop extends Optimizer {
  readonly alpha: number;
  readonly eps: number;
  override momentum: number;
  readonly centered: boolean;
  protected readonly stateNames: readonly string[];
  protected override readonly optionalStateNames = ["momentum_buffer"];

  constructor(parameters: Parameters, options: RMSpropOptions = {}) {
    const own = { alpha: 0.99, eps: 1e-8, momentum: 0, centered: false };
    const read = readOptions("RMSprop", options, { lr: 0.01, ...OPTIMIZER_DEFAULTS, ...own });
    super("RMSprop", parameters, read, read);
    this.alpha = checkFraction("RMSprop", "alpha", read.alpha);
    this.eps = checkRate("RMSprop", "eps", read.eps);
    this.momentum = checkRate("RMSprop", "momentum", read.momentum);
    this.centered = read.centered;
    this.stateNames = ["square_avg", ...(this.centered ? ["grad_avg"] : [])];
  }

  protected override checkSettings(): void {
    super.checkSettings();
    checkRate("RMSprop", "momentum", this.momentum);
  }

  protected update({ value, grad }: Parameter, state: ParameterState, step: Step): void {
    const { alpha, eps, momentum, centered } = this;
    const mean = centered ? state.get("grad_avg") : undefined;
    const buffer = momentum > 0 ? state.get("momentum_buffer") : undefined;
    const s = { ...step, alpha, eps, momentum };
    run(optimizerKernels, [value, grad, state.get("square_avg"), mean, buffer], (kernels, ...operands) =>
      kernels.rmsprop(s, ...operands),
    );
  }
}
