/** How the shapes of two operands meet: element by element, and in a matrix product. */
import type { IsKnown } from "./arithmetic.js";
import { ShapeError } from "./errors.js";
import type { KnownShape } from "./known-shape.js";
import type { OneName } from "./named.js";
import type { Differs, Mistake, Show } from "./rule.js";
import { type Shape, showShape } from "./shape.js";

/**
 * The shape of an elementwise result. Dimensions are matched from the last one; two sizes must be equal or one of them 1,
 * and a missing dimension counts as 1.
 *
 *     [2, 3] and [3] → [2, 3]      [4, 1] and [1, 5] → [4, 5]
 *
 * @throws ShapeError where two sizes differ and neither is 1.
 * Source: https://pytorch.org/docs/stable/notes/broadcasting.html
 */
export function broadcastShape(who: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, dim) => {
    const left = a[dim - rank + a.length] ?? 1;
    const right = b[dim - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new ShapeError(
        `${who} expects shapes that broadcast (sizes equal or 1, matched from the last dimension), but got ${showShape(a)} and ${showShape(b)}, where ${left} meets ${right}. Usual cause: a missing unsqueeze.`,
      );
    }
    return left === 1 ? right : left;
  });
}

/** {@link broadcastShape} as a type: a shape, or the {@link BroadcastMismatch} that it throws for. */
export type Broadcast<A extends Shape, B extends Shape> = BroadcastKnown<KnownShape<A>, KnownShape<B>>;

/** Two sizes that differ, neither of them 1. */
export interface BroadcastMismatch<X extends number, Y extends number> {
  readonly left: X;
  readonly right: Y;
}

/** The mistake of a {@link BroadcastMismatch}; a shape is left as it is. */
export type Broadcasts<Who extends string, A extends Shape, B extends Shape> =
  Broadcast<A, B> extends infer Result
    ? Result extends BroadcastMismatch<infer X, infer Y>
      ? Mistake<`${Who} expects shapes that broadcast (sizes equal or 1, matched from the last dimension), but got ${Show<A>} and ${Show<B>}, where ${X} meets ${Y}`>
      : Result
    : never;

/** The shape of two that meet, or a {@link BroadcastMismatch}. */
export type BroadcastKnown<A extends Shape, B extends Shape> = number extends A["length"] | B["length"]
  ? Shape
  : [A, B] extends [B, A]
    ? A
    : Aligned<A, B>;

/** The dimensions one by one from the last; of several mismatches the one nearest to the front is reported, as at run time. */
export type Aligned<
  A extends Shape,
  B extends Shape,
  Done extends Shape = [],
  Mismatched = never,
> = A extends readonly [...infer As extends Shape, infer X extends number]
  ? B extends readonly [...infer Bs extends Shape, infer Y extends number]
    ? Stretched<X, Y> extends infer Size extends number
      ? Aligned<As, Bs, [Size, ...Done], Mismatched>
      : Aligned<As, Bs, Done, BroadcastMismatch<X, Y>>
    : Unless<Mismatched, readonly [...A, ...Done]>
  : Unless<Mismatched, readonly [...B, ...Done]>;

type Unless<Mismatched, S> = [Mismatched] extends [never] ? S : Mismatched;

/**
 * The size where X meets Y, null if they do not match. Where one is known and not 1, the other has to be the same or 1; a name
 * that meets itself or 1 is kept.
 */
type Stretched<X extends number, Y extends number> =
  IsKnown<X> extends true
    ? X extends 1
      ? IsKnown<Y> extends true
        ? Y
        : OneName<Y>
      : Differs<X, Y> extends true
        ? Y extends 1
          ? X
          : null
        : X
    : IsKnown<Y> extends true
      ? Y extends 1
        ? OneName<X>
        : Y
      : [X, Y] extends [Y, X]
        ? OneName<X>
        : number;

/** Every size of one matrix product: `batch` many products of m × k and k × n, and the shape of the result. */
export interface MatmulGeometry {
  /** The leading dimensions of each operand, and what they broadcast to. */
  readonly leftBatch: Shape;
  readonly rightBatch: Shape;
  readonly batch: Shape;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** `batch`, then m and n; without the dimension that a vector operand lacks. */
  readonly shape: Shape;
}

/**
 *     [k] · [k] → []          [m, k] · [k, n] → [m, n]        […, m, k] · […, k, n] → […, m, n]
 *     [k] · [k, n] → [n]      [m, k] · [k] → [m]              leading dimensions broadcast
 *
 * @throws ShapeError for a scalar, inner sizes that differ, or leading dimensions that do not broadcast.
 * Source: https://pytorch.org/docs/stable/generated/torch.matmul.html
 */
export function matmulGeometry(who: string, a: Shape, b: Shape): MatmulGeometry {
  if (a.length === 0 || b.length === 0) {
    throw new ShapeError(
      `${who} expects vectors or matrices, but got ${showShape(a)} and ${showShape(b)}. Usual cause: a scalar, which mul multiplies by.`,
    );
  }
  const [m = 1, k = 1] = a.length === 1 ? [1, a[0]] : a.slice(-2);
  const [rows = 1, n = 1] = b.length === 1 ? [b[0], 1] : b.slice(-2);
  if (k !== rows) {
    throw new ShapeError(
      `${who} expects as many columns on the left as rows on the right, but got ${showShape(a)} with ${k} and ${showShape(b)} with ${rows}. Usual cause: a missing transpose(-2, -1).`,
    );
  }
  const leftBatch = a.slice(0, -2);
  const rightBatch = b.slice(0, -2);
  const batch = broadcastShape(who, leftBatch, rightBatch);
  return {
    leftBatch,
    rightBatch,
    batch,
    m,
    k,
    n,
    shape: [...batch, ...(a.length > 1 ? [m] : []), ...(b.length > 1 ? [n] : [])],
  };
}

/** {@link matmulGeometry}'s shape as a type. */
export type Matmul<Who extends string, A extends Shape, B extends Shape> = Product<Who, KnownShape<A>, KnownShape<B>>;

type Product<Who extends string, A extends Shape, B extends Shape> = number extends A["length"] | B["length"]
  ? Shape
  : A extends readonly [...infer As extends Shape, infer K extends number]
    ? B extends readonly [infer Rows extends number]
      ? Inner<Who, A, B, K, Rows, As>
      : B extends readonly [...infer Batch extends Shape, infer Rows extends number, infer N extends number]
        ? Inner<
            Who,
            A,
            B,
            K,
            Rows,
            As extends readonly [...infer Bs extends Shape, infer M extends number]
              ? WithDims<Broadcasts<Who, Bs, Batch>, readonly [M, N]>
              : readonly [...Batch, N]
          >
        : Scalar<Who, A, B>
    : Scalar<Who, A, B>;

type WithDims<Batch, Dims extends Shape> = Batch extends Shape ? readonly [...Batch, ...Dims] : Batch;

type Inner<Who extends string, A, B, K extends number, Rows extends number, Result> =
  Differs<K, Rows> extends true
    ? Mistake<`${Who} expects as many columns on the left as rows on the right, but got ${Show<A>} with ${K} and ${Show<B>} with ${Rows}`>
    : Result;

type Scalar<
  Who extends string,
  A,
  B,
> = Mistake<`${Who} expects vectors or matrices, but got ${Show<A>} and ${Show<B>}`>;
