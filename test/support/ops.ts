/** What the tests of operations share: shapes, and what an adjoint has to satisfy. */
import fc from "fast-check";
import { expect } from "vitest";
import type { Shape } from "../../src/shape/shape.js";
import { sameShape } from "../../src/shape/shape.js";
import { Random } from "../../src/tensor/random.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { dot, integers, normal } from "./layers.js";

/** Shapes of up to `rank` dimensions; a dimension may have the size `min`. */
export const shapesOf = (min = 0, rank = 4): fc.Arbitrary<number[]> =>
  fc.array(fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 5 }) }, fc.integer({ min, max: 7 })), {
    maxLength: rank,
  });

/** Several dimensions of a shape, some of them counted from the end. */
export const dimsOf = (shape: Shape): fc.Arbitrary<number[]> =>
  fc
    .tuple(fc.subarray([...shape.keys()]), fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }))
    .map(([dims, fromEnd]) => dims.map((dim) => (fromEnd[dim] ? dim - shape.length : dim)));

/** ⟨f(x), dy⟩ = ⟨x, fᵀ(dy)⟩ for a linear f, exactly: all numbers are small integers. */
export function expectAdjoint(
  shape: Shape,
  f: (x: Tensor) => Tensor,
  adjoint: (dy: Tensor) => Tensor | undefined,
  seed: number,
): void {
  const x = integers(shape, seed);
  const y = f(x);
  const dy = integers(y.shape, seed + 1);
  const dx = adjoint(dy);
  expect(dx?.shape).toEqual(x.shape);
  expect(dot(x, dx!)).toBe(dot(y, dy));
}

/** Gradients of Σ dy · f(inputs) agree with central differences in double precision within 1e-6 relative. */
export function expectDifferences<Inputs extends readonly Tensor[]>(
  inputs: Inputs,
  f: (...inputs: Inputs) => Tensor,
  backward: (dy: Tensor, ...inputs: Inputs) => readonly (Tensor | undefined)[],
  seed: number,
): void {
  const doubles = inputs.map((input) => input.to("float64")) as readonly Tensor[] as Inputs;
  const dy = normal(f(...doubles).shape, seed).to("float64");
  const gradients = backward(dy, ...doubles);
  const random = new Random(seed);
  for (const [i, input] of doubles.entries()) {
    const gradient = gradients[i]!;
    expect(sameShape(gradient.shape, input.shape), `[${gradient.shape}] of [${input.shape}]`).toBe(true);
    expect(gradient.dtype).toBe("float64");
    for (let sample = 0; sample < Math.min(4, input.size); sample++) {
      const at = random.integer(input.size);
      const before = input.data[at]!;
      const [up, down] = [1e-4, -1e-4].map((step) => {
        input.data[at] = before + step;
        return dot(f(...doubles), dy);
      });
      input.data[at] = before;
      const want = (up! - down!) / 2e-4;
      expect(Math.abs(gradient.data[at]! - want)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(want)));
    }
  }
}

/** Equal shapes, and numbers within 2e-6 relative, or absolutely of `scale`. */
export function expectClose(got: Tensor, want: Tensor, scale = 1): void {
  expect(got.shape).toEqual(want.shape);
  for (let i = 0; i < got.size; i++) {
    const [g, w] = [got.data[i]!, want.data[i]!];
    if (!Object.is(g, w) && !(Math.abs(g - w) <= 2e-6 * Math.max(scale, Math.abs(w)))) {
      expect.fail(`element ${i} of [${got.shape}]: got ${g}, expected ${w}`);
    }
  }
}
