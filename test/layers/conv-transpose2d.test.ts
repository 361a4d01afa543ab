import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConvTranspose2d } from "../../src/layers/conv-transpose2d.js";
import { Conv2d } from "../../src/layers/conv2d.js";
import { ArgumentError, ShapeError, StateError } from "../../src/shape/errors.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { convCase, sample, withIntegers } from "../support/convolution.js";
import { expectError } from "../support/errors.js";
import { dot, expectGradients, integers, normal } from "../support/layers.js";
import { distance } from "../support/wasm.js";

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

/** Options of any small transposed convolution, and an input of which the padding leaves something. */
const transposeCase = fc
  .record({
    groups: fc.integer({ min: 1, max: 3 }),
    inPerGroup: fc.integer({ min: 1, max: 3 }),
    outPerGroup: fc.integer({ min: 1, max: 3 }),
    batch: fc.integer({ min: 1, max: 3 }),
    kernelSize: pair(1, 4),
    stride: pair(1, 3),
    dilation: pair(1, 2),
    padding: pair(0, 1),
    extra: pair(0, 2),
    bias: fc.boolean(),
    size: pair(3, 5),
    seed: fc.integer(),
  })
  .map(({ groups, inPerGroup, outPerGroup, batch, size, extra, ...drawn }) => ({
    ...drawn,
    groups,
    inChannels: groups * inPerGroup,
    outChannels: groups * outPerGroup,
    outputPadding: extra.map((e, dim) => Math.min(e, Math.max(drawn.stride[dim]!, drawn.dilation[dim]!) - 1)) as [
      number,
      number,
    ],
    shape: [batch, groups * inPerGroup, ...size] as const,
  }));

type Case = typeof transposeCase extends fc.Arbitrary<infer T> ? T : never;

const make = ({ inChannels, outChannels, kernelSize, seed, shape: _shape, ...options }: Case) =>
  new ConvTranspose2d(inChannels, outChannels, kernelSize, { ...options, random: new Random(seed) });

/** The definition: every input pixel stamps its filters onto the output; what falls outside is cut off. */
function stamp(x: Tensor, layer: ConvTranspose2d, c: Case, shape: readonly number[]): Tensor {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [, filters, outHeight, outWidth] = shape as [number, number, number, number];
  const [perGroup, inGroup] = [filters / c.groups, channels / c.groups];
  const y = new Tensor(new Float32Array(batch * filters * outHeight * outWidth), shape);
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < filters; o++) {
      for (let i = 0; i < outHeight * outWidth; i++) {
        y.data[(n * filters + o) * outHeight * outWidth + i] = layer.bias?.value.data[o] ?? 0;
      }
    }
    for (let channel = 0; channel < channels; channel++) {
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) {
          for (let o = 0; o < perGroup; o++) {
            for (let u = 0; u < c.kernelSize[0]; u++) {
              for (let v = 0; v < c.kernelSize[1]; v++) {
                const row = i * c.stride[0] + u * c.dilation[0] - c.padding[0];
                const column = j * c.stride[1] + v * c.dilation[1] - c.padding[1];
                if (row < 0 || row >= outHeight || column < 0 || column >= outWidth) continue;
                const filter = Math.floor(channel / inGroup) * perGroup + o;
                const weight =
                  layer.weight.value.data[((channel * perGroup + o) * c.kernelSize[0] + u) * c.kernelSize[1] + v]!;
                y.data[((n * filters + filter) * outHeight + row) * outWidth + column]! +=
                  weight * x.data[((n * channels + channel) * height + i) * width + j]!;
              }
            }
          }
        }
      }
    }
  }
  return y;
}

