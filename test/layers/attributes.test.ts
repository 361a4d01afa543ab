/** The attributes of torch's layers, by torch's names: sizes of images are `[height, width]`. */
import {
  AdaptiveAvgPool2d,
  AdaptiveMaxPool2d,
  AvgPool2d,
  BatchNorm1d,
  BatchNorm2d,
  ChannelShuffle,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  Dropout,
  Dropout2d,
  ELU,
  Embedding,
  Flatten,
  GELU,
  GroupNorm,
  Hardshrink,
  Hardtanh,
  InstanceNorm2d,
  type Layer,
  LayerNorm,
  LeakyReLU,
  Linear,
  LocalResponseNorm,
  LogSoftmax,
  Maxout,
  MaxoutLinear,
  MaxPool2d,
  Permute,
  PixelShuffle,
  PixelUnshuffle,
  PReLU,
  ReLU6,
  Softmax,
  Softplus,
  Softshrink,
  StochasticDepth,
  Unflatten,
  Upsample,
  ZeroPad2d,
} from "faltung";
import { expect, expectTypeOf, test } from "vitest";

const conv = { groups: 1, paddingMode: "zeros", algorithm: "auto" };
const running = { eps: 1e-5, momentum: 0.1, affine: true, trackRunningStats: true };

test.each<[Layer, Record<string, unknown>]>([
  [
    new Conv2d(4, 6, 3),
    { inChannels: 4, outChannels: 6, kernelSize: [3, 3], stride: [1, 1], padding: [0, 0], dilation: [1, 1], ...conv },
  ],
  [
    new Conv2d(4, 6, [3, 5], { stride: [2, 1], padding: 1, dilation: [1, 2], groups: 2, paddingMode: "reflect" }),
    { kernelSize: [3, 5], stride: [2, 1], padding: [1, 1], dilation: [1, 2], groups: 2, paddingMode: "reflect" },
  ],
  [new Conv2d(1, 1, 2, { padding: "same" }), { padding: "same" }],
  [
    new Conv1d(4, 6, 3, { stride: 2 }),
    { inChannels: 4, outChannels: 6, kernelSize: [3], stride: [2], padding: [0], dilation: [1], ...conv },
  ],
  [
    new ConvTranspose2d(4, 6, [2, 3], { stride: 2, outputPadding: [1, 0] }),
    {
      ...{ inChannels: 4, outChannels: 6, kernelSize: [2, 3], stride: [2, 2], padding: [0, 0] },
      ...{ outputPadding: [1, 0], dilation: [1, 1], ...conv },
    },
  ],
  [
    new MaxPool2d(2),
    {
      ...{ kernelSize: [2, 2], stride: [2, 2], padding: [0, 0], dilation: [1, 1] },
      ...{ ceilMode: false, returnIndices: false },
    },
  ],
  [
    new MaxPool2d([3, 5], { stride: 2, padding: [1, 2], dilation: 2, ceilMode: true, returnIndices: true }),
    { kernelSize: [3, 5], stride: [2, 2], padding: [1, 2], dilation: [2, 2], ceilMode: true, returnIndices: true },
  ],
  [
    new AvgPool2d(3, { stride: [1, 2] }),
    {
      ...{ kernelSize: [3, 3], stride: [1, 2], padding: [0, 0], ceilMode: false },
      ...{ countIncludePad: true, divisorOverride: undefined },
    },
  ],
  [new AvgPool2d(3, { countIncludePad: false, divisorOverride: 4 }), { countIncludePad: false, divisorOverride: 4 }],
  [new AdaptiveAvgPool2d(7), { outputSize: [7, 7] }],
  [new AdaptiveMaxPool2d([7, null]), { outputSize: [7, null], returnIndices: false }],
  [new Linear(84, 10), { inFeatures: 84, outFeatures: 10 }],
  [new MaxoutLinear(84, 10, { pieces: 3 }), { inFeatures: 84, outFeatures: 10, pieces: 3 }],
  [new Maxout(2), { pieces: 2, dim: 1 }],
  [new BatchNorm1d(8), { numFeatures: 8, ...running }],
  [
    new BatchNorm2d(8, { momentum: null, affine: false }),
    { numFeatures: 8, ...running, momentum: null, affine: false },
  ],
  [new InstanceNorm2d(8), { numFeatures: 8, ...running, affine: false, trackRunningStats: false }],
  [new GroupNorm(2, 8), { numGroups: 2, numChannels: 8, eps: 1e-5, affine: true }],
  [new LayerNorm([4, 5], { bias: false }), { normalizedShape: [4, 5], eps: 1e-5, elementwiseAffine: true }],
  [new LayerNorm(5, { elementwiseAffine: false }), { normalizedShape: [5], elementwiseAffine: false }],
  [new LocalResponseNorm(5), { size: 5, alpha: 1e-4, beta: 0.75, k: 1 }],
  [new Dropout(0.2), { p: 0.2 }],
  [new Dropout2d(), { p: 0.5 }],
  [new StochasticDepth(0.2, "row"), { p: 0.2, mode: "row" }],
  [new Embedding(10, 3, { paddingIdx: -1 }), { numEmbeddings: 10, embeddingDim: 3, paddingIdx: 9 }],
  [
    new Upsample({ scaleFactor: 2 }),
    { size: undefined, scaleFactor: 2, mode: "nearest", alignCorners: false, recomputeScaleFactor: false },
  ],
  [new Upsample({ size: [4, 5], mode: "bilinear", alignCorners: true }), { size: [4, 5], alignCorners: true }],
  [new ZeroPad2d(1), { padding: [1, 1, 1, 1] }],
  [new PixelShuffle(2), { upscaleFactor: 2 }],
  [new PixelUnshuffle(2), { downscaleFactor: 2 }],
  [new ChannelShuffle(2), { groups: 2 }],
  [new Flatten(), { startDim: 1, endDim: -1 }],
  [new Unflatten(1, [2, -1]), { dim: 1, unflattenedSize: [2, -1] }],
  [new Permute([0, 2, 1]), { order: [0, 2, 1] }],
  [new Softmax(1), { dim: 1 }],
  [new LogSoftmax(-1), { dim: -1 }],
  [new LeakyReLU(), { negativeSlope: 0.01 }],
  [new PReLU(), { numParameters: 1, init: 0.25 }],
  [new ReLU6(), { minVal: 0, maxVal: 6 }],
  [new Hardtanh(), { minVal: -1, maxVal: 1 }],
  [new ELU(2), { alpha: 2 }],
  [new Softplus(), { beta: 1, threshold: 20 }],
  [new GELU(), { approximate: "none" }],
  [new Hardshrink(), { lambd: 0.5 }],
  [new Softshrink(), { lambd: 0.5 }],
])("%s has its attributes", (layer, attributes) => {
  expect(Object.fromEntries(Object.keys(attributes).map((key) => [key, Reflect.get(layer, key)]))).toEqual(attributes);
});

test("the compiler knows sizes that were written as literals", () => {
  const conv = new Conv2d(4, 6, [3, 5], { stride: 2 });
  expectTypeOf(conv.inChannels).toEqualTypeOf<4>();
  expectTypeOf(conv.kernelSize).toEqualTypeOf<readonly [height: 3, width: 5]>();
  expectTypeOf(conv.stride).toEqualTypeOf<readonly [height: number, width: number]>();
  expectTypeOf(new MaxPool2d(2).kernelSize).toEqualTypeOf<readonly [height: 2, width: 2]>();
  expectTypeOf(new BatchNorm2d(8).numFeatures).toEqualTypeOf<8>();
  expectTypeOf(new Linear(84, 10).outFeatures).toEqualTypeOf<10>();
  expectTypeOf(new Embedding(10, 3).embeddingDim).toEqualTypeOf<3>();
});

test("a convolution follows an attribute that plain JavaScript changes, as in torch", () => {
  const conv = new Conv2d(1, 1, 3, { padding: "same" });
  Object.assign(conv, { padding: [0, 0], dilation: [2, 2] });
  expect(conv.outputShape([1, 1, 8, 8])).toEqual([1, 1, 4, 4]);
});
