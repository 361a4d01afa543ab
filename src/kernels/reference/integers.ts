import type { FloatArray } from "../../tensor/tensor.js";

/** The integers in the numbers of a float32 array. */
export function integersOf(positions: Int32Array | FloatArray): Int32Array {
  if (positions instanceof Int32Array) return positions;
  return new Int32Array(positions.buffer, positions.byteOffset, positions.length);
}