describe("ConvTranspose2d, for any geometry", () => {
  test("gradients agree with differences within 1e-6", () => {
    fc.assert(fc.property(transposeCase, (c) => expectGradients(make(c), c.shape, { seed: c.seed })));
  });

  test("stamps its filters as defined, exactly on small integers, on an output of the size that the rule says", () => {
    fc.assert(
      fc.property(transposeCase, (c) => {
        const layer = withIntegers(make(c), c.seed);
        const x = integers(c.shape, c.seed);
        const [, , height, width] = c.shape;
        const sizes = [height, width].map(
          (size, dim) =>
            (size - 1) * c.stride[dim]! -
            2 * c.padding[dim]! +
            c.dilation[dim]! * (c.kernelSize[dim]! - 1) +
            c.outputPadding[dim]! +
            1,
        );
        const shape = [c.shape[0], c.outChannels, ...sizes];
        const y = layer.forward(x);
        expect(y.shape).toEqual(shape);
        expect(layer.outputShape(c.shape)).toEqual(shape);
        expect(y.data).toEqual(stamp(x, layer, c, shape).data);
      }),
    );
  });

  test("is the adjoint of Conv2d: ⟨conv x, y⟩ = ⟨x, transpose y⟩, exactly on small integers", () => {
    fc.assert(
      fc.property(convCase, (drawn) => {
        const padding = typeof drawn.padding === "string" ? ([1, 0] as const) : drawn.padding;
        const { inChannels, outChannels, kernelSize, stride, dilation, groups, shape, seed } = drawn;
        const options = { stride, dilation, groups, padding, bias: false };
        const conv = withIntegers(new Conv2d(inChannels, outChannels, kernelSize, options), seed);
        const x = integers(shape, seed);
        const y = conv.forward(x);
        // The rows and columns at the end that the strided convolution never reached.
        const outputPadding = [2, 3].map((dim, i) => {
          const reach = dilation[i]! * (kernelSize[i]! - 1) + 1;
          return (shape[dim]! + 2 * padding[i]! - reach) % stride[i]!;
        }) as [number, number];
        const transpose = new ConvTranspose2d(outChannels, inChannels, kernelSize, { ...options, outputPadding });
        transpose.weight.value.data.set(conv.weight.value.data);
        const z = integers(y.shape, seed + 7);
        const back = transpose.forward(z);
        expect(back.shape).toEqual(shape);
        expect(dot(y, z)).toBe(dot(x, back));
        expect(back.data).toEqual(conv.backward(z).data);
      }),
    );
  });

  test("gives an image the same bits alone, unbatched and in a batch, forward and backward", () => {
    fc.assert(
      fc.property(transposeCase, (c) => {
        const layer = make(c);
        const x = normal(c.shape, c.seed);
        const y = layer.forward(x);
        const dy = normal(y.shape, c.seed + 1);
        const dx = layer.backward(dy);
        for (let n = 0; n < c.shape[0]; n++) {
          const alone = layer.forward(new Tensor(sample(x, n).data, c.shape.slice(1)));
          expect(alone.shape).toEqual(y.shape.slice(1));
          expect(alone.data).toEqual(sample(y, n).data);
          const dxAlone = layer.backward(new Tensor(sample(dy, n).data, alone.shape));
          expect(dxAlone.shape).toEqual(c.shape.slice(1));
          expect(dxAlone.data).toEqual(sample(dx, n).data);
        }
      }),
    );
  });
});

