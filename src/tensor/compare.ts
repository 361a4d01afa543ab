/** Whether two tensors hold the same numbers, exactly or nearly. */
import { checkNumber, readOptions } from "../shape/check.js";
import { sameShape } from "../shape/shape.js";
import type { TensorLike } from "./storage.js";

/** Options of `Tensor.allClose`. */
export interface ToleranceOptions {
  /** Allowed difference relative to the other tensor's element. Default 1e-5. */
  readonly rtol?: number;
  /** Allowed difference at any size. Default 1e-8. */
  readonly atol?: number;
  /** Whether NaN is close to NaN. Default false. */
  readonly equalNan?: boolean;
}

/** Equal shapes, and |a − b| ≤ atol + rtol·|b| for every element; an infinity is close to itself alone. */
export function allClose(a: TensorLike, b: TensorLike, options: ToleranceOptions): boolean {
  const defaults = { rtol: 1e-5, atol: 1e-8, equalNan: false };
  const { rtol, atol, equalNan } = readOptions("Tensor.allClose", options, defaults);
  checkNumber("Tensor.allClose", "rtol", rtol);
  checkNumber("Tensor.allClose", "atol", atol);
  if (!sameShape(a.shape, b.shape)) return false;
  const { data } = b;
  return a.data.every((left, i) => {
    const right = data[i]!;
    if (left === right || (equalNan && Number.isNaN(left) && Number.isNaN(right))) return true;
    return Number.isFinite(left - right) && Math.abs(left - right) <= atol + rtol * Math.abs(right);
  });
}

/** Equal shapes and equal elements; NaN equals nothing, and −0 equals 0. */
export function equals(a: TensorLike, b: TensorLike): boolean {
  const { data } = b;
  return sameShape(a.shape, b.shape) && a.data.every((value, i) => value === data[i]);
}
