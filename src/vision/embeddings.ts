/** Recognizing by embeddings: a network turns each face (or digit, or product) into a vector, and near vectors mean the same. */

import { Branded, refuseForeign } from "../shape/brand.js";
import { checkInteger, checkNumbers, checkRange, readOptions } from "../shape/check.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { showShape } from "../shape/shape.js";
import { show } from "../shape/show.js";
import { Tensor } from "../tensor/tensor.js";

/** One embedding: a tensor `[D]` or `[1, …]`, a typed array, or plain numbers. */
export type Embedding = ArrayLike<number> | Tensor;

/** What {@link EmbeddingStore} answers for an embedding that nothing in it is near enough to. */
export const UNKNOWN = "unknown";

/** A name that an embedding was matched with. */
export interface Match {
  /** The name under which the nearest embedding was added, or `"unknown"`. */
  readonly name: string;
  /** Its Euclidean distance; Infinity where the store is empty. */
  readonly distance: number;
}

export interface EmbeddingStoreOptions {
  /**
   * Largest distance at which two embeddings are the same. Default Infinity: there is always a match. For the faces of
   * FaceRecognition: 0.6.
   */
  readonly threshold?: number;
}

/**
 * Embeddings of known things by name; finds the nearest to a new one. A name may have several embeddings: several
 * photographs of a person, all images of a digit.
 *
 *     distance(a, b) = √Σᵢ (aᵢ − bᵢ)²
 *
 * The embeddings are kept in single precision, distances are summed in double. A query looks at all of them, and leaves
 * each as soon as it is farther away than the nearest so far.
 *
 * @throws ArgumentError for a threshold that is not a number ≥ 0.
 * @example
 * const store = new EmbeddingStore({ threshold: 0.6 }).add("Ada", ada).add("Grace", grace);
 * store.match(other); // { name: "unknown", distance: 0.74 }
 */
export class EmbeddingStore extends Branded {
  readonly threshold: number;
  readonly #names: string[] = [];
  /** `[capacity, dimensions]`; the first rows are in use. */
  #rows = new Float32Array();
  #dimensions = 0;

  constructor(options: EmbeddingStoreOptions = {}) {
    super();
    const { threshold } = readOptions("EmbeddingStore", options, { threshold: Infinity });
    this.threshold = checkRange("EmbeddingStore", "threshold", threshold, 0, Infinity);
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.EmbeddingStore";
  }

  /** `EmbeddingStore(size=3, names=2, threshold=0.6)` */
  override toString(): string {
    return `EmbeddingStore(size=${this.size}, names=${this.names.length}, threshold=${this.threshold})`;
  }

  /** Number of embeddings. */
  get size(): number {
    return this.ownSelf.#names.length;
  }

