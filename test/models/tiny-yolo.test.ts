import { describe, expect, test } from "vitest";
import { ArgumentError, Random, ShapeError, tensor } from "../../src/index.js";
import { readSafetensors, writeSafetensors } from "../../src/io.js";
import { TinyYOLOv2 } from "../../src/models.js";
import { summary } from "../../src/train.js";
import { expectError } from "../support/errors.js";
import { expectGradients, normal } from "../support/layers.js";

const tiny = { width: 1 / 16, numClasses: 3, numAnchors: 2 } as const;

describe("TinyYOLOv2", () => {
  test("holds the 15,867,885 numbers of darknet's tiny-yolo-voc.weights", () => {
    const model = new TinyYOLOv2();
    expect(model.parameters().reduce((sum, { value }) => sum + value.size, 0)).toBe(15_861_773);
    const numbers = Object.entries(model.stateDict()).filter(([key]) => !key.endsWith("num_batches_tracked"));
    // The file has 63,471,560 bytes: five integers, then floats.
    expect(numbers.reduce((sum, [, { size }]) => sum + size, 0)).toBe((63_471_560 - 5 * 4) / 4);
  });

  test("layers are darknet's: sizes of 416×416 images", () => {
    const { rows, multiplyAdds, outputShape } = summary(new TinyYOLOv2(), [1, 3, 416, 416]);
    const shapes = rows.filter(({ layer }) => layer === "Conv2d").map((row) => row.outputShape?.slice(1));
    expect(shapes).toEqual([
      [16, 416, 416],
      [32, 208, 208],
      [64, 104, 104],
      [128, 52, 52],
      [256, 26, 26],
      [512, 13, 13],
      [1024, 13, 13],
      [1024, 13, 13],
      [125, 13, 13],
    ]);
    expect(outputShape).toEqual([1, 125, 13, 13]);
    // darknet prints 6.97 BFLOPs: two operations per multiply-add.
    expect(((2 * multiplyAdds) / 1e9).toFixed(2)).toBe("6.97");
  });

  test("gradients agree with differences within 1e-6", () => {
    const model = new TinyYOLOv2({ ...tiny, stride: 4, random: new Random(1) });
    expectGradients(model, [2, 3, 8, 12], { samples: 4 });
  });

  test.each([2, 4, 8, 16, 32] as const)("a cell has %i pixels a side; inChannels is an option", (stride) => {
    const model = new TinyYOLOv2({ ...tiny, stride, inChannels: 1 }).eval();
    expect(model.forward(normal([2, 1, 64, 96], 1)).shape).toEqual([2, 2 * (5 + 3), 64 / stride, 96 / stride]);
  });

  test("the pooling with stride 1 looks at each pixel and its right and lower neighbors, where there are any", () => {
    const { layers } = new TinyYOLOv2(tiny).features;
    const places = layers.flatMap(({ name }, i) => (name === "ZeroPad2d" ? [i - 1, i] : []));
    const x = tensor([-9, -2, -3, -7, -5, -6, -8, -1, -4], [1, 1, 3, 3]);
    const [pool, crop] = places.map((i) => layers[i]!);
    expect([...crop!.forward(pool!.forward(x)).data]).toEqual([-2, -2, -3, -1, -1, -4, -1, -1, -4]);
  });

  test("one generator decides the weights, and safetensors carry them over", () => {
    const model = new TinyYOLOv2({ ...tiny, random: new Random(3) });
    expect(new TinyYOLOv2({ ...tiny, random: new Random(3) }).stateDict()).toEqual(model.stateDict());
    const copy = new TinyYOLOv2({ ...tiny, random: new Random(4) });
    copy.loadStateDict(readSafetensors(writeSafetensors(model.stateDict())));
    const x = normal([1, 3, 32, 32], 1);
    expect(copy.eval().forward(x).equals(model.eval().forward(x))).toBe(true);
  });

  test("bad options and inputs", () => {
    expectError(
      () => new TinyYOLOv2({ stride: 24 }),
      ArgumentError,
      "TinyYOLOv2 expects stride to be one of 2, 4, 8, 16, 32, but got 24.",
    );
    expectError(
      () => new TinyYOLOv2({ numAnchors: 0 }),
      ArgumentError,
      "TinyYOLOv2 expects numAnchors to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expectError(
      () => new TinyYOLOv2({ width: -1 }),
      ArgumentError,
      "TinyYOLOv2 expects width to be a number above 0, but got -1.",
    );
    const model = new TinyYOLOv2(tiny);
    expectError(
      () => model.forward(normal([1, 1, 64, 64], 1)),
      ShapeError,
      "Conv2d (features.0) expects 3 channels, but its input [1, 1, 64, 64] has 1. Usual cause: inChannels that differs from the data's, or from the previous outChannels.",
    );
    expectError(
      () => model.eval().forward(normal([1, 3, 16, 16], 1)),
      ShapeError,
      "MaxPool2d (features.19) expects an input at least as large as its window, which covers 2 × 2, but the padded input is 1 × 1 (input [1, 16, 1, 1]). Usual cause: too many poolings or strides before this layer, or a missing padding.",
    );
  });
});
