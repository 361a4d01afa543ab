/** What an optimizer remembers of its parameters, and how that looks when it is saved: as torch's `optimizer.state_dict()`. */
import type { Parameter } from "../graph/parameter.js";
import { own, ownZeros } from "../kernels/residency.js";
import { ArgumentError } from "../shape/errors.js";
import { Tensor } from "../tensor/tensor.js";

/** What is saved of one parameter: its steps, running quantities by torch's names such as `exp_avg`, and other numbers. */
export interface SavedParameter {
  readonly step: number;
  readonly [name: string]: number | Tensor;
}

/** What is saved of a group of parameters: its options by torch's names such as `weight_decay`. */
export interface SavedGroup {
  readonly lr: number;
  /** The rate before any scheduler changed it, if there was one. */
  readonly initial_lr?: number;
  /** The numbers of its parameters in `state`. */
  readonly params: readonly number[];
  readonly [option: string]: unknown;
}

/** An optimizer's state as torch's `state_dict()` has it. Parameters are numbered from 0 through all groups. */
export interface OptimizerState {
  /** Parameters that no step has changed yet are left out. */
  readonly state: Readonly<Record<number, SavedParameter>>;
  readonly param_groups: readonly SavedGroup[];
}

/** What an optimizer remembers of one parameter. All of it is saved by `stateDict`. */
export class ParameterState {
  /** Steps taken; in `update` the present one counts. */
  step = 0;
  /** Numbers that go on from step to step, under the names that `numberNames` lists. */
  readonly numbers: Record<string, number> = {};
  /** @internal */
  readonly tensors = new Map<string, Tensor>();

  /** @internal */
  constructor(
    private readonly optimizer: string,
    private readonly parameter: Parameter,
    private readonly names: () => readonly string[],
  ) {}

  /** Whether there is a running quantity of this name yet. */
  has(name: string): boolean {
    return this.tensors.has(name);
  }

  /**
   * The running quantity `name`, in the parameter's shape and precision; made on first use, filled with `initial`. Change
   * it in place.
   * @throws ArgumentError for a name that the optimizer's `stateNames` do not list.
   */
  tensor(name: string, initial = 0): Tensor {
    let tensor = this.tensors.get(name);
    if (!tensor) {
      const names = this.names();
      if (!names.includes(name)) {
        throw new ArgumentError(
          `${this.optimizer} expects its stateNames to list what its update asks for, but got [${names.join(", ")}] without ${name}. Usual cause: a forgotten or misspelled name.`,
        );
      }
      const { shape, dtype } = this.parameter.value;
      tensor = own(ownZeros(shape, dtype));
      if (initial !== 0) tensor.view().fill(initial);
      this.tensors.set(name, tensor);
    }
    return tensor;
  }

  /** @internal */
  save(): SavedParameter {
    const tensors = [...this.tensors].map(([name, tensor]) => [name, tensor.clone()] as const);
    return { step: this.step, ...Object.fromEntries(tensors), ...this.numbers };
  }
}

/** A state's tensors, by names such as `0.exp_avg` for a file of tensors, and the rest of it, for JSON. */
export interface SplitState {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly rest: OptimizerState;
}

export function splitState({ state, param_groups }: OptimizerState): SplitState {
  const tensors: Record<string, Tensor> = {};
  const numbers: Record<string, Record<string, unknown>> = {};
  for (const [id, entries] of Object.entries(state)) {
    numbers[id] = {};
    for (const [name, value] of Object.entries(entries)) {
      if (value instanceof Tensor) tensors[`${id}.${name}`] = value;
      else numbers[id][name] = value;
    }
  }
  return { tensors, rest: { state: numbers as unknown as OptimizerState["state"], param_groups } };
}

/** The whole that {@link splitState} made two of. */
export function joinState({ tensors, rest: { state, param_groups } }: SplitState): OptimizerState {
  const joined: Record<string, Record<string, unknown>> = {};
  for (const [id, entries] of Object.entries(state)) joined[id] = { ...entries };
  for (const [key, tensor] of Object.entries(tensors)) {
    const [id = "", name = ""] = key.split(/\.(.*)/s);
    joined[id] = { ...joined[id], [name]: tensor };
  }
  return { state: joined as unknown as OptimizerState["state"], param_groups };
}

/** torch's name of an option: `weight_decay` for `weightDecay`. */
export function torchName(option: string): string {
  return option.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
