/** What every optimizer has in common: groups of parameters, a step over all of them, and a state that can be saved. */

import { checkMethod } from "../graph/layer.js";
import type { Parameter } from "../graph/parameter.js";
import { own } from "../kernels/residency.js";
import { Branded } from "../shape/brand.js";
import { checkFinite, checkObject, checkText, isPlainObject, readOptions, refuse } from "../shape/check.js";
import { ShapeError, StateError } from "../shape/errors.js";
import { sameShape, showShape } from "../shape/shape.js";
import { listed, show } from "../shape/show.js";
import { tensor } from "../tensor/create.js";
import type { PlainTensor } from "../tensor/nested.js";
import { Tensor } from "../tensor/tensor.js";
import {
  type OptimizerState,
  ParameterState,
  type SavedGroup,
  type SavedParameter,
  torchName,
} from "./optimizer-state.js";
import {
  checkKinds,
  checkRate,
  groupsOf,
  type LearningRate,
  type ParameterGroup,
  type Parameters,
} from "./parameter-group.js";

/**
 * Base class of every optimizer. `step` changes each parameter by its gradient; parameters with `requiresGrad` false
 * and those that no backward has reached since their gradient was set to zero are left alone.
 *
 * An optimizer of your own extends it and implements `update`. Its options are those that its defaults name, numbers, texts,
 * booleans or lists of numbers; a group may have others than the rest. `stateNames` lists what it remembers of each
 * parameter, which `stateDict` then saves.
 *
 * @typeParam O the options
 * @example
 * interface LionOptions extends OptimizerOptions {
 *   readonly betas?: readonly [number, number];
 * }
 *
 * class Lion extends Optimizer<LionOptions> {
 *   constructor(parameters: Parameters<LionOptions>, options: LionOptions = {}) {
 *     super("Lion", parameters, options, { lr: 1e-4, weightDecay: 0, maximize: false, betas: [0.9, 0.99] });
 *   }
 *   protected override stateNames() {
 *     return ["exp_avg"];
 *   }
 *   protected update(parameter: Parameter, state: ParameterState, group: ParameterGroup<LionOptions>) {
 *     const { lr, weightDecay, maximize, betas: [beta1, beta2] } = group;
 *     const [p, m] = [parameter.value, state.tensor("exp_avg")];
 *     const g = maximize ? parameter.grad.neg() : parameter.grad;
 *     const direction = m.mul(beta1).add(g.mul(1 - beta1)).map(Math.sign);
 *     parameter.value = p.sub(direction.add(p.mul(weightDecay)).mul(lr));
 *     m.data.set(m.mul(beta2).add(g.mul(1 - beta2)).data);
 *   }
 * }
 */
export abstract class Optimizer<O extends object = LearningRate> extends Branded {
  /** The parameters with their options, which may be changed between steps: torch's `param_groups`. */
  readonly groups: readonly ParameterGroup<O>[];
  /** Names of other numbers than `step` that `update` keeps in `state.numbers`. */
  protected readonly numberNames: readonly string[] = [];
  /** Running quantities that may be missing, since they depend on options that may change between steps. */
  protected readonly optionalStateNames: readonly string[] = [];

  readonly #defaults: Required<O>;
  readonly #states = new Map<Parameter, ParameterState>();

  /**
   * @param name the class's name, as messages show it
   * @param options what the user asked for
   * @param defaults every option with its default
   * @throws ArgumentError for options that are not among the defaults, are of another kind, or are refused by `check`.
   */
  constructor(
    readonly name: string,
    parameters: Parameters<O>,
    options: O,
    defaults: Required<O>,
  ) {
    super();
    checkText("Optimizer", "name", name);
    checkObject(name, "its defaults", "an object such as { lr: 0.01 }", defaults);
    this.#defaults = defaults;
    const read = readOptions<object, object>(name, options, defaults) as Required<O>;
    this.groups = groupsOf(name, parameters, read);
    for (const group of this.groups) {
      checkRate(name, "lr", group.lr);
      this.#check(group);
    }
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.Optimizer";
  }

