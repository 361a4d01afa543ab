/** The smallest images that the networks' comments promise to take. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Layer, Random, ShapeError } from "../../src/index.js";
import { TinyYOLOv2, UNet } from "../../src/models.js";
import { expectError } from "../support/errors.js";
import { normal } from "../support/layers.js";
import { CLASSIFIERS } from "../support/models.js";

const tiny = { width: 1 / 16, numClasses: 3, random: new Random(1) } as const;

/** The key of the last layer of a class. */
const lastOf = (model: Layer, name: string) => model.namedModules().findLast(([, layer]) => layer.name === name)?.[0];

/** Where one side is a pixel too short, after the layer's name: the window of a pooling, and what is left for it. */
function tooSmall(window: number, channels: number, height: number, width: number): string {
  return `expects an input at least as large as its window, which covers ${window} × ${window}, but the padded input is ${height} × ${width} (input [1, ${channels}, ${height}, ${width}]). Usual cause: too many poolings or strides before this layer, or a missing padding.`;
}

describe.each([
  ["alexnet", 63, (h: number, w: number) => tooSmall(3, 16, h < 63 ? 2 : 3, w < 63 ? 2 : 3)],
  ...Object.keys(CLASSIFIERS)
    .filter((name) => name.startsWith("vgg"))
    .map((name) => [name, 32, (h: number, w: number) => tooSmall(2, 32, h < 32 ? 1 : 2, w < 32 ? 1 : 2)] as const),
  ["squeezenet1_1", 17, (h: number, w: number) => tooSmall(3, 16, h < 17 ? 1 : 2, w < 17 ? 1 : 2)],
  ...["resnet18", "resnet34", "resnet50", "resnet101", "mobilenet_v2"].map((name) => [name, 1, undefined] as const),
] as const)("%s", (name, least, refusal) => {
  const model = CLASSIFIERS[name]!(tiny).eval();

  test(`takes images of ${least}×${least}`, () => {
    const y = model.forward(normal([1, 3, least, least], 1));
    expect(y.shape).toEqual([1, 3]);
    expect(y.data.every(Number.isFinite)).toBe(true);
  });

  test("takes larger ones of any sides", () => {
    const side = fc.integer({ min: least, max: least + 300 });
    fc.assert(
      fc.property(side, side, (height, width) => {
        expect(model.outputShape([2, 3, height, width])).toEqual([2, 3]);
      }),
      { numRuns: 20 },
    );
  });

  if (refusal) {
    test("refuses smaller ones", () => {
      for (const [height, width] of [
        [least - 1, least],
        [least, least - 1],
      ] as const) {
        const text = `MaxPool2d (${lastOf(model, "MaxPool2d")}) ${refusal(height, width)}`;
        expectError(() => model.outputShape([1, 3, height, width]), ShapeError, text);
      }
    });
  }
});

test.each<[string, Layer, number, readonly number[]]>([
  ["UNet", new UNet({ ...tiny, inChannels: 3 }), 16, [3, 16, 16]],
  ["TinyYOLOv2", new TinyYOLOv2(tiny), 32, [40, 1, 1]],
])("%s takes images of its multiple, and refuses smaller ones", (_, model, least, output) => {
  const y = model.eval().forward(normal([1, 3, least, least], 1));
  expect(y.shape).toEqual([1, ...output]);
  expect(y.data.every(Number.isFinite)).toBe(true);
  expect(() => model.outputShape([1, 3, least - 1, least])).toThrow(ShapeError);
  expect(() => model.outputShape([1, 3, least, least - 1])).toThrow(ShapeError);
});

test.each(Object.keys(CLASSIFIERS))("%s refuses an image without pixels", (name) => {
  const model = CLASSIFIERS[name]!(tiny);
  const padded = name === "alexnet" ? 4 : name.startsWith("resnet") ? 6 : name === "squeezenet1_1" ? 0 : 2;
  const key = name.startsWith("resnet") ? "conv1" : name === "mobilenet_v2" ? "features.0.0" : "features.0";
  const kernel = name === "alexnet" ? 11 : name.startsWith("resnet") ? 7 : 3;
  expectError(
    () => model.forward(normal([1, 3, 0, 0], 1)),
    ShapeError,
    `Conv2d (${key}) expects an input at least as large as its kernel, which covers ${kernel} × ${kernel}, but the padded input is ${padded} × ${padded} (input [1, 3, 0, 0]). Usual cause: too many poolings or strides before this layer, or a missing padding.`,
  );
});
