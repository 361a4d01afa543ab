/** Calls of row kernels on whole arrays. */
import type { Operand } from "../../../tensor/storage.js";
import type { Kernel } from "../assembler/module.js";
import { addressesOf, memory } from "../memory.js";

/** Double-precision numbers of the memory, where kernels leave sums; valid until it grows. */
export function doublesAt(offset: number, length: number): Float64Array {
  return new Float64Array(memory().buffer, offset, length);
}

/** Integers as the float32 numbers of the same bits, for kernels take no other arrays. */
export function bits(integers: Int32Array | Operand): Operand {
  if (!(integers instanceof Int32Array)) return integers;
  return new Float32Array(integers.buffer, integers.byteOffset, integers.length);
}

/** One row: all elements of arrays of equal length. */
export function run(kernel: () => Kernel, arrays: readonly Operand[], ...numbers: readonly number[]): number {
  return kernel()(1, 0, arrays[0]?.length ?? 0, ...addressesOf(...arrays), ...numbers);
}

/**
 * The sum over all elements, added up from blocks in ascending order, so that the result does not depend on who sums
 * which block.
 */
export function runSum(kernel: () => Kernel, arrays: readonly Operand[], ...numbers: readonly number[]): number {
  const length = arrays[0]?.length ?? 0;
  const offsets = addressesOf(...arrays);
  let total = 0;
  for (let i = 0; i < length; i += BLOCK) {
    total += kernel()(1, 0, Math.min(BLOCK, length - i), ...offsets.map((offset) => offset + 4 * i), ...numbers);
  }
  return total;
}

/** Elements of a block of a sum. */
const BLOCK = 16384;
