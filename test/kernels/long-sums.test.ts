/** Sums of tens of millions of terms: a float32 that is added to one by one stops at 2²⁴ = 16,777,216. */
import { expect, test } from "vitest";
import {
  AdaptiveAvgPool2d,
  AdaptiveMaxPool2d,
  Conv1d,
  Conv2d,
  Embedding,
  type Layer,
  Linear,
  ones,
  type Tensor,
  Upsample,
} from "../../src/index.js";
import { CrossEntropyLoss } from "../../src/train.js";
import { eachBackend } from "../support/backends.js";

const MANY = 17_000_000;

/** A layer whose one weight is 1. */
function unit<L extends Layer>(layer: L): L {
  for (const { value } of layer.parameters()) value.data.fill(1);
  return layer;
}

/** The first number of the gradient of a layer's weight, or of its input, where all of dy is 1. */
function gradient(layer: Layer, x: Tensor, of: "weight" | "input"): number {
  const dx = layer.backward(ones(layer.forward(x).shape));
  return (of === "input" ? dx : layer.parameters()[0]!.grad).data[0]!;
}

eachBackend("sums of very many terms", () => {
  const depthwise = () => new Conv2d(2, 2, 1, { groups: 2, bias: false });
  test.each([
    ["Conv2d, of pixels", () => new Conv2d(1, 1, 1, { bias: false }), [1, 1, 1000, MANY / 1000]],
    ["Conv2d, of images", () => new Conv2d(1, 1, 1, { bias: false }), [MANY, 1, 1, 1]],
    ["Conv1d", () => new Conv1d(1, 1, 1, { bias: false }), [1, 1, MANY]],
    ["a depthwise Conv2d, of columns", depthwise, [1, 2, 1, MANY]],
    ["a depthwise Conv2d, of rows", depthwise, [1, 2, MANY, 1]],
    ["Linear, of rows", () => new Linear(1, 1, { bias: false }), [MANY, 1]],
    ["Embedding, of one word", () => new Embedding(2, 1), [MANY]],
  ] as const)("the weight gradient of %s", (name, layer, shape) => {
    const x = ones(shape);
    if (name.startsWith("Embedding")) x.data.fill(0);
    expect(gradient(unit(layer() as unknown as Layer), x, "weight")).toBe(MANY);
  });

  test("the weight gradient of a depthwise Conv2d, of images, goes on behind 2²⁴", () => {
    const layer = unit(depthwise() as unknown as Layer);
    layer.parameters()[0]!.grad.data.fill(2 ** 24);
    expect(gradient(layer, ones([40_000, 2, 1, 1]), "weight")).toBeGreaterThan(2 ** 24 + 30_000);
  });

  test.each([
    ["AdaptiveAvgPool2d", () => new AdaptiveAvgPool2d([1000, MANY / 1000])],
    ["AdaptiveMaxPool2d", () => new AdaptiveMaxPool2d([1000, MANY / 1000])],
    ["Upsample", () => new Upsample({ size: [1, MANY] })],
  ] as const)("the input gradient of %s from one pixel", (_, layer) => {
    expect(gradient(layer() as unknown as Layer, ones([1, 1, 1, 1]), "input")).toBe(MANY);
  });

  test("Linear of one row, and of two, which have the same bits", () => {
    const linear = unit(new Linear(MANY, 1, { bias: false }));
    expect(linear.forward(ones([1, MANY])).item()).toBe(MANY);
    expect([...linear.forward(ones([2, MANY])).data]).toEqual([MANY, MANY]);
  });

  test("cross-entropy with label smoothing over so many classes", () => {
    const logits = ones([1, MANY]);
    logits.data[0] = 2;
    const loss = new CrossEntropyLoss({ labelSmoothing: 0.5 }).forward(logits, [0]);
    const logSum = Math.log(MANY - 1 + Math.E);
    expect(loss).toBeCloseTo(0.5 * (logSum - 1) + 0.5 * logSum, 5);
  });
});
