/** Samples in memory: inputs and what a model should say of them. */

import { Branded, refuseForeign } from "../shape/brand.js";
import { checkInteger, checkNumbers, checkRandom, checkRange, refuse } from "../shape/check.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { showShape, sizeOf } from "../shape/shape.js";
import { show } from "../shape/show.js";
import { defaultRandom, type Random } from "../tensor/random.js";
import { allocate, Tensor } from "../tensor/tensor.js";
import { checkLabels } from "./labels.js";

/** One class index a sample, or a tensor whose first axis counts samples (regression, soft labels, images to match). */
export type Targets = readonly number[] | Int32Array | Uint8Array | Tensor;

/** The kind of targets that a part of a data set has: a tensor's shape changes, so its type forgets it. */
export type PartOf<T extends Targets> = T extends Tensor ? Tensor : T;

/** Samples side by side: inputs `[N, …]` and N targets. What a {@link DataLoader} gives and `fit` takes. */
export interface Batch<T extends Targets = Targets> {
  readonly inputs: Tensor;
  readonly targets: T;
}

/** One sample, without the batch axis. */
export interface Sample<T extends Targets = Targets> {
  readonly input: Tensor;
  readonly target: T extends Tensor ? Tensor : number;
}

/** What a {@link DataLoader} needs of a data set. Implement it for data that does not fit in memory. */
export interface BatchSource<T extends Targets = Targets> {
  /** Number of samples. */
  readonly length: number;
  /** The samples of these indices, in this order, in memory of their own. */
  batch(rows: Uint32Array): Batch<T>;
}

/**
 * Samples in memory.
 *
 * @example
 * const digits = new Dataset(imagesToTensor(readIdx(imageBytes)), labelsToInt32(readIdx(labelBytes)));
 * const [training, validation] = digits.split(0.9);
 */
export class Dataset<T extends Targets = Targets> extends Branded implements BatchSource<PartOf<T>>, Batch<PartOf<T>> {
  readonly length: number;
  readonly targets: PartOf<T>;

  /**
   * @param inputs `[N, …]`, for images `[N, C, H, W]`; kept, not copied.
   * @param targets N class indices, or a tensor `[N, …]`; kept, not copied.
   * @throws ArgumentError when `inputs` is no Tensor; ShapeError when the two do not have as many samples, or `inputs` has no axis that counts them.
   */
  constructor(
    readonly inputs: Tensor,
    targets: T,
  ) {
    super();
    refuseForeign("Dataset", inputs, targets);
    if (!(inputs instanceof Tensor)) {
      throw new ArgumentError(
        `Dataset expects inputs to be a Tensor whose first axis counts samples, but got ${Array.isArray(inputs) ? "an array" : show(inputs)}. Usual cause: images as readIdx gives them: convert them with imagesToTensor.`,
      );
    }
    const [samples] = inputs.shape;
    if (!(targets instanceof Tensor)) checkLabels("Dataset", targets);
    const answers = targets instanceof Tensor ? targets.shape[0] : targets.length;
    if (samples === undefined || samples !== answers) {
      throw new ShapeError(
        `Dataset expects as many targets as inputs, but got inputs ${showShape(inputs.shape)} and ${targets instanceof Tensor ? `targets ${showShape(targets.shape)}` : `${answers} targets`}. Usual cause: images of one file with labels of another, or an input without batch axis.`,
      );
    }
    this.length = samples;
    this.targets = targets as PartOf<T>;
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.Dataset";
  }

  /** `Dataset(60000 × [1, 28, 28])` */
  override toString(): string {
    return `Dataset(${this.length} × ${showShape(this.inputs.shape.slice(1))})`;
  }

  /**
   * Sample number `index`, in memory of its own.
   * @throws ArgumentError when there is no such sample.
   */
  get(index: number): Sample<T> {
    this.ownSelf.#check("Dataset.get", index);
    const { targets } = this;
    const target = targets instanceof Tensor ? gather(targets, Uint32Array.of(index), []) : targets[index];
    return { input: gather(this.inputs, Uint32Array.of(index), []), target: target as Sample<T>["target"] };
  }

