/** Kernel of an activation that works on each element by itself, over arrays of equal length. */
import type { Operand } from "../../tensor/storage.js";

export interface ActivationKernel<A = Operand> {
  /** y[i] = f(x[i]). Overwrites y. `p` and `q` are the function's own numbers, in the arrays' precision. */
  forward(x: A, y: A, p: number, q: number): void;
  /** dx[i] = dy[i] · f′(x[i]). Overwrites dx. `kept` is x, or y for the functions that say so. */
  backward(kept: A, dy: A, dx: A, p: number, q: number): void;
}
