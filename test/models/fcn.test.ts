import { expect, test } from "vitest";
import { ArgumentError, Random, type Shape, ShapeError } from "../../src/index.js";
import { readSafetensors, writeSafetensors } from "../../src/io.js";
import { leavesOf } from "../../src/layers/report.js";
import { FCN } from "../../src/models.js";
import { summary } from "../../src/train.js";
import { expectError } from "../support/errors.js";
import { readFixture } from "../support/fixtures.js";
import { normal } from "../support/layers.js";

interface Network {
  readonly name: string;
  readonly params: number;
  readonly macs: number;
  readonly state_dict: readonly (readonly [key: string, shape: Shape])[];
  readonly layers_input: Shape;
  readonly layers: readonly (readonly [key: string, output: Shape, macs: number])[];
}

const tiny = { width: 1 / 16, numClasses: 3 } as const;

test("is torchvision's fcn_resnet50: keys, shapes, layers, parameters and multiply-adds", () => {
  const expected = readFixture<Network[]>("torchvision_models.json").find(({ name }) => name === "fcn_resnet50")!;
  const model = new FCN();
  expect(Object.entries(model.stateDict()).map(([key, { shape }]) => [key, shape])).toEqual(expected.state_dict);
  const { parameters, multiplyAdds, outputShape } = summary(model, [1, 3, 224, 224]);
  expect([parameters, multiplyAdds, outputShape]).toEqual([expected.params, expected.macs, [1, 21, 224, 224]]);
  const rows = leavesOf(model, [expected.layers_input]).leaves.map(({ key, output, multiplyAdds }) => [
    key,
    output,
    multiplyAdds,
  ]);
  expect(rows.filter(([, , macs]) => macs !== 0)).toEqual(expected.layers);
  const dilations = (stage: "layer3" | "layer4") =>
    model.backbone[stage].layers.map((block) => {
      const conv = block.namedChildren().find(([key]) => key === "conv2")?.[1];
      return (conv as unknown as { dilation: readonly number[] }).dilation[0];
    });
  expect([dilations("layer3"), dilations("layer4")]).toEqual([
    [1, 2, 2, 2, 2, 2],
    [2, 4, 4],
  ]);
});

test.each([50, 101] as const)("forward, backward and safetensors: depth %i", (depth) => {
  const model = new FCN({ ...tiny, depth, inChannels: 2, random: new Random(1) });
  const x = normal([2, 2, 24, 32], 1);
  const y = model.forward(x);
  expect(y.shape).toEqual([2, 3, 24, 32]);
  expect(model.backward(normal(y.shape, 2)).shape).toEqual(x.shape);
  expect(model.parameters().every(({ grad }) => grad.data.some((g) => g !== 0))).toBe(true);
  const copy = new FCN({ ...tiny, depth, inChannels: 2, random: new Random(2) });
  copy.loadStateDict(readSafetensors(writeSafetensors(model.stateDict())));
  expect(copy.eval().forward(x).equals(model.eval().forward(x))).toBe(true);
});

test("bad options and inputs", () => {
  expectError(
    // @ts-expect-error no such depth
    () => new FCN({ depth: 18 }),
    ArgumentError,
    "FCN expects depth to be one of 50, 101, 152 with groups, widthPerGroup or dilation, which only bottlenecks have, but got 18.",
  );
  expectError(() => new FCN({ width: 0 }), ArgumentError, "FCN expects width to be a number above 0, but got 0.");
  expectError(
    () => new FCN({ dropout: -1 }),
    ArgumentError,
    "FCN expects dropout to be a number from 0 to 1, but got -1.",
  );
  const model = new FCN(tiny);
  expect(() => model.forward(normal([3, 24, 24], 1) as never)).toThrow(ShapeError);
});

test("takes images of any size, and resizes the scores to it", () => {
  for (const [height, width] of [
    [65, 65],
    [24, 20],
    [1, 3],
  ] as const) {
    // biome-ignore format: one line
    expect(new FCN(tiny).eval().forward(normal([1, 3, height, width], 1)).shape).toEqual([1, 3, height, width]);
  }
});
