import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, Random, ShapeError, zeros } from "../../src/index.js";
import { readSafetensors, writeSafetensors } from "../../src/io.js";
import { Autoencoder, type AutoencoderOptions } from "../../src/models.js";
import { Adam, fit, MSELoss } from "../../src/train.js";
import { expectError } from "../support/errors.js";
import { expectGradients, normal } from "../support/layers.js";

const small = { width: 2, latent: 3, imageSize: [8, 6] } as const;

describe("Autoencoder", () => {
  test("gives back images of any size and number of channels, from 0 to 1, through codes of the length asked for", () => {
    fc.assert(
      fc.property(
        fc.record({
          latent: fc.integer({ min: 1, max: 6 }),
          width: fc.integer({ min: 1, max: 3 }),
          inChannels: fc.integer({ min: 1, max: 3 }),
          imageSize: fc.tuple(fc.integer({ min: 1, max: 17 }), fc.integer({ min: 1, max: 17 })),
        }),
        fc.integer({ min: 1, max: 3 }),
        (options, batch) => {
          const model = new Autoencoder(options);
          const { latent, inChannels, imageSize } = options;
          const x = normal([batch, inChannels, ...imageSize], 1);
          const y = model.eval().forward(x);
          expect(y.shape).toEqual(x.shape);
          expect(y.data.every((value) => value >= 0 && value <= 1)).toBe(true);
          const codes = model.encode(x);
          expect(codes.shape).toEqual([batch, latent]);
          expect(model.decode(codes).data).toEqual(y.data);
          expect(model.outputShape(x.shape)).toEqual(x.shape);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("gradients agree with differences within 1e-6, for even and odd sizes", () => {
    expectGradients(new Autoencoder(small), [2, 1, 8, 6], { samples: 6 });
    expectGradients(new Autoencoder({ ...small, inChannels: 2, imageSize: [7, 5] }), [2, 2, 7, 5], { samples: 6 });
  });

  test("one training step after the other brings the images nearer to their originals", async () => {
    const model = new Autoencoder({ ...small, random: new Random(1) });
    const images = normal([8, 1, 8, 6], 2).map((value) => (value > 0 ? 1 : 0));
    const optimizer = new Adam(model.parameters(), { lr: 0.02 });
    const data = [{ inputs: images, targets: images }];
    const { epochs } = await fit(model, data, { loss: new MSELoss(), optimizer, epochs: 60 });
    expect(epochs.at(-1)?.loss).toBeLessThan((epochs[0]?.loss ?? 0) * 0.8);
  });

  test("has these keys and shapes by default, 111,521 numbers", () => {
    const model = new Autoencoder();
    const shapes = Object.entries(model.stateDict()).map(([key, { shape }]) => `${key} [${shape}]`);
    expect(shapes).toEqual([
      "encoder.0.weight [16,1,3,3]",
      "encoder.0.bias [16]",
      "encoder.2.weight [32,16,3,3]",
      "encoder.2.bias [32]",
      "encoder.5.weight [32,1568]",
      "encoder.5.bias [32]",
      "decoder.0.weight [1568,32]",
      "decoder.0.bias [1568]",
      "decoder.3.weight [32,16,3,3]",
      "decoder.3.bias [16]",
      "decoder.5.weight [16,1,3,3]",
      "decoder.5.bias [1]",
    ]);
    expect(model.parameters().reduce((sum, { value }) => sum + value.size, 0)).toBe(111_521);
  });

  test("one generator decides the weights, and safetensors carry them over", () => {
    const model = new Autoencoder({ ...small, random: new Random(3) });
    expect(new Autoencoder({ ...small, random: new Random(3) }).stateDict()).toEqual(model.stateDict());
    const copy = new Autoencoder({ ...small, random: new Random(4) });
    copy.loadStateDict(readSafetensors(writeSafetensors(model.stateDict())));
    const x = normal([2, 1, 8, 6], 1);
    expect(copy.forward(x).data).toEqual(model.forward(x).data);
  });

  test("the compiler knows that the shape stays, and refuses other channels and sizes", () => {
    const model = new Autoencoder();
    const y = model.forward(zeros([2, 1, 28, 28])).shape satisfies readonly [2, 1, 28, 28];
    expect(y).toEqual([2, 1, 28, 28]);
    // @ts-expect-error three channels
    expect(() => model.forward(zeros([2, 3, 28, 28]))).toThrow(ShapeError);
    // @ts-expect-error another size
    expect(() => model.forward(zeros([2, 1, 20, 28]))).toThrow(ShapeError);
  });

  test("bad options and inputs", () => {
    for (const option of ["latent", "width", "inChannels"]) {
      expectError(
        () => new Autoencoder({ [option]: 0 } as AutoencoderOptions),
        ArgumentError,
        `Autoencoder expects ${option} to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.`,
      );
    }
    expectError(
      () => new Autoencoder({ imageSize: 7.5 }),
      ArgumentError,
      "Autoencoder expects imageSize to be a positive integer, but got 7.5. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expectError(
      // @ts-expect-error three sizes
      () => new Autoencoder({ imageSize: [28, 28, 1] }),
      ArgumentError,
      "Autoencoder expects imageSize to be a number or [height, width], but got [28, 28, 1].",
    );
    expectError(
      // @ts-expect-error options come in an object
      () => new Autoencoder(32),
      ArgumentError,
      "Autoencoder expects its options to be an object of latent, width, inChannels, imageSize, random, but got 32. Usual cause: torch's positional arguments are named here.",
    );
    const model = new Autoencoder(small);
    expectError(
      () => model.forward(normal([2, 3, 8, 6], 1)),
      ShapeError,
      "Conv2d (encoder.0) expects 1 channel, but its input [2, 3, 8, 6] has 3. Usual cause: inChannels that differs from the data's, or from the previous outChannels.",
    );
    expectError(
      () => model.forward(normal([2, 1, 12, 12], 1)),
      ShapeError,
      "Linear (encoder.5) expects 16 features, but the layer before it gives 36 (= 4 × 3 × 3). Usual cause: inFeatures computed for another image size, padding or stride.",
    );
    expectError(
      () => model.encode(normal([2, 1, 12, 12], 1)),
      ShapeError,
      "Linear (5) expects 16 features, but the layer before it gives 36 (= 4 × 3 × 3). Usual cause: inFeatures computed for another image size, padding or stride.",
    );
    expectError(
      () => model.decode(normal([2, 4], 1)),
      ShapeError,
      "Linear (0) expects 3 features, but its input [2, 4] has 4. Usual cause: inFeatures computed for another image size, padding or stride.",
    );
  });
});
