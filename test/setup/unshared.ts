/**
 * An ordinary page in Node: SharedArrayBuffer is missing, and the engine's memory grows at every allocation, so that each
 * detaches all views that were taken before it. Where it grows only now and then, as it does for users, a view that is
 * kept too long goes unnoticed.
 */
import { Heap } from "../../src/kernels/wasm/heap.js";
import { engine } from "../../src/tensor/engine.js";

Reflect.deleteProperty(globalThis, "SharedArrayBuffer");

/** Growing takes milliseconds from about here on: a larger memory grows at every 64th allocation. */
const LARGE = 2 ** 26;

const { allocate } = Heap.prototype;
let allocations = 0;

Heap.prototype.allocate = function (...args) {
  const block = allocate.apply(this, args);
  const { memory, buffers } = engine().memory as { memory: WebAssembly.Memory; buffers: WeakSet<ArrayBufferLike> };
  if (memory.buffer.byteLength <= LARGE || allocations++ % 64 === 0) {
    // Growing by nothing replaces the buffer as well.
    memory.grow(0);
    buffers.add(memory.buffer);
  }
  return block;
};
