/** The networks that torchvision has: its keys, shapes, parameters and multiply-adds, in its order. */
import { describe, expect, test } from "vitest";
import { ArgumentError, Dropout, type Layer, Random, type Shape, ShapeError, type Tensor } from "../../src/index.js";
import { readSafetensors, writeSafetensors } from "../../src/io.js";
import { leavesOf } from "../../src/layers/report.js";
import { AlexNet, MobileNetV2, ResNet, SqueezeNet, VGG } from "../../src/models.js";
import { sizeOf } from "../../src/shape/shape.js";
import { summary } from "../../src/train.js";
import { expectError } from "../support/errors.js";
import { readFixture } from "../support/fixtures.js";
import { expectGradients, normal } from "../support/layers.js";
import { blank, CLASSIFIERS, scatterBiases, type TorchvisionNetwork } from "../support/models.js";

interface Network extends TorchvisionNetwork {
  readonly layers: readonly (readonly [key: string, output: Shape, macs: number])[];
}

const networks = readFixture<Network[]>("torchvision_models.json");
const names = Object.keys(CLASSIFIERS);

/** Smallest images that a network takes whole, and the width at which a test is quick. */
function small(name: string, random = new Random(1)): { readonly model: Layer; readonly shape: Shape } {
  const width = name === "mobilenet_v2" ? 1 / 8 : 1 / 16;
  const side = name === "alexnet" ? 63 : 33;
  return { model: CLASSIFIERS[name]!({ width, numClasses: 3, inChannels: 2, random }), shape: [2, 2, side, side + 2] };
}

describe.each(names)("%s", (name) => {
  const expected = networks.find((network) => network.name === name)!;

  // One VGG is tested whole, for the time that the others' 140 million weights take: they have an eighth of the channels.
  const part = name.startsWith("vgg") && name !== "vgg16" ? 8 : 1;
  const narrow = (shape: Shape) => shape.map((size) => (size % 8 === 0 && size !== 1000 ? size / part : size));

  test("has torchvision's keys and shapes in its order, and its parameters, layers and multiply-adds", () => {
    const model = blank(name, 1 / part);
    expect(Object.entries(model.stateDict()).map(([key, { shape }]) => [key, shape])).toEqual(
      expected.state_dict.map(([key, shape]) => [key, narrow(shape)]),
    );
    const layers = leavesOf(model, [expected.input]).leaves.map(({ key, output, multiplyAdds }) => ({
      key,
      channels: output?.[1],
      size: output?.slice(2),
      macs: multiplyAdds,
    }));
    const ends = [expected.layers[0], expected.layers.at(-1)];
    expect(layers.filter(({ macs }) => macs !== 0)).toEqual(
      expected.layers.map((layer) => {
        const [key, [, channels = 0, ...size], macs] = layer;
        return { key, channels: narrow([channels])[0], size, macs: macs / (ends.includes(layer) ? part : part ** 2) };
      }),
    );
    const { parameters, multiplyAdds, outputShape } = summary(model, expected.input);
    expect(outputShape).toEqual(expected.output);
    if (part === 1) expect([parameters, multiplyAdds]).toEqual([expected.params, expected.macs]);
    // What the fixture counts is what its shapes hold, so that equal shapes are enough for the others.
    const buffers = /running_|num_batches/;
    const sizes = expected.state_dict.map(([key, shape]) => (buffers.test(key) ? 0 : sizeOf(shape)));
    expect(sizes.reduce((sum, size) => sum + size)).toBe(expected.params);
    const macs = expected.layers.reduce((sum, [, , layer]) => sum + layer, 0);
    expect(macs).toBe(expected.macs);
  });

  test("forward and backward on small images, in train and eval mode", () => {
    const { model, shape } = small(name);
    for (const mode of [model.train(), model.eval()]) {
      const x = normal(shape, 2);
      const y = mode.forward(x);
      expect(y.shape).toEqual([2, 3]);
      expect([...y.data].every(Number.isFinite)).toBe(true);
      expect(mode.backward(normal(y.shape, 3)).shape).toEqual(shape);
    }
    const still = model.namedParameters().filter(([, { grad }]) => grad.data.every((g) => g === 0));
    expect(still.map(([key]) => key)).toEqual([]);
  });

  test("one generator decides the weights, and safetensors carry them over", () => {
    const { model, shape } = small(name, new Random(3));
    model.forward(normal(shape, 1)); // moves the running statistics
    model.eval();
    const copy = small(name, new Random(4)).model.eval();
    const twin = small(name, new Random(3)).model.namedParameters();
    expect(twin.every(([, { value }], i) => value.equals(model.namedParameters()[i]![1].value))).toBe(true);
    copy.loadStateDict(readSafetensors(writeSafetensors(model.stateDict())));
    const x = normal(shape, 2);
    expect(copy.forward(x).equals(model.forward(x))).toBe(true);
  });
});

test.each(["alexnet", "vgg11_bn", "resnet18", "resnet50", "squeezenet1_1", "mobilenet_v2"])(
  "%s: gradients agree with differences within 1e-6",
  (name) => {
    const { model, shape } = small(name);
    scatterBiases(model);
    expectGradients(model.eval(), shape, { samples: 1 });
  },
);

const positional = "but got 10. Usual cause: torch's positional arguments are named here.";
const integer = "to be a positive integer, but got";
const arithmetic = "Usual cause: a division without Math.floor, or an undefined variable.";

