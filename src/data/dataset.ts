/** Samples in memory: inputs and what a model should answer. */

import { Branded, refuseForeign } from "../shape/brand.js";
import { checkInteger, checkNumbers, checkRandom, checkRange, isPlainObject, refuse } from "../shape/check.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { showShape, sizeOf } from "../shape/shape.js";
import { show } from "../shape/show.js";
import { defaultRandom, type Random } from "../tensor/random.js";
import { allocate, Tensor } from "../tensor/tensor.js";
import { checkLabels } from "./labels.js";

/** One class index a sample, or a tensor whose first dimension counts samples (regression, soft labels, images to match). */
export type Targets = readonly number[] | Int32Array | Uint8Array | Tensor;

/** Targets of a network's outputs: one kind for all of them, or those of each, in a list or an object by name. */
export type AnyTargets = Targets | readonly Targets[] | { readonly [output: string]: Targets };

/** The input of a network, or the list of its inputs. */
export type Inputs = Tensor | readonly Tensor[];

/** The kind of targets that a part of a data set has: a tensor's shape changes, so its type forgets it. */
export type PartOf<T extends AnyTargets> = T extends Tensor
  ? Tensor
  : T extends Targets
    ? T
    : Extract<{ readonly [K in keyof T]: T[K] extends Tensor ? Tensor : T[K] }, AnyTargets>;

/** The kind of inputs that a part of a data set has: a tensor for each input of the network. */
export type InputsOf<X extends Inputs> = X extends Tensor
  ? Tensor
  : Extract<{ readonly [K in keyof X]: Tensor }, Inputs>;

/**
 * Samples side by side: inputs `[N, …]` and N targets. What a {@link DataLoader} gives and `fit` takes. Of a network with
 * several inputs, `inputs` is a list; with several outputs, `targets` may be a list, or an object by name.
 */
export interface Batch<T extends AnyTargets = Targets, X extends Inputs = Tensor> {
  readonly inputs: X;
  readonly targets: T;
}

/** One sample, without the batch dimension. */
export interface Sample<T extends AnyTargets = Targets, X extends Inputs = Tensor> {
  readonly input: InputsOf<X>;
  readonly target: TargetOf<T>;
}

type TargetOf<T> = T extends Tensor ? Tensor : T extends Targets ? number : { readonly [K in keyof T]: TargetOf<T[K]> };

/** What a {@link DataLoader} needs of a data set. Implement it for data that does not fit in memory. */
export interface BatchSource<T extends AnyTargets = Targets, X extends Inputs = Tensor> {
  /** Number of samples. */
  readonly length: number;
  /** The samples of these indices, in this order, in memory of their own. */
  batch(rows: Uint32Array): Batch<T, X>;
}

/**
 * Samples in memory.
 *
 * @example
 * const digits = new Dataset(imagesToTensor(readIdx(imageBytes)), labelsToInt32(readIdx(labelBytes)));
 * const [training, validation] = digits.split(0.9);
 */
