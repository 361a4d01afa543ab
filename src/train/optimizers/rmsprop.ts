import type { Parameter } from "../../graph/parameter.js";
import { add, div, mul, sqrt } from "../../kernels/wasm/assembler/f32x4.js";
import { keep } from "../../kernels/wasm/elementwise/math.js";
import { averageSquare } from "../../kernels/wasm/optimizer.js";
import { descend, optimizerKernel } from "../../ops/optimizer.js";
import { checkFraction } from "../../shape/check.js";
import { Optimizer } from "../optimizer.js";
import type { ParameterState } from "../optimizer-state.js";
import { checkRate, type OptimizerOptions, type ParameterGroup, type Parameters } from "../parameter-group.js";

/**
 * v ← α·v + (1 − α)·d², and q = d / (√v + eps), centered: a ← α·a + (1 − α)·d, and q = d / (√(v − a²) + eps). The move is
 * lr·q, with momentum b ← momentum·b + q, and the move is lr·b. There is no centered one in single precision, where v − a²
 * cancels if gradients are steady.
 */
const rmsprop = (centered: boolean, hasMomentum: boolean) =>
  optimizerKernel({
    state: [
      "square_avg",
      ...(centered ? (["grad_avg"] as const) : []),
      ...(hasMomentum ? (["momentum_buffer"] as const) : []),
    ],
    numbers: ["lr", "alpha", "rest", "eps", "momentum"],
    step({ p, left, d }, { square_avg: v, grad_avg: a, momentum_buffer: b }, { lr, alpha, rest, eps, momentum }) {
      for (let i = 0; i < d.length; i++) {
        let variance = alpha * v[i]! + rest * d[i]! * d[i]!;
        v[i] = variance;
        if (centered) {
          const mean = alpha * a[i]! + rest * d[i]!;
          a[i] = mean;
          variance = Math.max(variance - mean * mean, 0); // never below 0 but for rounding, and √ of that would be NaN
        }
        let quotient = d[i]! / (Math.sqrt(variance) + eps);
        if (hasMomentum) {
          quotient += momentum * b[i]!;
          b[i] = quotient;
        }
        p[i] = left * p[i]! - lr * quotient;
      }
    },
    simd: centered
      ? undefined
      : (d, { square_avg: v, momentum_buffer: b }, { lr, alpha, rest, eps, momentum }) => {
          const quotient = div(d, add(sqrt(averageSquare(v, alpha, rest, d)), eps));
          if (!hasMomentum) return mul(quotient, lr);
          const velocity = keep(add(quotient, mul(b.get(), momentum)));
          b.set(velocity);
          return mul(velocity, lr);
        },
  });
const plain = /* @__PURE__ */ rmsprop(false, false);
const withMomentum = /* @__PURE__ */ rmsprop(false, true);
const centeredOnly = /* @__PURE__ */ rmsprop(true, false);
const centeredWithMomentum = /* @__PURE__ */ rmsprop(true, true);

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
export class RMSprop extends Optimizer<RMSpropOptions> {
  protected override readonly optionalStateNames = ["grad_avg", "momentum_buffer"];

  constructor(parameters: Parameters<RMSpropOptions>, options: RMSpropOptions = {}) {
    const own = { alpha: 0.99, eps: 1e-8, momentum: 0, centered: false };
    super("RMSprop", parameters, options, { lr: 0.01, weightDecay: 0, maximize: false, ...own });
  }

  protected override check({ alpha, eps, momentum }: ParameterGroup<RMSpropOptions>): void {
    checkFraction("RMSprop", "alpha", alpha);
    checkRate("RMSprop", "eps", eps);
    checkRate("RMSprop", "momentum", momentum);
  }

  protected override stateNames({ centered }: ParameterGroup<RMSpropOptions>): readonly string[] {
    return centered ? ["square_avg", "grad_avg"] : ["square_avg"];
  }

  protected update(parameter: Parameter, state: ParameterState, group: ParameterGroup<RMSpropOptions>): void {
    const { lr, alpha, eps, momentum, centered } = group;
    const kernel = momentum > 0 ? (centered ? centeredWithMomentum : withMomentum) : centered ? centeredOnly : plain;
    descend(kernel, parameter, state, group, { lr, alpha, rest: 1 - alpha, eps, momentum });
  }
}
