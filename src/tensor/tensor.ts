/** The tensor: numbers in row-major order and a shape. Storage is a plain typed array that the garbage collector owns. */
import { ShapeError } from "../shape/errors.js";
import { type Shape, showShape, sizeOf } from "../shape/shape.js";

/** Element type. `"float64"` exists so that gradients can be checked in double precision; everything else is float32. */
export type DType = "float32" | "float64";

/** What kernels loop over. */
export type FloatArray = Float32Array | Float64Array;

/** What the functions of this room read: any row-major numbers with a shape. */
export interface TensorLike {
  readonly data: FloatArray;
  readonly shape: Shape;
}

export class Tensor<S extends Shape = Shape> {
  readonly #data: FloatArray;
  readonly shape: S;

  /**
   * Wraps `data` without copying it; most code calls {@link tensor} or {@link zeros} instead.
   * @throws ShapeError when `data` does not hold exactly as many numbers as `shape` says.
   */
  constructor(data: FloatArray, shape: S) {
    if (data.length !== sizeOf(shape)) {
      throw new ShapeError(
        `Tensor expects ${sizeOf(shape)} numbers for the shape ${showShape(shape)}, but got ${data.length}.`,
      );
    }
    this.#data = data;
    this.shape = shape;
  }

  /**
   * The elements in row-major order, without a copy: writing to it changes the tensor.
   * A Float32Array, except inside `gradcheck` and for tensors made by `to("float64")`, where it is a Float64Array.
   */
  get data(): Float32Array {
    return this.#data as Float32Array;
  }

  get dtype(): DType {
    return this.#data instanceof Float64Array ? "float64" : "float32";
  }

  /** Number of elements. */
  get size(): number {
    return this.#data.length;
  }

  /** A copy that shares nothing with this tensor. */
  clone(): Tensor<S> {
    return new Tensor(this.#data.slice(), this.shape);
  }

  /** This tensor in another precision; the tensor itself when it has that precision already. */
  to(dtype: DType): Tensor<S> {
    if (dtype === this.dtype) return this;
    return new Tensor(dtype === "float64" ? new Float64Array(this.#data) : new Float32Array(this.#data), this.shape);
  }
}

/** A tensor of zeros, in the precision that `dtype` says; the one place where results get their memory. */
export function allocate<const S extends Shape>(shape: S, dtype: DType): Tensor<S> {
  const size = sizeOf(shape);
  return new Tensor(dtype === "float64" ? new Float64Array(size) : new Float32Array(size), shape);
}
