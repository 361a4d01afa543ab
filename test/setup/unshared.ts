/**
 * An ordinary page in Node: SharedArrayBuffer is missing, and the engine's memory grows at every allocation, so that each
 * detaches all views that were taken before it. Where it grows only now and then, as it does for users, a view that is
 * kept too long goes unnoticed.
 */
import { Heap } from "../../src/kernels/wasm/heap.js";
import { engine } from "../../src/tensor/engine.js";

Reflect.deleteProperty(globalThis, "SharedArrayBuffer");

const { allocate } = Heap.prototype;

Heap.prototype.allocate = function (...args) {
  const block = allocate.apply(this, args);
  detach();
  return block;
};

/** Growing by nothing replaces the buffer as well. */
function detach(): void {
  const { memory, buffers } = engine().memory as { memory: WebAssembly.Memory; buffers: WeakSet<ArrayBufferLike> };
  memory.grow(0);
  buffers.add(memory.buffer);
}
