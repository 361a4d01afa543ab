/** Adam and its kin: a running mean of the gradient, divided by a running measure of its size. */

import type { Parameter } from "../../graph/parameter.js";
import { run } from "../../kernels/backend.js";
import type { AdamStep, Step } from "../../kernels/optimizer.js";
import { checkFraction, readOptions } from "../../shape/check.js";
import { ArgumentError } from "../../shape/errors.js";
import { wholePower } from "../../tensor/math.js";
import {
  checkRate,
  Optimizer,
  type OptimizerOptions,
  optimizerKernels,
  type ParameterState,
  type Parameters,
} from "../optimizer.js";

/** Options of Adamax, and of every kin of Adam. */
export interface AdamaxOptions extends OptimizerOptions {
  /** Decay of the running mean and of the running size, each from 0 to below 1. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Added to the divisor, against division by 0. Default 1e-8. */
  readonly eps?: number;
}

export interface AdamOptions extends AdamaxOptions {
  /** Whether to divide by the largest size seen so far (Reddi et al. 2018). Default false. */
  readonly amsgrad?: boolean;
}

export interface RAdamOptions extends AdamaxOptions {
  /** Whether weight decay shrinks the parameter itself, as AdamW does, instead of adding to the gradient. Default false. */
  readonly decoupledWeightDecay?: boolean;
}

/** The defaults of what every kin of Adam takes. */
const DEFAULTS = { lr: 0.001, weightDecay: 0, maximize: false, betas: [0.9, 0.999], eps: 1e-8 } as const;

abstract class AdamKin extends Optimizer {
  /** [β₁, β₂] */
  betas: readonly [number, number];
  readonly eps: number;
  readonly #decoupled: boolean;

  constructor(name: string, parameters: Parameters, options: Required<AdamaxOptions>, decoupled: boolean) {
    super(name, parameters, options, options);
    this.#decoupled = decoupled;
    const { betas } = options;
    if (!Array.isArray(betas) || betas.length !== 2) {
      throw new ArgumentError(`${name} expects betas to be two numbers, but got ${JSON.stringify(betas)}.`);
    }
    this.betas = [betas[0], betas[1]];
    this.eps = checkRate(name, "eps", options.eps);
    this.checkSettings();
  }

  protected override checkSettings(): void {
    super.checkSettings();
    for (const [i, beta] of this.betas.entries()) checkFraction(this.name, `betas[${i}]`, beta);
  }

  /** β₁, under the name that `OneCycleLR` changes it by. */
  override get momentum(): number {
    return this.betas[0];
  }

  override set momentum(beta1: number) {
    this.betas = [beta1, this.betas[1]];
  }

  protected override isMomentum(value: number): boolean {
    return value >= 0 && value < 1;
  }

  /** Everything that step number `t` needs besides the arrays. */
  protected adamStep({ lr, weightDecay, maximize }: Step, t: number): AdamStep {
    const [beta1, beta2] = this.betas;
    const { eps, ownSelf } = this;
    const [correction1, correction2] = [1 - wholePower(beta1, t), 1 - wholePower(beta2, t)];
    return { lr, weightDecay, maximize, beta1, beta2, eps, correction1, correction2, decoupled: ownSelf.#decoupled };
  }
}

abstract class AdamFamily extends AdamKin {
  readonly amsgrad: boolean;
  protected readonly stateNames: readonly string[];

  constructor(name: string, parameters: Parameters, options: AdamOptions, weightDecay: number, decoupled: boolean) {
    const read = readOptions(name, options, { ...DEFAULTS, weightDecay, amsgrad: false });
    super(name, parameters, read, decoupled);
    this.amsgrad = read.amsgrad;
    this.stateNames = ["exp_avg", "exp_avg_sq", ...(this.amsgrad ? ["max_exp_avg_sq"] : [])];
  }

