/** What an algorithm for convolutions is: one record, in a file of its own; ../conv.ts lists them. */
import type { ConvAlgorithm as ConvOption } from "../../../shape/algorithm.js";
import type { ConvGeometry } from "../../../shape/conv.js";
import type { Direction } from "../../conv.js";
import type { Steps } from "../../epilogue.js";
import type { Simd } from "../assembler/simd.js";
import type { Task } from "../task.js";

export interface ConvAlgorithm extends Readonly<Record<Direction, Pass>> {
  /** As `explain` shows it, unless it knows a description that says more. */
  readonly name: string;
  /** The value of a layer's option `algorithm` that asks for it, or for one of several. Without it, only `"auto"` takes it. */
  readonly option?: ConvOption;
  /** Whether it computes this direction of such a convolution. */
  fits(g: ConvGeometry, direction: Direction): boolean;
  /**
   * Whether it is estimated to be faster than those after it in the list, where it fits. The shape alone decides, so that
   * bits do not depend on what ran before.
   */
  pays(g: ConvGeometry, direction: Direction): boolean;
  /** What computes the convolution where this one must not, for its numbers. */
  readonly otherwise?: ConvAlgorithm;
}

/**
 * One direction of a convolution as tasks to be run one after the other, each as a whole. undefined where the numbers are
 * not for this algorithm, in which case nothing has been written.
 */
export type Pass = (simd: Simd, g: ConvGeometry, operands: ConvOperands) => readonly Task[] | undefined;

/**
 * Where the operands of any direction lie: y is written forward, x (which is dx then) by the input gradient, and the weight
 * gradient is added to what is at `weight`.
 */
export interface ConvOperands {
  readonly x: number;
  readonly weight: number;
  /** 0 where there is none, as for gradients, which have no epilogue either. */
  readonly bias: number;
  readonly y: number;
  readonly epilogue: Steps;
}

/** What `explain` says of a convolution by an algorithm with tiles of several sizes: apart, for few programs ask. */
export type Describe = (g: ConvGeometry, direction: Direction) => Described;

export interface Described {
  /** `"winograd 4×4"`, `"direct, sliding filters"` */
  readonly algorithm: string;
  /** Multiplications of the definition for each one of the algorithm's. */
  readonly saving: number;
}
