/** Batches of a data set, in an order that one seed decides and a checkpoint can resume. */
import { Branded } from "../shape/brand.js";
import { checkInteger, checkObject, readOptions, refuse } from "../shape/check.js";
import { ArgumentError, StateError } from "../shape/errors.js";
import { show } from "../shape/show.js";
import { ownRandom, Random } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import { type AnyTargets, type Batch, type BatchSource, checkBatch, type Inputs, type Targets } from "./dataset.js";

type RandomState = Random["state"];

/** Changes a batch on its way to the model; draws every random number from `random`. Never writes to its batch. */
export type Transform<T extends AnyTargets = Targets, X extends Inputs = Tensor> = (
  batch: Batch<T, X>,
  random: Random,
) => Batch<T, X>;

/** A transform that passes targets through, whatever they are. */
export type InputTransform = <T extends AnyTargets>(batch: Batch<T>, random: Random) => Batch<T>;

export interface DataLoaderOptions<T extends AnyTargets = Targets, X extends Inputs = Tensor> {
  /** Samples per batch. Default 1. */
  readonly batchSize?: number;
  /** Whether every epoch has an order of its own. Default false: the order of the data set. */
  readonly shuffle?: boolean;
  /** Whether to leave out the last batch when it is smaller than the others. Default false. */
  readonly dropLast?: boolean;
  /** Applied to every batch; see {@link randomShift} and its neighbors. */
  readonly transform?: Transform<T, X>;
  /** Decides the shuffling and the transforms. Default: one of its own, seeded from the one of `manualSeed`. */
  readonly random?: Random;
}

/** Where a {@link DataLoader} stands. Plain data: JSON keeps it. */
export interface DataLoaderState {
  readonly samples: number;
  readonly batchSize: number;
  readonly random: RandomState;
  /** The epoch that has been started and not finished: the generator before its shuffle, the batches given out. */
  readonly epoch: { readonly random: RandomState; readonly batches: number } | null;
}

/**
 * Gives a data set's samples in batches. Every `for…of` is one epoch; no batch shares memory with another one or with
 * the data set.
 *
 * Where it shuffles, or its transform draws, one epoch runs at a time: starting the next one ends it. Otherwise loops may
 * run side by side, as those of trainings that share their validation data; `stateDict` tells of the last one started. A
 * loop that `break` left can only go on through `loadStateDict(stateDict())`.
 *
 * @example
 * const loader = new DataLoader(digits, { batchSize: 64, shuffle: true, random: new Random(1) });
 * for (const { inputs, targets } of loader) model.forward(inputs); // [64, 1, 28, 28]
 */
