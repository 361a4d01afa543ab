/** Networks whose branches meet, beside torchvision's: keys, shapes, parameters, multiply-adds; they train and are saved. */
import { describe, expect, test } from "vitest";
import { ArgumentError, gradcheck, type Network, Random, StochasticDepth, type Tensor } from "../../src/index.js";
import { readSafetensors, writeSafetensors } from "../../src/io.js";
import { DeepLabV3, EfficientNet, FCN, GoogLeNet, ResNet } from "../../src/models.js";
import { summary } from "../../src/train.js";
import { expectError } from "../support/errors.js";
import { readFixture } from "../support/fixtures.js";
import { normal } from "../support/layers.js";
import {
  AUXILIARY,
  type ClassifierOptions,
  COMPOSED,
  COMPOSED_PLAIN,
  ConstantRandom,
  scatterBiases,
  type TorchvisionNetwork,
} from "../support/models.js";

const shapesOf = (model: Network) => Object.entries(model.stateDict()).map(([key, { shape }]) => [key, shape]);

const fixtures = readFixture<TorchvisionNetwork[]>("torchvision_composed.json");

describe.each(fixtures.map((network) => [network.name, network] as const))("%s", (name, expected) => {
  test("has torchvision's keys and shapes in its order, its parameters and multiply-adds", () => {
    const model = COMPOSED[name]!({ random: new ConstantRandom(1) });
    expect(shapesOf(model)).toEqual(expected.state_dict);
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

describe.each([
  ["fcn_resnet50", 35_322_218, 1024, (options: ClassifierOptions) => new FCN(options)],
  ["deeplabv3_resnet50", 42_004_074, 1024, (options: ClassifierOptions) => new DeepLabV3(options)],
  [
    "deeplabv3_mobilenet_v3_large",
    11_029_328,
    40,
    (options: ClassifierOptions) => new DeepLabV3({ ...options, backbone: "mobilenetV3Large" }),
  ],
] as const)("%s with its auxiliary classifier", (name, count, channels, plain) => {
  const narrow = (seed: number) => ({ width: 1 / 16, numClasses: 3, random: new Random(seed) });

  test("has torchvision's keys, shapes and parameters", () => {
    const model = AUXILIARY[name]({ random: new ConstantRandom(1) });
    const hidden = channels / 4;
    expect(shapesOf(model)).toEqual([
      ...shapesOf(plain({ random: new ConstantRandom(1) })),
      ["aux_classifier.0.weight", [hidden, channels, 3, 3]],
      ...["weight", "bias", "running_mean", "running_var"].map((key) => [`aux_classifier.1.${key}`, [hidden]]),
      ["aux_classifier.1.num_batches_tracked", []],
      ["aux_classifier.4.weight", [21, hidden, 1, 1]],
      ["aux_classifier.4.bias", [21]],
    ]);
    expect(model.parameters().reduce((sum, { value }) => sum + value.size, 0)).toBe(count);
  });

  test("scores are outputs by name in both modes, each with a gradient of its own", () => {
    const model = AUXILIARY[name](narrow(1));
    const shape = [2, 3, 33, 35] as const;
    const x = normal(shape, 1);
    for (const mode of ["eval", "train"] as const) {
      const scores = Object.entries(model[mode]().forward(x));
      expect(scores.map(([head, y]) => [head, [...y.shape]])).toEqual([
        ["out", [...shape]],
        ["aux", [...shape]],
      ]);
    }
    const withGrad = () => model.namedParameters().flatMap(([key, { hasGrad }]) => (hasGrad ? [key] : []));
    const keys = model.namedParameters().map(([key]) => key);
    expect(model.backward({ aux: normal(shape, 2) }).shape).toEqual(x.shape);
    expect(withGrad()).toEqual(
      keys.filter((key) => /^(aux_classifier|backbone\.(conv1|bn1|layer[123]|[0-4])\.)/.test(key)),
    );
    model.forward(x);
    model.backward({ out: normal(shape, 3), aux: normal(shape, 2) });
    expect(withGrad()).toEqual(keys);
  });

  test("safetensors carry it over; without the classifier the rest loads where that is not strict", () => {
    const model = AUXILIARY[name](narrow(1)).eval();
    const x = normal([1, 3, 24, 20], 1);
    const { out, aux } = model.forward(x);
    const weights = readSafetensors(writeSafetensors(model.stateDict()));
    const copy = AUXILIARY[name](narrow(2)).eval();
    copy.loadStateDict(weights);
    const copied = copy.forward(x);
    expect([copied.out.equals(out), copied.aux.equals(aux)]).toEqual([true, true]);
    const rest = plain(narrow(3)).eval();
    expect(() => rest.loadStateDict(weights)).toThrow("aux_classifier");
    rest.loadStateDict(weights, { strict: false });
    expect(rest.forward(x).equals(out)).toBe(true);
  });
});

test("gradients of two heads are those of differences", () => {
  const model = new FCN({ width: 1 / 16, numClasses: 3, auxLoss: true, random: new Random(1) }).eval();
  scatterBiases(model);
  const report = gradcheck(model, [1, 3, 17, 17], { samples: 1, step: 1e-6, tolerance: 1e-5 });
  expect(report.passed, String(report)).toBe(true);
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
