/** Networks whose branches meet, beside torchvision's: keys, shapes, parameters, multiply-adds; they train and are saved. */
import { describe, expect, test } from "vitest";
import { ArgumentError, Random, StochasticDepth, type Tensor } from "../../src/index.js";
import { readSafetensors, writeSafetensors } from "../../src/io.js";
import { EfficientNet, GoogLeNet, ResNet } from "../../src/models.js";
import { summary } from "../../src/train.js";
import { expectError } from "../support/errors.js";
import { readFixture } from "../support/fixtures.js";
import { normal } from "../support/layers.js";
import { COMPOSED, COMPOSED_PLAIN, ConstantRandom, type TorchvisionNetwork } from "../support/models.js";

const fixtures = readFixture<TorchvisionNetwork[]>("torchvision_composed.json");

describe.each(fixtures.map((network) => [network.name, network] as const))("%s", (name, expected) => {
  test("has torchvision's keys and shapes in its order, its parameters and multiply-adds", () => {
    const model = COMPOSED[name]!({ random: new ConstantRandom(1) });
    expect(Object.entries(model.stateDict()).map(([key, { shape }]) => [key, shape])).toEqual(expected.state_dict);
    const parameters = model.parameters().reduce((sum, { value }) => sum + value.size, 0);
    expect(parameters).toBe(expected.params);
    const { multiplyAdds, outputShape } = summary(
      COMPOSED_PLAIN[name]!({ random: new ConstantRandom(1) }),
      expected.input,
    );
    expect([multiplyAdds, outputShape]).toEqual([expected.macs, expected.output]);
  });

  test("trains on small images, and safetensors carry it over", () => {
    const make = (seed: number) => COMPOSED_PLAIN[name]!({ width: 1 / 8, numClasses: 3, random: new Random(seed) });
    const side = name === "inception_v3" ? 79 : 35;
    const x = normal([2, 3, side, side], 1);
    const model = make(1);
    const y = model.forward(x);
    expect(y.data.every(Number.isFinite)).toBe(true);
    expect(model.backward(normal(y.shape, 2)).shape).toEqual(x.shape);
    expect(model.parameters().every(({ hasGrad }) => hasGrad)).toBe(true);
    const copy = make(2).eval();
    copy.loadStateDict(readSafetensors(writeSafetensors(model.eval().stateDict())));
    expect(copy.forward(x).equals(model.forward(x))).toBe(true);
  });
});

test("auxiliary scores are outputs by name, each with a gradient of its own", () => {
  const google = new GoogLeNet({ width: 1 / 8, numClasses: 3, random: new Random(1) });
  const x = normal([2, 3, 33, 33], 1);
  const scores: { readonly [name: string]: Tensor } = google.forward(x);
  expect(Object.entries(scores).map(([key, { shape }]) => [key, [...shape]])).toEqual([
    ["logits", [2, 3]],
    ["auxLogits1", [2, 3]],
    ["auxLogits2", [2, 3]],
  ]);
  google.backward({ auxLogits1: normal([2, 3], 2) } as never);
  expect([google.fc.weight.hasGrad, google.inception4b.parameters().some(({ hasGrad }) => hasGrad)]).toEqual([
    false,
    false,
  ]);
  expect(google.aux1?.parameters().every(({ hasGrad }) => hasGrad)).toBe(true);
});

test("transformInput is the affine function that torchvision has", () => {
  const options = { width: 1 / 8, numClasses: 3, auxLogits: false } as const;
  const plain = new GoogLeNet({ ...options, random: new Random(1) }).eval();
  const transforming = new GoogLeNet({ ...options, transformInput: true, random: new Random(1) }).eval();
  const x = normal([1, 3, 32, 32], 1);
  const moved = x.clone();
  for (const [c, [std, mean]] of [
    [0.229, 0.485],
    [0.224, 0.456],
    [0.225, 0.406],
  ].entries()) {
    // biome-ignore format: one line
    for (let i = c * 1024; i < (c + 1) * 1024; i++) moved.data[i] = (x.data[i]! * std! + mean! - 0.5) / 0.5;
  }
  expect(transforming.forward(x).allClose(plain.forward(moved), { rtol: 1e-4, atol: 1e-6 })).toBe(true);
});

test("EfficientNet skips blocks more often the deeper they lie", () => {
  const all = new EfficientNet({ width: 1 / 8 }).modules().filter((layer) => layer instanceof StochasticDepth);
  const p = all.map((layer) => layer.p);
  expect(p.length).toBeGreaterThan(8);
  expect(p).toEqual(p.toSorted((a, b) => a - b));
  expect(p.at(-1)).toBeLessThan(0.2);
});

test("ResNet's options for bottlenecks", () => {
  const why = "with groups, widthPerGroup or dilation, which only bottlenecks have";
  for (const options of [
    { groups: 2 },
    { widthPerGroup: 32 },
    { replaceStrideWithDilation: [true, true, true] },
  ] as const) {
    expectError(
      () => new ResNet(18, options),
      ArgumentError,
      `ResNet expects depth to be one of 50, 101, 152 ${why}, but got 18.`,
    );
  }
  expectError(
    () => new ResNet(50, { replaceStrideWithDilation: [true] as never }),
    ArgumentError,
    "ResNet expects replaceStrideWithDilation to be three booleans, one for each stage that halves the size, but got [true].",
  );
  const dilated = new ResNet(50, { width: 1 / 16, replaceStrideWithDilation: [false, true, true] });
  expect(dilated.layer4.forward(dilated.layer3.forward(normal([1, 32, 9, 9], 1))).shape.slice(2)).toEqual([9, 9]);
});
