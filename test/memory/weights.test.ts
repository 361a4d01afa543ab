/** A parameter's numbers lie in one place: they move into the engine's memory, and what they lay in before is empty. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Conv2d, ConvTranspose2d, type Layer, Linear, ones, Sequential, tensor } from "../../src/index.js";
import { engine } from "../../src/tensor/engine.js";
import { backends } from "../support/backends.js";
import { normal } from "../support/layers.js";

interface Books {
  readonly scratch: { at: number; bytes: number };
  readonly heap: { free(at: number, bytes: number): void };
}

describe.skipIf(!backends.includes("wasm, plain SIMD"))("the numbers of a large parameter", () => {
  test("leave their array empty when the model runs, and are the same", () => {
    // Some of less than a piece that moves at a time, some of several.
    const sizes = fc.record({
      inputs: fc.integer({ min: 170, max: 1500 }),
      outputs: fc.integer({ min: 100, max: 1500 }),
    });
    fc.assert(
      fc.property(sizes, ({ inputs, outputs }) => {
        const model = new Sequential(new Linear(inputs, outputs)) as Layer;
        const [weight, bias] = model.parameters().map(({ value }) => value);
        const { buffer } = weight!.view();
        const [want, start] = [tensor(weight!.view(), weight!.shape), bias!.clone()];
        expect(buffer.byteLength).toBe(4 * inputs * outputs);
        const y = model.eval().forward(ones([1, inputs]));
        expect(buffer.byteLength).toBe(0);
        expect(weight!.equals(want)).toBe(true);
        expect(bias!.equals(start)).toBe(true);
        expect(y.at(0, outputs - 1)).toBeCloseTo(
          want
            .view()
            .subarray(-inputs)
            .reduce((sum, w) => sum + w, start.at(outputs - 1)),
          3,
        );
      }),
      { numRuns: 12 },
    );
  });

  test("are an ordinary array for the program", () => {
    const { weight } = new Linear(300, 200);
    const { buffer } = weight.value.data;
    expect("resizable" in buffer && buffer.resizable).toBeFalsy();
    expect(() => structuredClone(buffer)).not.toThrow();
  });
});

describe.skipIf(!backends.includes("wasm, plain SIMD"))("what a convolution takes for itself", () => {
  /** Bytes of scratch that a forward of so many pictures takes. */
  const scratchOf = (layer: Layer, batch: number, shape: readonly number[]) => {
    const x = normal([batch, ...shape], 1);
    layer.eval().forward(x);
    const { scratch, heap } = engine().memory as Books;
    heap.free(scratch.at, scratch.bytes);
    scratch.at = scratch.bytes = 0;
    layer.forward(x);
    return scratch.bytes;
  };

  test.each([
    ["Winograd's", () => new Conv2d(64, 64, 3, { padding: 1 }), [64, 28, 28]],
    ["a product's", () => new Conv2d(64, 64, 1), [64, 28, 28]],
    ["a dilated one's", () => new Conv2d(32, 32, 3, { padding: 2, dilation: 2 }), [32, 28, 28]],
    ["a depthwise one's", () => new Conv2d(64, 64, 3, { padding: 1, groups: 64 }), [64, 28, 28]],
    ["a transposed one's", () => new ConvTranspose2d(64, 32, 2, { stride: 2 }), [64, 28, 28]],
  ] as const)("does not grow with the batch: %s", (_, make, shape) => {
    const layer = make() as Layer;
    const [some, many] = [8, 24].map((batch) => scratchOf(layer, batch, shape));
    const input = 4 * shape[0] * shape[1] * shape[2];
    expect(some).toBeGreaterThan(0);
    // A number or two a pixel tell how uneven the pictures are.
    expect(many! - some!).toBeLessThanOrEqual((16 * input) / 8);
  });

  test("is one phase's of a transposed one: its phases come one after another", () => {
    const [inputs, outputs, size] = [64, 32, 28];
    const bytes = scratchOf(new ConvTranspose2d(inputs, outputs, 2, { stride: 2 }), 1, [inputs, size, size]);
    const result = 4 * outputs * size * size;
    expect(bytes).toBeLessThan(3 * result);
  });
});
