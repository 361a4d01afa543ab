/** Losses and metrics of networks with several outputs: which loss is whose, and what they are together. */
import { type AnyTargets, partsOf, type Targets } from "../data/dataset.js";
import type { Network } from "../graph/layer.js";
import { isSentence, keyed, reworded, withCause } from "../graph/located.js";
import type { Composition } from "../graph/module.js";
import { outputsIn, sameForm } from "../graph/outputs.js";
import { checkFinite, isPlainObject, readOptions, refuse } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { show } from "../shape/show.js";
import type { Tensor } from "../tensor/tensor.js";
import { checkLoss, checkLossValue, checkMetricValue, isClass } from "./arguments.js";

/** A loss that gives one number: every {@link Loss} with reduction `"mean"` or `"sum"`. */
export interface TrainingLoss<T> {
  forward(prediction: Tensor, targets: T): number;
  backward(): Tensor;
}

/** One output's loss, or the loss and the weight by which it counts. */
export type OutputLoss<T> = TrainingLoss<T> | { readonly loss: TrainingLoss<T>; readonly weight?: number };

/**
 * The loss of a network of one output; of several, their losses by name, or a list where `compose` gives one. An output
 * without a loss gets no gradient. Targets that are no list and no object by name are those of every output.
 */
export type Losses<T extends AnyTargets> = [T] extends [Targets]
  ? TrainingLoss<T> | readonly (OutputLoss<T> | undefined)[] | { readonly [output: string]: OutputLoss<T> | undefined }
  : TrainingLoss<T> | { readonly [K in keyof T]?: OutputLoss<T[K]> | undefined };

/** A number that says how good predictions are: `accuracy`. */
export type Metric<T> = (prediction: Tensor, targets: T) => number;

/**
 * Functions of a batch's predictions and targets: `{ accuracy }`. Their values are averaged over all samples. Of a network
 * with several outputs, those of each output: `{ logits: { accuracy } }`, which is measured as `"logits.accuracy"`.
 */
export type Metrics<T extends AnyTargets> = [T] extends [Targets]
  ?
      | Readonly<Record<string, Metric<T> | Readonly<Record<string, Metric<T>>>>>
      | readonly (Readonly<Record<string, Metric<T>>> | undefined)[]
  : { readonly [K in keyof T]?: Readonly<Record<string, Metric<T[K]>>> | undefined };

/** What a loss or metric is told: every kind of targets. */
type AnyLoss = TrainingLoss<never>;

interface WeightedLoss {
  readonly loss: AnyLoss;
  readonly weight: number;
}

/** The loss of a batch. */
export interface BatchLoss {
  readonly value: number;
  /** What it is in a sum over samples: a mean counts once for each. */
  readonly sum: number;
  /** The part that is not finite, where one is not. */
  readonly problem: { readonly name: string; readonly loss: AnyLoss; readonly value: number } | undefined;
}

/** The losses of all outputs together: Σ weight · loss. */
export class OutputLosses {
  /** Of a network of one output, whose name is then empty. */
  readonly #only: AnyLoss | undefined;
  readonly #byOutput = new Map<string, WeightedLoss>();
  readonly #isList: boolean;
  /** What waits for its backward. */
  #waiting: { readonly outputs: unknown; readonly losses: readonly (WeightedLoss | undefined)[] } | undefined;

  /** @throws ArgumentError for what are no losses. */
  constructor(
    readonly who: string,
    losses: unknown,
  ) {
    this.#isList = Array.isArray(losses);
    const isSeveral = this.#isList || (isPlainObject(losses) && !("forward" in losses || "backward" in losses));
    if (!isSeveral) {
      this.#only = checkLoss(who, losses as AnyLoss | undefined);
      return;
    }
    for (const [output, given] of Object.entries(losses as object) as [string, unknown][]) {
      if (given === undefined) continue;
      const isWeighted = isPlainObject(given) && "loss" in given;
      const defaults = { loss: undefined, weight: 1 };
      const { loss, weight } = isWeighted
        ? readOptions(`${who}'s loss.${output}`, given as { loss?: unknown; weight?: number }, defaults)
        : { loss: given, weight: 1 };
      checkFinite(who, `loss.${output}.weight`, weight);
      this.#byOutput.set(output, { loss: checkLoss(who, loss as AnyLoss | undefined, `loss.${output}`), weight });
    }
    if (this.#byOutput.size === 0) {
      const example = "a loss of one output at least, such as { logits: new CrossEntropyLoss() }";
      refuse(who, "loss", example, losses, "losses that are undefined");
    }
  }

