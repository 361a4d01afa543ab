/** What every optimizer has in common: groups of parameters, a step over all of them, and a state that can be saved. */

import { checkMethod } from "../graph/layer.js";
import { Parameter } from "../graph/parameter.js";
import type { KernelSet } from "../kernels/backend.js";
import type { OptimizerKernels, Step } from "../kernels/optimizer.js";
import { referenceOptimizer } from "../kernels/reference/optimizer.js";
import { own, ownZeros } from "../kernels/residency.js";
import { wasmOptimizer } from "../kernels/wasm/optimizer.js";
import { Branded, refuseForeign } from "../shape/brand.js";
import {
  checkFinite,
  checkObject,
  checkOptions,
  checkRange,
  checkText,
  isPlainObject,
  readOptions,
  refuse,
} from "../shape/check.js";
import { ArgumentError, ShapeError, StateError } from "../shape/errors.js";
import { sameShape, showShape } from "../shape/shape.js";
import { listed, show } from "../shape/show.js";
import type { Operand } from "../tensor/storage.js";
import { Tensor } from "../tensor/tensor.js";
import { factsOf } from "./repr.js";

/** Parameters with a learning rate and weight decay of their own, as transfer learning wants. */
export interface GroupOptions {
  readonly parameters: readonly Parameter[];
  /** Default: the optimizer's. */
  readonly lr?: number;
  /** Default: the optimizer's. */
  readonly weightDecay?: number;
}

/** What an optimizer takes: `model.parameters()`, or groups, or both mixed. */
export type Parameters = readonly (Parameter | GroupOptions)[];

/** Options of every optimizer. */
export interface OptimizerOptions {
  /** Learning rate. */
  readonly lr?: number;
  /** L2 penalty: its gradient, weightDecay · parameter, is added to the parameter's. Default 0. */
  readonly weightDecay?: number;
  /** Whether to climb instead of descend. Default false. */
  readonly maximize?: boolean;
}

/** The defaults of the options that every optimizer has, but for the learning rate. */
export const OPTIMIZER_DEFAULTS = { weightDecay: 0, maximize: false } as const;

export interface ParameterGroup {
  readonly parameters: readonly Parameter[];
  /** Learning rate; schedulers change it. */
  lr: number;
  weightDecay: number;
  /** The rate before any scheduler changed it; set by the first scheduler. */
  initialLr?: number;
}

/** An optimizer's state as plain records, for a file: tensors by `"<index>.<name>"`, and numbers. */
export interface OptimizerState {
  readonly tensors: Record<string, Tensor>;
  readonly numbers: Record<string, number>;
}

/** @internal */
export const optimizerKernels: KernelSet<OptimizerKernels> = {
  reference: referenceOptimizer,
  wasm: () => wasmOptimizer,
};

/** What an optimizer remembers of one parameter. */
export class ParameterState {
  /** Steps taken. */
  step = 0;
  /** Running quantities by torch's names, such as `exp_avg`. */
  readonly tensors = new Map<string, Tensor>();

  constructor(private readonly parameter: Parameter) {}

  /** The running quantity `name`, in the parameter's shape and precision; made on first use, filled with `initial`. */
  get(name: string, initial = 0): Operand {
    const { shape, dtype, size } = this.parameter.value;
    let tensor = this.tensors.get(name);
    if (!tensor) {
      tensor = own(ownZeros(shape, dtype));
      if (initial !== 0) tensor.view().fill(initial);
      this.tensors.set(name, tensor);
    }
    return tensor.operand(size);
  }
}

/**
 * Base class of every optimizer. `step` changes each parameter by its gradient; parameters with `requiresGrad` false
 * and those that no backward has reached since their gradient was set to zero are left alone.
 *
 * @example
 * const optimizer = new Adam(model.parameters(), { lr: 0.001 });
 * optimizer.zeroGrad(); model.backward(loss.backward()); optimizer.step();
 */
