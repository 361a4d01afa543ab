import type { Parameter } from "../../graph/parameter.js";
import { run } from "../../kernels/backend.js";
import type { Step } from "../../kernels/optimizer.js";
import { checkFinite, readOptions } from "../../shape/check.js";
import { ArgumentError } from "../../shape/errors.js";
import {
  checkRate,
  OPTIMIZER_DEFAULTS,
  Optimizer,
  type OptimizerOptions,
  optimizerKernels,
  type ParameterState,
  type Parameters,
} from "../optimizer.js";

export interface SGDOptions extends OptimizerOptions {
  /** Share of the last step that is repeated. Default 0. */
  readonly momentum?: number;
  /** Share of the gradient that is left out of the running step. Default 0. */
  readonly dampening?: number;
  /** Whether to look ahead along the running step; needs momentum and no dampening. Default false. */
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent: p −= lr·g, with momentum b = momentum·b + (1 − dampening)·g and p −= lr·b
 * (nesterov: p −= lr·(g + momentum·b)). The first b is g.
 *
 * Options: `lr` (default 0.001), `momentum`, `dampening`, `weightDecay` (each default 0), `nesterov`, `maximize` (default
 * false). `lr` and `momentum` may be changed between steps. Throws ArgumentError for options that cannot work.
 * Source: https://pytorch.org/docs/stable/generated/torch.optim.SGD.html
 *
 * @example
 * const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
 * optimizer.step();
 */
export class SGD extends Optimizer {
  override momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
  protected readonly stateNames = [];
  protected override readonly optionalStateNames = ["momentum_buffer"];

  constructor(parameters: Parameters, options: SGDOptions = {}) {
    const own = { momentum: 0, dampening: 0, nesterov: false };
    const read = readOptions("SGD", options, { lr: 0.001, ...OPTIMIZER_DEFAULTS, ...own });
    super("SGD", parameters, read, read);
    this.momentum = checkRate("SGD", "momentum", read.momentum);
    this.dampening = checkFinite("SGD", "dampening", read.dampening);
    this.nesterov = read.nesterov;
    if (this.nesterov && (this.momentum === 0 || this.dampening !== 0)) {
      throw new ArgumentError(
        `SGD expects a momentum and no dampening with nesterov, but got momentum ${this.momentum} and dampening ${this.dampening}. Usual cause: nesterov without momentum: 0.9.`,
      );
    }
  }

  protected override checkSettings(): void {
    super.checkSettings();
    checkRate("SGD", "momentum", this.momentum);
  }

  protected update({ value, grad }: Parameter, state: ParameterState, step: Step): void {
    const { momentum, dampening, nesterov } = this;
    const first = !state.tensors.has("momentum_buffer");
    const buffer = momentum === 0 ? undefined : state.get("momentum_buffer");
    const s = { ...step, momentum, dampening, nesterov };
    run(optimizerKernels, [value, grad, buffer], (kernels, p, g, b) => kernels.sgd(s, p, g, b, first));
  }
}