  protected update({ value, grad }: Parameter, state: ParameterState, step: Step): void {
    const highest = this.amsgrad ? state.get("max_exp_avg_sq") : undefined;
    const [mean, variance] = [state.get("exp_avg"), state.get("exp_avg_sq")];
    const s = this.adamStep(step, state.step);
    run(optimizerKernels, [value, grad, mean, variance, highest], (kernels, ...operands) =>
      kernels.adam(s, ...operands),
    );
  }
}

/**
 * Adam: with running means m of the gradient and v of its square, each corrected for its start at 0,
 * p −= lr·m / (√v + eps).
 *
 * Options: `lr` (default 0.001), `betas` (default [0.9, 0.999]), `eps` (default 1e-8), `weightDecay` (default 0, added to
 * the gradient), `amsgrad`, `maximize` (default false). Throws ArgumentError for options that cannot work.
 * Source: Kingma & Ba 2014, https://arxiv.org/abs/1412.6980; https://pytorch.org/docs/stable/generated/torch.optim.Adam.html
 *
 * @example
 * const optimizer = new Adam(model.parameters(), { lr: 0.001 });
 * optimizer.step();
 */
export class Adam extends AdamFamily {
  constructor(parameters: Parameters, options: AdamOptions = {}) {
    super("Adam", parameters, options, 0, false);
  }
}

/**
 * Adam with decoupled weight decay: p ← p·(1 − lr·weightDecay) before each step, so that the decay is not divided by √v.
 *
 * Options: as {@link Adam}'s, with `weightDecay` 0.01 by default.
 * Source: Loshchilov & Hutter 2017, https://arxiv.org/abs/1711.05101; https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html
 *
 * @example
 * const optimizer = new AdamW(model.parameters(), { lr: 0.001, weightDecay: 0.05 });
 * optimizer.step();
 */
export class AdamW extends AdamFamily {
  constructor(parameters: Parameters, options: AdamOptions = {}) {
    super("AdamW", parameters, options, 0.01, true);
  }
}

/**
 * Adam with the largest recent |g| in place of √v: u = max(β₂·u, |g| + eps), p −= lr·m / u.
 *
 * Options: `lr` (default 0.002), `betas` (default [0.9, 0.999]), `eps` (default 1e-8), `weightDecay` (default 0),
 * `maximize` (default false).
 * Source: Kingma & Ba 2014, https://arxiv.org/abs/1412.6980; https://pytorch.org/docs/stable/generated/torch.optim.Adamax.html
 *
 * @example
 * const optimizer = new Adamax(model.parameters());
 * optimizer.step();
 */
export class Adamax extends AdamKin {
  protected readonly stateNames = ["exp_avg", "exp_inf"];

  constructor(parameters: Parameters, options: AdamaxOptions = {}) {
    super("Adamax", parameters, readOptions("Adamax", options, { ...DEFAULTS, lr: 0.002 }), false);
  }

  protected update({ value, grad }: Parameter, state: ParameterState, step: Step): void {
    const s = this.adamStep(step, state.step);
    const [mean, norm] = [state.get("exp_avg"), state.get("exp_inf")];
    run(optimizerKernels, [value, grad, mean, norm], (kernels, ...operands) => kernels.adamax(s, ...operands));
  }
}

/**
 * Adam that begins as plain momentum and divides by √v only once v has seen enough gradients to be trusted.
 *
 * Options: `lr` (default 0.001), `betas` (default [0.9, 0.999]), `eps` (default 1e-8), `weightDecay` (default 0),
 * `decoupledWeightDecay`, `maximize` (default false).
 * Source: Liu et al. 2019, https://arxiv.org/abs/1908.03265; https://pytorch.org/docs/stable/generated/torch.optim.RAdam.html
 *
 * @example
 * const optimizer = new RAdam(model.parameters());
 * optimizer.step();
 */
export class RAdam extends AdamKin {
  protected readonly stateNames = ["exp_avg", "exp_avg_sq"];

  constructor(parameters: Parameters, options: RAdamOptions = {}) {
    const read = readOptions("RAdam", options, { ...DEFAULTS, decoupledWeightDecay: false });
    super("RAdam", parameters, read, read.decoupledWeightDecay);
  }

  protected update({ value, grad }: Parameter, state: ParameterState, step: Step): void {
    const s = this.adamStep(step, state.step);
    const rectified = { ...s, rectification: rectification(s.beta2, s.correction2, state.step) };
    const [mean, variance] = [state.get("exp_avg"), state.get("exp_avg_sq")];
    run(optimizerKernels, [value, grad, mean, variance], (kernels, ...operands) =>
      kernels.radam(rectified, ...operands),
    );
  }
}

/** r = √((ρ − 4)(ρ − 2)·ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)·ρ)) with ρ∞ = 2/(1 − β₂) − 1, ρ = ρ∞ − 2t·β₂ᵗ/(1 − β₂ᵗ); 0 up to ρ = 5. */
function rectification(beta2: number, correction2: number, t: number): number {
  const most = 2 / (1 - beta2) - 1;
  const length = most - (2 * t * (1 - correction2)) / correction2;
  if (length <= 5) return 0;
  return Math.sqrt(((length - 4) * (length - 2) * most) / ((most - 4) * (most - 2) * length));
}