  /** Every name once, in the order of their first embeddings. */
  get names(): string[] {
    return [...new Set(this.ownSelf.#names)];
  }

  /**
   * Adds a copy of one embedding.
   * @throws ArgumentError for a name that is empty or `"unknown"`, or numbers that are not finite; ShapeError for an
   *   embedding of another length than the first.
   */
  add(name: string, embedding: Embedding): this {
    if (typeof name !== "string" || name === "" || name === UNKNOWN) {
      throw new ArgumentError(
        `EmbeddingStore.add expects a name other than "" and "${UNKNOWN}", which is the answer for no match, but got ${show(name)}.`,
      );
    }
    const numbers = this.ownSelf.#checked("EmbeddingStore.add", embedding);
    this.ownSelf.#dimensions = numbers.length;
    const start = this.ownSelf.#names.length * numbers.length;
    if (start + numbers.length > this.ownSelf.#rows.length) {
      const larger = new Float32Array(2 * this.ownSelf.#rows.length + numbers.length);
      larger.set(this.ownSelf.#rows);
      this.ownSelf.#rows = larger;
    }
    this.ownSelf.#rows.set(numbers, start);
    this.ownSelf.#names.push(name);
    return this;
  }

  /** The threshold, where there is one, and every name with its numbers, for JSON; {@link add} takes them again, one by one. */
  toJSON(): { readonly threshold?: number; readonly embeddings: [name: string, numbers: number[]][] } {
    const { threshold, ownSelf: own } = this;
    const numbers = (i: number) => [...own.#rows.subarray(i * own.#dimensions, (i + 1) * own.#dimensions)];
    const embeddings = own.#names.map((name, i): [string, number[]] => [name, numbers(i)]);
    return { ...(threshold < Infinity ? { threshold } : {}), embeddings };
  }

  /**
   * The nearest embedding's name and distance; `"unknown"` where that is farther than the threshold.
   * @throws ArgumentError for numbers that are not finite; ShapeError for another length than the store's embeddings.
   */
  match(embedding: Embedding): Match {
    const numbers = this.ownSelf.#checked("EmbeddingStore.match", embedding);
    const [nearest = { name: UNKNOWN, distance: Infinity }] = this.ownSelf.#search(numbers, 1);
    return nearest.distance <= this.threshold ? nearest : { ...nearest, name: UNKNOWN };
  }

  /**
   * The `count` nearest embeddings (fewer, if there are not as many), nearest first, whatever the threshold; of equally
   * near ones the first added comes first.
   * @throws ArgumentError for a count that is not a positive integer, otherwise as {@link match}.
   * @example
   * const votes = store.nearest(embedding, 5).map(({ name }) => name); // k nearest neighbors
   */
  nearest(embedding: Embedding, count = 1): Match[] {
    checkInteger("EmbeddingStore.nearest", "count", count, 1);
    return this.ownSelf.#search(this.ownSelf.#checked("EmbeddingStore.nearest", embedding), count);
  }

  /** Keeps the `count` best found so far, in order: an insertion sort, for few. */
  #search(numbers: Float32Array, count: number): Match[] {
    const best: Match[] = [];
    let farthest = Infinity;
    const block = new Float64Array(BLOCK);
    for (let first = 0; first < this.size; first += BLOCK) {
      squaredDistances(numbers, this.#rows, first * numbers.length, farthest, block);
      for (let i = first; i < Math.min(first + BLOCK, this.size); i++) {
        const squared = block[i - first] ?? 0;
        if (!(squared < farthest)) continue;
        const rank = best.findIndex(({ distance }) => squared < distance);
        best.splice(rank < 0 ? best.length : rank, 0, { name: this.#names[i] ?? UNKNOWN, distance: squared });
        if (best.length > count) best.pop();
        if (best.length === count) farthest = best[count - 1]?.distance ?? Infinity;
      }
    }
    return best.map(({ name, distance }) => ({ name, distance: Math.sqrt(distance) }));
  }

  #checked(who: string, embedding: Embedding): Float32Array {
    const numbers = numbersOf(who, embedding);
    if (this.size > 0 && numbers.length !== this.#dimensions) {
      throw new ShapeError(
        `${who} expects an embedding of ${this.#dimensions} numbers, as the first had, but got ${numbers.length}. Usual cause: embeddings of different networks.`,
      );
    }
    return numbers;
  }
}

/**
 * Euclidean distance of two embeddings: √Σᵢ (aᵢ − bᵢ)².
 * @throws ArgumentError for numbers that are not finite; ShapeError for different lengths.
 * @example
 * embeddingDistance(ada, grace) <= 0.6; // whether two faces are the same person's
 */
export function embeddingDistance(a: Embedding, b: Embedding): number {
  const left = numbersOf("embeddingDistance", a);
  const right = numbersOf("embeddingDistance", b);
  if (left.length !== right.length) {
    throw new ShapeError(
      `embeddingDistance expects two embeddings of one length, but got ${left.length} and ${right.length} numbers. Usual cause: embeddings of different networks.`,
    );
  }
  const sums = new Float64Array(BLOCK);
  squaredDistances(left, right, 0, Infinity, sums);
  return Math.sqrt(sums[0] ?? 0);
}

/** A copy in single precision, checked. */
function numbersOf(who: string, embedding: Embedding): Float32Array {
  refuseForeign(who, embedding);
  const batch = embedding instanceof Tensor && embedding.shape.length > 1 && embedding.shape[0] !== 1;
  if (!(embedding instanceof Tensor)) checkNumbers(who, "an embedding", embedding);
  const numbers = Float32Array.from(embedding instanceof Tensor ? embedding.data : embedding);
  if (batch || numbers.length === 0) {
    const got = embedding instanceof Tensor ? `a tensor ${showShape(embedding.shape)}` : "no numbers";
    throw new ShapeError(
      `${who} expects one embedding, such as [128] or [1, 128], but got ${got}. Usual cause: the embeddings of a whole batch, which have to come one by one.`,
    );
  }
  const bad = numbers.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new ArgumentError(
      `${who} expects finite numbers of single precision, but number ${bad} is ${numbers[bad]}. Usual cause: a network whose training diverged, or whose weights were not loaded.`,
    );
  }
  return numbers;
}

/** Rows whose sums grow side by side: one sum alone waits for each of its additions. */
const BLOCK = 4;

/**
 * sums[r] = Σᵢ (aᵢ − bᵣᵢ)² of the {@link BLOCK} rows b from `start` on, or, as soon as all are larger than `max`,
 * something larger than that.
 */
function squaredDistances(a: Float32Array, b: Float32Array, start: number, max: number, sums: Float64Array): void {
  const length = a.length;
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0, at = start; i < length; ) {
    const end = Math.min(i + 16, length);
    for (; i < end; i++, at++) {
      const x = a[i] ?? 0;
      const d0 = x - (b[at] ?? 0);
      const d1 = x - (b[at + length] ?? 0);
      const d2 = x - (b[at + 2 * length] ?? 0);
      const d3 = x - (b[at + 3 * length] ?? 0);
      s0 += d0 * d0;
      s1 += d1 * d1;
      s2 += d2 * d2;
      s3 += d3 * d3;
    }
    if (s0 > max && s1 > max && s2 > max && s3 > max) break;
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}