export abstract class Optimizer extends Branded {
  readonly groups: readonly ParameterGroup[];
  readonly maximize: boolean;
  /** What `OneCycleLR` cycles: the momentum, or Adam's β₁; undefined where there is neither. */
  abstract momentum: number | undefined;
  /** The running quantities that every parameter has after its first step, by torch's names. */
  protected abstract readonly stateNames: readonly string[];
  /** Running quantities that depend on options which may change between steps. */
  protected readonly optionalStateNames: readonly string[] = [];

  readonly #states = new Map<Parameter, ParameterState>();

  /**
   * @param name the class's name, as messages show it
   * @param defaults learning rate and weight decay where neither options nor group say one
   */
  constructor(
    readonly name: string,
    parameters: Parameters,
    options: OptimizerOptions,
    defaults: { readonly lr: number; readonly weightDecay?: number },
  ) {
    super();
    checkText("Optimizer", "name", name);
    checkObject(name, "its defaults", "an object such as { lr: 0.01 }", defaults);
    checkOptions(name, options, `{ lr: ${defaults.lr} }`);
    const lr = options.lr ?? defaults.lr;
    const weightDecay = options.weightDecay ?? defaults.weightDecay ?? 0;
    this.groups = groupsOf(name, parameters, { lr, weightDecay });
    this.maximize = options.maximize ?? false;
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.Optimizer";
  }

  /** As torch's `repr`, in a line: `Adam(lr=0.001, weightDecay=0, …)`. What differs between groups is a list. */
  override toString(): string {
    const { groups } = this;
    const each = (values: number[]) => (new Set(values).size > 1 ? values : values[0]);
    const lr = each(groups.map((group) => group.lr));
    const weightDecay = each(groups.map((group) => group.weightDecay));
    return factsOf(this.name, { lr, weightDecay, ...(this as object) });
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
   * @throws ArgumentError for a learning rate, weight decay, momentum or betas that were changed to what is none.
   */
  step(...none: []): void;
  step(closure?: unknown): void {
    if (closure !== undefined) {
      refuse(`${this.name}.step`, "", "no argument", closure, "torch's closure: call it before, then step()");
    }
    checkMethod(this, "update", "step");
    this.checkSettings();
    for (const group of this.groups) {
      const { lr, weightDecay } = group;
      for (const parameter of group.parameters) {
        if (!parameter.requiresGrad || !parameter.hasGrad) continue;
        parameter.grad.operand(parameter.value.size); // refuses a gradient of another shape
        const state = this.ownSelf.#state(parameter);
        state.step++;
        this.update(parameter, state, { lr, weightDecay, maximize: this.maximize });
      }
    }
  }

  /** Refuses settings that were changed to what cannot work, before a step changes anything. */
  protected checkSettings(): void {
    for (const { lr, weightDecay } of this.groups) {
      checkFinite(this.name, "lr", lr);
      checkFinite(this.name, "weightDecay", weightDecay);
    }
  }

  /** Sets every gradient to zero. */
  zeroGrad(): void {
    for (const parameter of this.ownSelf.#parameters()) parameter.zeroGrad();
  }

  /** One step of one parameter; `state.step` counts it already. */
  protected abstract update(parameter: Parameter, state: ParameterState, step: Step): void;

  /**
   * Copies of everything that changes from step to step: running quantities (`"0.exp_avg"`), step counts (`"0.step"`),
   * learning rates (`"group.0.lr"`) and momentum. Together with the parameters it resumes a run to the same bits.
   */
  stateDict(): OptimizerState {
    const tensors: Record<string, Tensor> = {};
    const numbers: Record<string, number> = {};
    this.ownSelf.#parameters().forEach((parameter, i) => {
      const state = this.ownSelf.#states.get(parameter);
      if (!state) return;
      numbers[`${i}.step`] = state.step;
      for (const [name, tensor] of state.tensors) tensors[`${i}.${name}`] = tensor.clone();
    });
    this.groups.forEach((group, i) => {
      numbers[`group.${i}.lr`] = group.lr;
    });
    if (this.momentum !== undefined) numbers.momentum = this.momentum;
    return { tensors, numbers };
  }

