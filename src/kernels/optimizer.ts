/**
 * Kernels of the optimizers: one step of one parameter p along its gradient g (read only), in place. All arrays have one
 * length. In the reference sums run in double precision, and each stored number is rounded once.
 *
 * Every step takes d = g, or −g where `maximize` is set, adds weightDecay·p to it, and moves p by what the optimizer's
 * formula makes of d and of its running quantities: p ← p − move. Where the decay is decoupled, it is p that shrinks:
 * p ← p·(1 − lr·weightDecay) − move.
 */
import type { FloatArray, Operand } from "../tensor/storage.js";
import type { KernelSet } from "./backend.js";
import type { Vector } from "./wasm/elementwise/math.js";
import type { Cursor } from "./wasm/elementwise/rows.js";

/** What every step has in common. */
export interface Descent {
  readonly lr: number;
  readonly weightDecay?: number;
  readonly maximize: boolean;
}

/** Elements of one parameter, and how they move: `left` is 1 where nothing shrinks p by itself. */
export interface Elements {
  readonly p: FloatArray;
  readonly left: number;
  readonly d: Float64Array;
}

/** An optimizer's formula: how far an element moves. It is written for one number, and for four in single precision. */
export interface OptimizerRow<S extends string, N extends string> {
  /** The running quantities, by torch's names. */
  readonly state: readonly S[];
  /** The formula's own numbers, by the names under which a step gives them. */
  readonly numbers: readonly N[];
  /** p ← left·p − move for all elements, with the new running quantities stored. It loops by itself: a call for each is slow. */
  step(elements: Elements, state: Readonly<Record<S, FloatArray>>, numbers: Readonly<Record<N, number>>): void;
  /** The move of four elements. Without it, `step` does it. */
  readonly simd?:
    | ((d: Vector, state: Readonly<Record<S, Cursor>>, numbers: Readonly<Record<N, Vector>>) => Vector)
    | undefined;
}

export interface OptimizerSteps<N extends string, A = Operand> {
  /**
   * Steps p; `operands` are p, g and the running quantities in the row's order.
   * @param decoupled whether the decay shrinks the parameter itself, instead of adding to the gradient
   */
  step(descent: Descent, numbers: Readonly<Record<N, number>>, decoupled: boolean, operands: readonly A[]): void;
}

/** An optimizer's kernels, a set of their own, so that a program bundles those that it uses. */
export interface OptimizerKernel<S extends string = string, N extends string = string>
  extends KernelSet<OptimizerSteps<N>> {
  readonly reference: OptimizerSteps<N, FloatArray>;
  readonly state: readonly S[];
}
