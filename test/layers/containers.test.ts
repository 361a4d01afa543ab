import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ArgumentError,
  BatchNorm2d,
  Conv2d,
  Flatten,
  Identity,
  Layer,
  Linear,
  MaxPool2d,
  Parallel,
  ReLU,
  Residual,
  Sequential,
  ShapeError,
  Tanh,
  type Tensor,
} from "../../src/index.js";
import { expectError } from "../support/errors.js";
import { expectGradients, normal } from "../support/layers.js";

const small = fc.record({
  channels: fc.integer({ min: 1, max: 3 }),
  batch: fc.integer({ min: 1, max: 3 }),
  size: fc.integer({ min: 3, max: 6 }),
  seed: fc.integer(),
});

const conv = (from: number, to: number) => new Conv2d(from, to, 3, { padding: 1 });

describe("Sequential", () => {
  test("gradients agree with differences within 1e-6, through any of its layers", () => {
    fc.assert(
      fc.property(small, fc.integer({ min: 1, max: 4 }), ({ channels, batch, size, seed }, depth) => {
        const layers: Layer[] = Array.from({ length: depth }).flatMap(() => [conv(channels, channels), new Tanh()]);
        expectGradients(new Sequential(...layers, new Flatten()), [batch, channels, size, size], { seed });
      }),
      { numRuns: 30 },
    );
  });

  test("is its layers applied one after another, bit for bit", () => {
    const layers = [conv(2, 3), new BatchNorm2d(3), new ReLU(), new MaxPool2d(2)] as const;
    const x = normal([2, 2, 6, 6], 1);
    const y = new Sequential(...layers).forward(x);
    let expected: Tensor = x;
    for (const layer of layers) expected = (layer as Layer).forward(expected);
    expect(y.equals(expected)).toBe(true);
  });

  test("keys are places, nested ones with dots", () => {
    const model = new Sequential(conv(1, 2), new ReLU(), new Sequential(new Flatten(), new Linear(8, 2)));
    expect(Object.keys(model.stateDict())).toEqual(["0.weight", "0.bias", "2.1.weight", "2.1.bias"]);
  });

  test("without the input's gradient it stops at the first layer that learns", () => {
    const calls: string[] = [];
    class Spy extends Layer {
      constructor(readonly label: string) {
        super();
      }
      protected compute(x: Tensor) {
        return x;
      }
      protected computeBackward(dy: Tensor) {
        calls.push(this.label);
        return dy;
      }
      protected override inferShape(shape: readonly number[]) {
        return [...shape];
      }
    }
    const frozen = new Linear(2, 2);
    for (const parameter of frozen.parameters()) parameter.requiresGrad = false;
    const first = new Linear(2, 2);
    const model = new Sequential(new Spy("a"), frozen, new Spy("b"), first, new Spy("c"));
    const y = model.forward(normal([1, 2], 1));
    expect(model.backward(y, { inputGradient: false })).toBeUndefined();
    expect(calls).toEqual(["c"]);
    expect(first.weight.grad.data.some((g) => g !== 0)).toBe(true);
    expect(frozen.weight.grad.data.every((g) => g === 0)).toBe(true);
  });

  test("with nothing to learn and no input gradient asked for, backward does nothing", () => {
    const model = new Sequential(new ReLU());
    const y = model.forward(normal([2, 2], 1));
    expect(model.backward(y, { inputGradient: false })).toBeUndefined();
  });

  test("no layers at all are the identity", () => {
    const x = normal([2, 3], 1);
    const model = new Sequential();
    expect(model.forward(x).equals(x)).toBe(true);
    expect(model.outputShape([2, 3])).toEqual([2, 3]);
  });

  test("tells which layer does not fit the one before it, and changes nothing", () => {
    const norm = new BatchNorm2d(16);
    const layers: Layer[] = [new Conv2d(1, 16, 3), norm, new Flatten(), new Linear(400, 10)];
    const model = new Sequential(...layers);
    const before = norm.stateDict();
    expectError(
      () => model.forward(normal([2, 1, 8, 8], 1)),
      ShapeError,
      "Linear (3) expects 400 features, but the layer before it gives 576 (= 16 × 6 × 6). Usual cause: inFeatures computed for another image size, padding or stride.",
    );
    expect(norm.stateDict()).toEqual(before);
    expectError(
      () =>
        new Sequential(...([new MaxPool2d(2), new Flatten(), new Linear(64, 10)] as Layer[])).forward(
          normal([4, 8, 8], 1),
        ),
      ShapeError,
      "Linear (2) expects 64 features, but the layer before it gives 16 (= 4 × 4). Usual cause: a missing batch dimension, which unsqueeze(0) adds.",
    );
    const channels: Layer[] = [new Conv2d(1, 6, 3), new Conv2d(8, 4, 3)];
    expectError(
      () => new Sequential(...channels).forward(normal([1, 1, 8, 8], 1)),
      ShapeError,
      "Conv2d (1) expects 8 channels, but the layer before it gives 6. Usual cause: inChannels that differs from the data's, or from the previous outChannels.",
    );
  });

  test("the first layer's mistake is about the input", () => {
    const model: Layer = new Sequential(new Linear(4, 2), new ReLU());
    expectError(
      () => model.forward(normal([2, 3], 1)),
      ShapeError,
      "Linear (0) expects 4 features, but its input [2, 3] has 3. Usual cause: inFeatures computed for another image size, padding or stride.",
    );
  });

  test("with an input shape, a layer that does not fit is refused at once", () => {
    const layers: Layer[] = [new Conv2d(1, 2, 3), new Flatten(), new Linear(7, 2)];
    expectError(
      () => new Sequential(["N", 1, 4, 4], ...layers),
      ShapeError,
      "Linear (2) expects 7 features, but the layer before it gives 8 (= 2 × 2 × 2). Usual cause: inFeatures computed for another image size, padding or stride.",
    );
    expect(new Sequential(["N", 1, 28, 28], new Flatten()).layers).toHaveLength(1);
  });

  test("refuses what is no layer", () => {
    // @ts-expect-error a class is not a layer either
    const missingNew = () => new Sequential(new ReLU(), ReLU);
    expectError(
      missingNew,
      ArgumentError,
      'Sequential expects argument 1 to be a layer, but got a Function. Usual cause: a missing "new", or a list that needs "..." before it.',
    );
    // @ts-expect-error a list needs to be spread
    const list = () => new Sequential(new ReLU(), [new ReLU()]);
    expectError(
      list,
      ArgumentError,
      'Sequential expects argument 1 to be a layer, but got [a ReLU]. Usual cause: a missing "new", or a list that needs "..." before it.',
    );
  });
});

