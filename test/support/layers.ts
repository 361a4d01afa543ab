/** What the property tests of all layers share: drawing inputs, checking gradients, comparing tensors. */
import { expect } from "vitest";
import type { Layer } from "../../src/graph/layer.js";
import { type GradcheckOptions, gradcheck } from "../../src/layers/gradcheck.js";
import { type Shape, sizeOf } from "../../src/shape/shape.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";

/** Normal numbers from a seed. */
export function normal(shape: Shape, seed: number): Tensor {
  const random = new Random(seed);
  return new Tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
    shape,
  );
}

/** Small integers from −4 to 4, for identities that hold exactly. */
export function integers(shape: Shape, seed: number): Tensor {
  const random = new Random(seed);
  return new Tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => random.integer(9) - 4),
    shape,
  );
}

/** A shuffled ramp in steps of 1/8 without zero: no ties, nothing near a kink, so that differences cross none. */
export function distinct(shape: Shape, seed: number): Tensor {
  const size = sizeOf(shape);
  const order = new Random(seed).permutation(size);
  return new Tensor(
    Float32Array.from(order, (rank) => (rank - size / 2 + 0.25) / 8),
    shape,
  );
}

/** Backward agrees with central differences in double precision within 1e-6 relative, or the test fails with the report. */
export function expectGradients(layer: Layer, shape: Shape, options: GradcheckOptions = {}): void {
  const report = gradcheck(layer, shape, { samples: 24, ...options });
  expect(report.passed, `${layer.name} on [${shape}]\n${report}`).toBe(true);
}

/**
 * Biases that are not 0. Where a network begins with zeros, a pixel whose inputs are all rectified away would lie exactly
 * on the next ReLU's kink, where differences see half of the slope.
 */
export function withBiases<L extends Layer>(model: L, seed = 1): L {
  const random = new Random(seed);
  for (const { name, value } of model.parameters()) {
    if (name !== "bias") continue;
    for (let i = 0; i < value.size; i++) value.data[i] = random.uniform(0.1, 0.5) * (random.integer(2) ? 1 : -1);
  }
  return model;
}

export function dot(a: Tensor, b: Tensor): number {
  let sum = 0;
  for (let i = 0; i < a.size; i++) sum += a.data[i]! * b.data[i]!;
  return sum;
}
