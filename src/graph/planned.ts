/** What runs where an outermost call's layer is composed of others: the plan of a forward, made when it is first called for. */
import { Pool } from "../kernels/residency.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { outputsOf, runBackward, runForward } from "./execute.js";
import type { Composition, Module, Plan, Program, Trace } from "./module.js";
import { optimize } from "./passes.js";
import { type Flat, flatten, isCurrent } from "./plan.js";
import { shapesOf } from "./shapes.js";

export class Planned implements Program {
  readonly flat: Flat;
  /** The layers that it calls. Those that compute by themselves may call others, which their fields may exchange unseen. */
  readonly #called: readonly Module[];
  readonly #callers: readonly Module[];
  #training: Plan | undefined;
  #inference: Plan | undefined;

  /** @param composition the layer's own graph, for one that does not run it by itself */
  constructor(module: Module, inputs: number, composition?: Composition) {
    this.flat = flatten(module, inputs, composition);
    const { inlined, steps } = this.flat;
    this.#called = [...inlined.map((each) => each.module), ...steps.flatMap((step) => step.module ?? [])];
    const composites = new Set(inlined.map((each) => each.module));
    this.#callers = this.#called.filter((each) => !composites.has(each) && each.ownLayers().length > 0);
  }

  trains(): boolean {
    const isTraining = ({ training }: Module) => training;
    return this.#called.some(isTraining) || this.#callers.some((caller) => caller.modules().some(isTraining));
  }

  newPool(): Pool {
    return new Pool();
  }

  isCurrent(inputs: number): boolean {
    return this.flat.inputs === inputs && isCurrent(this.flat);
  }

  shapes(inputs: readonly Shape[]): readonly (Shape | undefined)[] {
    return shapesOf(this.flat, inputs, true).shapes;
  }

  /** The plan that keeps what a backward needs, or the one that keeps nothing. */
  plan(keeps: boolean): Plan {
    if (keeps) {
      this.#training ??= optimize(this.flat, true);
      return this.#training;
    }
    this.#inference ??= optimize(this.flat, false);
    return this.#inference;
  }

  forward(inputs: readonly Tensor[], keeps: boolean, shapes?: readonly (Shape | undefined)[]): Trace {
    const run = runForward(this.plan(keeps), inputs, shapes);
    return {
      outputs: outputsOf(run),
      backward: (dys, inputGradient) => runBackward(run, dys, inputGradient),
    };
  }
}