describe("Residual", () => {
  test("gradients agree with differences within 1e-6, with and without a projection", () => {
    fc.assert(
      fc.property(small, fc.boolean(), ({ channels, batch, size, seed }, project) => {
        const block = project
          ? new Residual(
              new Conv2d(channels, 2, 3, { stride: 2, padding: 1 }),
              new Conv2d(channels, 2, 1, { stride: 2 }),
            )
          : new Residual(new Sequential(conv(channels, channels), new Tanh()));
        expectGradients(block, [batch, channels, size, size], { seed });
      }),
      { numRuns: 40 },
    );
  });

  test("adds the input: a body of zeros is the identity", () => {
    const body = conv(2, 2);
    for (const { value } of body.parameters()) value.data.fill(0);
    const x = normal([1, 2, 4, 4], 1);
    expect(new Residual(body).forward(x).equals(x)).toBe(true);
  });

  test("keys say body and projection", () => {
    const block = new Residual(conv(1, 2), new Conv2d(1, 2, 1, { bias: false }));
    expect(Object.keys(block.stateDict())).toEqual(["body.weight", "body.bias", "projection.weight"]);
  });

  test("a frozen body still lets the gradient through", () => {
    const body = new Linear(2, 2);
    for (const parameter of body.parameters()) parameter.requiresGrad = false;
    const model = new Sequential(new Linear(2, 2), new Residual(body));
    model.forward(normal([1, 2], 1));
    model.backward(normal([1, 2], 2), { inputGradient: false });
    expect(model.parameters()[0]?.grad.data.some((g) => g !== 0)).toBe(true);
  });

  test("refuses summands of different shapes", () => {
    const block: Layer = new Residual(new Conv2d(2, 3, 3));
    expectError(
      () => block.forward(normal([1, 2, 5, 5], 1)),
      ShapeError,
      "Residual expects branches of equal shapes to add, but got [1, 3, 3, 3] and [1, 2, 5, 5]. Usual cause: a body that changes channels or size needs a projection, such as a 1×1 convolution with its stride.",
    );
  });
});

