/** What holds a tensor's numbers, and what the functions of this room read. */

/** Element type. `"float64"` exists so that gradients can be checked in double precision; everything else is float32. */
export type DType = "float32" | "float64";

/** What kernels loop over. */
export type FloatArray = Float32Array | Float64Array;

/** Numbers that lie in the engine's memory instead of in an array of their own. */
export interface Resident {
  readonly length: number;
  /** The numbers as they lie there; valid until the memory grows. @throws StateError once they were overwritten. */
  view(): Float32Array;
}

/** Any row-major numbers with a shape. */
export interface TensorLike {
  readonly data: FloatArray;
  readonly shape: readonly number[];
}

/** `size` zeros in the precision that `dtype` says. */
export function floats(size: number, dtype: DType): FloatArray {
  return dtype === "float64" ? new Float64Array(size) : new Float32Array(size);
}

/** The precision of a result made from these: double as soon as one of them is. */
export function dtypeOf(...sources: readonly TensorLike[]): DType {
  return sources.some(({ data }) => data instanceof Float64Array) ? "float64" : "float32";
}
