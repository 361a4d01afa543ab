/**
 * The engine's memory: one WebAssembly.Memory a process, in which tensors have places for as long as they are used.
 * Kernels pass byte offsets into it. Growing detaches the views of a memory that is not shared, so nothing keeps one.
 *
 * How much of it tensors take is bounded by a budget: beyond it, and wherever the memory is full, the numbers that no
 * kernel has used for longest are moved out to an array of their own, which the garbage collector owns. The budget
 * grows when numbers that were moved out come back: their owner lives. So what a program dropped makes room for what it
 * uses, without a finalizer, which could not run inside of a synchronous loop.
 */

import { StateError } from "../../shape/errors.js";
import { engine } from "../../tensor/engine.js";
import type { FloatArray, Operand } from "../../tensor/storage.js";
import { ALIGNMENT, fits, Heap, roundUp, scattered } from "./heap.js";

const PAGE = 65536;
/** The first bytes of the memory are for what is never given back: among places it would be in their way. */
const KEPT_BYTES = 32768;
/** What a memory may be allowed to grow to, in pages: 4 GiB, which 32-bit offsets reach, or what a platform grants. */
const MAXIMA = [65536, 32768, 16384, 8192, 4096];
/** Grown by at least this much at a time. */
const STEP_PAGES = 256;
/** What tensors may take before any has proved that it needs more: models of this size are collected like others. */
const FIRST_BUDGET = 8 * 2 ** 20;
/** What keeping track of a place costs; for programs with very many small tensors. */
const SPAN_BYTES = 512;
/** Numbers whose arrays the program has cannot be moved: as much of the memory is theirs, or the budget where it is more. */
const FIXED_BUDGET = 32 * 2 ** 20;

/** Who has a place in the memory. */
export interface Owner {
  /** Copies the numbers to an array of their own; the place is gone afterwards. */
  moveOut(): void;
}

/** A place in the memory. */
export interface Span {
  at: number;
  readonly bytes: number;
  /** The owner, in the task that took the place: no weak reference would let go of it there. */
  owner: Owner | undefined;
  /** The owner, afterwards. */
  weak: WeakRef<Owner> | undefined;
  /** When a kernel used it last. */
  used: number;
  /** The same when it got where it is in the queue. */
  queued: number;
  /** Whether the program has an array of it. */
  fixed: boolean;
  /** Whether it was given back: a second copy of this library may have done that, and the finalizer here not know. */
  released: boolean;
}

interface EngineMemory {
  readonly memory: WebAssembly.Memory;
  readonly heap: Heap;
  /** Undefined but for {@link compactBeforeGrowing}. */
  makeRoom: ((m: EngineMemory, bytes: number) => void) | undefined;
  /** Where the next thing goes that is never given back. */
  kept: number;
  /** Every buffer that the memory has had; a shared one's old buffers go on showing it. */
  readonly buffers: WeakSet<ArrayBufferLike>;
  /** Temporary space, used from its start by each kernel call; what does not fit is elsewhere. */
  readonly scratch: {
    at: number;
    bytes: number;
    used: number;
    readonly extra: { readonly at: number; readonly bytes: number }[];
    /** Bytes of that. */
    elsewhere: number;
    /** What the running call has used of both at a time, at most. */
    peak: number;
  };
  /** How many kernel calls are running, one inside the other. */
  calls: number;
  /** Arrays of the running call that live elsewhere, and where their copies are. */
  readonly staged: { array: FloatArray; at: number }[];
  /** Places that can be moved out, those used least recently first (as far as `queued` tells). */
  readonly queue: Set<Span>;
  /** Those among them that wait for numbers to come: nobody reads what is there. */
  readonly idle: Set<Span>;
  /** Whether places were taken in the running task, and keep their owners until its end. */
  fresh: boolean;
  /** Bytes of the queue's places, with what keeping track of them costs. */
  taken: number;
  budget: number;
  fixed: number;
  /** Counts uses of places. */
  clock: number;
  /** What was used since then, the running kernel call needs where it is. */
  callStart: number;
  /** What was used since then, the model that ran last may go on using. */
  runStart: number;
}

