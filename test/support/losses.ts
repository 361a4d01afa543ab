/** What the tests of the losses share: central differences in double precision, and plain definitions. */
import { expect } from "vitest";
import { Random } from "../../src/tensor/random.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import type { Loss, ScalarReduction } from "../../src/train/loss.js";
import { normal } from "./layers.js";

/** A loss of which only the run time knows the reduction. */
type AnyLoss<Target> = Loss<Target, ScalarReduction | "none">;

/** The tensor in double precision. */
export const double = (x: Tensor): Tensor => x.to("float64");

/**
 * The gradient that backward returns agrees with (L(x + h) − L(x − h)) / 2h within 1e-6 relative, at 12 entries of the
 * prediction; for reduction "none", L = Σ dy · losses with random dy.
 */
export function expectLossGradient<T>(loss: AnyLoss<T>, prediction: Tensor, target: T, seed: number): void {
  const step = 1e-5;
  const x = double(prediction);
  let dy: Tensor | undefined;
  const value = (): number => {
    const losses = loss.forward(x, target);
    if (typeof losses === "number") return losses;
    dy ??= double(normal(losses.shape, seed));
    return losses.mul(dy).sum().item();
  };
  value();
  const gradient = dy ? loss.backward(dy) : loss.backward();
  expect(gradient.shape).toEqual(x.shape);
  expect(gradient.dtype).toBe("float64");
  const got: number[] = [];
  const want: number[] = [];
  for (const i of new Random(seed).permutation(x.size).subarray(0, 12)) {
    const held = x.data[i]!;
    x.data[i] = held + step;
    const above = value();
    x.data[i] = held - step;
    const below = value();
    x.data[i] = held;
    got.push(gradient.data[i]!);
    want.push((above - below) / (2 * step));
  }
  const error =
    Math.hypot(...got.map((g, i) => g - want[i]!)) / Math.max(Math.hypot(...want), Math.hypot(...got), 0.01);
  expect(error, `backward says ${got}, differences say ${want}`).toBeLessThan(1e-6);
}

/** log softmax along dim 1 (dim 0 of a vector), by its definition. */
export function logSoftmax(x: Tensor): Tensor {
  const dim = x.shape.length === 1 ? 0 : 1;
  const shifted = x.sub(x.max(dim, { keepDims: true }));
  return shifted.sub(shifted.exp().sum(dim, { keepDims: true }).log());
}

/** Probabilities of random classes along dim 1. */
export function probabilities(shape: readonly number[], seed: number): Tensor {
  return logSoftmax(double(normal(shape, seed))).exp();
}
