/**
 * The engine's memory: one WebAssembly.Memory a process. Kernels pass byte offsets into it; only a tensor's accessor
 * holds a view, since growing detaches the views of a memory that is not shared.
 */
import { engine } from "../../tensor/engine.js";
import type { FloatArray } from "../../tensor/tensor.js";
import { Heap } from "./heap.js";

const PAGE = 65536;
/** 4 GiB: what 32-bit offsets reach. */
const MOST_PAGES = 65536;
/** Tensors leave the last quarter to what kernels need while they run: they have another place to live in, scratch has none. */
const MOST_TENSOR_BYTES = 0.75 * MOST_PAGES * PAGE;
/** Grown by at least this much at a time. */
const STEP_PAGES = 256;

interface EngineMemory {
  readonly memory: WebAssembly.Memory;
  readonly heap: Heap;
  /** Every buffer that the memory has had; a shared one's old buffers go on showing it. */
  readonly buffers: WeakSet<ArrayBufferLike>;
  /** Temporary space, used from its start by each kernel call. */
  readonly scratch: { at: number; bytes: number; used: number; extra: { at: number; bytes: number }[] };
  /** How many kernel calls are running, one inside the other. */
  calls: number;
  /** Arrays of the running call that live elsewhere, and where their copies are. */
  readonly staged: { array: FloatArray; at: number }[];
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
    if (pages > MOST_PAGES) return undefined;
    if (pages > have) {
      const wanted = Math.min(MOST_PAGES, Math.max(pages, have + STEP_PAGES, Math.ceil(have * 1.25)));
      if (!grown(memory, wanted - have) && !grown(memory, pages - have)) return undefined;
      buffers.add(memory.buffer);
    }
    return memory.buffer.byteLength;
  };
  // Offset 0 stays free, so that it can mean "none".
  const heap = new Heap(1, grow);
  return { memory, heap, buffers, scratch: { at: 0, bytes: 0, used: 0, extra: [] }, calls: 0, staged: [] };
}

/** Shared where the platform allows it, so that threads can join later. */
function createMemory(): WebAssembly.Memory {
  try {
    const shared = typeof SharedArrayBuffer !== "undefined";
    return new WebAssembly.Memory({ initial: STEP_PAGES, maximum: MOST_PAGES, shared });
  } catch {
    return new WebAssembly.Memory({ initial: STEP_PAGES, maximum: MOST_PAGES });
  }
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

/** Takes a block of the memory until {@link free}; undefined where the part for tensors is full. */
export function take(bytes: number): number | undefined {
  return state().heap.allocate(bytes, MOST_TENSOR_BYTES);
}

export function free(at: number, bytes: number): void {
  state().heap.free(at, bytes);
}

/** Numbers of the memory; valid until it grows, unless it is shared. */
export function view(at: number, length: number): Float32Array {
  return new Float32Array(memory().buffer, at, length);
}

/**
 * Byte offset of an array. One that lives elsewhere is copied in, and copied back when the kernel call ends, so that it
 * does not matter whether the kernel reads or writes it. Ask for every offset before the first {@link scratch}.
 * Outside of a {@link kernelCall} (in tests and benchmarks of a kernel by itself) it starts a new call.
 */
export function at(array: FloatArray): number {
  const { buffers, staged, calls } = state();
  if (calls === 0) release(0);
  if (buffers.has(array.buffer)) return array.byteOffset;
  if (calls === 0) throw new RangeError("A kernel by itself expects arrays in the engine's memory.");
  const known = staged.find((entry) => entry.array === array);
  if (known) return known.at;
  const place = scratch(4 * array.length);
  view(place, array.length).set(array);
  staged.push({ array, at: place });
  return place;
}

/**
 * Offsets of arrays, 0 for one that is undefined. Those that are not in the memory come last: copying them in may make it
 * grow, which detaches the views of the others where it is not shared.
 */
export function place<Arrays extends readonly (FloatArray | undefined)[]>(
  ...arrays: Arrays
): { [K in keyof Arrays]: number } {
  const { buffers } = state();
  // Every kernel call runs this: offsets take the arrays' places, and nothing else becomes garbage.
  const places: (FloatArray | number | undefined)[] = arrays as unknown as FloatArray[];
  for (let i = 0; i < places.length; i++) {
    const array = arrays[i];
    if (!array) places[i] = 0;
    else if (buffers.has(array.buffer)) places[i] = at(array);
  }
  for (let i = 0; i < places.length; i++) {
    const array = places[i];
    if (typeof array === "object") places[i] = at(array);
  }
  return places as { [K in keyof Arrays]: number };
}

/** Temporary space of the running kernel call, 64-byte aligned; its contents are whatever was there. */
export function scratch(bytes: number): number {
  const { scratch: space, heap } = state();
  const size = Math.ceil(bytes / 64) * 64;
  if (space.used + size <= space.bytes) {
    space.used += size;
    return space.at + space.used - size;
  }
  const place = heap.allocate(size);
  if (place === undefined) throw new RangeError(`The engine's memory is full: a kernel needs ${bytes} bytes more.`);
  space.extra.push({ at: place, bytes: size });
  return place;
}

/** Runs one kernel call: its staged arrays are copied back, its scratch is free again afterwards. */
export function kernelCall<T>(run: () => T): T {
  const shared = state();
  const { scratch: space, staged } = shared;
  const { used } = space;
  const known = staged.length;
  shared.calls++;
  try {
    return run();
  } finally {
    shared.calls--;
    for (const { array, at: place } of staged.splice(known)) array.set(view(place, array.length));
    release(used);
  }
}

/** Gives back all scratch beyond the first `used` bytes. */
function release(used: number): void {
  const { scratch: space } = state();
  space.used = used;
  if (used === 0 && space.extra.length > 0) consolidate();
}

/** Makes the scratch as large as the call just needed, so that the next one finds it in one piece. */
function consolidate(): void {
  const { scratch: space, heap } = state();
  const bytes = space.extra.reduce((sum, block) => sum + block.bytes, space.bytes);
  for (const block of space.extra.splice(0)) heap.free(block.at, block.bytes);
  if (space.bytes > 0) heap.free(space.at, space.bytes);
  const place = heap.allocate(bytes);
  space.at = place ?? 0;
  space.bytes = place === undefined ? 0 : bytes;
}
