/** Adam and its kin: a running mean of the gradient, divided by a running measure of its size. */

import type { Parameter } from "../../graph/parameter.js";
import { abs, add, div, gt, max, mul, sqrt } from "../../kernels/wasm/assembler/f32x4.js";
import { keep, where } from "../../kernels/wasm/elementwise/math.js";
import { average, averageSquare } from "../../kernels/wasm/optimizer.js";
import { descend, optimizerKernel } from "../../ops/optimizer.js";
import { checkFraction } from "../../shape/check.js";
import { wholePower } from "../../tensor/math.js";
import { Optimizer } from "../optimizer.js";
import type { ParameterState } from "../optimizer-state.js";
import { checkRate, type OptimizerOptions, type ParameterGroup, type Parameters } from "../parameter-group.js";

/** Options of Adamax, and of every variant of Adam. */
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

/** The defaults of what every variant of Adam takes. */
const DEFAULTS = { lr: 0.001, weightDecay: 0, maximize: false, betas: [0.9, 0.999], eps: 1e-8 } as const;

/**
 * m ← β₁·m + (1 − β₁)·d,  v ← β₂·v + (1 − β₂)·d²,  with `amsgrad`: highest ← max(highest, v), used in place of v. The move
 * is step·m / (√v / root + eps).
 */
const adamKernel = (amsgrad: boolean) =>
  optimizerKernel({
    state: ["exp_avg", "exp_avg_sq", ...(amsgrad ? (["max_exp_avg_sq"] as const) : [])],
    numbers: ["step", "beta1", "rest1", "beta2", "rest2", "root", "inverseRoot", "eps"],
    step({ p, left, d }, { exp_avg: m, exp_avg_sq: v, max_exp_avg_sq: highest }, numbers) {
      const { step, beta1, rest1, beta2, rest2, root, eps } = numbers;
      for (let i = 0; i < d.length; i++) {
        const mean = beta1 * m[i]! + rest1 * d[i]!;
        let variance = beta2 * v[i]! + rest2 * d[i]! * d[i]!;
        m[i] = mean;
        v[i] = variance;
        if (amsgrad) {
          variance = Math.max(highest[i]!, variance);
          highest[i] = variance;
        }
        p[i] = left * p[i]! - (step * mean) / (Math.sqrt(variance) / root + eps);
      }
    },
    simd(d, { exp_avg: m, exp_avg_sq: v, max_exp_avg_sq: highest }, n) {
      const mean = average(m, n.beta1, n.rest1, d);
      let variance = averageSquare(v, n.beta2, n.rest2, d);
      if (amsgrad) {
        variance = keep(max(highest.get(), variance));
        highest.set(variance);
      }
      return div(mul(mean, n.step), add(mul(sqrt(variance), n.inverseRoot), n.eps));
    },
  });
const plain = /* @__PURE__ */ adamKernel(false);
const amsgradKernel = /* @__PURE__ */ adamKernel(true);

/** m as Adam's,  u ← max(β₂·u, |d| + eps), and the move is step·m / u */
const adamax = /* @__PURE__ */ optimizerKernel({
  state: ["exp_avg", "exp_inf"],
  numbers: ["step", "beta1", "rest1", "beta2", "eps"],
  step({ p, left, d }, { exp_avg: m, exp_inf: u }, { step, beta1, rest1, beta2, eps }) {
    for (let i = 0; i < d.length; i++) {
      const mean = beta1 * m[i]! + rest1 * d[i]!;
      const norm = Math.max(beta2 * u[i]!, Math.abs(d[i]!) + eps);
      m[i] = mean;
      u[i] = norm;
      p[i] = left * p[i]! - (step * mean) / norm;
    }
  },
  simd(d, { exp_avg: m, exp_inf: u }, n) {
    const mean = average(m, n.beta1, n.rest1, d);
    const norm = keep(max(mul(u.get(), n.beta2), add(abs(d), n.eps)));
    u.set(norm);
    return div(mul(mean, n.step), norm);
  },
});

/** m and v as Adam's, and the move is step·m · (adaptive > 0 ? adaptive / (√v + eps) : 1) */
const radam = /* @__PURE__ */ optimizerKernel({
  state: ["exp_avg", "exp_avg_sq"],
  numbers: ["step", "beta1", "rest1", "beta2", "rest2", "adaptive", "eps"],
  step({ p, left, d }, { exp_avg: m, exp_avg_sq: v }, { step, beta1, rest1, beta2, rest2, adaptive, eps }) {
    for (let i = 0; i < d.length; i++) {
      const mean = beta1 * m[i]! + rest1 * d[i]!;
      const variance = beta2 * v[i]! + rest2 * d[i]! * d[i]!;
      m[i] = mean;
      v[i] = variance;
      const scale = adaptive > 0 ? adaptive / (Math.sqrt(variance) + eps) : 1;
      p[i] = left * p[i]! - step * mean * scale;
    }
  },
  simd(d, { exp_avg: m, exp_avg_sq: v }, n) {
    const mean = mul(average(m, n.beta1, n.rest1, d), n.step);
    const variance = averageSquare(v, n.beta2, n.rest2, d);
    return mul(mean, where(gt(n.adaptive, 0), div(n.adaptive, add(sqrt(variance), n.eps)), 1));
  },
});

