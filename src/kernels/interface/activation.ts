/** Kernel of an activation that works on each element by itself, over arrays of equal length. */
import type { FloatArray } from "../../tensor/tensor.js";

export interface ActivationKernel {
  /** y[i] = f(x[i]). Overwrites y. `p` and `q` are the function's own numbers, in the arrays' precision. */
  forward(x: FloatArray, y: FloatArray, p: number, q: number): void;
  /** dx[i] = dy[i] · f′(x[i]). Overwrites dx. `kept` is x, or y for the functions that say so. */
  backward(kept: FloatArray, dy: FloatArray, dx: FloatArray, p: number, q: number): void;
}
