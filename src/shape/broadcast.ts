/** How the shapes of two operands meet: element by element, and in a matrix product. */
import { ShapeError } from "./errors.js";
import { type Shape, showShape } from "./shape.js";

/**
 * The shape of an elementwise result. Axes are matched from the last one; two sizes must be equal or one of them 1,
 * and a missing axis counts as 1.
 *
 *     [2, 3] and [3] → [2, 3]      [4, 1] and [1, 5] → [4, 5]
 *
 * @throws ShapeError where two sizes differ and neither is 1.
 * Source: https://pytorch.org/docs/stable/notes/broadcasting.html
 */
export function broadcastShape(who: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new ShapeError(
        `${who} expects shapes that broadcast (sizes equal or 1, matched from the last axis), but got ${showShape(a)} and ${showShape(b)}, where ${left} meets ${right}. Usual cause: a missing unsqueeze.`,
      );
    }
    return left === 1 ? right : left;
  });
}

/** Every size of one matrix product: `batch` many products of m × k and k × n, and the shape of the result. */
export interface MatmulGeometry {
  /** The leading axes of each operand, and what they broadcast to. */
  readonly leftBatch: Shape;
  readonly rightBatch: Shape;
  readonly batch: Shape;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** `batch`, then m and n; without the axis that a vector operand lacks. */
  readonly shape: Shape;
}

/**
 *     [k] · [k] → []          [m, k] · [k, n] → [m, n]        […, m, k] · […, k, n] → […, m, n]
 *     [k] · [k, n] → [n]      [m, k] · [k] → [m]              leading axes broadcast
 *
 * @throws ShapeError for a scalar, inner sizes that differ, or leading axes that do not broadcast.
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