/** What every variant of Adam has: two decays and a divisor that is not 0. */
abstract class AdamVariant<O extends AdamaxOptions> extends Optimizer<O> {
  protected override check({ betas, eps }: ParameterGroup<O> & ParameterGroup<AdamaxOptions>): void {
    for (const [i, beta] of betas.entries()) checkFraction(this.name, `betas[${i}]`, beta);
    checkRate(this.name, "eps", eps);
  }
}

/** The numbers of step `t`, with both means corrected for their start at 0: by 1 − β₁ᵗ and 1 − β₂ᵗ. */
function numbersAt(t: number, { lr, betas: [beta1, beta2], eps }: ParameterGroup<AdamaxOptions>) {
  const [correction1, correction2] = [1 - wholePower(beta1, t), 1 - wholePower(beta2, t)];
  const root = Math.sqrt(correction2);
  return { step: lr / correction1, beta1, rest1: 1 - beta1, beta2, rest2: 1 - beta2, root, inverseRoot: 1 / root, eps };
}

abstract class AdamOrAdamW extends AdamVariant<AdamOptions> {
  protected override readonly optionalStateNames = ["max_exp_avg_sq"];

  constructor(
    name: string,
    parameters: Parameters<AdamOptions>,
    options: AdamOptions,
    weightDecay: number,
    private readonly decoupled: boolean,
  ) {
    super(name, parameters, options, { ...DEFAULTS, weightDecay, amsgrad: false });
  }

  protected override stateNames({ amsgrad }: ParameterGroup<AdamOptions>): readonly string[] {
    return (amsgrad ? amsgradKernel : plain).state;
  }

  protected update(parameter: Parameter, state: ParameterState, group: ParameterGroup<AdamOptions>): void {
    const kernel = group.amsgrad ? amsgradKernel : plain;
    descend(kernel, parameter, state, group, numbersAt(state.step, group), this.decoupled);
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
export class Adam extends AdamOrAdamW {
  constructor(parameters: Parameters<AdamOptions>, options: AdamOptions = {}) {
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
export class AdamW extends AdamOrAdamW {
  constructor(parameters: Parameters<AdamOptions>, options: AdamOptions = {}) {
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
export class Adamax extends AdamVariant<AdamaxOptions> {
  constructor(parameters: Parameters<AdamaxOptions>, options: AdamaxOptions = {}) {
    super("Adamax", parameters, options, { ...DEFAULTS, lr: 0.002 });
  }

  protected override stateNames(): readonly string[] {
    return adamax.state;
  }

  protected update(parameter: Parameter, state: ParameterState, group: ParameterGroup<AdamaxOptions>): void {
    descend(adamax, parameter, state, group, numbersAt(state.step, group));
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
export class RAdam extends AdamVariant<RAdamOptions> {
  constructor(parameters: Parameters<RAdamOptions>, options: RAdamOptions = {}) {
    super("RAdam", parameters, options, { ...DEFAULTS, decoupledWeightDecay: false });
  }

  protected override stateNames(): readonly string[] {
    return radam.state;
  }

  protected update(parameter: Parameter, state: ParameterState, group: ParameterGroup<RAdamOptions>): void {
    const numbers = numbersAt(state.step, group);
    const adaptive = rectification(numbers.beta2, state.step) * numbers.root;
    descend(radam, parameter, state, group, { ...numbers, adaptive }, group.decoupledWeightDecay);
  }
}

/** r = √((ρ − 4)(ρ − 2)·ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)·ρ)) with ρ∞ = 2/(1 − β₂) − 1, ρ = ρ∞ − 2t·β₂ᵗ/(1 − β₂ᵗ); 0 up to ρ = 5. */
function rectification(beta2: number, t: number): number {
  const correction2 = 1 - wholePower(beta2, t);
  const limit = 2 / (1 - beta2) - 1;
  const length = limit - (2 * t * (1 - correction2)) / correction2;
  if (length <= 5) return 0;
  return Math.sqrt(((length - 4) * (length - 2) * limit) / ((limit - 4) * (limit - 2) * length));
}
