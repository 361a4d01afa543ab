/** Kernels of the activations that work on each element by itself: one kernel a function, over arrays of equal length. */
import type { FloatArray } from "../../tensor/tensor.js";

export interface ActivationKernel {
  /** y[i] = f(x[i]). Overwrites y. `p` and `q` are the function's own numbers, in the arrays' precision. */
  forward(x: FloatArray, y: FloatArray, p: number, q: number): void;
  /** dx[i] = dy[i] · f′(x[i]). Overwrites dx. `kept` is x, or y where {@link ActivationKernels} says so. */
  backward(kept: FloatArray, dy: FloatArray, dx: FloatArray, p: number, q: number): void;
}

/** f(x) of every activation; f′ at a kink and at NaN is what torch 1.13 gives and is told where it is no limit of f′. */
export interface ActivationKernels {
  /** max(x, 0). Backward reads y; f′(0) = 0, f′(NaN) = 1. */
  readonly relu: ActivationKernel;
  /** x for x > 0, else p·x. f′(0) = f′(NaN) = p. */
  readonly leakyRelu: ActivationKernel;
  /** q·x for x > 0, else q·p·(eˣ − 1). f′(0) = q·p. */
  readonly elu: ActivationKernel;
  /** x clamped to [p, q]. f′(p) = f′(q) = f′(NaN) = 0. */
  readonly hardtanh: ActivationKernel;
  /** (x + 3) / 6 clamped to [0, 1]. f′(±3) = f′(NaN) = 0. */
  readonly hardsigmoid: ActivationKernel;
  /** x · (x + 3 clamped to [0, 6]) / 6. f′(−3) = −1/2; f′(3) is 1 or 3/2, see the reference kernel. */
  readonly hardswish: ActivationKernel;
  /** x for |x| > p, else 0. f′(±p) = f′(NaN) = 0. */
  readonly hardshrink: ActivationKernel;
  /** x − p for x > p, x + p for x < −p, else 0, also for NaN. f′(±p) = f′(NaN) = 0. */
  readonly softshrink: ActivationKernel;
  /** 1 / (1 + e⁻ˣ). Backward reads y. */
  readonly sigmoid: ActivationKernel;
  /** Backward reads y. */
  readonly tanh: ActivationKernel;
  /** x · Φ(x) with the normal distribution function Φ(x) = ½ (1 + erf(x/√2)). */
  readonly gelu: ActivationKernel;
  /** ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) */
  readonly geluTanh: ActivationKernel;
  /** x / (1 + e⁻ˣ) */
  readonly silu: ActivationKernel;
  /** log(1 + e^px) / p for px ≤ q, else x. */
  readonly softplus: ActivationKernel;
  /** x · tanh(log(1 + eˣ)) */
  readonly mish: ActivationKernel;
  /** x / (1 + |x|) */
  readonly softsign: ActivationKernel;
  /** x − tanh x */
  readonly tanhshrink: ActivationKernel;
  /** −log(1 + e⁻ˣ) */
  readonly logSigmoid: ActivationKernel;
}

export type ActivationName = keyof ActivationKernels;