  /** The state dict, for `JSON.stringify`; `tensor` makes a tensor of each of its `tensors` again. */
  toJSON(): OptimizerState {
    return this.stateDict();
  }

  /**
   * Continues from a state that `stateDict` of the same optimizer over the same parameters returned. Everything is
   * checked first: a call that throws has changed nothing.
   * @throws StateError for missing, unknown or impossible entries, ShapeError for a tensor of another shape.
   */
  loadStateDict(state: OptimizerState): void {
    this.checkState(state);
    const { tensors, numbers } = state;
    const parameters = this.ownSelf.#parameters();
    this.ownSelf.#states.clear();
    parameters.forEach((parameter, i) => {
      const step = numbers[`${i}.step`];
      if (step === undefined) return;
      const state = this.ownSelf.#state(parameter);
      state.step = step;
      for (const name of [...this.stateNames, ...this.optionalStateNames]) {
        const tensor = tensors[`${i}.${name}`];
        if (tensor) state.tensors.set(name, own(tensor.to(parameter.value.dtype)));
      }
    });
    this.groups.forEach((group, i) => {
      group.lr = numbers[`group.${i}.lr`] ?? group.lr;
    });
    if (this.momentum !== undefined) this.momentum = numbers.momentum;
  }

  /** Whether the momentum can be this number. */
  protected isMomentum(value: number): boolean {
    return value >= 0;
  }

  /** Throws what {@link loadStateDict} would of this state, and changes nothing. */
  checkState(state: OptimizerState): void {
    const who = `${this.name}.loadStateDict`;
    const { tensors, numbers } = Object(state) as OptimizerState;
    if (!isPlainObject(tensors) || !isPlainObject(numbers)) {
      const ofModel = Object.values(Object(state)).some((value) => value instanceof Tensor);
      const cause = ofModel
        ? "the model's state dict, where the optimizer's is meant"
        : "a state dict of something else, or text that is still to be parsed";
      refuse(who, "its state", "{ tensors, numbers } as stateDict returns it", state, cause);
    }
    const noTensor = Object.entries(tensors).find(([, tensor]) => !(tensor instanceof Tensor));
    if (noTensor) {
      refuse(
        who,
        noTensor[0],
        "a Tensor",
        noTensor[1],
        "a state that went through JSON: make tensors of its tensors with tensor(data), or write them with writeSafetensors",
      );
    }
    const parameters = this.ownSelf.#parameters();
    const rates = [...this.groups.keys()].map((i) => `group.${i}.lr`);
    const stepped = parameters.flatMap((_, i) => (Object.hasOwn(numbers, `${i}.step`) ? [i] : []));
    const keys = (indices: number[], names: readonly string[]) => indices.flatMap((i) => names.map((n) => `${i}.${n}`));
    const required = [
      ...rates,
      ...(this.momentum === undefined ? [] : ["momentum"]),
      ...keys(stepped, ["step", ...this.stateNames]),
    ];
    const got = [...Object.keys(numbers), ...Object.keys(tensors)];
    const known = new Set([...required, ...keys(stepped, this.optionalStateNames)]);
    const missing = required.filter((key) => !got.includes(key));
    const unexpected = got.filter((key) => !known.has(key));
    if (missing.length > 0 || unexpected.length > 0) {
      const lists = [list("missing", missing), list("unexpected", unexpected)].filter((text) => text !== "");
      throw new StateError(
        `${who} expects the state of the same optimizer over the same parameters, but got ${lists.join("; ")}. Usual cause: a checkpoint of another model, or other options than when it was saved.`,
      );
    }
    for (const [key, value] of Object.entries(numbers)) {
      const count = key.endsWith(".step");
      const valid = count
        ? isCount(value)
        : Number.isFinite(value) && (key === "momentum" ? this.isMomentum(value) : value >= 0);
      if (!valid) {
        const expected = count ? "a count" : Number.isFinite(value) ? "a number in its range" : "a finite number";
        throw new StateError(
          `${who} expects ${key} to be ${expected}, but got ${show(value)}. Usual cause: a checkpoint that was edited or written by another program.`,
        );
      }
    }
    for (const [key, tensor] of Object.entries(tensors)) {
      const { shape } = tensor;
      tensor.view(); // or it lost its memory
      const own = parameters[Number(key.slice(0, key.indexOf(".")))]?.value.shape ?? [];
      if (!sameShape(shape, own)) {
        throw new ShapeError(
          `${who} expects ${key} to have its parameter's shape ${showShape(own)}, but got ${showShape(shape)}. Usual cause: a checkpoint of another model, or parameters in another order.`,
        );
      }
    }
  }

