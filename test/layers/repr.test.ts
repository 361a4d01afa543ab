/** What console.log shows of a layer: torch's `repr` in this library's names. */
import { inspect } from "node:util";
import * as core from "faltung";
import {
  AdaptiveAvgPool2d,
  AdaptiveMaxPool2d,
  AvgPool2d,
  BatchNorm1d,
  BatchNorm2d,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  Dropout,
  Embedding,
  Flatten,
  GELU,
  GroupNorm,
  Hardtanh,
  InstanceNorm2d,
  Layer,
  LayerNorm,
  LeakyReLU,
  Linear,
  LocalResponseNorm,
  Maxout,
  MaxoutLinear,
  MaxPool2d,
  Parallel,
  PixelShuffle,
  PReLU,
  ReLU,
  Residual,
  Sequential,
  Sigmoid,
  Softmax,
  Softplus,
  Softshrink,
  type Tensor,
  Unflatten,
  Upsample,
  ZeroPad2d,
} from "faltung";
import { LeNet5 } from "faltung/models";
import { describe, expect, test } from "vitest";

class Own extends Layer {
  child: Layer | undefined;
  protected compute(x: Tensor): Tensor {
    return x;
  }
  protected computeBackward(dy: Tensor): Tensor {
    return dy;
  }
}

class Threshold extends Own {
  protected override extraRepr(): string {
    return "0.5, above=1";
  }
}

test.each<[Layer, string]>([
  [new Conv2d(1, 6, 5), "Conv2d(1, 6, kernelSize=5, stride=1)"],
  [
    new Conv2d(4, 8, [5, 3], { stride: 2, padding: [2, 1], dilation: 2, groups: 4, bias: false }),
    "Conv2d(4, 8, kernelSize=[5, 3], stride=2, padding=[2, 1], dilation=2, groups=4, bias=false)",
  ],
  [
    new Conv2d(1, 1, 3, { padding: "same", paddingMode: "reflect", algorithm: "im2col" }),
    "Conv2d(1, 1, kernelSize=3, stride=1, padding=same, paddingMode=reflect, algorithm=im2col)",
  ],
  [new Conv1d(2, 3, 5, { stride: 2, padding: 2 }), "Conv1d(2, 3, kernelSize=5, stride=2, padding=2)"],
  [
    new ConvTranspose2d(2, 3, 2, { stride: 2, outputPadding: 1 }),
    "ConvTranspose2d(2, 3, kernelSize=2, stride=2, outputPadding=1)",
  ],
  [new Linear(84, 10), "Linear(inFeatures=84, outFeatures=10)"],
  [new Linear(84, 10, { bias: false }), "Linear(inFeatures=84, outFeatures=10, bias=false)"],
  [new MaxPool2d(2), "MaxPool2d(kernelSize=2, stride=2)"],
  [
    new MaxPool2d([3, 2], { stride: 1, padding: 1, ceilMode: true, returnIndices: true }),
    "MaxPool2d(kernelSize=[3, 2], stride=1, padding=1, ceilMode=true, returnIndices=true)",
  ],
  [
    new AvgPool2d(2, { countIncludePad: false, divisorOverride: 3 }),
    "AvgPool2d(kernelSize=2, stride=2, countIncludePad=false, divisorOverride=3)",
  ],
  [new AdaptiveAvgPool2d([null, 7]), "AdaptiveAvgPool2d(outputSize=[null, 7])"],
  [new AdaptiveMaxPool2d(1), "AdaptiveMaxPool2d(outputSize=1)"],
  [new core.GlobalAvgPool2d(), "GlobalAvgPool2d()"],
  [new BatchNorm2d(16), "BatchNorm2d(16)"],
  [
    new BatchNorm1d(16, { eps: 1e-3, momentum: null, affine: false, trackRunningStats: false }),
    "BatchNorm1d(16, eps=0.001, momentum=null, affine=false, trackRunningStats=false)",
  ],
  [new InstanceNorm2d(4), "InstanceNorm2d(4)"],
  [
    new InstanceNorm2d(4, { affine: true, trackRunningStats: true }),
    "InstanceNorm2d(4, affine=true, trackRunningStats=true)",
  ],
  [new GroupNorm(2, 8, { affine: false }), "GroupNorm(2, 8, affine=false)"],
  [new LayerNorm([5, 5]), "LayerNorm([5, 5])"],
  [new LayerNorm(5, { bias: false }), "LayerNorm([5], bias=false)"],
  [new LayerNorm(5, { elementwiseAffine: false }), "LayerNorm([5], elementwiseAffine=false)"],
  [new LocalResponseNorm(5), "LocalResponseNorm(5)"],
  [new LocalResponseNorm(5, { alpha: 3e-4, k: 2 }), "LocalResponseNorm(5, alpha=0.0003, k=2)"],
  [new Dropout(), "Dropout(p=0.5)"],
  [new Embedding(10, 3, { paddingIdx: 0 }), "Embedding(10, 3, paddingIdx=0)"],
  [new Flatten(), "Flatten()"],
  [new Flatten({ startDim: 2 }), "Flatten(startDim=2)"],
  [new Unflatten(1, [2, 2]), "Unflatten(dim=1, unflattenedSize=[2, 2])"],
  [new ReLU(), "ReLU()"],
  [new LeakyReLU(0.2), "LeakyReLU(negativeSlope=0.2)"],
  [new Hardtanh(), "Hardtanh(minVal=-1, maxVal=1)"],
  [new Softshrink(), "Softshrink(0.5)"],
  [new GELU(), "GELU()"],
  [new GELU({ approximate: "tanh" }), "GELU(approximate=tanh)"],
  [new Softplus({ beta: 2 }), "Softplus(beta=2)"],
  [new PReLU(), "PReLU(numParameters=1)"],
  [new Maxout(2), "Maxout(2)"],
  [new MaxoutLinear(4, 3), "MaxoutLinear(inFeatures=4, outFeatures=3, pieces=2)"],
  [new PixelShuffle(2), "PixelShuffle(upscaleFactor=2)"],
  [new Softmax(1), "Softmax(dim=1)"],
  [new Upsample({ scaleFactor: 2 }), "Upsample(scaleFactor=2)"],
  [
    new Upsample({ size: [4, 5], mode: "bilinear", alignCorners: true }),
    "Upsample(size=[4, 5], mode=bilinear, alignCorners=true)",
  ],
  [new ZeroPad2d([1, 1, 2, 0]), "ZeroPad2d([1, 1, 2, 0])"],
  [new Sequential(), "Sequential()"],
  [new Own(), "Own()"],
  [new Threshold(), "Threshold(0.5, above=1)"],
])("%s", (layer, text) => {
  expect(String(layer)).toBe(text);
  expect(inspect(layer)).toBe(text);
  expect(`${inspect({ layer })}`).toContain(text);
});