/** There is no room for what a kernel works with. */
export class NoRoom extends StateError {
  constructor(readonly bytes: number) {
    super(noRoom("A kernel", bytes));
  }
}

/** The same, of its operands: nothing has been computed yet. */
export class TooLarge extends NoRoom {}

export function noRoom(who: string, bytes: number): string {
  return `${who} needs ${(bytes / 2 ** 20).toFixed(1)} MiB more than the engine's memory has. Usual cause: a batch or a picture that is too large for one call; make the batch smaller, cut the picture into parts, or setBackend("reference"), which has no such limit.`;
}

function state(): EngineMemory {
  const shared = engine();
  shared.memory ??= create();
  return shared.memory as EngineMemory;
}

function create(): EngineMemory {
  const memory = createMemory();
  const buffers = new WeakSet<ArrayBufferLike>([memory.buffer]);
  const grow = (end: number) => {
    const pages = Math.ceil(end / PAGE);
    const have = memory.buffer.byteLength / PAGE;
    if (pages > have) {
      const wanted = Math.max(pages, have + STEP_PAGES, Math.ceil(have * 1.25));
      if (!grown(memory, wanted - have) && !grown(memory, pages - have)) return undefined;
      buffers.add(memory.buffer);
    }
    return memory.buffer.byteLength;
  };
  return {
    memory,
    heap: new Heap(KEPT_BYTES, grow),
    // Offset 0 stays free, so that it can mean "none".
    kept: ALIGNMENT,
    buffers,
    scratch: { at: 0, bytes: 0, used: 0, extra: [], elsewhere: 0, peak: 0 },
    calls: 0,
    staged: [],
    queue: new Set(),
    idle: new Set(),
    makeRoom: undefined,
    fresh: false,
    taken: 0,
    budget: FIRST_BUDGET,
    fixed: 0,
    clock: 0,
    callStart: Infinity,
    runStart: Infinity,
  };
}

/**
 * For tests: whether the memory grows and whether places move together whenever a part of it is taken, whether everything
 * that can has to move out whenever a place is taken, and whether no tensor gets a place.
 */
export const trouble = { growsAlways: false, compactsAlways: false, movesAlways: false, noSpans: false };

/**
 * Shared where the platform allows it, so that threads can join later, and as large at most as the platform grants: some
 * refuse to promise 4 GiB.
 * @throws RangeError where none is to be had.
 */
export function createMemory(initial = STEP_PAGES): WebAssembly.Memory {
  if (typeof SharedArrayBuffer !== "undefined") {
    for (const maximum of MAXIMA) {
      try {
        return new WebAssembly.Memory({ initial, maximum, shared: true });
      } catch {
        // The next one is smaller.
      }
    }
  }
  return new WebAssembly.Memory({ initial });
}

function grown(memory: WebAssembly.Memory, pages: number): boolean {
  try {
    memory.grow(pages);
    return true;
  } catch {
    return false;
  }
}

/** The memory that kernels import. */
export function memory(): WebAssembly.Memory {
  return state().memory;
}

export function isShared(): boolean {
  return typeof SharedArrayBuffer !== "undefined" && memory().buffer instanceof SharedArrayBuffer;
}

// ── Places ──

/** Gives a dropped owner's place back. Never needed for correctness: it may run late, not at all, or be missing. */
const dropped =
  typeof FinalizationRegistry === "undefined" ? undefined : /* @__PURE__ */ new FinalizationRegistry<Span>(release);

/** Takes a place for `owner`; undefined where there is no room, whoever is moved out. */
export function takeSpan(bytes: number, owner: Owner): Span | undefined {
  const m = state();
  if (trouble.noSpans) return undefined;
  while (trouble.movesAlways && moveOneOut(m));
  if (m.taken + bytes > m.budget) vacateIdle(m);
  // To move out what the running network holds would only copy it to and fro.
  const old = engine().depth > 0 ? m.runStart : Infinity;
  while (m.taken + bytes > m.budget && moveOneOut(m, old));
  if (m.taken + bytes > m.budget && old < Infinity) m.budget = m.taken + bytes + FIRST_BUDGET;
  const at = allocate(m, bytes);
  if (at === undefined) return undefined;
  const used = ++m.clock;
  const span = { at, bytes, owner, weak: undefined, used, queued: used, fixed: false, released: false };
  m.queue.add(span);
  m.taken += bytes + SPAN_BYTES;
  dropped?.register(owner, span, span);
  if (!m.fresh) {
    m.fresh = true;
    endOfTask(releaseOwners);
  }
  return span;
}

