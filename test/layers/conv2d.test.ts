import fc from "fast-check";
import { describe, test } from "vitest";
import { Conv2d } from "../../src/layers/conv2d.js";
import { expectGradients } from "../support/layers.js";

/** Any small convolution that fits its input. */
const convCase = fc
  .record({
    groups: fc.integer({ min: 1, max: 3 }),
    inPerGroup: fc.integer({ min: 1, max: 3 }),
    outPerGroup: fc.integer({ min: 1, max: 3 }),
    batch: fc.integer({ min: 1, max: 3 }),
    kernelSize: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    stride: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    padding: fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 })),
    dilation: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
    paddingMode: fc.constantFrom("zeros" as const, "reflect" as const, "replicate" as const, "circular" as const),
    bias: fc.boolean(),
    size: fc.tuple(fc.integer({ min: 5, max: 8 }), fc.integer({ min: 5, max: 8 })),
    seed: fc.integer(),
  })
  .map(({ groups, inPerGroup, outPerGroup, batch, kernelSize, size, seed, ...options }) => ({
    shape: [batch, groups * inPerGroup, ...size],
    seed,
    make: () => new Conv2d(groups * inPerGroup, groups * outPerGroup, kernelSize, { groups, ...options }),
  }));

describe("Conv2d", () => {
  test("gradients agree with differences within 1e-6, for any geometry", () => {
    fc.assert(fc.property(convCase, ({ make, shape, seed }) => expectGradients(make(), shape, { seed })));
  });
});
