import { describe, expect, test } from "vitest";
import { ArgumentError, AvgPool2d, Random, ShapeError, Tanh } from "../../src/index.js";
import { readSafetensors, writeSafetensors } from "../../src/io.js";
import { LeNet5 } from "../../src/models.js";
import { expectError } from "../support/errors.js";
import { expectGradients, normal } from "../support/layers.js";

describe("LeNet5", () => {
  test("has 61,706 parameters under these keys", () => {
    const model = new LeNet5();
    expect(model.parameters().reduce((sum, { value }) => sum + value.size, 0)).toBe(61_706);
    expect(Object.keys(model.stateDict())).toEqual(
      ["features.0", "features.3", "classifier.1", "classifier.3", "classifier.5"].flatMap((key) => [
        `${key}.weight`,
        `${key}.bias`,
      ]),
    );
  });

  test("gradients agree with differences within 1e-6, in both variants", () => {
    expectGradients(new LeNet5(), [2, 1, 28, 28], { samples: 6 });
    expectGradients(new LeNet5({ activation: "tanh", pooling: "average" }), [2, 1, 28, 28], { samples: 6 });
  });

  test("numClasses, inChannels and the variant are options", () => {
    const model = new LeNet5({ numClasses: 7, inChannels: 3, activation: "tanh", pooling: "average" });
    expect(model.forward(normal([2, 3, 28, 28], 1)).shape).toEqual([2, 7]);
    expect(model.features.layers[1]).toBeInstanceOf(Tanh);
    expect(model.features.layers[2]).toBeInstanceOf(AvgPool2d);
  });

  test("one generator decides the weights, and safetensors carry them over", () => {
    const model = new LeNet5({ random: new Random(3) });
    expect(new LeNet5({ random: new Random(3) }).stateDict()).toEqual(model.stateDict());
    const copy = new LeNet5({ random: new Random(4) });
    copy.loadStateDict(readSafetensors(writeSafetensors(model.stateDict())));
    const x = normal([2, 1, 28, 28], 1);
    expect(copy.forward(x).equals(model.forward(x))).toBe(true);
  });

  test("bad options and inputs", () => {
    expectError(
      () => new LeNet5({ numClasses: 0 }),
      ArgumentError,
      "LeNet5 expects numClasses to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expectError(
      // @ts-expect-error no such activation
      () => new LeNet5({ activation: "sine" }),
      ArgumentError,
      'LeNet5 expects activation to be one of "relu", "tanh", but got "sine".',
    );
    const size = [2, 1, 32, 32];
    expectError(
      () => new LeNet5().forward(normal(size, 1)),
      ShapeError,
      "Linear (classifier.1) expects 400 features, but the layer before it gives 576 (= 16 × 6 × 6). Usual cause: inFeatures computed for another image size, padding or stride.",
    );
  });
});