  #parameters(): readonly Parameter[] {
    return this.groups.flatMap(({ parameters }) => parameters);
  }

  #state(parameter: Parameter): ParameterState {
    let state = this.#states.get(parameter);
    if (!state) {
      state = new ParameterState(parameter);
      this.#states.set(parameter, state);
    }
    return state;
  }
}

export function isCount(value: number | undefined): boolean {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0;
}

function list(title: string, keys: readonly string[]): string {
  if (keys.length === 0) return "";
  return `${title}: ${listed(keys)}`;
}

/** A learning rate, weight decay or eps: finite and at least 0. */
export function checkRate(optimizer: string, option: string, value: number): number {
  return checkFinite(optimizer, option, checkRange(optimizer, option, value, 0, Infinity));
}

/** Loose parameters make up the first group, in their order; then come the groups that were given. */
function groupsOf(
  optimizer: string,
  parameters: Parameters,
  defaults: { readonly lr: number; readonly weightDecay: number },
): ParameterGroup[] {
  if (!Array.isArray(parameters)) {
    const cause = "the model itself, where model.parameters() is meant";
    refuse(optimizer, "", "an array of parameters", parameters, cause);
  }
  const list = parameters as Parameters;
  refuseForeign(optimizer, ...list);
  const loose = list.filter((entry) => entry instanceof Parameter);
  const given = list.filter((entry): entry is GroupOptions => !(entry instanceof Parameter));
  const seen = new Set<Parameter>();
  const groups = [...(loose.length > 0 ? [{ parameters: loose }] : []), ...given].map((group: GroupOptions) => {
    if (Array.isArray(group?.parameters)) refuseForeign(optimizer, ...group.parameters);
    if (!Array.isArray(group?.parameters) || !group.parameters.every((entry) => entry instanceof Parameter)) {
      throw new ArgumentError(
        `${optimizer} expects each entry to be a Parameter or { parameters, lr }, but one is neither. Usual cause: tensors or layers, where layer.parameters() is meant.`,
      );
    }
    readOptions(`${optimizer}'s group`, group, { parameters: [], lr: undefined, weightDecay: undefined });
    for (const parameter of group.parameters) {
      if (seen.has(parameter)) {
        throw new ArgumentError(
          `${optimizer} expects each parameter once, but got "${parameter.name}" of shape ${showShape(parameter.value.shape)} twice. Usual cause: a layer whose parameters are in two groups.`,
        );
      }
      seen.add(parameter);
    }
    return {
      parameters: [...group.parameters],
      lr: checkRate(optimizer, "lr", group.lr ?? defaults.lr),
      weightDecay: checkRate(optimizer, "weightDecay", group.weightDecay ?? defaults.weightDecay),
    };
  });
  if (seen.size === 0) {
    throw new ArgumentError(
      `${optimizer} expects at least one parameter, but got none. Usual cause: a model that keeps its layers in private fields.`,
    );
  }
  return groups;
}
