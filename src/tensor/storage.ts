/** What holds a tensor's numbers, and what the functions of this room read. */

import { ArgumentError } from "../shape/errors.js";
import { gigabytes } from "../shape/show.js";

/** Element type. `"float64"` exists so that gradients can be checked in double precision; everything else is float32. */
export type DType = "float32" | "float64";

/** What kernels loop over. */
export type FloatArray = Float32Array | Float64Array;

/** Numbers that the engine may keep in its memory, and move between there and an array of their own. */
export interface Resident {
  readonly length: number;
  /** Where they lie in the engine's memory; undefined where they have no place there. They stay until the next kernel call. */
  address(): number | undefined;
  /** The numbers where they lie now, to be read or written at once and not kept. @throws StateError once they were overwritten. */
  view(): Float32Array;
  /** The numbers as an array that the program may keep for as long as it likes. @throws StateError as `view`. */
  expose(): Float32Array;
}

/** What kernels are handed: the numbers of one tensor. */
export type Operand = FloatArray | Resident;

/** An operand's numbers, to be read or written at once and not kept. */
export function arrayOf(operand: Operand): FloatArray {
  return ArrayBuffer.isView(operand) ? operand : operand.view();
}

/** Any row-major numbers with a shape. */
export interface TensorLike {
  readonly data: FloatArray;
  readonly shape: readonly number[];
}

/** `size` zeros in the precision that `dtype` says. */
export function floats(size: number, dtype: DType): FloatArray {
  try {
    return dtype === "float64" ? new Float64Array(size) : new Float32Array(size);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ArgumentError(
      `A tensor of ${size} elements expects ${gigabytes((dtype === "float64" ? 8 : 4) * size)} of memory, but there is not as much. Usual cause: a size that is far larger than meant, or results that are kept.`,
    );
  }
}

/** The precision of a result made from these: double as soon as one of them is. */
export function dtypeOf(...sources: readonly TensorLike[]): DType {
  return sources.some(({ data }) => data instanceof Float64Array) ? "float64" : "float32";
}
