/**
 * Which tensors live in the engine's memory. Inside a run, what ops allocate lies in blocks of the outermost layer's
 * {@link Arena}, or of its {@link Pool} where no backward follows, which its next run uses again; parameters and optimizer
 * states have blocks of their own. A block has a span of the memory from its first use by a kernel on, and an array of
 * its own while others need the room.
 *
 * What the program sees of it: an array that it was given shows its tensor's numbers for as long as it is kept, and
 * nobody else's.
 */
import { StateError } from "../shape/errors.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import { type Allocator, engine, type Run } from "../tensor/engine.js";
import { type DType, floats, type Operand, type Resident } from "../tensor/storage.js";
import { Tensor } from "../tensor/tensor.js";
import { backend } from "./backend.js";
import {
  compactBeforeGrowing,
  fix,
  type Owner,
  raiseBudget,
  release,
  type Span,
  setIdle,
  startRun,
  takeSpan,
  touch,
  view,
} from "./wasm/memory.js";

/** As often one training step uses a parameter or its gradient, at most. */
const FEW_USES = 8;

/** Arrays of as many bytes give their memory back when their numbers move out of them; the collector takes its time. */
const SHRINKABLE = 1 << 16;
/** So much of one at a time, so that hardly any number is there twice. */
const PIECE = 1 << 22;

/** Numbers that can lie in the engine's memory or in an array of their own. */
class Block implements Owner {
  /** Which use of the block is the current one. */
  use = 0;
  /** How many values lie here that somebody is going to read; for the pool that it belongs to. */
  holders = 0;
  /** Whether no use of it is going on. */
  isFree = false;
  /** Where it lies. */
  span: Span | undefined;

  constructor(readonly pool?: Pool) {}

