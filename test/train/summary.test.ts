import { inspect } from "node:util";
import { expect, test } from "vitest";
import {
  Conv2d,
  Flatten,
  Layer,
  Linear,
  ReLU,
  Residual,
  Sequential,
  ShapeError,
  type Tensor,
} from "../../src/index.js";
import { LeNet5 } from "../../src/models.js";
import { summary } from "../../src/train.js";
import { expectError } from "../support/errors.js";

const TABLE = `\
LeNet5, input [1, 1, 28, 28]
key           layer      output shape    parameters  multiply-adds
──────────────────────────────────────────────────────────────────
features.0    Conv2d     [1, 6, 28, 28]         156        117,600
features.1    ReLU       [1, 6, 28, 28]           0              0
features.2    MaxPool2d  [1, 6, 14, 14]           0              0
features.3    Conv2d     [1, 16, 10, 10]      2,416        240,000
features.4    ReLU       [1, 16, 10, 10]          0              0
features.5    MaxPool2d  [1, 16, 5, 5]            0              0
classifier.0  Flatten    [1, 400]                 0              0
classifier.1  Linear     [1, 120]            48,120         48,000
classifier.2  ReLU       [1, 120]                 0              0
classifier.3  Linear     [1, 84]             10,164         10,080
classifier.4  ReLU       [1, 84]                  0              0
classifier.5  Linear     [1, 10]                850            840
──────────────────────────────────────────────────────────────────
              total      [1, 10]             61,706        416,520`;

test("prints layers, output shapes, parameters and multiply-adds", () => {
  const table = summary(new LeNet5(), [1, 1, 28, 28]);
  const trimmed = (text: string) => text.replace(/ +/g, " ").replace(/─+/g, "─");
  expect(trimmed(String(table))).toBe(trimmed(TABLE));
  const lines = String(table).split("\n").slice(1, -1);
  expect(new Set(lines.filter((line) => line.includes(",")).map((line) => line.length)).size).toBe(1);
  expect(inspect(table)).toBe(String(table));
});

test("multiply-adds are those of the whole batch; parameters do not depend on it", () => {
  const one = summary(new LeNet5(), [1, 1, 28, 28]);
  const many = summary(new LeNet5(), [64, 1, 28, 28]);
  expect(many.multiplyAdds).toBe(64 * one.multiplyAdds);
  expect(many.parameters).toBe(one.parameters);
  expect(many.outputShape).toEqual([64, 10]);
});

test("says what is frozen", () => {
  const model = new Sequential(new Linear(3, 2), new Linear(2, 2));
  for (const parameter of model.layers[0].parameters()) parameter.requiresGrad = false;
  const table = summary(model, [1, 3]);
  expect([table.parameters, table.trainableParameters]).toEqual([14, 6]);
  expect(String(table).split("\n").at(-1)).toBe("6 parameters are trained, 8 are frozen");
});

test("lists the layers of a composite of one's own without a shape rule, with ? for what only a run can tell", () => {
  class Net extends Layer {
    conv = new Conv2d(1, 2, 3);
    rest = new Sequential(new ReLU(), new Flatten(), new Linear(8, 3));
    protected compute(x: Tensor): Tensor {
      return this.rest.forward(this.conv.forward(x));
    }
    protected computeBackward(dy: Tensor): Tensor {
      return this.conv.backward(this.rest.backward(dy));
    }
  }
  const table = summary(new Net(), [1, 1, 4, 4]);
  expect(table.rows.map(({ key }) => key)).toEqual(["conv", "rest.0", "rest.1", "rest.2"]);
  expect([table.parameters, table.multiplyAdds, table.outputShape]).toEqual([20 + 27, Number.NaN, undefined]);
  expect(String(table).split("\n")).toEqual([
    "Net, input [1, 1, 4, 4]",
    "key     layer    output shape  parameters  multiply-adds",
    "─".repeat(56),
    "conv    Conv2d   ?                     20              ?",
    "rest.0  ReLU     ?                      0              ?",
    "rest.1  Flatten  ?                      0              ?",
    "rest.2  Linear   ?                     27              ?",
    "─".repeat(56),
    "        total    ?                     47              ?",
    "? is known only when a layer without inferShape has run",
  ]);
});

test("a layer used twice is listed twice and counted once", () => {
  const shared = new Linear(2, 2);
  const table = summary(new Sequential(shared, new Residual(shared)), [1, 2]);
  expect(table.rows).toHaveLength(2);
  expect(table.parameters).toBe(6);
  expect(table.multiplyAdds).toBe(8);
});

test("an input that does not fit is refused, and the next summary is not confused", () => {
  const model = new LeNet5();
  expectError(
    () => summary(model, [1, 3, 28, 28]),
    ShapeError,
    "Conv2d (features.0) expects 1 channel, but its input [1, 3, 28, 28] has 3. Usual cause: inChannels that differs from the data's, or from the previous outChannels.",
  );
  expect(summary(model, [1, 1, 28, 28]).rows).toHaveLength(12);
});