/** From the end of the task on, places do not keep their owners. Without weak references they do until they are moved out. */
function releaseOwners(): void {
  if (typeof WeakRef === "undefined") return;
  const m = state();
  m.fresh = false;
  for (const span of m.queue) {
    if (span.owner) span.weak = new WeakRef(span.owner);
    span.owner = undefined;
  }
}

function endOfTask(action: () => void): void {
  // Without a clock (in a worklet, say) places keep their owners until they are moved out.
  const timer: unknown = globalThis.setTimeout?.(action, 0);
  (timer as { unref?(): void } | undefined)?.unref?.(); // Node: no reason to stay alive
}

/** Gives a place back. */
export function release(span: Span): void {
  if (span.released) return;
  const m = state();
  dropped?.unregister(span);
  span.released = true;
  span.owner = undefined;
  if (span.fixed) m.fixed -= span.bytes;
  else {
    m.queue.delete(span);
    m.idle.delete(span);
    m.taken -= span.bytes + SPAN_BYTES;
  }
  m.heap.free(span.at, span.bytes);
}

/** Says that a kernel uses the place now: its call finds it where it is. */
export function touch(span: Span): void {
  span.used = ++state().clock;
}

/** Says whether the place waits for numbers to come. */
export function setIdle(span: Span, isIdle: boolean): void {
  const { idle } = state();
  if (isIdle) idle.add(span);
  else idle.delete(span);
}

/** Numbers of this many bytes had to be moved out and are used all the same: the budget is too small by as much, at least. */
export function raiseBudget(bytes: number): void {
  state().budget += 2 * (bytes + SPAN_BYTES);
}

/** Begins a run: until the next one, what it uses stays where it is as long as there is room. */
export function startRun(): void {
  const m = state();
  m.runStart = m.clock + 1;
}

/**
 * An array of the place's numbers that the program may keep. The place stays where it is for as long as anything can
 * reach the array's buffer, which is an object of its own over the shared memory: a part of the array, an iterator, a
 * DataView. Undefined where the memory is not shared, nothing tells when the buffer is dropped, or too much of it is given
 * away: numbers have to be moved out then.
 */
export function fix(span: Span, length: number): Float32Array | undefined {
  const m = state();
  // Without a finalizer the place would never come back.
  const buffer = dropped && m.fixed + span.bytes <= Math.max(FIXED_BUDGET, m.budget) ? aliasOf(m.memory) : undefined;
  if (!buffer) return undefined;
  m.buffers.add(buffer);
  dropped?.unregister(span);
  dropped?.register(buffer, span, span);
  m.queue.delete(span);
  m.taken -= span.bytes + SPAN_BYTES;
  m.fixed += span.bytes;
  span.fixed = true;
  span.owner = undefined;
  return new Float32Array(buffer, span.at, length);
}

/** Another object over the same shared memory. */
function aliasOf({ buffer }: WebAssembly.Memory): ArrayBufferLike | undefined {
  if (typeof SharedArrayBuffer === "undefined" || !(buffer instanceof SharedArrayBuffer)) return undefined;
  try {
    const alias: SharedArrayBuffer = structuredClone(buffer);
    return alias === buffer ? undefined : alias;
  } catch {
    return undefined;
  }
}

/** Moves out what was used least recently, and not since `start`; false where nothing can be moved. */
function moveOneOut(m: EngineMemory, start = Infinity): boolean {
  for (const span of m.queue) {
    if (span.used > span.queued) {
      // Used since it got here: its turn comes again after those that are there now.
      span.queued = span.used;
      m.queue.delete(span);
      m.queue.add(span);
    } else if (span.used < Math.min(m.callStart, start)) {
      vacate(span);
      return true;
    }
  }
  return false;
}

