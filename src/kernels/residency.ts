/**
 * Which tensors live in the engine's memory. Inside a run, what a layer's ops allocate lies in blocks of the layer's
 * {@link Arena}, which its next run uses again; parameters and optimiser states have blocks of their own. A block has a
 * place in the memory from its first use by a kernel on, and an array of its own while others need the room.
 *
 * What the program sees of it: an array that it was given shows its tensor's numbers for as long as it is kept, and
 * nobody else's.
 */
import { StateError } from "../shape/errors.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import { engine, type Run } from "../tensor/engine.js";
import { type DType, type FloatArray, floats, type Resident } from "../tensor/storage.js";
import { Tensor } from "../tensor/tensor.js";
import { backend } from "./backend.js";
import { fix, type Owner, raiseBudget, release, type Span, takeSpan, touch, view } from "./wasm/memory.js";

/** As often one training step uses a parameter or its gradient, at most. */
const FEW_USES = 8;

/** Numbers that can lie in the engine's memory or in an array of their own. */
class Block implements Owner {
  /** Which use of the block is the current one. */
  use = 0;
  #length = 0;
  #span: Span | undefined;
  #array: Float32Array | undefined;
  /** Whether the program has the array, which is where the numbers are from then on. */
  #exposed = false;
  #firstRun: Run | undefined;
  #uses = 0;
  /** Whether others needed the room since the last use. */
  #movedOut = false;

  /** For numbers of a new use. They are whatever was there. */
  renew(length: number): void {
    this.use++;
    this.#length = length;
    this.#array = undefined;
    if (this.#span && this.#span.bytes < 4 * length) {
      release(this.#span);
      this.#span = undefined;
    }
  }

  /** Gives the place back. Whoever still reads the numbers must find them stale. */
  drop(): void {
    this.renew(0);
    if (this.#span) release(this.#span);
    this.#span = undefined;
  }

  /** Puts numbers into an array of the block's own. */
  fill(array: Float32Array): void {
    this.#length = array.length;
    this.#array = array;
  }

  /** Where a kernel finds the numbers; undefined where it has to copy them. */
  address(): number | undefined {
    const span = this.#span ?? (this.#isEstablished() ? this.#moveIn() : undefined);
    if (!span?.fixed && span) touch(span);
    return span?.at;
  }

  view(): Float32Array {
    if (this.#array) return alive(this.#array, this.#length);
    const span = this.#span ?? this.#moveIn();
    if (span) return view(span.at, this.#length);
    this.#array = new Float32Array(this.#length);
    return this.#array;
  }

  expose(): Float32Array {
    if (this.#exposed) return this.view();
    const span = this.#span ?? (backend() === "wasm" ? this.#moveIn() : undefined);
    this.#exposed = true;
    const shown = span && fix(span, this.#length);
    if (shown) this.#array = shown;
    else if (span) {
      this.moveOut();
      release(span);
    }
    return this.view();
  }

  moveOut(): void {
    this.#array = this.view().slice();
    this.#span = undefined;
    this.#movedOut = true;
  }

  /**
   * Whether the numbers are worth a place: those of a model that runs once and is dropped are left to the garbage
   * collector altogether. Results of a run are written there in the first place.
   */
  #isEstablished(): boolean {
    if (!this.#array || this.#movedOut) return true;
    this.#firstRun ??= engine().run;
    return this.#firstRun !== engine().run || ++this.#uses > FEW_USES;
  }

  /** Takes a place in the memory; undefined where there is no room, or the program has the array. */
  #moveIn(): Span | undefined {
    if (this.#exposed) return undefined;
    const span = takeSpan(4 * this.#length, this);
    if (!span) return undefined;
    if (this.#movedOut) raiseBudget(span.bytes);
    this.#movedOut = false;
    if (this.#array) view(span.at, this.#length).set(this.#array);
    this.#array = undefined;
    this.#span = span;
    this.#firstRun = undefined;
    return span;
  }
}

/** An array that the program has may have been transferred to a worker. */
function alive(array: Float32Array, length: number): Float32Array {
  if (array.length === length) return array;
  throw new StateError(
    `A tensor of ${length} numbers lost its memory: ${array.length} are left. Usual cause: its data transferred to a worker; transfer a copy.`,
  );
}

/** One use of a block. */
class Place implements Resident {
  readonly #use: number;
  /** Numbers of a run's result that the program has an array of: the block goes to the next run without them. */
  #own: Float32Array | undefined;
  /** Whether nobody owns these numbers yet. */
  fresh: boolean;

  constructor(
    readonly block: Block,
    readonly length: number,
    /** Whether the block is used again by the next run. */
    readonly temporary: boolean,
  ) {
    this.#use = block.use;
    this.fresh = !temporary;
  }

  address(): number | undefined {
    return this.#own ? undefined : this.#current().address();
  }

  view(): Float32Array {
    return this.#own ? alive(this.#own, this.length) : this.#current().view();
  }

  expose(): Float32Array {
    if (!this.temporary) return this.block.expose();
    this.#own ??= this.view().slice();
    return this.view();
  }

  #current(): Block {
    if (this.#use === this.block.use) return this.block;
    throw new StateError(
      "A tensor was read after the layer that it belongs to has run again, which overwrote it. Usual cause: a layer of your own that keeps a child's output from one forward to the next; keep a clone() of it.",
    );
  }
}

/** The blocks of one layer's results, in the order in which a run asks for them. */
export class Arena {
  readonly #blocks: Block[] = [];
  #next = 0;
  #run: Run | undefined;

  /** A place for `length` numbers in this run. */
  place(length: number, run: Run): Resident {
    if (run !== this.#run) {
      this.#run = run;
      this.#next = 0;
    }
    const index = this.#next++;
    const block = this.#blocks[index] ?? new Block();
    this.#blocks[index] = block;
    block.renew(length);
    return new Place(block, length, true);
  }

  /** Gives all places back. */
  release(): void {
    for (const block of this.#blocks.splice(0)) block.drop();
  }
}

/** Zeros for a parameter, a buffer or an optimiser, also when a run asks for them. */
export function ownZeros<const S extends Shape>(shape: S, dtype: DType = "float32"): Tensor<S> {
  return inBlock(floats(sizeOf(shape), dtype), shape);
}

/** The tensor's numbers for a parameter, a buffer or an optimiser alone: a copy, or fresh {@link ownZeros} themselves. */
export function own<S extends Shape>(tensor: Tensor<S>): Tensor<S> {
  const operand = tensor.operand(tensor.size);
  const fresh = operand instanceof Place && operand.fresh ? tensor : inBlock(tensor.view().slice(), tensor.shape);
  const place = fresh.operand(tensor.size);
  if (place instanceof Place) place.fresh = false;
  return fresh;
}

function inBlock<S extends Shape>(array: FloatArray, shape: S): Tensor<S> {
  if (array instanceof Float64Array) return new Tensor(array, shape);
  const block = new Block();
  block.fill(array);
  return new Tensor(new Place(block, array.length, false), shape);
}

/** Runs `action` with every allocation going to `arena`. */
export function within<T>(arena: Arena, run: Run, action: () => T): T {
  const state = engine();
  const before = state.place;
  state.place = backend() === "wasm" ? (length) => arena.place(length, run) : undefined;
  try {
    return action();
  } finally {
    state.place = before;
  }
}