  /** The losses one by one. */
  get all(): readonly AnyLoss[] {
    return this.#only ? [this.#only] : [...this.#byOutput.values()].map(({ loss }) => loss);
  }

  /** @throws ArgumentError unless the losses are of outputs that a network has which is called with so many inputs. */
  check(model: Network, inputs: number): void {
    const { outputs, isOne, isList } = outputsOf(model, inputs);
    const has = `${model.name} has ${isOne ? "one output" : `the outputs ${outputs.join(", ")}`}`;
    const given = [...this.#byOutput.keys()];
    if (isOne !== (this.#only !== undefined)) {
      const expected = isOne ? "one loss" : "the losses of outputs by name, or a list where compose gives one";
      throw new ArgumentError(
        `${this.who} expects loss to be ${expected}, for ${has}, but got ${isOne ? `losses of ${given.join(", ")}` : show(this.#only)}. Usual cause: ${isOne ? "another network" : "one loss for all outputs: give it to each that should learn"}.`,
      );
    }
    const unknown = given.find((output) => !outputs.includes(output));
    if (unknown !== undefined || (!isOne && isList !== this.#isList)) {
      throw new ArgumentError(
        `${this.who} expects losses of outputs that there are, for ${has}${isOne || isList === this.#isList ? "" : isList ? " in a list" : " by name"}, but got ${unknown === undefined ? (isList ? "losses by name" : "a list of losses") : `a loss of ${unknown}`}. Usual cause: an output that compose returns under another name, or in another form.`,
      );
    }
  }

  /** The loss of what the network gave. */
  forward(outputs: unknown, targets: unknown, rows: number): BatchLoss {
    const keys = this.#only ? [""] : Object.keys(outputs as object);
    const losses = keys.map((key) => (this.#only ? { loss: this.#only, weight: 1 } : this.#byOutput.get(key)));
    let value = 0;
    let sum = 0;
    let problem: BatchLoss["problem"];
    for (const [i, y] of outputsIn(outputs).entries()) {
      const weighted = losses[i];
      if (!weighted) continue;
      const { loss, weight } = weighted;
      const key = keys[i] ?? "";
      const own = this.#only ? targets : targetsOf(this.who, key, targets);
      const each = checkLossValue(this.who, this.#only ? loss.forward(y, own as never) : lossOf(key, loss, y, own));
      if (!Number.isFinite(each))
        problem ??= { name: this.#only ? "the loss" : `the loss of ${key}`, loss, value: each };
      value += weight * each;
      sum += weight * each * (isSummed(loss) ? 1 : rows);
    }
    if (!Number.isFinite(value)) problem ??= { name: "the loss", loss: this.all[0] as AnyLoss, value };
    this.#waiting = { outputs, losses };
    return { value, sum, problem };
  }

  /** The gradients of what the last forward was given, as the network's backward takes them. */
  backward(): unknown {
    const { outputs, losses } = this.#waiting ?? { outputs: [], losses: [] };
    this.#waiting = undefined;
    const dys = losses.map((weighted) => {
      const dy = weighted?.loss.backward();
      return weighted && weighted.weight !== 1 ? dy?.mul(weighted.weight) : dy;
    });
    return sameForm(outputs, dys);
  }
}

/** A loss of one output of several, which its errors name. */
function lossOf(key: string, loss: AnyLoss, y: Tensor, targets: unknown): number {
  try {
    return loss.forward(y, targets as never);
  } catch (error) {
    if (!isSentence(error)) throw error;
    const sentence = keyed(error.message, String((loss as { readonly name?: unknown }).name), key);
    throw withCause(reworded(error, sentence), "the loss or the targets of another output");
  }
}

function isSummed(loss: AnyLoss): boolean {
  return (loss as { readonly reduction?: unknown }).reduction === "sum";
}

/** A metric, and the output that it is of; undefined of a network of one. */
export interface OutputMetric {
  readonly key: string;
  readonly output: string | undefined;
  readonly metric: Metric<never>;
}

/** @throws ArgumentError for what are no metrics. */
export function readMetrics(who: string, metrics: unknown): readonly OutputMetric[] {
  const isList = Array.isArray(metrics) && metrics.every((each) => each === undefined || isPlainObject(each));
  if (!isPlainObject(metrics) && !isList) {
    refuse(
      who,
      "metrics",
      "an object of functions such as { accuracy }",
      metrics,
      "a single function: give it a name by { }",
    );
  }
  return Object.entries(metrics as object).flatMap(([name, given]: [string, unknown]): OutputMetric[] => {
    if (given === undefined) return [];
    if (isPlainObject(given)) {
      return Object.entries(given).map(([own, metric]) => {
        const key = `${name}.${own}`;
        return { key, output: name, metric: checkMetric(who, key, metric) };
      });
    }
    return [{ key: name, output: undefined, metric: checkMetric(who, name, given) }];
  });
}

function checkMetric(who: string, key: string, metric: unknown): Metric<never> {
  if (typeof metric === "function" && !isClass(metric)) return metric as Metric<never>;
  const expected = "a function of predictions and targets";
  return refuse(who, `metrics.${key}`, expected, metric, "what a metric returned, or a class");
}

/** @throws ArgumentError unless the metrics are of outputs that a network has which is called with so many inputs. */
export function checkMeasured(who: string, metrics: readonly OutputMetric[], model: Network, inputs: number): void {
  const { outputs, isOne } = outputsOf(model, inputs);
  const wrong = metrics.find(({ output }) => (isOne ? output !== undefined : !outputs.includes(output ?? "")));
  if (!wrong) return;
  const expected = isOne
    ? `metrics such as { accuracy }, for ${model.name} has one output`
    : `metrics by output, { ${outputs[0]}: { accuracy } }, for ${model.name} has the outputs ${outputs.join(", ")}`;
  throw new ArgumentError(
    `${who} expects ${expected}, but got ${wrong.key}. Usual cause: metrics of another network, or of no output.`,
  );
}

/** A metric of what the network gave. */
export function measuredValue(
  who: string,
  { key, output, metric }: OutputMetric,
  outputs: unknown,
  targets: unknown,
): number {
  const isOne = output === undefined;
  const y = isOne ? outputs : (outputs as Readonly<Record<string, Tensor>>)[output];
  return checkMetricValue(who, key, metric(y as Tensor, (isOne ? targets : targetsOf(who, output, targets)) as never));
}

/** The names of a network's outputs, or their positions. */
function outputsOf(model: Network, inputs: number) {
  const { names, isList = false, outputs = [] }: Partial<Composition> = model.composed(inputs) ?? {};
  const isOne = !names && !isList;
  return { isOne, isList, outputs: names ?? outputs.map((_, i) => String(i)) };
}

/** The targets of one output: its own, or those of all. */
function targetsOf(who: string, output: string, targets: unknown): unknown {
  const parts = partsOf(targets as AnyTargets);
  if (!parts) return targets;
  const own = parts.find(([key]) => key === output)?.[1];
  if (own !== undefined) return own;
  throw new ArgumentError(
    `${who} expects targets of the output ${output}, but its batch has targets of ${parts.map(([key]) => key).join(", ")}. Usual cause: targets under another name than the output.`,
  );
}