  /** As torch's `repr`, in a line: `Adam(lr=0.001, weightDecay=0, …)`. What differs between groups is a list. */
  override toString(): string {
    const facts = this.ownSelf.#optionNames.map((name) => {
      const texts = this.groups.map((group) => show(optionOf(group, name)));
      return `${name}=${new Set(texts).size > 1 ? `[${texts.join(", ")}]` : texts[0]}`;
    });
    return `${this.name}(${facts.join(", ")})`;
  }

  /** The learning rate of the first group; setting it sets that of every group. */
  get lr(): number {
    return this.groups[0]?.lr ?? Number.NaN;
  }

  set lr(lr: number) {
    checkRate(this.name, "lr", lr);
    for (const group of this.groups) group.lr = lr;
  }

  /**
   * Changes every parameter by its gradient.
   * @throws ArgumentError for options of a group that were changed to what cannot work; nothing has changed then.
   */
  step(...none: []): void;
  step(closure?: unknown): void {
    if (closure !== undefined) {
      refuse(`${this.name}.step`, "", "no argument", closure, "torch's closure: call it before, then step()");
    }
    checkMethod(this, "update", "step");
    for (const group of this.groups) this.ownSelf.#check(group);
    for (const group of this.groups) {
      for (const parameter of group.parameters) {
        if (!parameter.requiresGrad || !parameter.hasGrad) continue;
        parameter.lend(() => {
          parameter.grad.operand(parameter.value.size); // refuses a gradient of another shape
          const state = this.ownSelf.#state(parameter, group);
          state.step++;
          this.update(parameter, state, group);
        });
      }
    }
  }

  /** Sets every gradient to zero. */
  zeroGrad(): void {
    for (const parameter of this.ownSelf.#parameters) parameter.zeroGrad();
  }

  /** Changes `parameter.value` in place by one step along `parameter.grad`; `state.step` counts it already. */
  protected abstract update(parameter: Parameter, state: ParameterState, group: ParameterGroup<O>): void;

  /** The running quantities that every parameter has after a step with these options. Default: none. */
  protected stateNames(_group: ParameterGroup<O>): readonly string[] {
    return [];
  }

  /**
   * Throws for options that cannot work. It is asked when the optimizer is made, before each step and before a state is
   * loaded; that they are of their defaults' kinds, and learning rate and weight decay in their range, is certain then.
   */
  protected check(_group: ParameterGroup<O>): void {}

  /**
   * Copies of everything that changes from step to step, as torch's `state_dict()` has it: for each parameter its steps and
   * running quantities, for each group its options. Together with the parameters it continues a training to the same bits.
   *
   * @example
   * const { state, param_groups } = optimizer.stateDict();
   * state[0]?.exp_avg; // a Tensor in the first parameter's shape
   */
  stateDict(): OptimizerState {
    const state: Record<number, SavedParameter> = {};
    this.ownSelf.#parameters.forEach((parameter, i) => {
      const saved = this.ownSelf.#states.get(parameter)?.save();
      if (saved) state[i] = saved;
    });
    let count = 0;
    const param_groups = this.groups.map((group): SavedGroup => {
      const options = this.ownSelf.#optionNames.map((name) => [torchName(name), copyOf(optionOf(group, name))]);
      const { lr, initialLr, parameters } = group;
      const params = parameters.map(() => count++);
      return { lr, ...Object.fromEntries(options), ...(initialLr !== undefined && { initial_lr: initialLr }), params };
    });
    return { state, param_groups };
  }

  /**
   * The state dict, for `JSON.stringify`. Large states are better kept in a checkpoint of `fit`.
   * @example optimizer.loadStateDict(JSON.parse(JSON.stringify(optimizer)));
   */
  toJSON(): OptimizerState {
    return this.stateDict();
  }

  /**
   * Continues from a state that `stateDict` of the same optimizer over the same parameters returned, also after it went
   * through JSON. The groups get its options, as in torch. Everything is checked first: a call that throws has changed
   * nothing.
   * @throws StateError for missing, unknown or impossible entries, ShapeError for a tensor of another shape, ArgumentError
   *   for options that cannot work.
   */
  loadStateDict(state: OptimizerState): void {
    const { groups, saved } = this.ownSelf.#read(state);
    this.ownSelf.#states.clear();
    for (const [parameter, group, entries] of saved) {
      const state = this.ownSelf.#state(parameter, group);
      for (const [name, value] of entries) {
        if (value instanceof Tensor) state.tensors.set(name, own(value.to(parameter.value.dtype)));
        else if (name === "step") state.step = value;
        else state.numbers[name] = value;
      }
    }
    this.groups.forEach((group, i) => {
      delete group.initialLr;
      Object.assign(group, groups[i]);
    });
  }

  /**
   * Throws what {@link loadStateDict} would of this state, and changes nothing.
   * @internal
   */
  checkState(state: OptimizerState): void {
    this.ownSelf.#read(state);
  }

  /** The parts of a state that fits. */
  #read(state: OptimizerState) {
    const who = `${this.name}.loadStateDict`;
    const { state: states, param_groups } = Object(state) as OptimizerState;
    if (!isPlainObject(states) || !Array.isArray(param_groups)) {
      const ofModel = Object.values(Object(state)).some((value) => value instanceof Tensor);
      const cause = ofModel
        ? "the model's state dict, where the optimizer's is meant"
        : "a state dict of something else, or text that is still to be parsed";
      refuse(who, "its state", "{ state, param_groups } as stateDict returns it", state, cause);
    }
    const [missing, unexpected]: [string[], string[]] = [[], []];
    const compare = (at: string, entries: object, required: readonly string[], optional: readonly string[]) => {
      const got = Object.keys(entries);
      const known = [...required, ...optional];
      missing.push(...required.filter((key) => !got.includes(key)).map((key) => `${at}.${key}`));
      unexpected.push(...got.filter((key) => !known.includes(key)).map((key) => `${at}.${key}`));
    };
    if (param_groups.length !== this.groups.length) {
      throw new StateError(
        `${who} expects param_groups of length ${this.groups.length}, as many as the optimizer has groups, but got ${param_groups.length}. Usual cause: ${ANOTHER}.`,
      );
    }
    let count = 0;
    const groups = this.groups.map(({ parameters }, i) => {
      const at = `param_groups[${i}]`;
      const given: unknown = param_groups[i];
      if (!isPlainObject(given)) refuse(who, at, "an object of options and params", given);
      const { params } = given;
      const own = parameters.map(() => count++);
      if (!Array.isArray(params) || params.length !== own.length || own.some((id, k) => params[k] !== id)) {
        const got = Array.isArray(params) ? `${params.length}: ${show(params)}` : show(params);
        throw new StateError(
          `${who} expects ${at}.params to count the group's parameters, ${own.length} from ${count - own.length} on, but got ${got}. Usual cause: ${ANOTHER}.`,
        );
      }
      compare(at, given, [...this.#optionNames.map(torchName), "params"], ["initial_lr"]);
      const options = Object.fromEntries(this.#optionNames.map((name) => [name, copyOf(given[torchName(name)])]));
      const initialLr = given.initial_lr === undefined ? {} : { initialLr: given.initial_lr };
      return { parameters, ...options, ...initialLr } as unknown as ParameterGroup<O>;
    });
    const all = groups.flatMap((group) => group.parameters.map((parameter) => ({ parameter, group })));
    unexpected.push(...Object.keys(states).flatMap((id) => (all[Number(id)] ? [] : [`state[${id}]`])));
    const given = all.flatMap(({ parameter, group }, i) => {
      const entries: unknown = states[i];
      const at = `state[${i}]`;
      if (entries === undefined) return [];
      if (!isPlainObject(entries)) refuse(who, at, "an object of step and running quantities", entries);
      compare(at, entries, ["step", ...this.stateNames(group), ...this.numberNames], this.optionalStateNames);
      return [{ parameter, group, at, entries }];
    });
    if (missing.length > 0 || unexpected.length > 0) {
      const lists = Object.entries({ missing, unexpected }).filter(([, keys]) => keys.length > 0);
      throw new StateError(
        `${who} expects the state of the same optimizer over the same parameters, but got ${lists.map(([what, keys]) => `${what}: ${listed(keys)}`).join("; ")}. Usual cause: ${ANOTHER}.`,
      );
    }
    for (const group of groups) {
      this.#check(group);
      if (group.initialLr !== undefined) checkFinite(this.name, "initial_lr", group.initialLr);
    }
    const saved = given.map(({ parameter, group, at, entries }) => {
      const read = Object.entries(entries).map(
        ([name, value]) => [name, this.#entry(who, `${at}.${name}`, name, value, parameter)] as const,
      );
      return [parameter, group, read] as const;
    });
    return { groups, saved };
  }

  /** One entry of a parameter's state: a number, or a tensor in the parameter's shape. */
  #entry(who: string, at: string, name: string, value: unknown, { value: { shape } }: Parameter): number | Tensor {
    const edited = "Usual cause: a checkpoint that was edited or written by another program.";
    if (name === "step" || this.numberNames.includes(name)) {
      const isValid = name === "step" ? isCount(value) : Number.isFinite(value);
      if (isValid) return value as number;
      const expected = name === "step" ? "a count" : "a finite number";
      throw new StateError(`${who} expects ${at} to be ${expected}, but got ${show(value)}. ${edited}`);
    }
    if (!(value instanceof Tensor) && !isPlainObject(value)) refuse(who, at, "a Tensor", value);
    const read = value instanceof Tensor ? value : tensor(value as unknown as PlainTensor);
    read.view(); // or it lost its memory
    if (sameShape(read.shape, shape)) return read;
    throw new ShapeError(
      `${who} expects ${at} to have its parameter's shape ${showShape(shape)}, but got ${showShape(read.shape)}. Usual cause: a checkpoint of another model, or parameters in another order.`,
    );
  }

  #check(group: ParameterGroup<O>): void {
    checkKinds(this.name, group, this.#defaults);
    checkFinite(this.name, "lr", group.lr); // schedulers may round below 0
    if ("weightDecay" in group) checkRate(this.name, "weightDecay", group.weightDecay as number);
    this.check(group);
  }

  get #optionNames(): string[] {
    return Object.keys(this.#defaults);
  }

  get #parameters(): readonly Parameter[] {
    return this.groups.flatMap(({ parameters }) => parameters);
  }

  #state(parameter: Parameter, group: ParameterGroup<O>): ParameterState {
    let state = this.#states.get(parameter);
    if (!state) {
      state = new ParameterState(this.name, parameter, () => [...this.stateNames(group), ...this.optionalStateNames]);
      this.#states.set(parameter, state);
    }
    return state;
  }
}

const ANOTHER = "a checkpoint of another model or optimizer, or other groups than when it was saved";

export function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function optionOf(group: object, name: string): unknown {
  return (group as Readonly<Record<string, unknown>>)[name];
}

/** Lists are copied, so that a group and what was saved of it change apart. */
function copyOf(option: unknown): unknown {
  return Array.isArray(option) ? [...option] : option;
}
