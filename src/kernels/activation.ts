/** Activations that work on each element by itself: what one is made of, and its kernels over arrays of equal length. */
import type { FloatArray, Operand } from "../tensor/storage.js";
import type { KernelSet } from "./backend.js";
import type { Vector } from "./wasm/elementwise/math.js";

/** The function's own numbers by their names, such as a slope. */
export type Numbers<N extends string> = Readonly<Record<N, number>>;

/** @internal */
interface Formula<Value, N> {
  /** f(x) */
  f(x: Value, numbers: N): Value;
  /** dy · f′(x), from x, or from y = f(x) of a function that {@link ActivationRow.readsOutput}. */
  df(kept: Value, dy: Value, numbers: N): Value;
}

/**
 * An activation: f and f′ of one number in double precision, and of four float32 lanes, where another formula may stand
 * because the first one cancels. f′ at a kink and at NaN is what torch 1.13 gives, and is stated where it is not a limit of f′.
 *
 * @internal
 */
export interface ActivationRow<N extends string>
  extends Formula<number, Numbers<N> & { /** To the arrays' precision. */ round(value: number): number }> {
  readonly simd: Formula<Vector, Readonly<Record<N, Vector>>>;
  readonly numbers?: readonly N[];
  /** Whether backward reads y, not x. */
  readonly readsOutput?: boolean;
  /** Other numbers for backward on what is left after whole vectors of {@link VECTOR} elements, where torch differs. */
  readonly remainder?: Numbers<N>;
}

export const VECTOR = 16;

export interface ActivationKernel<N extends string, A = Operand> {
  /** y[i] = f(x[i]). Overwrites y, which may be x. */
  forward(x: A, y: A, numbers: Numbers<N>): void;
  /** dx[i] = dy[i] · f′(x[i]). Overwrites dx. `kept` is x, or y for the functions that say so. */
  backward(kept: A, dy: A, dx: A, numbers: Numbers<N>): void;
}

/** An activation's kernels, a set of their own, so that a program bundles those that it uses. */
export interface ActivationFunction<N extends string = never> extends KernelSet<ActivationKernel<N>> {
  readonly reference: ActivationKernel<N, FloatArray>;
  readonly readsOutput: boolean;
}
