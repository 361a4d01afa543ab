import type { Parameter } from "../../graph/parameter.js";
import { run } from "../../kernels/backend.js";
import type { Step } from "../../kernels/optimizer.js";
import { readOptions, refuse } from "../../shape/check.js";
import { ArgumentError } from "../../shape/errors.js";
import {
  OPTIMIZER_DEFAULTS,
  Optimizer,
  type OptimizerOptions,
  optimizerKernels,
  type ParameterState,
  type Parameters,
} from "../optimizer.js";

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
export class Rprop extends Optimizer {
  override readonly momentum = undefined;
  readonly etas: readonly [number, number];
  readonly stepSizes: readonly [number, number];
  protected readonly stateNames = ["prev", "step_size"];

  constructor(parameters: Parameters, options: RpropOptions = {}) {
    // Named here, so that the sentence below says why there is no weight decay.
    const all: OptimizerOptions & RpropOptions = options;
    const read = readOptions("Rprop", all, {
      lr: 0.01,
      ...OPTIMIZER_DEFAULTS,
      etas: [0.5, 1.2],
      stepSizes: [1e-6, 50],
    });
    super("Rprop", parameters, read, read);
    this.etas = pairOf("etas", read.etas);
    this.stepSizes = pairOf("stepSizes", read.stepSizes);
    const [minus, plus] = this.etas;
    if (!(minus > 0 && minus < 1 && plus > 1 && plus < Infinity)) {
      throw new ArgumentError(
        `Rprop expects etas to be one factor between 0 and 1 and one above 1, but got [${this.etas.join(", ")}].`,
      );
    }
    const [smallest, largest] = this.stepSizes;
    if (!(smallest >= 0 && smallest <= largest)) {
      throw new ArgumentError(
        `Rprop expects stepSizes to be the smallest and the largest step, but got [${this.stepSizes.join(", ")}].`,
      );
    }
    if (this.groups.some(({ weightDecay }) => weightDecay !== 0)) {
      throw new ArgumentError(
        "Rprop expects no weightDecay, since only the gradient's sign counts, but got one. Usual cause: options of another optimizer.",
      );
    }
  }

  protected update({ value, grad }: Parameter, state: ParameterState, step: Step): void {
    const [etaMinus, etaPlus] = this.etas;
    const [smallest, largest] = this.stepSizes;
    const s = { maximize: step.maximize, etaMinus, etaPlus, smallest, largest };
    const [previous, size] = [state.get("prev"), state.get("step_size", step.lr)];
    run(optimizerKernels, [value, grad, previous, size], (kernels, ...operands) => kernels.rprop(s, ...operands));
  }
}

function pairOf(option: string, pair: readonly [number, number]): readonly [number, number] {
  if (Array.isArray(pair) && pair.length === 2) return pair;
  refuse("Rprop", option, "an array of two numbers", pair);
}