  /**
   * The samples of these indices, in this order, in memory of their own.
   * @throws ArgumentError for an index that no sample has.
   */
  batch(rows: ArrayLike<number>): Batch<PartOf<T>> {
    checkNumbers("Dataset.batch", "rows", rows);
    for (let i = 0; i < rows.length; i++) this.ownSelf.#check("Dataset.batch", rows[i] ?? 0);
    const { targets } = this;
    return {
      inputs: gather(this.inputs, rows, [rows.length]),
      targets: (targets instanceof Tensor ? gather(targets, rows, [rows.length]) : pick(targets, rows)) as PartOf<T>,
    };
  }

  /** Samples `start` to `end − 1`, counted as `Array.slice` counts. Shares memory with this data set. */
  slice(start = 0, end = this.length): Dataset<T> {
    if (typeof start !== "number") refuse("Dataset.slice", "start", "a number", start);
    if (typeof end !== "number") refuse("Dataset.slice", "end", "a number", end);
    const { targets } = this;
    let part: Targets;
    if (targets instanceof Tensor) part = sliceRows(targets, start, end);
    else part = ArrayBuffer.isView(targets) ? targets.subarray(start, end) : targets.slice(start, end);
    return new Dataset(sliceRows(this.inputs, start, end), part as T);
  }

  /**
   * The first `count` samples, or all where there are no more. Shares memory with this data set.
   * @throws ArgumentError when `count` is no integer ≥ 0.
   */
  take(count: number): Dataset<T> {
    return this.slice(0, checkInteger("Dataset.take", "count", count, 0));
  }

  /**
   * Two data sets of randomly drawn samples, which have no sample in common: `fraction` of all, and the rest. Copies them.
   * @param fraction from 0 to 1
   * @param random where the order comes from. Default: the generator that `manualSeed` seeds.
   */
  split(fraction: number, random: Random = defaultRandom()): [Dataset<T>, Dataset<T>] {
    checkRange("Dataset.split", "fraction", fraction, 0, 1);
    checkRandom("Dataset.split", random);
    const order = random.permutation(this.length);
    const first = Math.round(fraction * this.length);
    return [this.ownSelf.#select(order.subarray(0, first)), this.ownSelf.#select(order.subarray(first))];
  }

  #check(who: string, index: number): void {
    if (Number.isInteger(index) && index >= 0 && index < this.length) return;
    throw new ArgumentError(`${who} expects an index from 0 to ${this.length - 1}, but got ${show(index)}.`);
  }

  #select(rows: Uint32Array): Dataset<T> {
    const { inputs, targets } = this.batch(rows);
    return new Dataset(inputs, targets as T);
  }
}

/** @throws ArgumentError for what is no batch. */
export function checkBatch<T extends Targets>(who: string, what: string, batch: Batch<T>): Batch<T> {
  if ((batch as Batch<T> | undefined)?.inputs instanceof Tensor) return batch;
  const cause =
    (batch as unknown) instanceof Promise
      ? "an asynchronous function: what it waits for has to be there before the epoch"
      : "a function without return, or one that returns the inputs alone";
  return refuse(who, what, "{ inputs, targets } with a Tensor of inputs", batch, cause);
}

/** y[i, …] = x[rows[i], …]; `lead` replaces the first axis, so that `[]` drops it. */
function gather(x: Tensor, rows: ArrayLike<number>, lead: readonly number[]): Tensor {
  const sample = x.shape.slice(1);
  const size = sizeOf(sample);
  const y = allocate([...lead, ...sample], x.dtype);
  const [from, to] = [x.data, y.data];
  for (let i = 0; i < rows.length; i++) {
    const at = (rows[i] ?? 0) * size;
    to.set(from.subarray(at, at + size), i * size);
  }
  return y;
}

/** The labels of these samples, in an array of the same kind. */
function pick(labels: Exclude<Targets, Tensor>, rows: ArrayLike<number>): Exclude<Targets, Tensor> {
  const label = (row: number) => labels[row] ?? 0;
  if (labels instanceof Int32Array) return Int32Array.from(rows, label);
  return labels instanceof Uint8Array ? Uint8Array.from(rows, label) : Array.from(rows, label);
}

function sliceRows(x: Tensor, start: number, end: number): Tensor {
  const [samples = 0, ...sample] = x.shape;
  const size = sizeOf(sample);
  const clamp = (at: number) => {
    const whole = Math.trunc(at) || 0;
    return whole < 0 ? Math.max(0, samples + whole) : Math.min(whole, samples);
  };
  const from = clamp(start);
  const count = Math.max(0, clamp(end) - from);
  return new Tensor(x.data.subarray(from * size, (from + count) * size), [count, ...sample]);
}
