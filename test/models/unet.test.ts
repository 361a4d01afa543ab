import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, concat, Random, ShapeError } from "../../src/index.js";
import { readSafetensors, writeSafetensors } from "../../src/io.js";
import { UNet, type UNetOptions } from "../../src/models.js";
import { summary } from "../../src/train.js";
import { expectError } from "../support/errors.js";
import { expectGradients, normal, withBiases } from "../support/layers.js";

const parametersOf = (model: UNet) => model.parameters().reduce((sum, { value }) => sum + value.size, 0);
const tiny = { width: 1 / 32, depth: 2 } as const;

describe("UNet", () => {
  test("has 31,030,658 parameters: the paper's layers, counted by hand", () => {
    const channels = [64, 128, 256, 512, 1024];
    const conv = (from: number, to: number, kernel: number) => from * to * kernel * kernel + to;
    const encoder = channels.map((c, i) => conv(channels[i - 1] ?? 1, c, 3) + conv(c, c, 3));
    const decoder = channels.slice(0, 4).map((c) => conv(2 * c, c, 2) + conv(2 * c, c, 3) + conv(c, c, 3));
    const expected = [...encoder, ...decoder, conv(64, 2, 1)].reduce((a, b) => a + b);
    expect(expected).toBe(31_030_658);
    expect(parametersOf(new UNet())).toBe(expected);
  });

  test("the size stays for any batch, depth, width and multiple of 2^depth, and both ways to double it", () => {
    const drawn = fc.record({
      numClasses: fc.integer({ min: 1, max: 4 }),
      inChannels: fc.integer({ min: 1, max: 4 }),
      width: fc.constantFrom(1 / 64, 1 / 32, 3 / 64),
      depth: fc.integer({ min: 1, max: 3 }),
      upsampling: fc.constantFrom("transposed" as const, "bilinear" as const),
      batchNorm: fc.boolean(),
    });
    const size = fc.tuple(
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 2, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
    );
    fc.assert(
      fc.property(drawn, size, (options, [batch, rows, columns]) => {
        const step = 2 ** options.depth;
        const model = new UNet(options).eval();
        const y = model.forward(normal([batch, options.inChannels, rows * step, columns * step], 1));
        expect(y.shape).toEqual([batch, options.numClasses, rows * step, columns * step]);
      }),
      { numRuns: 30 },
    );
  });

  test.each<UNetOptions>([{}, { upsampling: "bilinear" }, { batchNorm: true, inChannels: 3, numClasses: 3 }])(
    "gradients agree with differences within 1e-6: %j",
    (options) => {
      const model = withBiases(new UNet({ ...tiny, ...options, random: new Random(1) }));
      expectGradients(model, [2, options.inChannels ?? 1, 8, 12], { samples: 6 });
    },
  );

  test("layers are these, from the largest size to the smallest and back", () => {
    const { rows } = summary(new UNet({ width: 1 / 16, depth: 2, inChannels: 3 }), [1, 3, 16, 24]);
    expect(
      rows.filter(({ layer }) => layer !== "ReLU").map(({ key, outputShape }) => [key, outputShape?.slice(1)]),
    ).toEqual([
      ["encoder.0.0", [4, 16, 24]],
      ["encoder.0.2", [4, 16, 24]],
      ["pool", [4, 8, 12]],
      ["encoder.1.0", [8, 8, 12]],
      ["encoder.1.2", [8, 8, 12]],
      ["pool", [8, 4, 6]],
      ["encoder.2.0", [16, 4, 6]],
      ["encoder.2.2", [16, 4, 6]],
      ["up.1", [8, 8, 12]],
      ["decoder.1.0", [8, 8, 12]],
      ["decoder.1.2", [8, 8, 12]],
      ["up.0", [4, 16, 24]],
      ["decoder.0.0", [4, 16, 24]],
      ["decoder.0.2", [4, 16, 24]],
      ["head", [2, 16, 24]],
    ]);
  });

  test("the decoder reads the encoder's output of its size and the upsampled one, in this order", () => {
    const model = new UNet({ width: 1 / 64, depth: 1, random: new Random(2) });
    const x = normal([1, 1, 4, 4], 1);
    const [encoder, inner] = model.encoder;
    const [up] = model.up;
    const [decoder] = model.decoder;
    const skip = encoder!.forward(x);
    const below = up!.forward(inner!.forward(model.pool.forward(skip)));
    const joined = concat([skip, below], 1);
    expect(model.forward(x).equals(model.head.forward(decoder!.forward(joined)))).toBe(true);
  });

  test("one generator decides the weights, and safetensors carry them over", () => {
    const model = new UNet({ ...tiny, batchNorm: true, random: new Random(3) });
    expect(new UNet({ ...tiny, batchNorm: true, random: new Random(3) }).stateDict()).toEqual(model.stateDict());
    const copy = new UNet({ ...tiny, batchNorm: true, random: new Random(4) });
    copy.loadStateDict(readSafetensors(writeSafetensors(model.stateDict())));
    const x = normal([1, 1, 8, 8], 1);
    expect(copy.eval().forward(x).equals(model.eval().forward(x))).toBe(true);
  });

  test("bad options and inputs", () => {
    expectError(
      () => new UNet({ depth: 0 }),
      ArgumentError,
      "UNet expects depth to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expectError(() => new UNet({ width: 0 }), ArgumentError, "UNet expects width to be a number above 0, but got 0.");
    expectError(
      // @ts-expect-error no such way
      () => new UNet({ upsampling: "nearest" }),
      ArgumentError,
      'UNet expects upsampling to be one of "transposed", "bilinear", but got "nearest".',
    );
    expectError(
      // @ts-expect-error options are named
      () => new UNet(2),
      ArgumentError,
      "UNet expects its options to be an object of numClasses, inChannels, width, depth, upsampling, batchNorm, random, but got 2. Usual cause: torch's positional arguments are named here.",
    );
    const model = new UNet(tiny);
    expectError(
      () => model.forward(normal([1, 1, 8, 10], 1)),
      ShapeError,
      "UNet expects height and width to be multiples of 4, but its input [1, 1, 8, 10] has 8 and 10. Usual cause: an image that was not padded or resized; each of the 2 levels halves it.",
    );
    expectError(
      () => model.forward(normal([1, 8, 8], 1)),
      ShapeError,
      "UNet expects an input [N, C, H, W], but got [1, 8, 8]. Usual cause: one image without its batch dimension.",
    );
    expectError(
      () => model.forward(normal([1, 3, 8, 8], 1)),
      ShapeError,
      "Conv2d (encoder.0.0) expects 1 channel, but its input [1, 3, 8, 8] has 3. Usual cause: inChannels that differs from the data's, or from the previous outChannels.",
    );
  });
});
