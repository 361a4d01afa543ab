/** The networks that torchvision has: its keys, shapes, parameters and multiply-adds, in its order. */
import { describe, expect, test } from "vitest";
import { Conv2d, type Layer, Linear, Random, type Shape } from "../../src/index.js";
import { readSafetensors, writeSafetensors } from "../../src/io.js";
import { leavesOf } from "../../src/layers/report.js";
import { VGG } from "../../src/models.js";
import { summary } from "../../src/train.js";
import { readFixture } from "../support/fixtures.js";
import { expectGradients, normal } from "../support/layers.js";
import { blank, CLASSIFIERS } from "../support/models.js";

interface Network {
  readonly name: string;
  readonly input: Shape;
  readonly output: Shape;
  readonly params: number;
  readonly macs: number;
  readonly state_dict: readonly (readonly [key: string, shape: Shape])[];
  readonly layers_input: Shape;
  readonly layers: readonly (readonly [key: string, output: Shape, macs: number])[];
}

const networks = readFixture<Network[]>("torchvision_models.json");
const names = Object.keys(CLASSIFIERS);

/** Smallest images that a network takes whole, and the width at which a test is quick. */
function small(name: string, random = new Random(1)): { readonly model: Layer; readonly shape: Shape } {
  const width = name.startsWith("resnet") ? 1 / 16 : 1 / 8;
  const side = name === "alexnet" ? 63 : 33;
  return { model: CLASSIFIERS[name]!({ width, numClasses: 3, inChannels: 2, random }), shape: [2, 2, side, side + 2] };
}

/** Weights and biases that are all away from the start, where biases are 0 and so is what a dead ReLU gives them. */
function scatter(model: Layer): void {
  const random = new Random(5);
  for (const [key, { value }] of model.namedParameters()) {
    if (key.endsWith("bias")) for (let i = 0; i < value.size; i++) value.data[i] = random.uniform(-0.5, 0.5);
  }
}

describe.each(names)("%s", (name) => {
  const expected = networks.find((network) => network.name === name)!;

  test("has torchvision's keys and shapes in its order, and its parameters, layers and multiply-adds", () => {
    const model = blank(name);
    expect(Object.entries(model.stateDict()).map(([key, { shape }]) => [key, shape])).toEqual(expected.state_dict);
    const { parameters, multiplyAdds, outputShape } = summary(model, expected.input);
    expect([parameters, multiplyAdds, outputShape]).toEqual([expected.params, expected.macs, expected.output]);
    const layers = leavesOf(model, expected.layers_input).leaves.map(({ key, layer, input, output }) => [
      key,
      output,
      layer.multiplyAdds(input),
    ]);
    expect(layers.filter(([, , macs]) => macs !== 0)).toEqual(expected.layers);
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
    expect(small(name, new Random(3)).model.namedParameters().map(([, { value }]) => value)).toEqual(
      model.namedParameters().map(([, { value }]) => value),
    );
    copy.loadStateDict(readSafetensors(writeSafetensors(model.stateDict())));
    const x = normal(shape, 2);
    expect(copy.forward(x).equals(model.forward(x))).toBe(true);
  });
});

test.each(["alexnet", "vgg11_bn", "resnet18", "resnet50", "squeezenet1_1", "mobilenet_v2"])(
  "%s: gradients agree with differences within 1e-6",
  (name) => {
    const { model, shape } = small(name);
    scatter(model);
    expectGradients(model.eval(), shape, { samples: 2 });
  },
);




