/** Definitions index by index, to hold the tensor room's functions against. */
import fc from "fast-check";
import { expect } from "vitest";
import { type Shape, sizeOf } from "../../src/shape/shape.js";
import { Tensor } from "../../src/tensor/tensor.js";

/** Every index of a shape, the last dimension fastest. */
export function* indicesOf(shape: Shape): Generator<number[]> {
  const [extent, ...rest] = shape;
  if (extent === undefined) {
    yield [];
    return;
  }
  for (let i = 0; i < extent; i++) for (const index of indicesOf(rest)) yield [i, ...index];
}

/** The tensor whose element at every index is f(index). */
export function build(shape: Shape, f: (index: number[]) => number): Tensor {
  return new Tensor(Float32Array.from(indicesOf(shape), f), shape);
}

/** Fails unless both have the same shape and, by Object.is, the same elements. */
export function expectSame(got: Tensor, want: Tensor): void {
  expect({ shape: got.shape, data: [...got.data] }).toEqual({ shape: want.shape, data: [...want.data] });
}

/** Shapes of few elements: up to `maxRank` dimensions of `min` to 4. */
export const shapes = (maxRank = 4, min = 0) => fc.array(fc.integer({ min, max: 4 }), { maxLength: maxRank });

/** Any float32 whatever in any small shape: NaN, infinities, −0 and denormals included. */
export const tensors = (maxRank = 4, min = 0) =>
  shapes(maxRank, min).chain((shape) =>
    fc
      .array(fc.float(), { minLength: sizeOf(shape), maxLength: sizeOf(shape) })
      .map((values) => new Tensor(Float32Array.from(values), shape)),
  );

/** Two shapes that broadcast, and what they broadcast to by construction. */
export const broadcastShapes = shapes(4).chain((full) => {
  // Each operand keeps the last `rank` dimensions and has size 1 along those that `mask` names.
  const operand = fc.record({
    rank: fc.integer({ min: 0, max: full.length }),
    mask: fc.array(fc.boolean(), { minLength: full.length, maxLength: full.length }),
  });
  return fc.tuple(operand, operand).map((operands) => {
    const [a, b] = operands.map(({ rank, mask }) =>
      full.map((extent, dim) => (mask[dim] ? 1 : extent)).slice(full.length - rank),
    ) as [number[], number[]];
    const rank = Math.max(a.length, b.length);
    const sizeAt = (shape: number[], dim: number) => shape[dim - rank + shape.length] ?? 1;
    const result = Array.from({ length: rank }, (_, dim) => {
      const pair = [sizeAt(a, dim), sizeAt(b, dim)];
      return pair.find((extent) => extent !== 1) ?? 1;
    });
    return { a, b, result };
  });
});

/** The element of `x` that position `index` of a broadcast result reads. */
export function broadcastAt(x: Tensor, index: readonly number[]): number {
  const own = index.slice(index.length - x.rank);
  return x.at(...own.map((i, dim) => (x.shape[dim] === 1 ? 0 : i)));
}