describe("containers", () => {
  test("show their children, indented, under their keys", () => {
    const model = new Sequential(
      new Conv2d(1, 6, 5, { padding: 2 }),
      new Residual(new Sequential(new Conv2d(6, 6, 1), new ReLU())),
      new Parallel([new Sigmoid(), new ReLU()], { merge: "add" }),
    );
    expect(String(model)).toBe(
      [
        "Sequential(",
        "  (0): Conv2d(1, 6, kernelSize=5, stride=1, padding=2)",
        "  (1): Residual(",
        "    (body): Sequential(",
        "      (0): Conv2d(6, 6, kernelSize=1, stride=1)",
        "      (1): ReLU()",
        "    )",
        "  )",
        "  (2): Parallel(merge=add",
        "    (0): Sigmoid()",
        "    (1): ReLU()",
        "  )",
        ")",
      ].join("\n"),
    );
    expect(String(new LeNet5()).split("\n").slice(0, 3)).toEqual([
      "LeNet5(",
      "  (features): Sequential(",
      "    (0): Conv2d(1, 6, kernelSize=5, stride=1, padding=2)",
    ]);
  });

  test("a child that points to its parent is shown once, and a shared one at each of its places", () => {
    const [parent, child] = [new Own(), new Own()];
    parent.child = child;
    child.child = parent;
    expect(String(parent)).toBe("Own(\n  (child): Own(\n    (child): Own()\n  )\n)");
    const relu = new ReLU();
    expect(String(new Sequential(relu, relu))).toBe("Sequential(\n  (0): ReLU()\n  (1): ReLU()\n)");
  });
});

test("every layer of the library has a line of its own", () => {
  const layers = Object.entries(core).filter(
    ([, value]) => (value as { prototype?: object }).prototype instanceof Layer,
  );
  expect(layers.length).toBeGreaterThan(50);
  // Those that take arguments say them; the others are listed here.
  const silent = layers
    .filter(([, Class]) => {
      const { prototype } = Class as unknown as { readonly prototype: { readonly extraRepr: unknown } };
      return prototype.extraRepr === (Layer.prototype as unknown as { readonly extraRepr: unknown }).extraRepr;
    })
    .map(([name]) => name);
  expect(silent.sort()).toEqual([
    "Composite",
    "Hardsigmoid",
    "Hardswish",
    "Identity",
    "LogSigmoid",
    "Mish",
    "ReLU",
    "ReLU6",
    "Residual",
    "SELU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softsign",
    "Tanh",
    "Tanhshrink",
  ]);
});