  #length = 0;
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
    if (this.span && this.span.bytes < 4 * length) {
      release(this.span);
      this.span = undefined;
    }
  }

  get length(): number {
    return this.#length;
  }

  /** Gives the span back. Whoever still reads the numbers must find them stale. */
  drop(): void {
    this.renew(0);
    if (this.span) release(this.span);
    this.span = undefined;
  }

  /** Puts numbers into an array of the block's own. */
  fill(array: Float32Array): void {
    this.#length = array.length;
    this.#array = array;
  }

  /** Where a kernel finds the numbers; undefined where it has to copy them. */
  address(): number | undefined {
    const span = this.span ?? (this.#isEstablished() ? this.#moveIn() : undefined);
    if (!span?.fixed && span) touch(span);
    return span?.at;
  }

  view(): Float32Array {
    if (this.#array) return alive(this.#array, this.#length);
    const span = this.span ?? this.#moveIn();
    if (span) return view(span.at, this.#length);
    this.#array = new Float32Array(this.#length);
    return this.#array;
  }

  expose(): Float32Array {
    if (this.#exposed) return this.view();
    const span = this.span ?? (backend() === "wasm" ? this.#moveIn() : undefined);
    this.#exposed = true;
    const shown = span && fix(span, this.#length);
    if (shown) this.#array = shown;
    else if (span) {
      this.moveOut();
      release(span);
    } else if (this.#array) this.#array = plain(this.#array);
    return this.view();
  }

  moveOut(): void {
    // What nobody holds, the next use overwrites.
    this.#array = this.isFree ? undefined : this.view().slice();
    this.span = undefined;
    this.#movedOut = !this.isFree;
  }

  /** Takes a span for a model that is going to be used, as far as anyone can tell. */
  makeResident(): void {
    if (!this.span) this.#moveIn();
  }

  /**
   * Whether the numbers are worth a span: those of a model that learns one step and is dropped are left to the garbage
   * collector altogether. Results of a run are written there in the first place.
   */
  #isEstablished(): boolean {
    if (!this.#array || this.#movedOut) return true;
    this.#firstRun ??= engine().run;
    return this.#firstRun !== engine().run || ++this.#uses > FEW_USES;
  }

  /** Takes a span of the memory; undefined where there is no room, or the program has the array. */
  #moveIn(): Span | undefined {
    if (this.#exposed) return undefined;
    const span = takeSpan(4 * this.#length, this);
    if (!span) return undefined;
    if (this.#movedOut) raiseBudget(span.bytes);
    this.#movedOut = false;
    if (this.#array) move(this.#array, span.at);
    this.#array = undefined;
    this.span = span;
    this.#firstRun = undefined;
    return span;
  }
}

type ShrinkableBuffer = ArrayBuffer & { readonly resizable?: boolean; resize(bytes: number): void };

/** Zeros for a block; the array is one that can shrink where that pays and the platform has it. */
function zeros(length: number): Float32Array {
  if (4 * length >= SHRINKABLE && backend() === "wasm") {
    try {
      const Buffer = ArrayBuffer as new (bytes: number, options: { readonly maxByteLength: number }) => ArrayBuffer;
      return new Float32Array(new Buffer(4 * length, { maxByteLength: 4 * length }), 0, length);
    } catch {
      // What there is to say about a size that is too large says the other one.
    }
  }
  return floats(length, "float32") as Float32Array;
}

/** Moves numbers of an array that nobody reads any more. */
function move(array: Float32Array, at: number): void {
  const buffer = array.buffer as ShrinkableBuffer;
  if (!buffer.resizable) {
    view(at, array.length).set(array);
    return;
  }
  for (let end = array.length; end > 0; ) {
    const start = Math.max(0, end - PIECE);
    view(at + 4 * start, end - start).set(new Float32Array(buffer, 4 * start, end - start));
    buffer.resize(4 * start);
    end = start;
  }
}

/** An array that the program may have: not everything takes one whose buffer can shrink. */
function plain(array: Float32Array): Float32Array {
  return (array.buffer as ShrinkableBuffer).resizable ? array.slice() : array;
}

/** An array that the program has may have been transferred to a worker. */
function alive(array: Float32Array, length: number): Float32Array {
  if (array.length === length) return array;
  throw new StateError(
    `A tensor of ${length} numbers lost its memory: ${array.length} are left. Usual cause: its data transferred to a worker; transfer a copy.`,
  );
}

/** One use of a block. */
class Allocation implements Resident {
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
      "A tensor was read after its network had gone on, which overwrote it. Usual cause: a layer of your own that keeps an input or a child's output; keep a clone() of it.",
    );
  }
}

/** The blocks of a forward whose backward follows, in the order in which it asks for them: all of them are kept for it. */
export class Arena implements Allocator {
  readonly #blocks: Block[] = [];
  #next = 0;

  /** Begins a run: nobody reads any more what the last one left. */
  restart(): void {
    this.#next = 0;
  }

  allocate(length: number): Resident {
    const index = this.#next++;
    const block = this.#blocks[index] ?? new Block();
    this.#blocks[index] = block;
    block.renew(length);
    return new Allocation(block, length, true);
  }

  drop(): void {
    for (const block of this.#blocks.splice(0)) block.drop();
  }
}

/** Blocks of up to so many numbers serve any smaller value; larger ones only one of about their size. */
const SMALL = 1 << 14;
const LOOSE = 1.25;

/** Blocks that serve one value after another: what is held at a time is the widest cut of the graph. */
export class Pool implements Allocator {
  readonly #blocks: Block[] = [];
  /** Those that nobody holds. */
  readonly #free: Block[] = [];
  /** Those that the running steps placed, the outermost step's first. */
  readonly #placed: Block[] = [];

  /**
   * Begins a run: nobody reads any more what the last one left, but for what is `kept`. A backward, which keeps nothing,
   * takes the same spans as in the step before: moving all spans together first cost a step of LeNet-5 a twentieth of its time.
   */
  restart(kept?: readonly Operand[]): void {
    if (backend() === "wasm") compactBeforeGrowing(kept !== undefined);
    this.#placed.length = 0;
    for (const block of this.#blocks) block.holders = 0;
    for (const numbers of kept ?? []) this.hold(numbers);
    for (const block of this.#blocks) this.#freeUnheld(block);
  }

  allocate(length: number): Resident {
    const block = this.#take(length);
    setFree(block, false);
    block.renew(length);
    // Before a kernel runs: what that reads has to stay where it is.
    block.address();
    this.#placed.push(block);
    return new Allocation(block, length, true);
  }

  /** Bytes of the values that somebody holds. */
  get held(): number {
    return this.#blocks.reduce((sum, { isFree, length }) => sum + (isFree ? 0 : 4 * length), 0);
  }

  open(): number {
    return this.#placed.length;
  }

  close(step: number, outputs: readonly Operand[]): void {
    for (const output of outputs) this.hold(output);
    while (this.#placed.length > step) this.#freeUnheld(this.#placed.pop());
  }

  hold(numbers: Operand): void {
    const block = this.#blockOf(numbers);
    if (block) block.holders++;
  }

  release(numbers: Operand): void {
    const block = this.#blockOf(numbers);
    if (!block) return;
    block.holders--;
    this.#freeUnheld(block);
  }

  handOver(numbers: Operand): void {
    const block = this.#blockOf(numbers);
    if (!block) return;
    block.holders--;
    this.#placed.push(block);
  }

  /** The smallest free block that `length` numbers fit in without waste, or one that takes a span of its own. */
  #take(length: number): Block {
    let best = -1;
    let room = Infinity;
    for (let i = 0; i < this.#free.length; i++) {
      const capacity = capacityOf(this.#free[i] as Block);
      if (capacity >= length && capacity < room) [best, room] = [i, capacity];
    }
    if (room > Math.max(SMALL, LOOSE * length)) {
      best = this.#free.findIndex(({ span }) => !span);
    }
    const [block] = best < 0 ? [] : this.#free.splice(best, 1);
    if (block) return block;
    const added = new Block(this);
    this.#blocks.push(added);
    return added;
  }

  #freeUnheld(block: Block | undefined): void {
    if (block && block.holders === 0 && !block.isFree) this.#add(block);
  }

  #add(block: Block): void {
    setFree(block, true);
    this.#free.push(block);
  }

  #blockOf(numbers: Operand): Block | undefined {
    return numbers instanceof Allocation && numbers.block.pool === this ? numbers.block : undefined;
  }
}

function setFree(block: Block, isFree: boolean): void {
  block.isFree = isFree;
  if (block.span) setIdle(block.span, isFree);
}

/** How many numbers fit where the block lies. */
function capacityOf({ span }: Block): number {
  return span ? span.bytes / 4 : 0;
}

/** Zeros for a parameter, a buffer or an optimizer, also when a run asks for them. */
export function ownZeros<const S extends Shape>(shape: S, dtype: DType = "float32"): Tensor<S> {
  const length = sizeOf(shape);
  return dtype === "float64" ? new Tensor(floats(length, dtype), shape) : inBlock(zeros(length), shape);
}

/** The tensor's numbers for a parameter, a buffer or an optimizer alone: a copy, or fresh {@link ownZeros} themselves. */
export function own<S extends Shape>(tensor: Tensor<S>): Tensor<S> {
  const operand = tensor.operand(tensor.size);
  const fresh = operand instanceof Allocation && operand.fresh ? tensor : copied(tensor);
  const numbers = fresh.operand(tensor.size);
  if (numbers instanceof Allocation) numbers.fresh = false;
  return fresh;
}

function copied<S extends Shape>(tensor: Tensor<S>): Tensor<S> {
  const copy = ownZeros(tensor.shape, tensor.dtype);
  copy.view().set(tensor.view());
  return copy;
}

function inBlock<S extends Shape>(array: Float32Array, shape: S): Tensor<S> {
  const block = new Block();
  block.fill(array);
  return new Tensor(new Allocation(block, array.length, false), shape);
}

/** Begins a run. `numbers` of the model take their spans before the run's values do, which come and go around them. */
export function beginRun(numbers: Iterable<Tensor>): void {
  if (backend() !== "wasm") return;
  startRun();
  for (const tensor of numbers) {
    const operand = tensor.operand(tensor.size);
    if (operand instanceof Allocation) operand.block.makeResident();
  }
}

/** Runs `action` with every allocation going to `allocator`. */
export function within<T>(allocator: Allocator, action: () => T): T {
  const state = engine();
  const before = state.allocator;
  state.allocator = backend() === "wasm" ? allocator : undefined;
  try {
    return action();
  } finally {
    state.allocator = before;
  }
}