export class Dataset<T extends AnyTargets = Targets, X extends Inputs = Tensor>
  extends Branded
  implements BatchSource<PartOf<T>, InputsOf<X>>
{
  readonly length: number;
  readonly inputs: InputsOf<X>;
  readonly targets: PartOf<T>;

  /**
   * @param inputs `[N, …]`, for images `[N, C, H, W]`; of a network with several inputs, a list of them. Kept, not copied.
   * @param targets N class indices, or a tensor `[N, …]`; of several outputs also a list, or an object by name. Kept, not copied.
   * @throws ArgumentError when `inputs` is not a Tensor; ShapeError when the two do not have as many samples, or `inputs` has no dimension that counts them.
   */
  constructor(inputs: X, targets: T) {
    super();
    refuseForeign("Dataset", inputs, targets);
    if (!(inputs instanceof Tensor || isTensors(inputs))) {
      throw new ArgumentError(
        `Dataset expects inputs to be a Tensor whose first dimension counts samples, but got ${Array.isArray(inputs) ? "an array" : show(inputs)}. Usual cause: images as readIdx returns them: convert them with imagesToTensor.`,
      );
    }
    const [first, ...others] = listOfInputs(inputs);
    const { shape } = first as Tensor;
    const [samples] = shape;
    const parts = partsOf(targets) ?? [];
    for (const part of parts.length > 0 ? parts.map(([, each]) => each) : [targets]) {
      if (!(part instanceof Tensor)) checkLabels("Dataset", part);
      const answers = part instanceof Tensor ? part.shape[0] : (part as readonly number[]).length;
      if (samples === undefined || samples !== answers) {
        throw new ShapeError(
          `Dataset expects as many targets as inputs, but got inputs ${showShape(shape)} and ${part instanceof Tensor ? `targets ${showShape(part.shape)}` : `${answers} targets`}. Usual cause: images of one file with labels of another, or an input without batch dimension.`,
        );
      }
    }
    const other = others.find((each) => each.shape[0] !== samples);
    if (other) {
      throw new ShapeError(
        `Dataset expects the same number of samples in each of its inputs, but got ${showShape(shape)} and ${showShape(other.shape)}. Usual cause: inputs of different samples, or one without batch dimension.`,
      );
    }
    this.length = samples as number;
    this.inputs = inputs as Inputs as InputsOf<X>;
    this.targets = targets as PartOf<T>;
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.Dataset";
  }

  /** `Dataset(60000 × [1, 28, 28])` */
  override toString(): string {
    const shapes = listOfInputs(this.inputs).map(({ shape }) => showShape(shape.slice(1)));
    return `Dataset(${this.length} × ${shapes.join(", ")})`;
  }

  /**
   * Sample number `index`, in memory of its own.
   * @throws ArgumentError when there is no such sample.
   */
  get(index: number): Sample<T, X> {
    this.ownSelf.#check("Dataset.get", index);
    const row = Uint32Array.of(index);
    const one = (part: unknown) =>
      part instanceof Tensor ? gather(part, row, []) : (part as readonly number[])[index];
    return { input: mapParts(this.inputs, one), target: mapParts(this.targets, one) } as Sample<T, X>;
  }

  /**
   * The samples of these indices, in this order, in memory of their own.
   * @throws ArgumentError for an index that no sample has.
   */
  batch(rows: ArrayLike<number>): Batch<PartOf<T>, InputsOf<X>> {
    checkNumbers("Dataset.batch", "rows", rows);
    for (let i = 0; i < rows.length; i++) this.ownSelf.#check("Dataset.batch", rows[i] ?? 0);
    return this.ownSelf.#map((part) => (part instanceof Tensor ? gather(part, rows, [rows.length]) : pick(part, rows)));
  }

  /** Samples `start` to `end − 1`, counted as `Array.slice` counts. Shares memory with this data set. */
  slice(start = 0, end = this.length): Dataset<T, X> {
    if (typeof start !== "number") refuse("Dataset.slice", "start", "a number", start);
    if (typeof end !== "number") refuse("Dataset.slice", "end", "a number", end);
    const { inputs, targets } = this.ownSelf.#map((part) => {
      if (part instanceof Tensor) return sliceRows(part, start, end);
      return ArrayBuffer.isView(part) ? part.subarray(start, end) : part.slice(start, end);
    });
    return new Dataset(inputs as Inputs as X, targets as AnyTargets as T);
  }

  /**
   * The first `count` samples, or all where there are no more. Shares memory with this data set.
   * @throws ArgumentError when `count` is not an integer ≥ 0.
   */
  take(count: number): Dataset<T, X> {
    return this.slice(0, checkInteger("Dataset.take", "count", count, 0));
  }

  /**
   * Two data sets of randomly drawn samples, which have no sample in common: `fraction` of all, and the rest. Copies them.
   * @param fraction from 0 to 1
   * @param random where the order comes from. Default: the generator that `manualSeed` seeds.
   */
  split(fraction: number, random: Random = defaultRandom()): [Dataset<T, X>, Dataset<T, X>] {
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

  #select(rows: Uint32Array): Dataset<T, X> {
    const { inputs, targets } = this.batch(rows);
    return new Dataset(inputs as Inputs as X, targets as AnyTargets as T);
  }

  /** Each input's and each target's numbers changed in the same way. */
  #map(change: (part: Targets) => Targets): Batch<PartOf<T>, InputsOf<X>> {
    return {
      inputs: mapParts(this.inputs, change) as InputsOf<X>,
      targets: mapParts(this.targets, change) as PartOf<T>,
    };
  }
}

/** Whether these are the inputs of a network that has several. */
export function isTensors(inputs: unknown): inputs is readonly Tensor[] {
  return Array.isArray(inputs) && inputs.length > 0 && inputs.every((each) => each instanceof Tensor);
}

/** The inputs one by one. */
export function listOfInputs(inputs: Inputs): readonly Tensor[] {
  return inputs instanceof Tensor ? [inputs] : inputs;
}

/** Several inputs or targets with their names or places; undefined of one kind for all. */
export function partsOf(parts: AnyTargets | Inputs): readonly (readonly [key: string, part: Targets])[] | undefined {
  const isSeveral = Array.isArray(parts) ? typeof parts[0] === "object" && parts[0] !== null : isPlainObject(parts);
  return isSeveral ? Object.entries(parts as Readonly<Record<string, Targets>>) : undefined;
}

/** The same of one, of each in a list, or of each in an object. */
function mapParts(parts: AnyTargets | Inputs, change: (part: Targets) => unknown): unknown {
  const several = partsOf(parts);
  if (!several) return change(parts as Targets);
  if (Array.isArray(parts)) return several.map(([, part]) => change(part));
  return Object.fromEntries(several.map(([key, part]) => [key, change(part)]));
}

/** @throws ArgumentError for anything but a batch. */
export function checkBatch<T extends AnyTargets, X extends Inputs>(
  who: string,
  what: string,
  batch: Batch<T, X>,
  several = false,
): Batch<T, X> {
  const { inputs } = Object(batch) as Partial<Batch<T, X>>;
  if (inputs instanceof Tensor || (several && isTensors(inputs))) return batch;
  const cause =
    (batch as unknown) instanceof Promise
      ? "an asynchronous function: what it waits for has to be there before the epoch"
      : "a function without return, or one that returns the inputs alone";
  return refuse(who, what, "{ inputs, targets } with a Tensor of inputs", batch, cause);
}

/** y[i, …] = x[rows[i], …]; `lead` replaces the first dimension, so that `[]` drops it. */
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