export class DataLoader<T extends AnyTargets = Targets, X extends Inputs = Tensor>
  extends Branded
  implements Iterable<Batch<T, X>>
{
  /** Number of batches per epoch. */
  readonly length: number;
  readonly batchSize: number;
  readonly #shuffle: boolean;
  readonly #transform: Transform<T, X> | undefined;
  readonly #random: Random;
  #epoch: { readonly random: RandomState; batches: number } | undefined;
  /** Whether the next loop goes on with `#epoch` instead of starting one. */
  #resume = false;

  /** @throws ArgumentError for no data set, a batch size that is not a positive integer, or an epoch without any batch. */
  constructor(
    readonly dataset: BatchSource<T, X>,
    options: DataLoaderOptions<T, X> = {},
  ) {
    super();
    if (typeof dataset?.batch !== "function") {
      throw new ArgumentError(
        `DataLoader expects a Dataset, or an object with length and batch(rows), but got ${show(dataset)}. Usual cause: a tensor: new Dataset(inputs, targets).`,
      );
    }
    const defaults = { batchSize: 1, shuffle: false, dropLast: false, transform: undefined, random: undefined };
    const { batchSize, shuffle, dropLast, transform, random } = readOptions("DataLoader", options, defaults);
    if (transform !== undefined && typeof transform !== "function") {
      refuse(
        "DataLoader",
        "transform",
        "a function such as randomShift(2)",
        transform,
        "several transforms: compose(a, b)",
      );
    }
    checkInteger("DataLoader", "the length of its data set", dataset.length, 0);
    this.batchSize = checkInteger("DataLoader", "batchSize", batchSize, 1);
    this.length = (dropLast ? Math.floor : Math.ceil)(dataset.length / batchSize);
    if (this.length === 0) {
      throw new ArgumentError(
        `DataLoader expects samples for one batch at least, but got ${dataset.length}${dropLast ? ` with a batchSize of ${batchSize} and dropLast` : ""}. Usual cause: an empty part of a split, or a batchSize beyond a small data set.`,
      );
    }
    this.#shuffle = shuffle;
    this.#transform = transform;
    this.#random = random ?? ownRandom();
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.DataLoader";
  }

  /** `DataLoader(938 batches of 64)` */
  override toString(): string {
    return `DataLoader(${this.length} ${this.length === 1 ? "batch" : "batches"} of ${this.batchSize})`;
  }

  /** One epoch, or the rest of the one that `loadStateDict` restored. */
  *[Symbol.iterator](): Generator<Batch<T, X>, void, undefined> {
    const resumed = this.ownSelf.#resume ? this.ownSelf.#epoch : undefined;
    const epoch = resumed ?? { random: this.ownSelf.#random.state, batches: 0 };
    this.ownSelf.#resume = false;
    this.ownSelf.#epoch = epoch;
    const order = this.ownSelf.#order(epoch.random, resumed === undefined);
    while (epoch.batches < this.length) {
      const start = epoch.batches * this.batchSize;
      const batch = checkBatch(
        "DataLoader",
        "what its data set returns",
        this.dataset.batch(order.slice(start, start + this.batchSize)),
        true,
      );
      const transformed = this.ownSelf.#transform
        ? checkBatch(
            "DataLoader",
            "what its transform returns",
            this.ownSelf.#transform(batch, this.ownSelf.#random),
            true,
          )
        : batch;
      epoch.batches++;
      yield transformed;
      if (this.ownSelf.#epoch !== epoch && this.ownSelf.#random.state.some((word, i) => word !== epoch.random[i])) {
        throw new StateError(
          "DataLoader expects one loop over it at a time where it shuffles or its transform draws, but another one was started or a state was loaded before this one ended. Usual cause: two nested loops over one loader: make two.",
        );
      }
    }
    if (this.ownSelf.#epoch === epoch) this.ownSelf.#epoch = undefined;
  }

  /** The order of the epoch that starts with this state of the generator; `advance` moves the loader's own past the draw. */
  #order(state: RandomState, advance: boolean): Uint32Array {
    if (!this.#shuffle) return Uint32Array.from({ length: this.dataset.length }, (_, i) => i);
    const random = new Random(0);
    random.state = state;
    const order = random.permutation(this.dataset.length);
    if (advance) this.#random.state = random.state;
    return order;
  }

  /** Where the loader stands: a loader of the same data and options that loads it gives the batches that this one would. */
  stateDict(): DataLoaderState {
    return {
      samples: this.dataset.length,
      batchSize: this.batchSize,
      random: this.ownSelf.#random.state,
      epoch: this.ownSelf.#epoch ? { ...this.ownSelf.#epoch } : null,
    };
  }

  /** The state dict, for `JSON.stringify`; `loadStateDict` takes it as it is. */
  toJSON(): DataLoaderState {
    return this.stateDict();
  }

  /**
   * Goes on where `stateDict` was called: in the middle of an epoch, the next loop gives that epoch's remaining batches
   * (none, if the last one had been given out).
   * @throws StateError when the state is of another number of samples or batch size, or no such state at all; nothing
   *   has changed then.
   */
  loadStateDict(state: DataLoaderState): void {
    checkObject("DataLoader.loadStateDict", "a state", "what stateDict returned", state);
    const { samples, batchSize, random, epoch } = state;
    if (samples !== this.dataset.length || batchSize !== this.batchSize) {
      throw new StateError(
        `DataLoader.loadStateDict expects a state of ${this.dataset.length} samples in batches of ${this.batchSize}, but got one of ${show(samples)} in batches of ${show(batchSize)}. Usual cause: resuming with other data or another batchSize than the run was started with.`,
      );
    }
    const inRange = (batches: number) => Number.isInteger(batches) && batches >= 0 && batches <= this.length;
    if (!isRandomState(random) || (epoch !== null && !(isRandomState(epoch?.random) && inRange(epoch.batches)))) {
      throw new StateError(
        "DataLoader.loadStateDict expects what stateDict returned, but its random state or its epoch is missing or damaged. Usual cause: a checkpoint written by hand or by another version.",
      );
    }
    this.ownSelf.#random.state = random;
    this.ownSelf.#epoch = epoch ? { random: epoch.random, batches: epoch.batches } : undefined;
    this.ownSelf.#resume = epoch !== null;
  }
}

/** Four words of 32 bits, not all 0, which is the one state that xoshiro never leaves. */
function isRandomState(state: unknown): boolean {
  const isWord = (word: unknown) => Number.isInteger(word) && word === (word as number) >>> 0;
  return Array.isArray(state) && state.length === 4 && state.every(isWord) && state.some((word) => word !== 0);
}
