/** Measuring a model on data that it does not learn from. */
import type { Batch, Targets } from "../data/dataset.js";
import type { Layer } from "../graph/layer.js";
import { readOptions } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import type { Tensor } from "../tensor/tensor.js";
import {
  checkBatch,
  checkBatches,
  checkLoss,
  checkLossValue,
  checkMetrics,
  checkMetricValue,
  checkModel,
  checkSignal,
} from "./arguments.js";

/** A loss that gives one number: every {@link Loss} with reduction `"mean"` or `"sum"`. */
export interface TrainingLoss<T> {
  forward(prediction: Tensor, targets: T): number;
  backward(): Tensor;
}

/** Functions of a batch's predictions and targets: `{ accuracy }`. Their values are averaged over all samples. */
export type Metrics<T extends Targets> = Readonly<Record<string, (prediction: Tensor, targets: T) => number>>;

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

export interface EvaluateOptions<T extends Targets> {
  /** What a prediction costs beside its targets. */
  readonly loss: TrainingLoss<T>;
  /** What else is measured: `{ accuracy }`. Default: nothing. */
  readonly metrics?: Metrics<T>;
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
export async function evaluate<T extends Targets>(
  model: Layer,
  data: Iterable<Batch<T>>,
  options: EvaluateOptions<T>,
): Promise<Evaluation> {
  checkModel("evaluate", model);
  checkBatches("evaluate", "its data", data);
  const defaults = { loss: undefined, metrics: {}, signal: undefined };
  const { loss, metrics, signal } = readOptions("evaluate", options ?? {}, defaults);
  checkSignal("evaluate", signal);
  const checked = { loss: checkLoss("evaluate", loss), metrics: checkMetrics("evaluate", metrics), signal };
  return measure("evaluate", model, data, checked, (action) => action());
}

/** Runs what computes between two awaits, as `fit` does with a generator of its own. */
export type Run = <R>(action: () => R) => R;

/** {@link evaluate} with options that have been checked. */
export async function measure<T extends Targets>(
  who: string,
  model: Layer,
  data: Iterable<Batch<T>>,
  { loss, metrics, signal }: { loss: TrainingLoss<T>; metrics: Metrics<T>; signal: AbortSignalLike | undefined },
  run: Run,
): Promise<Evaluation> {
  const modes = model.descendants().map((layer) => [layer, layer.training] as const);
  model.eval();
  try {
    let batches = 0;
    let samples = 0;
    let lossSum = 0;
    const sums = new Map(Object.keys(metrics).map((name) => [name, 0]));
    let lastBreath = performance.now();
    for (const batch of batchesOf(data, run)) {
      signal?.throwIfAborted();
      checkBatch(who, who === "fit" ? "validation" : "its data", batch, ++batches);
      const rows = rowsOf(batch);
      samples += rows;
      run(() => {
        const prediction = model.forward(batch.inputs);
        lossSum += checkLossValue(who, loss.forward(prediction, batch.targets)) * weightOf(loss, rows);
        for (const [name, metric] of Object.entries(metrics)) {
          const value = checkMetricValue(who, name, metric(prediction, batch.targets));
          sums.set(name, (sums.get(name) ?? 0) + value * rows);
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
export function* batchesOf<T extends Targets>(data: Iterable<Batch<T>>, run: Run): Generator<Batch<T>, void> {
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

/** How much of a sum over samples a batch's loss stands for: a mean for all of its samples, a sum for itself. */
export function weightOf(loss: TrainingLoss<never>, rows: number): number {
  return (loss as { readonly reduction?: unknown }).reduction === "sum" ? 1 : rows;
}

/** Samples of a batch. */
export function rowsOf<T extends Targets>({ inputs }: Batch<T>): number {
  return inputs.shape[0] ?? 1;
}
