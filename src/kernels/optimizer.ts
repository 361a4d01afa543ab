/**
 * Kernels of the optimizers: one step of one parameter, in place. p is the parameter, g its gradient (read only), every
 * further array a running quantity of the same length. Sums run in double precision; each stored number is rounded once.
 *
 * Every step starts with g ← −g where `maximize` is set, then g ← g + weightDecay·p (unless the decay is decoupled).
 */
import type { Operand } from "../tensor/storage.js";

export interface Step {
  readonly lr: number;
  readonly weightDecay: number;
  readonly maximize: boolean;
}

export interface SgdStep extends Step {
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
}

/** `correction1` = 1 − β₁ᵗ and `correction2` = 1 − β₂ᵗ at step t. */
export interface AdamStep extends Step {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly correction1: number;
  readonly correction2: number;
  /** Decay the parameter by lr·weightDecay before the step, instead of adding to the gradient. */
  readonly decoupled: boolean;
}

export interface RAdamStep extends AdamStep {
  /** The variance rectification r at step t; 0 while the variance cannot be trusted yet. */
  readonly rectification: number;
}

export interface RmspropStep extends Step {
  readonly alpha: number;
  readonly eps: number;
  readonly momentum: number;
}

export interface AdagradStep extends Step {
  readonly eps: number;
}

export interface AdadeltaStep extends Step {
  readonly rho: number;
  readonly eps: number;
}

export interface RpropStep {
  readonly maximize: boolean;
  readonly etaMinus: number;
  readonly etaPlus: number;
  readonly smallest: number;
  readonly largest: number;
}

export interface OptimizerKernels<A = Operand> {
  /**
   * b ← momentum·b + (1 − dampening)·g, on the first step b ← g
   * p ← p − lr·(nesterov ? g + momentum·b : b), without momentum p ← p − lr·g
   * @param first whether b holds nothing yet
   */
  sgd(s: SgdStep, p: A, g: A, b: A | undefined, first: boolean): void;

  /**
   * m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²,  with `highest`: highest ← max(highest, v), used in place of v
   * p ← p − lr·(m/correction1) / (√(v/correction2) + eps)
   */
  adam(s: AdamStep, p: A, g: A, m: A, v: A, highest: A | undefined): void;

  /**
   * m ← β₁·m + (1 − β₁)·g,  u ← max(β₂·u, |g| + eps)
   * p ← p − lr·(m/correction1) / u
   */
  adamax(s: AdamStep, p: A, g: A, m: A, u: A): void;

  /**
   * m and v as Adam's
   * p ← p − lr·(m/correction1) · (r > 0 ? r·√correction2 / (√v + eps) : 1)
   */
  radam(s: RAdamStep, p: A, g: A, m: A, v: A): void;

  /**
   * v ← α·v + (1 − α)·g²,  centered: a ← α·a + (1 − α)·g,  d = √(v − a²) + eps,  else d = √v + eps
   * with momentum: b ← momentum·b + g/d,  p ← p − lr·b;  without: p ← p − lr·g/d
   */
  rmsprop(s: RmspropStep, p: A, g: A, v: A, a: A | undefined, b: A | undefined): void;

  /** sum ← sum + g²,  p ← p − lr·g / (√sum + eps) */
  adagrad(s: AdagradStep, p: A, g: A, sum: A): void;

  /**
   * v ← ρ·v + (1 − ρ)·g²,  δ = g·√(d + eps) / √(v + eps),  d ← ρ·d + (1 − ρ)·δ²
   * p ← p − lr·δ
   */
  adadelta(s: AdadeltaStep, p: A, g: A, v: A, d: A): void;

  /**
   * Only the gradient's sign counts. Where it agrees with the last one, size ← min(size·η₊, largest); where it does
   * not, size ← max(size·η₋, smallest) and g ← 0. Then p ← p − size·sign g, previous ← g.
   */
  rprop(s: RpropStep, p: A, g: A, previous: A, size: A): void;
}
