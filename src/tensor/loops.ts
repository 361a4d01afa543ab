/** Loops over several arrays at once that step through their memory differently: operands that broadcast, dimensions in another order. */
import { type Shape, stridesOf } from "../shape/shape.js";

export interface Loops {
  /** Rounds of each loop, the outermost first. */
  readonly sizes: readonly number[];
  /** For every array, the elements from one round of each loop to the next. */
  readonly strides: readonly (readonly number[])[];
}

/**
 * The fewest loops that visit the elements of `shape` in row-major order: dimensions of size 1 are omitted, and neighbors
 * are one loop where every array steps through them as through one dimension.
 */
export function loopsOf(shape: Shape, ...strides: readonly (readonly number[])[]): Loops {
  const sizes: number[] = [];
  const steps = strides.map((): number[] => []);
  for (const [dim, size] of shape.entries()) {
    if (size === 1) continue;
    const last = sizes.length - 1;
    const isJoined = last >= 0 && steps.every((own, i) => own[last] === size * strides[i]![dim]!);
    if (isJoined) sizes[last]! *= size;
    else sizes.push(size);
    for (const [i, own] of steps.entries()) own[sizes.length - 1] = strides[i]![dim]!;
  }
  return { sizes, strides: steps };
}

/** Strides that read a tensor of shape `own` as if it had the shape `wanted`: 0 along dimensions that are repeated. */
export function broadcastStrides(own: Shape, wanted: Shape): number[] {
  const strides = stridesOf(own);
  const missing = wanted.length - own.length;
  return wanted.map((_, dim) => (dim < missing || own[dim - missing] === 1 ? 0 : strides[dim - missing]!));
}

/** The loops without the innermost `count`, and those alone: where there are fewer, loops of one round come first. */
export function splitLoops({ sizes, strides }: Loops, count: number): readonly [outer: Loops, inner: Loops] {
  const from = sizes.length - count;
  const inner = (list: readonly number[], one: number) => [
    ...Array.from({ length: -Math.min(from, 0) }, () => one),
    ...list.slice(Math.max(from, 0)),
  ];
  const outer = (list: readonly number[]) => list.slice(0, Math.max(from, 0));
  return [
    { sizes: outer(sizes), strides: strides.map(outer) },
    { sizes: inner(sizes, 1), strides: strides.map((own) => inner(own, 0)) },
  ];
}

/** Visits every round of the innermost loop in order; `at` says where each array stands, and changes afterwards. */
export function eachRound(
  { sizes, strides }: Loops,
  starts: readonly number[],
  visit: (at: readonly number[]) => void,
): void {
  const at = [...starts];
  const enter = (dim: number): void => {
    if (dim === sizes.length) {
      visit(at);
      return;
    }
    const size = sizes[dim]!;
    for (let round = 0; round < size; round++) {
      enter(dim + 1);
      for (let i = 0; i < at.length; i++) at[i]! += strides[i]![dim]!;
    }
    for (let i = 0; i < at.length; i++) at[i]! -= size * strides[i]![dim]!;
  };
  enter(0);
}
