/** Measuring a model on data that it does not learn from. */
import { type AnyTargets, type Batch, type Inputs, listOfInputs } from "../data/dataset.js";
import type { Network } from "../graph/layer.js";
import { readOptions } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import type { Tensor } from "../tensor/tensor.js";
import { checkBatch, checkBatches, checkModel, checkSignal } from "./arguments.js";
import {
  checkMeasured,
  type Losses,
  type Metrics,
  measuredValue,
  OutputLosses,
  type OutputMetric,
  readMetrics,
} from "./outputs.js";

/** What {@link evaluate} returns. */
export interface Evaluation {
  /** Mean loss of the samples. */
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly samples: number;
}

/** An `AbortSignal`, as far as it is asked: without the DOM library or Node's types there is no type of that name. */
export interface AbortSignalLike {
  throwIfAborted(): void;
}

export interface EvaluateOptions<T extends AnyTargets> {
  /** What a prediction costs beside its targets; of several outputs, by output: see {@link Losses}. */
  readonly loss: Losses<NoInfer<T>>;
  /** What else is measured: `{ accuracy }`; of several outputs, by output: see {@link Metrics}. Default: nothing. */
  readonly metrics?: Metrics<NoInfer<T>>;
  /** Aborting it rejects the promise with its reason, between two batches. */
  readonly signal?: AbortSignalLike;
}

/**
 * Mean loss and metrics of `model` over `data`, in eval mode; every layer's mode is put back afterwards.
 * A batch counts by its samples, so that a smaller last one weighs less.
 *
 * @throws ArgumentError for arguments and options that cannot work, before anything has run; for data without a batch, or
 *   one that is no `{ inputs, targets }`; the signal's reason when it is aborted
 * @example
 * const { metrics } = await evaluate(model, testLoader, { loss: new CrossEntropyLoss(), metrics: { accuracy } });
 */
export async function evaluate<T extends AnyTargets>(
  model: Network,
  data: Iterable<Batch<T, Inputs>>,
  options: EvaluateOptions<T>,
): Promise<Evaluation> {
  checkModel("evaluate", model);
  checkBatches("evaluate", "its data", data);
  const defaults = { loss: undefined, metrics: {}, signal: undefined };
  const { loss, metrics, signal } = readOptions("evaluate", options ?? {}, defaults);
  checkSignal("evaluate", signal);
  const checked = { losses: new OutputLosses("evaluate", loss), measured: readMetrics("evaluate", metrics), signal };
  return measure("evaluate", model, data, checked, (action) => action());
}

/** Runs what computes between two awaits, as `fit` does with a generator of its own. */
export type Run = <R>(action: () => R) => R;

/** What is measured. */
export interface Measuring {
  readonly losses: OutputLosses;
  readonly measured: readonly OutputMetric[];
  readonly signal: AbortSignalLike | undefined;
}

/** {@link evaluate} with options that have been checked. */
export async function measure<T extends AnyTargets>(
  who: string,
  model: Network,
  data: Iterable<Batch<T, Inputs>>,
  { losses, measured, signal }: Measuring,
  run: Run,
): Promise<Evaluation> {
  const modes = model.modules().map((layer) => [layer, layer.training] as const);
  model.eval();
  try {
    let batches = 0;
    let samples = 0;
    let lossSum = 0;
    const sums = new Map(measured.map(({ key }) => [key, 0]));
    let lastBreath = performance.now();
    for (const batch of batchesOf(data, run)) {
      signal?.throwIfAborted();
      checkBatch(who, who === "fit" ? "validation" : "its data", batch, ++batches);
      const inputs = listOfInputs(batch.inputs);
      if (batches === 1) {
        losses.check(model, inputs.length);
        checkMeasured(who, measured, model, inputs.length);
      }
      const rows = rowsOf(batch);
      samples += rows;
      run(() => {
        const outputs: unknown = model.forward(...(inputs as [Tensor]));
        lossSum += losses.forward(outputs, batch.targets, rows).sum;
        for (const metric of measured) {
          const value = measuredValue(who, metric, outputs, batch.targets);
          sums.set(metric.key, (sums.get(metric.key) ?? 0) + value * rows);
        }
      });
      if (performance.now() - lastBreath > 25) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        lastBreath = performance.now();
      }
    }
    if (samples === 0) {
      throw new ArgumentError(
        `${who} expects ${who === "fit" ? "validation data" : "data"} that gives batches, but there were none. Usual cause: a generator object, which can be gone through only once; pass a DataLoader or an array.`,
      );
    }
    const means = [...sums].map(([name, sum]) => [name, sum / samples] as const);
    return { loss: lossSum / samples, metrics: Object.fromEntries(means), samples };
  } finally {
    for (const [layer, training] of modes) layer.training = training;
  }
}

/** The batches of `data`, each made by `run`. */
export function* batchesOf<B>(data: Iterable<B>, run: Run): Generator<B, void> {
  const iterator = run(() => data[Symbol.iterator]());
  let done = false;
  try {
    for (;;) {
      const next = run(() => iterator.next());
      done = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    if (!done) iterator.return?.();
  }
}

/** Samples of a batch. */
export function rowsOf({ inputs }: { readonly inputs: Inputs }): number {
  return listOfInputs(inputs)[0]?.shape[0] ?? 1;
}
