import type { Parameter } from "../../graph/parameter.js";
import { add, mul } from "../../kernels/wasm/assembler/f32x4.js";
import { average } from "../../kernels/wasm/optimizer.js";
import { descend, optimizerKernel } from "../../ops/optimizer.js";
import { checkFinite } from "../../shape/check.js";
import { ArgumentError } from "../../shape/errors.js";
import { Optimizer } from "../optimizer.js";
import type { ParameterState } from "../optimizer-state.js";
import { checkRate, type OptimizerOptions, type ParameterGroup, type Parameters } from "../parameter-group.js";

const plain = /* @__PURE__ */ optimizerKernel({
  state: [],
  numbers: ["lr"],
  step({ p, left, d }, _, { lr }) {
    for (let i = 0; i < d.length; i++) p[i] = left * p[i]! - lr * d[i]!;
  },
  simd: (d, _, { lr }) => mul(d, lr),
});

/** b ← momentum·b + rest·d, and the move is lr·b, with Nesterov's momentum lr·(d + momentum·b). */
const withMomentum = (nesterov: boolean) =>
  optimizerKernel({
    state: ["momentum_buffer"],
    numbers: ["lr", "momentum", "rest"],
    step({ p, left, d }, { momentum_buffer: b }, { lr, momentum, rest }) {
      for (let i = 0; i < d.length; i++) {
        const velocity = momentum * b[i]! + rest * d[i]!;
        b[i] = velocity;
        p[i] = left * p[i]! - lr * (nesterov ? d[i]! + momentum * velocity : velocity);
      }
    },
    simd(d, { momentum_buffer: b }, { lr, momentum, rest }) {
      const velocity = average(b, momentum, rest, d);
      return mul(nesterov ? add(d, mul(velocity, momentum)) : velocity, lr);
    },
  });
const momentumKernel = /* @__PURE__ */ withMomentum(false);
const nesterovKernel = /* @__PURE__ */ withMomentum(true);

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
 * false). Throws ArgumentError for options that cannot work.
 * Source: https://pytorch.org/docs/stable/generated/torch.optim.SGD.html
 *
 * @example
 * const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
 * optimizer.step();
 */
export class SGD extends Optimizer<SGDOptions> {
  protected override readonly optionalStateNames = ["momentum_buffer"];

  constructor(parameters: Parameters<SGDOptions>, options: SGDOptions = {}) {
    const own = { momentum: 0, dampening: 0, nesterov: false };
    super("SGD", parameters, options, { lr: 0.001, weightDecay: 0, maximize: false, ...own });
  }

  protected override check({ momentum, dampening, nesterov }: ParameterGroup<SGDOptions>): void {
    checkRate("SGD", "momentum", momentum);
    checkFinite("SGD", "dampening", dampening);
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new ArgumentError(
        `SGD expects a momentum and no dampening with nesterov, but got momentum ${momentum} and dampening ${dampening}. Usual cause: nesterov without momentum: 0.9.`,
      );
    }
  }

  protected update(parameter: Parameter, state: ParameterState, group: ParameterGroup<SGDOptions>): void {
    const { lr, momentum, dampening, nesterov } = group;
    // The first b is d: it is 0 before, and nothing is left out of it.
    const rest = state.has("momentum_buffer") ? 1 - dampening : 1;
    const kernel = momentum === 0 ? plain : nesterov ? nesterovKernel : momentumKernel;
    descend<string, string>(kernel, parameter, state, group, { lr, momentum, rest });
  }
}
