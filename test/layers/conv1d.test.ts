import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Conv1d } from "../../src/layers/conv1d.js";
import { Conv2d } from "../../src/layers/conv2d.js";
import { ArgumentError, ShapeError, StateError } from "../../src/shape/errors.js";
import type { PaddingMode } from "../../src/shape/pad.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { convolve, definitionOf, withIntegers } from "../support/convolution.js";
import { expectError } from "../support/errors.js";
import { expectGradients, integers, normal } from "../support/layers.js";

/** Options of any small one-dimensional convolution, and an input that it fits. `"same"` comes with stride 1. */
const conv1dCase = fc
  .record({
    groups: fc.integer({ min: 1, max: 3 }),
    inPerGroup: fc.integer({ min: 1, max: 3 }),
    outPerGroup: fc.integer({ min: 1, max: 3 }),
    batch: fc.integer({ min: 1, max: 3 }),
    kernelSize: fc.integer({ min: 1, max: 4 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    padding: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom("valid" as const, "same" as const)),
    paddingMode: fc.constantFrom<PaddingMode>("zeros", "reflect", "replicate", "circular"),
    bias: fc.boolean(),
    length: fc.integer({ min: 7, max: 12 }),
    seed: fc.integer(),
  })
  .map(({ groups, inPerGroup, outPerGroup, batch, length, stride, ...drawn }) => ({
    ...drawn,
    groups,
    inChannels: groups * inPerGroup,
    outChannels: groups * outPerGroup,
    stride: drawn.padding === "same" ? 1 : stride,
    shape: [batch, groups * inPerGroup, length] as const,
  }));

type Case = typeof conv1dCase extends fc.Arbitrary<infer T> ? T : never;

const make = ({ inChannels, outChannels, kernelSize, seed, shape: _shape, ...options }: Case) =>
  new Conv1d(inChannels, outChannels, kernelSize, { ...options, random: new Random(seed) });

/** `[…, L]` as an image of height 1. */
const asImages = ({ data, shape }: Tensor) => new Tensor(data, [...shape.slice(0, -1), 1, shape.at(-1)!]);

describe("Conv1d, for any geometry", () => {
  test("gradients agree with differences within 1e-6", () => {
    fc.assert(fc.property(conv1dCase, (c) => expectGradients(make(c), c.shape, { seed: c.seed })));
  });

  test("is the definition on images of height 1, exactly on small integers", () => {
    fc.assert(
      fc.property(conv1dCase, (c) => {
        const conv = withIntegers(make(c), c.seed);
        const x = integers(c.shape, c.seed);
        const { kernelSize, stride, dilation, padding } = c;
        const definition = definitionOf({
          ...c,
          kernelSize: [1, kernelSize],
          stride: [1, stride],
          dilation: [1, dilation],
          padding: typeof padding === "number" ? [0, padding] : padding,
        });
        const want = convolve(asImages(x), asImages(conv.weight.value), conv.bias?.value, definition);
        const y = conv.forward(x);
        expect(asImages(y).shape).toEqual(want.shape);
        expect(y.data).toEqual(want.data);
        expect(conv.outputShape(c.shape)).toEqual(y.shape);
      }),
    );
  });

  test("takes an unbatched [C, L], forward and backward", () => {
    fc.assert(
      fc.property(conv1dCase, (c) => {
        const conv = make(c);
        const x = normal([1, ...c.shape.slice(1)], c.seed);
        const y = conv.forward(x);
        const dy = normal(y.shape, c.seed + 1);
        const dx = conv.backward(dy);
        const alone = conv.forward(new Tensor(x.data, x.shape.slice(1)));
        expect(alone.shape).toEqual(y.shape.slice(1));
        expect(alone.data).toEqual(y.data);
        const dxAlone = conv.backward(new Tensor(dy.data, alone.shape));
        expect(dxAlone.shape).toEqual(x.shape.slice(1));
        expect(dxAlone.data).toEqual(dx.data);
      }),
    );
  });
});

describe("Conv1d", () => {
  test("has torch's parameters, initialized as Conv2d's of the same fan-in", () => {
    const conv = new Conv1d(4, 6, 5, { groups: 2, random: new Random(1) });
    expect(conv.namedParameters().map(([key, { value }]) => [key, value.shape])).toEqual([
      ["weight", [6, 2, 5]],
      ["bias", [6]],
    ]);
    const image = new Conv2d(4, 6, [1, 5], { groups: 2, random: new Random(1) });
    expect(conv.weight.value.data).toEqual(image.weight.value.data);
    expect(conv.bias?.value.data).toEqual(image.bias?.value.data);
    expect(new Conv1d(4, 6, 5, { bias: false }).parameters()).toHaveLength(1);
  });

  test("multiplyAdds counts every product", () => {
    expect(new Conv1d(4, 6, 5, { groups: 2 }).multiplyAdds([3, 4, 10])).toBe(3 * 6 * 6 * 2 * 5);
  });

  test("refuses options in sentences that speak of Conv1d", () => {
    const Loose = Conv1d as unknown as new (...args: unknown[]) => Conv1d;
    const NO_NUMBER = "Usual cause: text or a BigInt, which Number converts, or another argument in its place.";
    const ARITHMETIC = "Usual cause: a division without Math.floor, or an undefined variable.";
    const refuse = (args: unknown[], text: string) => expectError(() => new Loose(...args), ArgumentError, text);
    refuse([2, 3, 0], `Conv1d expects kernelSize to be a positive integer, but got 0. ${ARITHMETIC}`);
    refuse([2, 3, [3, 3]], `Conv1d expects kernelSize to be a positive integer, but got [3, 3]. ${NO_NUMBER}`);
    refuse([2, 3, 3, { stride: 0 }], `Conv1d expects stride to be a positive integer, but got 0. ${ARITHMETIC}`);
    refuse(
      [2, 3, 3, { dilation: 1.5 }],
      `Conv1d expects dilation to be a positive integer, but got 1.5. ${ARITHMETIC}`,
    );
    refuse([2, 3, 3, { padding: -1 }], `Conv1d expects padding to be an integer ≥ 0, but got -1. ${ARITHMETIC}`);
    refuse([2, 3, 3, { padding: "full" }], 'Conv1d expects padding to be one of "same", "valid", but got "full".');
    refuse(
      [2, 3, 3, { padding: "same", stride: 2 }],
      'Conv1d expects stride 1 with padding "same", but got stride 2. Usual cause: "same" keeps the input\'s size, which a stride cannot.',
    );
    refuse(
      [2, 3, 3, { groups: 2 }],
      "Conv1d expects outChannels to be a multiple of groups, but outChannels is 3 and groups is 2.",
    );
    refuse(
      [2, 3, 3, { paddingMode: "mirror" }],
      'Conv1d expects paddingMode to be one of "zeros", "reflect", "replicate", "circular", but got "mirror".',
    );
    refuse(
      [2, 3, 3, { algorithm: "winograd" }],
      'Conv1d expects algorithm to be one of "auto", "im2col", "direct", but got "winograd".',
    );
    refuse(
      [2, 3, 3, 2],
      "Conv1d expects its options to be an object of stride, padding, dilation, groups, bias, paddingMode, algorithm, random, but got 2. Usual cause: torch's positional arguments are named here.",
    );
  });

  test("refuses inputs in sentences that speak of signals", () => {
    const conv = new Conv1d(2, 3, 5);
    const refuse = (layer: Conv1d, shape: number[], text: string) => {
      expectError(() => layer.forward(normal(shape, 1)), ShapeError, text);
      expectError(() => layer.outputShape(shape), ShapeError, text);
    };
    const rank =
      "Usual cause: images, which need Conv2d, or a missing channel dimension: reshape signals to [N, 1, L].";
    refuse(conv, [9], `Conv1d expects an input [N, C, L] or [C, L], but got [9]. ${rank}`);
    refuse(conv, [1, 2, 9, 9], `Conv1d expects an input [N, C, L] or [C, L], but got [1, 2, 9, 9]. ${rank}`);
    refuse(
      conv,
      [4, 9, 2],
      "Conv1d expects 2 channels, but its input [4, 9, 2] has 9. Usual cause: channels stored last: permute([0, 2, 1]) moves them.",
    );
    refuse(
      new Conv1d(1, 3, 5),
      [64, 9],
      "Conv1d expects 1 channel, but its input [64, 9] has 64. Usual cause: a batch without its channel dimension (2 dimensions are read as [C, L]): reshape it to [N, 1, L].",
    );
    refuse(
      new Conv1d(2, 3, 3, { dilation: 4, padding: 1 }),
      [1, 2, 6],
      "Conv1d expects an input at least as large as its kernel, which covers 9, but the padded input is 8 (input [1, 2, 6]). Usual cause: too many poolings or strides before this layer, or a missing padding.",
    );
    refuse(
      new Conv1d(2, 3, 3, { padding: 4, paddingMode: "reflect" }),
      [1, 2, 4],
      'Conv1d expects "reflect" padding of at most 3 on each side of a dimension of 4, but got 4 (input [1, 2, 4]). Usual cause: an input that earlier layers made too small.',
    );
    expectError(
      () => conv.backward(normal([1, 3, 5], 1)),
      StateError,
      "Conv1d.backward expects a forward before it, but none waits for its backward. Usual cause: backward called twice, before forward, or after 4 newer forwards (after 1 in eval mode, or that followed a backward).",
    );
  });
});
