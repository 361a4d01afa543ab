/** Stand-in for the engine's memory: fixed, whose upper half is scratch. */
import type { FloatArray } from "../../tensor/tensor.js";

const PAGES = 8192;
const SCRATCH = 256 << 20;

export const memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65536, shared: true });
let next = SCRATCH;

/** Byte offset of an array that lives in the memory. Kernels ask for it before they reserve scratch: a new call. */
export function at(array: FloatArray): number {
  next = SCRATCH;
  if (array.buffer !== (memory.buffer as ArrayBufferLike)) throw new Error("This array is not in the engine's memory.");
  return array.byteOffset;
}

/** Temporary space, 64-byte-aligned. */
export function scratch(bytes: number): number {
  const size = Math.ceil(bytes / 64) * 64 + 64;
  next += size;
  return next - size;
}

export function view(offset: number, length: number): Float32Array {
  return new Float32Array(memory.buffer, offset, length);
}
