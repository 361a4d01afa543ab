/** Adagrad and Adadelta: steps divided by the size of all, or of recent, gradients. */

import type { Parameter } from "../../graph/parameter.js";
import { add, div, mul, sqrt } from "../../kernels/wasm/assembler/f32x4.js";
import { keep } from "../../kernels/wasm/elementwise/math.js";
import { averageSquare } from "../../kernels/wasm/optimizer.js";
import { descend, optimizerKernel } from "../../ops/optimizer.js";
import { checkRange } from "../../shape/check.js";
import { Optimizer } from "../optimizer.js";
import type { ParameterState } from "../optimizer-state.js";
import { checkRate, type OptimizerOptions, type ParameterGroup, type Parameters } from "../parameter-group.js";

/** sum ← sum + d², and the move is lr·d / (√sum + eps) */
const adagrad = /* @__PURE__ */ optimizerKernel({
  state: ["sum"],
  numbers: ["lr", "eps"],
  step({ p, left, d }, { sum }, { lr, eps }) {
    for (let i = 0; i < d.length; i++) {
      const total = sum[i]! + d[i]! * d[i]!;
      sum[i] = total;
      p[i] = left * p[i]! - (lr * d[i]!) / (Math.sqrt(total) + eps);
    }
  },
  simd(d, { sum }, { lr, eps }) {
    const total = keep(add(sum.get(), mul(d, d)));
    sum.set(total);
    return div(mul(d, lr), add(sqrt(total), eps));
  },
});

/** v ← ρ·v + (1 − ρ)·d²,  δ = d·√(s + eps) / √(v + eps),  s ← ρ·s + (1 − ρ)·δ², and the move is lr·δ */
const adadelta = /* @__PURE__ */ optimizerKernel({
  state: ["square_avg", "acc_delta"],
  numbers: ["lr", "rho", "rest", "eps"],
  step({ p, left, d }, { square_avg: v, acc_delta: s }, { lr, rho, rest, eps }) {
    for (let i = 0; i < d.length; i++) {
      const variance = rho * v[i]! + rest * d[i]! * d[i]!;
      const delta = (d[i]! * Math.sqrt(s[i]! + eps)) / Math.sqrt(variance + eps);
      v[i] = variance;
      s[i] = rho * s[i]! + rest * delta * delta;
      p[i] = left * p[i]! - lr * delta;
    }
  },
  simd(d, { square_avg: v, acc_delta: s }, { lr, rho, rest, eps }) {
    const variance = averageSquare(v, rho, rest, d);
    const delta = keep(div(mul(d, sqrt(add(s.get(), eps))), sqrt(add(variance, eps))));
    averageSquare(s, rho, rest, delta);
    return mul(delta, lr);
  },
});

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
export class Adagrad extends Optimizer<AdagradOptions> {
  constructor(parameters: Parameters<AdagradOptions>, options: AdagradOptions = {}) {
    const own = { lrDecay: 0, initialAccumulatorValue: 0, eps: 1e-10 };
    super("Adagrad", parameters, options, { lr: 0.01, weightDecay: 0, maximize: false, ...own });
  }

  protected override check({ lrDecay, initialAccumulatorValue, eps }: ParameterGroup<AdagradOptions>): void {
    for (const [name, value] of Object.entries({ lrDecay, initialAccumulatorValue, eps })) {
      checkRate("Adagrad", name, value);
    }
  }

  protected override stateNames(): readonly string[] {
    return adagrad.state;
  }

  protected update(parameter: Parameter, state: ParameterState, group: ParameterGroup<AdagradOptions>): void {
    state.tensor("sum", group.initialAccumulatorValue);
    const lr = group.lr / (1 + (state.step - 1) * group.lrDecay);
    descend(adagrad, parameter, state, group, { lr, eps: group.eps });
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
export class Adadelta extends Optimizer<AdadeltaOptions> {
  constructor(parameters: Parameters<AdadeltaOptions>, options: AdadeltaOptions = {}) {
    super("Adadelta", parameters, options, { lr: 1, weightDecay: 0, maximize: false, rho: 0.9, eps: 1e-6 });
  }

  protected override check({ rho, eps }: ParameterGroup<AdadeltaOptions>): void {
    checkRange("Adadelta", "rho", rho, 0, 1);
    checkRate("Adadelta", "eps", eps);
  }

  protected override stateNames(): readonly string[] {
    return adadelta.state;
  }

  protected update(parameter: Parameter, state: ParameterState, group: ParameterGroup<AdadeltaOptions>): void {
    const { lr, rho, eps } = group;
    descend(adadelta, parameter, state, group, { lr, rho, rest: 1 - rho, eps });
  }
}