function vacate(span: Span): void {
  (span.owner ?? span.weak?.deref())?.moveOut();
  release(span);
}

/** Takes back the places that wait for numbers. */
function vacateIdle(m: EngineMemory): void {
  for (const span of m.idle) vacate(span);
}

/** Blocks of as many bytes are worth looking for room among those that there are. */
const LARGE = 1 << 16;
/** Places move together where so much of what they take in all is free. */
const GAPS = 1 / 64;

/** Whether to look from now on for room among what has been in use before the memory takes more. */
export function compactBeforeGrowing(isOn: boolean): void {
  state().makeRoom = isOn ? makeRoom : undefined;
}

function makeRoom(m: EngineMemory, bytes: number): void {
  const { heap } = m;
  if (trouble.compactsAlways) compact(m);
  if (bytes < LARGE || fits(heap, bytes)) return;
  vacateIdle(m);
  freeScratch(m);
  if (!fits(heap, bytes) && scattered(heap) >= GAPS * heap.reached) compact(m);
}

/** Moves places together, so that gaps between them become one. */
function compact({ memory, heap, queue, callStart }: EngineMemory): void {
  const numbers = new Float32Array(memory.buffer);
  const movable = [...queue].filter(({ used }) => used < callStart).sort((a, b) => a.at - b.at);
  for (const span of movable) {
    heap.free(span.at, span.bytes);
    const to = heap.allocate(span.bytes) as number; // at most where it was
    if (to !== span.at) numbers.copyWithin(to / 4, span.at / 4, (span.at + span.bytes) / 4);
    span.at = to;
  }
}

/** Offset of this many bytes, whoever has to move; undefined where they are not to be had. */
function allocate(m: EngineMemory, bytes: number): number | undefined {
  // Growing by nothing detaches the views as well.
  if (trouble.growsAlways && grown(m.memory, 0)) m.buffers.add(m.memory.buffer);
  const { heap } = m;
  m.makeRoom?.(m, bytes);
  for (;;) {
    const at = heap.allocate(bytes);
    if (at !== undefined || !(moveOneOut(m) || freeScratch(m))) return at;
  }
}

/** Takes bytes of the memory for good. */
export function keep(bytes: number): number {
  const m = state();
  const at = m.kept;
  m.kept += roundUp(bytes);
  if (m.kept > KEPT_BYTES) throw new RangeError("No room for more tables.");
  return at;
}

/** Takes bytes of the memory until {@link free}, for tests and benchmarks of kernels by themselves. */
export function take(bytes: number): number | undefined {
  return allocate(state(), bytes);
}

export function free(at: number, bytes: number): void {
  state().heap.free(at, bytes);
}

/** Numbers of the memory; valid until it grows, unless it is shared. */
export function view(at: number, length: number): Float32Array {
  return new Float32Array(memory().buffer, at, length);
}

// ── Kernel calls ──

/**
 * Byte offset of an operand. One that has no place in the memory is copied in, and copied back when the kernel call
 * ends, so that it does not matter whether the kernel reads or writes it.
 * Outside of a {@link kernelCall} (in tests and benchmarks of a kernel by itself) it starts a new call.
 * @throws TooLarge where there is no room for a copy, StateError for an array that lost its memory.
 */
export function at(operand: Operand): number {
  const m = state();
  if (m.calls === 0) releaseScratch(m, 0, 0);
  if (ArrayBuffer.isView(operand)) return offset(m, operand) ?? stage(m, operand);
  return operand.address() ?? stage(m, operand.view());
}

/** Where an array lies in the memory; undefined if elsewhere. */
function offset(m: EngineMemory, array: FloatArray): number | undefined {
  if (!m.buffers.has(array.buffer)) return undefined;
  // Its byteOffset says 0: it would be somebody else's numbers.
  if (array.buffer.byteLength === 0)
    throw new StateError("A kernel was handed an array that growing memory has taken away.");
  return array.byteOffset;
}