test.each([
  ["AlexNet", (o: object) => new AlexNet(o), "numClasses, inChannels, width, dropout, random"],
  ["VGG", (o: object) => new VGG(11, o), "numClasses, inChannels, width, batchNorm, dropout, random"],
  [
    "ResNet",
    (o: object) => new ResNet(18, o),
    "numClasses, inChannels, width, groups, widthPerGroup, replaceStrideWithDilation, random",
  ],
  ["SqueezeNet", (o: object) => new SqueezeNet(o), "numClasses, inChannels, width, dropout, random"],
  ["MobileNetV2", (o: object) => new MobileNetV2(o), "numClasses, inChannels, width, dropout, random"],
])("%s: bad options and inputs", (name, make, options) => {
  const expected = `${name} expects its options to be an object of ${options}`;
  const first = { ResNet: "conv1", MobileNetV2: "features.0.0" }[name] ?? "features.0";
  expectError(() => make(10 as unknown as object), ArgumentError, `${expected}, ${positional}`);
  expectError(() => make({ numClasses: 0 }), ArgumentError, `${name} expects numClasses ${integer} 0. ${arithmetic}`);
  expectError(
    () => make({ inChannels: 1.5 }),
    ArgumentError,
    `${name} expects inChannels ${integer} 1.5. ${arithmetic}`,
  );
  expectError(() => make({ width: 0 }), ArgumentError, `${name} expects width to be a number above 0, but got 0.`);
  if (name !== "ResNet") {
    expectError(
      () => make({ dropout: 2 }),
      ArgumentError,
      `${name} expects dropout to be a number from 0 to 1, but got 2.`,
    );
  }
  expectError(
    () => make({ width: 1 / 16 }).forward(normal([1, 1, 64, 64], 1)),
    ShapeError,
    `Conv2d (${first}) expects 3 channels, but its input [1, 1, 64, 64] has 1. Usual cause: inChannels that differs from the data's, or from the previous outChannels.`,
  );
});

test("depths that no network has", () => {
  expectError(
    // @ts-expect-error no such depth
    () => new ResNet(20),
    ArgumentError,
    "ResNet expects depth to be one of 18, 34, 50, 101, 152, but got 20.",
  );
  expectError(
    // @ts-expect-error no such depth
    () => new VGG(12),
    ArgumentError,
    "VGG expects depth to be one of 11, 13, 16, 19, but got 12.",
  );
});

test("dropout is an option, and where it draws from too", () => {
  const all = [AlexNet, SqueezeNet, MobileNetV2].map((Model) => new Model({ width: 1 / 16, dropout: 0.25 }));
  for (const model of [...all, new VGG(11, { width: 1 / 16, dropout: 0.25 })]) {
    const drops = model.modules().filter((layer) => layer instanceof Dropout);
    expect(new Set(drops.map(({ p }) => p))).toEqual(new Set([0.25]));
  }
});

/** Standard deviation of the numbers, whose mean is 0. */
function spread({ data }: Tensor): number {
  return Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
}

test("weights begin as torchvision's: spreads of 9,216 and more numbers within 5 %", () => {
  const random = new Random(7);
  const spreads = (model: Layer, keys: readonly string[]) => {
    const state = model.stateDict();
    return keys.map((key) => spread(state[key]!));
  };
  const near = (got: readonly number[], want: readonly number[]) => {
    for (const [i, value] of want.entries()) expect(Math.abs((got[i] ?? 0) / value - 1)).toBeLessThan(0.05);
  };
  // Kaiming by fan-out: √(2 / (out · kernel area)); torch's Linear: uniform in ±1/√in, which spreads by 1/√(3 · in).
  const resnet = new ResNet(18, { width: 1 / 2, random });
  near(spreads(resnet, ["layer1.0.conv1.weight", "layer2.0.conv1.weight", "fc.weight"]), [
    Math.sqrt(2 / (32 * 9)),
    Math.sqrt(2 / (64 * 9)),
    1 / Math.sqrt(3 * 256),
  ]);
  const vgg = new VGG(11, { width: 1 / 4, random });
  near(spreads(vgg, ["features.6.weight", "classifier.0.weight"]), [Math.sqrt(2 / (64 * 9)), 0.01]);
  // Kaiming-uniform by fan-in, and 0.01 for the last convolution.
  const squeeze = new SqueezeNet({ random });
  near(spreads(squeeze, ["features.6.expand3x3.weight", "classifier.1.weight"]), [Math.sqrt(2 / (32 * 9)), 0.01]);
  const mobile = new MobileNetV2({ random });
  near(spreads(mobile, ["features.18.0.weight", "classifier.1.weight"]), [Math.sqrt(2 / 1280), 0.01]);
  const alex = new AlexNet({ width: 1 / 4, random });
  near(spreads(alex, ["features.6.weight", "classifier.1.weight"]), [
    1 / Math.sqrt(3 * 48 * 9),
    1 / Math.sqrt(3 * 64 * 36),
  ]);
  for (const model of [vgg, squeeze, mobile]) {
    const biases = model.namedParameters().filter(([key]) => key.endsWith("bias"));
    expect(biases.every(([, { value }]) => value.data.every((bias) => bias === 0))).toBe(true);
  }
});
