import type { Parameter } from "../../graph/parameter.js";
import { descend, optimizerKernel } from "../../ops/optimizer.js";
import { ArgumentError } from "../../shape/errors.js";
import { Optimizer } from "../optimizer.js";
import type { ParameterState } from "../optimizer-state.js";
import type { OptimizerOptions, ParameterGroup, Parameters } from "../parameter-group.js";

/**
 * Only the gradient's sign counts. Where it agrees with the last one, size ← min(size·η₊, largest); where it does not,
 * size ← max(size·η₋, smallest) and d ← 0. The move is size·sign d, and prev ← d.
 */
const rprop = /* @__PURE__ */ optimizerKernel({
  state: ["prev", "step_size"],
  numbers: ["etaMinus", "etaPlus", "smallest", "largest"],
  step({ p, left, d }, { prev, step_size: size }, { etaMinus, etaPlus, smallest, largest }) {
    for (let i = 0; i < d.length; i++) {
      const agreement = d[i]! * prev[i]!;
      const factor = agreement > 0 ? etaPlus : agreement < 0 ? etaMinus : 1;
      const step = Math.min(Math.max(size[i]! * factor, smallest), largest);
      const kept = agreement < 0 ? 0 : d[i]!;
      size[i] = step;
      prev[i] = kept;
      p[i] = left * p[i]! - step * Math.sign(kept);
    }
  },
});

export interface RpropOptions extends Omit<OptimizerOptions, "weightDecay"> {
  /** Factors of the step size when the gradient's sign flips and when it stays. Default [0.5, 1.2]. */
  readonly etas?: readonly [number, number];
  /** Smallest and largest step size. Default [1e-6, 50]. */
  readonly stepSizes?: readonly [number, number];
}

/**
 * Resilient backpropagation, for full batches: each number moves by a step size of its own against the sign of its
 * gradient; the size grows while the sign stays and shrinks when it flips. `lr` is the first step size.
 *
 * Options: `lr` (default 0.01), `etas` (default [0.5, 1.2]), `stepSizes` (default [1e-6, 50]), `maximize` (default false).
 * Throws ArgumentError for options that cannot work; weight decay is none of them.
 * Source: Riedmiller & Braun 1993; https://pytorch.org/docs/stable/generated/torch.optim.Rprop.html
 *
 * @example
 * const optimizer = new Rprop(model.parameters());
 * optimizer.step();
 */
export class Rprop extends Optimizer<RpropOptions> {
  constructor(parameters: Parameters<RpropOptions>, options: RpropOptions = {}) {
    super("Rprop", parameters, options, { lr: 0.01, maximize: false, etas: [0.5, 1.2], stepSizes: [1e-6, 50] });
  }

  protected override check({ etas, stepSizes }: ParameterGroup<RpropOptions>): void {
    const [minus, plus] = etas;
    if (!(minus > 0 && minus < 1 && plus > 1 && plus < Infinity)) {
      throw new ArgumentError(
        `Rprop expects etas to be one factor between 0 and 1 and one above 1, but got [${etas.join(", ")}].`,
      );
    }
    const [smallest, largest] = stepSizes;
    if (!(smallest >= 0 && smallest <= largest)) {
      throw new ArgumentError(
        `Rprop expects stepSizes to be the smallest and the largest step, but got [${stepSizes.join(", ")}].`,
      );
    }
  }

  protected override stateNames(): readonly string[] {
    return rprop.state;
  }

  protected update(parameter: Parameter, state: ParameterState, group: ParameterGroup<RpropOptions>): void {
    const [etaMinus, etaPlus] = group.etas;
    const [smallest, largest] = group.stepSizes;
    state.tensor("step_size", group.lr);
    descend(rprop, parameter, state, group, { etaMinus, etaPlus, smallest, largest });
  }
}