describe("ConvTranspose2d", () => {
  test("has torch's parameters, uniform in ±1/√(outChannels / groups · kernelHeight · kernelWidth)", () => {
    const layer = new ConvTranspose2d(64, 8, [3, 5], { groups: 2, random: new Random(1) });
    expect(layer.namedParameters().map(([key, { value }]) => [key, value.shape])).toEqual([
      ["weight", [64, 4, 3, 5]],
      ["bias", [8]],
    ]);
    const bound = 1 / Math.sqrt(4 * 3 * 5);
    const most = Math.max(...layer.weight.value.data.map(Math.abs));
    expect(most).toBeLessThanOrEqual(Math.fround(bound));
    expect(most).toBeGreaterThan(0.98 * bound);
    expect(Math.max(...(layer.bias?.value.data.map(Math.abs) ?? []))).toBeLessThanOrEqual(Math.fround(bound));
    expect(new ConvTranspose2d(2, 3, 3, { bias: false }).parameters()).toHaveLength(1);
  });

  test("stride 2 with a 2 × 2 kernel of ones doubles every pixel", () => {
    const layer = new ConvTranspose2d(1, 1, 2, { stride: 2, bias: false });
    layer.weight.value.data.fill(1);
    const y = layer.forward(new Tensor(Float32Array.of(1, 2, 3, 4), [1, 2, 2]));
    expect(y.shape).toEqual([1, 4, 4]);
    expect([...y.data]).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
  });

  test("outputPadding chooses between the sizes that a strided convolution maps to the same one", () => {
    const size = (outputPadding: number) =>
      new ConvTranspose2d(1, 1, 3, { stride: 2, padding: 1, outputPadding }).outputShape([1, 5, 5]);
    expect(size(0)).toEqual([1, 9, 9]);
    expect(size(1)).toEqual([1, 10, 10]);
    const conv = new Conv2d(1, 1, 3, { stride: 2, padding: 1 });
    expect(conv.outputShape([1, 9, 9])).toEqual([1, 5, 5]);
    expect(conv.outputShape([1, 10, 10])).toEqual([1, 5, 5]);
  });

  test("multiplyAdds counts every weight once for each input pixel", () => {
    expect(new ConvTranspose2d(4, 6, [2, 3], { groups: 2, stride: 2 }).multiplyAdds([2, 4, 5, 5])).toBe(
      2 * 4 * 5 * 5 * (6 / 2) * 2 * 3,
    );
  });

  test("freezing, inputGradient: false and a batch of none", () => {
    const layer = new ConvTranspose2d(2, 3, 3);
    for (const which of [0, 1]) {
      layer.zeroGrad();
      const [frozen, free] = [layer.parameters()[which]!, layer.parameters()[1 - which]!];
      frozen.requiresGrad = false;
      free.requiresGrad = true;
      const y = layer.forward(normal([1, 2, 4, 4], 1));
      expect(layer.backward(normal(y.shape, 2), { inputGradient: false })).toBeUndefined();
      expect(frozen.grad.data.every((g) => g === 0)).toBe(true);
      expect(free.grad.data.every((g) => g !== 0)).toBe(true);
    }
    expect(layer.forward(new Tensor(new Float32Array(0), [0, 2, 4, 4])).shape).toEqual([0, 3, 6, 6]);
  });

  test("any algorithm gives the same outputs and gradients within 5e-5", () => {
    for (const [kernel, stride] of [
      [3, 1],
      [5, 1],
      [4, 2],
      [5, 2],
    ] as const) {
      const run = (algorithm: "auto" | "im2col" | "winograd" | "direct") => {
        const layer = new ConvTranspose2d(20, 24, kernel, { stride, padding: 1, algorithm, random: new Random(1) });
        const y = layer.forward(normal([2, 20, 15, 17], 1));
        return [y, layer.backward(normal(y.shape, 2)), ...layer.parameters().map(({ grad }) => grad)];
      };
      const expected = run("im2col");
      for (const algorithm of ["auto", "winograd", "direct"] as const) {
        run(algorithm).forEach((tensor, i) => {
          expect(distance(tensor.data, expected[i]!.data)).toBeLessThan(5e-5);
        });
      }
    }
  });

  test("refuses options", () => {
    const Loose = ConvTranspose2d as unknown as new (...args: unknown[]) => ConvTranspose2d;
    const ARITHMETIC = "Usual cause: a division without Math.floor, or an undefined variable.";
    const refuse = (args: unknown[], text: string) => expectError(() => new Loose(...args), ArgumentError, text);
    refuse([0, 3, 3], `ConvTranspose2d expects inChannels to be a positive integer, but got 0. ${ARITHMETIC}`);
    refuse([2, 1.5, 3], `ConvTranspose2d expects outChannels to be a positive integer, but got 1.5. ${ARITHMETIC}`);
    refuse(
      [2, 3, 3, { padding: "same" }],
      'ConvTranspose2d expects padding to be a number or [height, width], but got "same".',
    );
    refuse(
      [2, 3, 3, { padding: -1 }],
      `ConvTranspose2d expects padding to be an integer ≥ 0, but got -1. ${ARITHMETIC}`,
    );
    refuse(
      [2, 3, 3, { outputPadding: -1 }],
      `ConvTranspose2d expects outputPadding to be an integer ≥ 0, but got -1. ${ARITHMETIC}`,
    );
    refuse(
      [2, 4, 3, { groups: 3 }],
      "ConvTranspose2d expects inChannels to be a multiple of groups, but inChannels is 2 and groups is 3.",
    );
    refuse(
      [2, 3, 3, { groups: 2 }],
      "ConvTranspose2d expects outChannels to be a multiple of groups, but outChannels is 3 and groups is 2.",
    );
    refuse(
      [2, 3, 3, { paddingMode: "reflect" }],
      'ConvTranspose2d expects paddingMode to be one of "zeros", but got "reflect".',
    );
    refuse(
      [2, 3, 3, { stride: [2, 1], outputPadding: [1, 1] }],
      "ConvTranspose2d expects outputPadding to be smaller than stride or dilation, but got outputPadding [1, 1], stride [2, 1] and dilation [1, 1]. Usual cause: outputPadding adds no zeros around the output; it picks one of the sizes that a strided convolution maps to the same one.",
    );
    refuse(
      [2, 3, 3, { stride: 3, algorithm: "winograd" }],
      'ConvTranspose2d expects stride 1 × 1 or 2 × 2 with algorithm "winograd", but got 3 × 3. Usual cause: an algorithm chosen by hand; "auto" takes this one wherever it pays.',
    );
    refuse(
      [2, 3, 3, 2],
      "ConvTranspose2d expects its options to be an object of stride, padding, dilation, groups, bias, paddingMode, algorithm, random, outputPadding, but got 2. Usual cause: torch's positional arguments are named here.",
    );
  });

  test("refuses inputs", () => {
    const refuse = (layer: ConvTranspose2d, shape: number[], text: string) => {
      expectError(() => layer.forward(normal(shape, 1)), ShapeError, text);
      expectError(() => layer.outputShape(shape), ShapeError, text);
    };
    const layer = new ConvTranspose2d(2, 3, 3);
    refuse(
      layer,
      [2, 4],
      "ConvTranspose2d expects an input [N, C, H, W] or [C, H, W], but got [2, 4]. Usual cause: images flattened too early, or a missing channel dimension: reshape them to [N, 1, H, W].",
    );
    refuse(
      layer,
      [1, 3, 4, 4],
      "ConvTranspose2d expects 2 channels, but its input [1, 3, 4, 4] has 3. Usual cause: inChannels that differs from the data's, or from the previous outChannels.",
    );
    refuse(
      new ConvTranspose2d(2, 3, 3, { padding: 2 }),
      [1, 2, 3, 1],
      "ConvTranspose2d expects its padding to leave at least one pixel, but it cuts 4 × 4 off an output of 5 × 3 (input [1, 2, 3, 1]). Usual cause: padding meant for a convolution.",
    );
    expect(() => new ConvTranspose2d(2, 3, 3, { padding: 2 }).outputShape([1, 2, 3, 2])).toThrow(
      "off an output of 5 × 4",
    );
    refuse(
      new ConvTranspose2d(2, 3, 5),
      [1, 2, 0, 2],
      "ConvTranspose2d expects images with at least one row and column, but got [1, 2, 0, 2]. Usual cause: a slice that came out empty.",
    );
    expect(() => new ConvTranspose2d(2, 3, 3, { padding: 2 }).outputShape([1, 2, 3, 2])).toThrow(
      "cuts 4 × 4 off an output of 5 × 4 (input [1, 2, 3, 2])",
    );
    expect(() => new ConvTranspose2d(2, 3, 5).outputShape([1, 2, 0, 2])).toThrow(ShapeError);
    expectError(
      () => layer.backward(normal([1, 3, 6, 6], 1)),
      StateError,
      "ConvTranspose2d.backward expects a forward before it, but none waits for its backward. Usual cause: backward called twice, before forward, or after 4 newer forwards (after 1 in eval mode, or that followed a backward).",
    );
  });
});