describe("Parallel", () => {
  test("gradients agree with differences within 1e-6, concatenated along any dimension or added", () => {
    const options = fc.constantFrom({ merge: "add" }, { merge: "concat" }, { dim: 2 }, { dim: 0 }, {} as const);
    fc.assert(
      fc.property(small, options, ({ channels, batch, size, seed }, each) => {
        const branches = [conv(channels, 2), new Sequential(conv(channels, 2), new Tanh()), conv(channels, 2)];
        expectGradients(new Parallel(branches, each as object), [batch, channels, size, size], { seed });
      }),
      { numRuns: 40 },
    );
  });

  test("gradients agree with differences within 1e-6 where branches share a layer at different places", () => {
    const shared = conv(2, 2);
    const branches = [new Sequential(shared, new Tanh()), new Sequential(conv(2, 2), new Tanh(), shared)];
    expectGradients(new Parallel(branches), [2, 2, 4, 4]);
    expectGradients(new Parallel(branches, { merge: "add" }), [2, 2, 4, 4]);
  });

  test("concatenates channels in the order of the branches", () => {
    const x = normal([2, 1, 3, 3], 1);
    const [a, b] = [conv(1, 2), conv(1, 3)];
    const y = new Parallel([a, b]).forward(x);
    expect(y.shape).toEqual([2, 5, 3, 3]);
    expect(y.slice(null, [0, 2]).equals(a.forward(x))).toBe(true);
    expect(y.slice(null, [2, 5]).equals(b.forward(x))).toBe(true);
  });

  test("adds what the branches give", () => {
    const x = normal([2, 1, 3, 3], 1);
    const y = new Parallel([new Identity(), new Identity()], { merge: "add" }).forward(x);
    expect(y.equals(x.mul(2))).toBe(true);
  });

  test("refuses what does not fit, and options that cannot work", () => {
    const x = normal([1, 2, 5, 5], 1);
    const strided: readonly Layer[] = [new Conv2d(2, 3, 3), new Conv2d(2, 3, 3, { stride: 2 })];
    expectError(
      () => new Parallel(strided).forward(x),
      ShapeError,
      "Parallel expects branches that differ only in dim 1 to concatenate, but got [1, 3, 3, 3] and [1, 3, 2, 2]. Usual cause: a stride or padding in one branch that the other lacks.",
    );
    expectError(
      () => new Parallel(strided, { merge: "add" }).forward(x),
      ShapeError,
      "Parallel expects branches of equal shapes to add, but got [1, 3, 3, 3] and [1, 3, 2, 2]. Usual cause: a branch with other channels or another stride.",
    );
    expectError(
      () => new Parallel([new Identity()], { dim: 4 }).forward(x),
      ShapeError,
      "Parallel expects a dimension from -4 to 3, but got dim 4 for the shape [1, 2, 5, 5]. Usual cause: a missing batch dimension, or a dimension that an earlier step removed.",
    );
    expectError(
      () => new Parallel([]),
      ArgumentError,
      "Parallel expects a list of at least one layer as its first argument. Usual cause: branches that are not in an array.",
    );
    expectError(
      // @ts-expect-error no such merge
      () => new Parallel([new Identity()], { merge: "mean" }),
      ArgumentError,
      'Parallel expects merge to be one of "concat", "add", "multiply", but got "mean".',
    );
  });
});
