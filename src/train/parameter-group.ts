/** What an optimizer steps: parameters in groups, each with options of its own. */
import { Parameter } from "../graph/parameter.js";
import { refuseForeign } from "../shape/brand.js";
import { checkBoolean, checkFinite, checkNumber, checkRange, checkText, readOptions, refuse } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { showShape } from "../shape/shape.js";

/** Options of most optimizers. */
export interface OptimizerOptions {
  /** Learning rate. */
  readonly lr?: number;
  /** L2 penalty: its gradient, weightDecay · parameter, is added to the parameter's. Default 0. */
  readonly weightDecay?: number;
  /** Whether to climb instead of descend. Default false. */
  readonly maximize?: boolean;
}

/** Parameters with options of their own, as transfer learning wants. Default of each: the optimizer's. */
export type GroupOptions<O extends object = OptimizerOptions> = O & { readonly parameters: readonly Parameter[] };

/** What an optimizer takes: `model.parameters()`, or groups, or both mixed. */
export type Parameters<O extends object = OptimizerOptions> = readonly (Parameter | GroupOptions<O>)[];

/** A group of parameters with all of its options, torch's `param_groups[i]`. They may be changed between steps. */
export type ParameterGroup<O extends object = LearningRate> = { -readonly [K in keyof O]-?: O[K] } & {
  readonly parameters: readonly Parameter[];
  /** Learning rate; schedulers change it. */
  lr: number;
  /** The rate before any scheduler changed it; set by the first scheduler. */
  initialLr?: number;
};

/** The option that every optimizer has. */
export type LearningRate = Pick<OptimizerOptions, "lr">;

/** Loose parameters make up the first group, in their order; then come the groups that were given. */
export function groupsOf<O extends object>(
  optimizer: string,
  parameters: Parameters<O>,
  defaults: Required<O>,
): ParameterGroup<O>[] {
  if (!Array.isArray(parameters)) {
    const cause = "the model itself, where model.parameters() is meant";
    refuse(optimizer, "", "an array of parameters", parameters, cause);
  }
  const list = parameters as Parameters<O>;
  refuseForeign(optimizer, ...list);
  const loose = list.filter((entry) => entry instanceof Parameter);
  const given = list.filter((entry): entry is GroupOptions<O> => !(entry instanceof Parameter));
  const seen = new Set<Parameter>();
  const all = { parameters: [], ...defaults };
  const groups = [...(loose.length > 0 ? [{ parameters: loose } as unknown as GroupOptions<O>] : []), ...given];
  const read = groups.map((group) => {
    if (Array.isArray(group?.parameters)) refuseForeign(optimizer, ...group.parameters);
    if (!Array.isArray(group?.parameters) || !group.parameters.every((entry) => entry instanceof Parameter)) {
      throw new ArgumentError(
        `${optimizer} expects each entry to be a Parameter or { parameters, lr }, but one is neither. Usual cause: tensors or layers, where layer.parameters() is meant.`,
      );
    }
    for (const parameter of group.parameters) {
      if (seen.has(parameter)) {
        throw new ArgumentError(
          `${optimizer} expects each parameter once, but got "${parameter.name}" of shape ${showShape(parameter.value.shape)} twice. Usual cause: a layer whose parameters are in two groups.`,
        );
      }
      seen.add(parameter);
    }
    const options = readOptions<object, object>(`${optimizer}'s group`, group, all);
    return { ...options, parameters: [...group.parameters] } as unknown as ParameterGroup<O>;
  });
  if (seen.size === 0) {
    throw new ArgumentError(
      `${optimizer} expects at least one parameter, but got none. Usual cause: a model that keeps its layers in private fields.`,
    );
  }
  return read;
}

/** A learning rate, weight decay or eps: finite and at least 0. */
export function checkRate(optimizer: string, option: string, value: number): number {
  return checkFinite(optimizer, option, checkRange(optimizer, option, value, 0, Infinity));
}

/** @throws ArgumentError for an option that is not of its default's kind: a number, true or false, a text, or as many numbers. */
export function checkKinds(optimizer: string, options: object, defaults: object): void {
  for (const [name, fallback] of Object.entries(defaults)) {
    const value: unknown = (options as Readonly<Record<string, unknown>>)[name];
    if (typeof fallback === "number") checkNumber(optimizer, name, value as number);
    else if (typeof fallback === "boolean") checkBoolean(optimizer, name, value);
    else if (typeof fallback === "string") checkText(optimizer, name, value);
    else if (Array.isArray(fallback)) {
      if (!Array.isArray(value) || value.length !== fallback.length) {
        refuse(optimizer, name, `an array of ${fallback.length} numbers`, value);
      }
      for (const [i, number] of value.entries()) checkNumber(optimizer, `${name}[${i}]`, number);
    }
  }
}