function stage(m: EngineMemory, array: FloatArray): number {
  if (m.calls === 0) throw new RangeError("A kernel by itself expects arrays in the engine's memory.");
  const known = m.staged.find((entry) => entry.array === array);
  if (known) return known.at;
  const place = scratch(4 * array.length, TooLarge);
  view(place, array.length).set(array);
  m.staged.push({ array, at: place });
  return place;
}

/**
 * Offsets of operands, 0 for one that is undefined; they hold until the end of the kernel call. Arrays of the memory come
 * first: the others may make it grow, which takes the arrays away where it is not shared.
 */
export function addressesOf<Operands extends readonly (Operand | undefined)[]>(
  ...operands: Operands
): { [K in keyof Operands]: number } {
  const m = state();
  // Every kernel call runs this: offsets take the operands' places, and nothing else becomes garbage.
  const places: (Operand | number | undefined)[] = operands as unknown as Operand[];
  for (let i = 0; i < places.length; i++) {
    const operand = operands[i];
    if (!operand) places[i] = 0;
    else if (ArrayBuffer.isView(operand)) places[i] = offset(m, operand) ?? operand;
  }
  for (let i = 0; i < places.length; i++) {
    const operand = places[i];
    if (typeof operand === "object") places[i] = at(operand);
  }
  return places as { [K in keyof Operands]: number };
}

/** Temporary space of the running kernel call, 64-byte aligned; its contents are whatever was there. */
export function scratch(bytes: number, Refusal = NoRoom): number {
  const m = state();
  const space = m.scratch;
  const size = roundUp(bytes);
  if (space.used + size <= space.bytes) {
    space.used += size;
    return space.at + space.used - size;
  }
  const place = allocate(m, size);
  if (place === undefined) throw new Refusal(bytes);
  space.extra.push({ at: place, bytes: size });
  space.elsewhere += size;
  space.peak = Math.max(space.peak, space.used + space.elsewhere);
  return place;
}

/** Runs one kernel call, or a part of one: its staged arrays are copied back, its scratch is free again afterwards. */
export function kernelCall<T>(run: () => T): T {
  const m = state();
  const { staged } = m;
  const { used, extra } = m.scratch;
  const [known, kept] = [staged.length, extra.length];
  if (m.calls++ === 0) m.callStart = m.clock + 1;
  try {
    return run();
  } finally {
    if (--m.calls === 0) m.callStart = Infinity;
    for (const { array, at: place } of staged.splice(known)) array.set(view(place, array.length));
    releaseScratch(m, used, kept);
  }
}

/** Gives back all scratch beyond the first `used` bytes and what lies elsewhere beyond the first `kept` pieces. */
function releaseScratch(m: EngineMemory, used: number, kept: number): void {
  const { scratch: space, heap } = m;
  space.used = used;
  if (space.extra.length > kept) {
    for (const { at, bytes } of space.extra.splice(kept)) {
      heap.free(at, bytes);
      space.elsewhere -= bytes;
    }
  }
  if (m.calls === 0 && space.peak > 0) consolidate(m);
}

/** Makes the scratch as large as the call just needed, so that the next one finds it in one piece. */
function consolidate(m: EngineMemory): void {
  const { scratch: space, heap } = m;
  const bytes = Math.max(space.bytes, space.peak);
  space.peak = 0;
  freeScratch(m);
  const place = bytes <= MAX_KEPT_SCRATCH ? heap.allocate(bytes) : undefined;
  space.at = place ?? 0;
  space.bytes = place === undefined ? 0 : bytes;
}

/** A call that needed more than this is followed by few of its kind: what it took is free for tensors again. */
const MAX_KEPT_SCRATCH = 2 ** 28;

/** Gives back the scratch that no call is using; false where there is none. */
function freeScratch({ scratch: space, heap }: EngineMemory): boolean {
  if (space.bytes === 0 || space.used > 0) return false;
  heap.free(space.at, space.bytes);
  space.at = 0;
  space.bytes = 0;
  return true;
}
