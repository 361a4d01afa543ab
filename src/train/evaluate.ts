/** Measuring a model on data that it does not learn from. */
import type { Batch, Targets } from "../data/dataset.js";
import type { Layer } from "../layers/layer.js";
import type { Tensor } from "../tensor/tensor.js";

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
 * @throws the signal's reason when it is aborted
 * @example
 * const { metrics } = await evaluate(model, testLoader, { loss: new CrossEntropyLoss(), metrics: { accuracy } });
 */
export async function evaluate<T extends Targets>(
  model: Layer,
  data: Iterable<Batch<T>>,
  { loss, metrics = {}, signal }: EvaluateOptions<T>,
): Promise<Evaluation> {
  const modes = model.descendants().map((layer) => [layer, layer.training] as const);
  model.eval();
  try {
    let samples = 0;
    let lossSum = 0;
    const sums: Record<string, number> = Object.fromEntries(Object.keys(metrics).map((name) => [name, 0]));
    let lastBreath = performance.now();
    for (const batch of data) {
      signal?.throwIfAborted();
      const prediction = model.forward(batch.inputs);
      const rows = rowsOf(batch);
      samples += rows;
      lossSum += loss.forward(prediction, batch.targets) * weightOf(loss, rows);
      for (const [name, metric] of Object.entries(metrics)) {
        sums[name] = (sums[name] ?? 0) + metric(prediction, batch.targets) * rows;
      }
      if (performance.now() - lastBreath > 25) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        lastBreath = performance.now();
      }
    }
    const means = Object.entries(sums).map(([name, sum]) => [name, sum / samples] as const);
    return { loss: lossSum / samples, metrics: Object.fromEntries(means), samples };
  } finally {
    for (const [layer, training] of modes) layer.training = training;
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
