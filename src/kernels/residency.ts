/**
 * Which tensors live in the engine's memory. Inside a run, what a layer's ops allocate takes places in the layer's
 * {@link Arena}, which its next run uses again; parameters and optimiser states have places for as long as they live.
 * Where the memory is full, or the backend needs none, tensors are ordinary arrays and everything works the same.
 */
import { StateError } from "../shape/errors.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import { engine } from "../tensor/engine.js";
import { type DType, floats, type Resident } from "../tensor/storage.js";
import { Tensor } from "../tensor/tensor.js";
import { backend } from "./backend.js";
import { free, memory, take, view } from "./wasm/memory.js";

/** A block of the memory, and which use of it is the current one. */
class Block {
  use = 0;
  #view: Float32Array | undefined;

  constructor(
    readonly at: number,
    readonly bytes: number,
  ) {
    returned.register(this, [at, bytes], this);
    taken++;
  }

  /** Gives the block back at once. Whoever still reads it must find it stale. */
  release(): void {
    this.use++;
    returned.unregister(this);
    giveBack([this.at, this.bytes]);
  }

  view(length: number): Float32Array {
    const known = this.#view;
    if (known?.length === length && known.buffer === memory().buffer) return known;
    this.#view = view(this.at, length);
    return this.#view;
  }
}

/** Gives a dropped tensor's block back. Never needed for correctness: it may run late, or not at all. */
const returned = /* @__PURE__ */ new FinalizationRegistry<[at: number, bytes: number]>(giveBack);

function giveBack([at, bytes]: readonly [at: number, bytes: number]): void {
  free(at, bytes);
  taken--;
}

/** Blocks that have been taken and not come back. */
let taken = 0;

/**
 * No model has as many. A loop that makes and drops thousands of models has, for dropped blocks come back only between
 * tasks; from there on its tensors are ordinary arrays, which are collected inside the loop as well.
 */
const MOST_BLOCKS = 20_000;

function takeBlock(bytes: number): Block | undefined {
  const at = taken < MOST_BLOCKS ? take(bytes) : undefined;
  return at === undefined ? undefined : new Block(at, bytes);
}

/** One use of a block. */
class Place implements Resident {
  readonly #use: number;

  constructor(
    readonly block: Block,
    readonly length: number,
  ) {
    this.#use = block.use;
  }

  view(): Float32Array {
    if (this.#use !== this.block.use) {
      throw new StateError(
        "A tensor was read after the layer that it belongs to has run again, which overwrote it. Usual cause: a layer of your own that keeps a child's output from one forward to the next; keep a clone() of it.",
      );
    }
    return this.block.view(this.length);
  }
}

/** The places of one layer's results, in the order in which a run asks for them. */
export class Arena {
  readonly #blocks: (Block | undefined)[] = [];
  #next = 0;
  #run = -1;

  /** A place for `length` numbers in this run; undefined where there is no room in the engine's memory. */
  place(length: number, run: number): Resident | undefined {
    if (run !== this.#run) {
      this.#run = run;
      this.#next = 0;
    }
    const bytes = 4 * length;
    const index = this.#next++;
    let block = this.#blocks[index];
    if (block && block.bytes >= bytes) block.use++;
    else {
      block?.release();
      block = takeBlock(bytes);
      this.#blocks[index] = block;
      if (!block) return undefined;
    }
    return new Place(block, length);
  }
}

/** A copy of the tensor with a place of its own in the engine's memory, or the tensor itself where there is none. */
export function settled<S extends Shape>(tensor: Tensor<S>): Tensor<S> {
  if (tensor.isResident) return tensor;
  const place = placeFor(tensor.size, tensor.dtype);
  if (!place) return tensor;
  place.view().set(tensor.data);
  return new Tensor(place, tensor.shape);
}

/** Zeros with a place of their own, also when a run asks for them. */
export function settledZeros<const S extends Shape>(shape: S, dtype: DType = "float32"): Tensor<S> {
  const length = sizeOf(shape);
  const place = placeFor(length, dtype);
  if (!place) return new Tensor(floats(length, dtype), shape);
  place.view().fill(0);
  return new Tensor(place, shape);
}

/** A place for as long as its tensor lives; undefined where tensors of this precision have none, or the memory is full. */
function placeFor(length: number, dtype: DType): Place | undefined {
  if (dtype !== "float32" || backend() !== "wasm") return undefined;
  const block = takeBlock(4 * length);
  return block && new Place(block, length);
}

/** Runs `action` with every allocation going to `arena`. */
export function within<T>(arena: Arena, run: number, action: () => T): T {
  const state = engine();
  const before = state.place;
  state.place = backend() === "wasm" && !state.trial ? (length) => arena.place(length, run) : undefined;
  try {
    return action();
  } finally {
    state.place = before;
  }
}
