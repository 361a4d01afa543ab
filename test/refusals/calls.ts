/**
 * One right call of everything that the entries export, by its name: its arguments, of which refusals.test.ts makes wrong
 * ones. Methods stand as `Class.method`, with the object that they are called on.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync, gzipSync } from "node:zlib";
import * as data from "../../src/data.js";
import * as main from "../../src/index.js";
import * as io from "../../src/io.js";
import * as models from "../../src/models.js";
import * as node from "../../src/node.js";
import * as testing from "../../src/testing.js";
import * as vision from "../../src/vision.js";

export const ENTRIES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  index: main,
  data,
  io,
  models,
  vision,
  testing,
  node,
};

/** A kind of value: what refusals.test.ts calls it. */
export type Kind = string;

export interface Call {
  /** Right arguments, made anew for each call: what is called may write to them. */
  readonly args: () => readonly unknown[];
  /** What is called: a function, or a class that is constructed. */
  readonly call: (...args: never[]) => unknown;
  /** Of the arguments, how many have to be there. Default: all that have no default value. */
  readonly needs?: number;
  /** What is done with the result, so that a wrong argument that was taken cannot show only later. */
  readonly use?: (result: never) => unknown;
  /** Kinds that are right, and left out at this path, for such a call takes seconds. */
  readonly slow?: Readonly<Record<string, readonly Kind[]>>;
  /** Wrong kinds that are right after all at this path: `"0"` the first argument, `"1.padding.0"` a part of the second. */
  readonly takes?: Readonly<Record<string, readonly Kind[]>>;
}

type Function = (...args: never[]) => unknown;
type Class = new (...args: never[]) => unknown;

const { ones, tensor, Tensor, Linear, Conv2d, Random } = main;

function construct(Made: Class, args: () => readonly unknown[] = () => [], more: Partial<Call> = {}): Call {
  return { call: (...all) => new Made(...all), args, needs: Made.length, ...more };
}

/** A layer, which is then run on an input of this shape. */
function layer(Made: Class, shape: readonly number[], args: () => readonly unknown[] = () => [], more = {}): Call {
  const use = (made: main.Layer) => {
    made.outputShape(shape);
    made.backward(made.forward(ones(shape)));
  };
  return construct(Made, args, { use, ...more });
}

/** A network: never run, and never made at its full size, since either takes seconds. */
function network(Made: Class, args: () => readonly unknown[], more: Partial<Call> = {}): Call {
  const at = args().length - 1;
  const slow = { [at]: ["undefined", "object"], [`${at}.width`]: ["undefined", "number"] };
  return construct(Made, args, { slow, ...more });
}

function of(f: Function, args: () => readonly unknown[], more: Partial<Call> = {}): Call {
  return { call: f, args, needs: f.length, ...more };
}

/** A method of an object that is made anew for each call. */
function method<T extends object>(
  make: () => T,
  name: keyof T & string,
  args: () => readonly unknown[] = () => [],
  more = {},
) {
  const f = (make()[name] as Function).length;
  return { call: (...all: never[]) => (make()[name] as Function)(...all), args, needs: f, ...more };
}

const random = () => new Random(1);
const x = () => ones([2, 3]);
const box = () => ({ x: 0, y: 0, width: 2, height: 2 });
const picture = () => ({ width: 4, height: 3, data: new Uint8Array(36).fill(100) });
const map = () => ({ width: 2, height: 2, data: Int32Array.of(0, 1, 1, 2) });
const mask = () => ({ width: 4, height: 3, data: new Uint8Array(12).fill(1) });
const panoptic = () => ({
  ...map(),
  segments: [
    { id: 1, label: 0 },
    { id: 2, label: 1 },
  ],
});
const digits = () => new data.Dataset(ones([4, 1, 3, 3]), [0, 1, 0, 1]);
const batch = () => ({ inputs: ones([2, 1, 4, 4]), targets: [0, 1] });
const transformed = (transform: (batch: unknown, random: main.Random) => unknown) => transform(batch(), random());
const head = () => ({ anchors: [{ width: 8, height: 8 }], numClasses: 2, stride: 8 });
const regions = () => [{ label: 0, score: 0.9, region: box() }];
const landmarks = () => Array.from({ length: 68 }, (_, i) => ({ x: i < 42 ? 0 : i < 48 ? 3 : 1.5, y: i < 48 ? 0 : 2 }));
const store = () => new vision.EmbeddingStore().add("a", [1, 2, 3]);
const faces = () => ({
  detector: new models.TinyFaceDetector({ width: 0.1 }).eval(),
  landmarks: new models.FaceLandmarks({ width: 0.1 }).eval(),
  recognition: new models.FaceRecognition({ width: 0.1 }).eval(),
});

const tensorMethods: Record<string, Call> = Object.fromEntries(
  [
    ...[
      "clone",
      "item",
      "toArray",
      "neg",
      "abs",
      "square",
      "sqrt",
      "exp",
      "log",
      "tanh",
      "sigmoid",
      "relu",
      "toString",
    ].map((name) => [name, () => []] as const),
    ...["add", "sub", "mul", "div", "pow", "maximum", "minimum", "eq", "ne", "gt", "ge", "lt", "le"].map(
      (name) => [name, () => [x()], { takes: { 0: ["number", "NaN"] } }] as const,
    ),
    ...["sum", "mean", "max", "min"].map((name) => [name, () => [0, { keepDims: true }], DIMS()] as const),
    ...["var", "std"].map((name) => [name, () => [0, { keepDims: true, correction: 0 }], DIMS()] as const),
    ...["argmax", "argmin"].map(
      (name) => [name, () => [0, { keepDims: true }], { takes: { 0: ["undefined"] } }] as const,
    ),
    ["withShape", () => [[3, 2]]],
    ["to", () => ["float64"]],
    ["as", () => [["N", 3]]],
    ["at", () => [0, 1]],
    ["set", () => [5, 0, 1], { takes: { 0: ["NaN"] } }],
    [
      "slice",
      () => [0, [0, 2, 1]],
      {
        takes: {
          0: ["undefined", "null", "array"],
          1: ["undefined", "null", "number"],
          "1.0": ["undefined", "null"],
          "1.1": ["undefined", "null"],
          "1.2": ["undefined", "null"],
        },
      },
    ],
    ["reshape", () => [[3, 2]]],
    ["flatten", () => [0, -1], { needs: 0 }],
    ["squeeze", () => [0], { needs: 0 }],
    ["unsqueeze", () => [0]],
    ["transpose", () => [0, 1]],
    ["permute", () => [[1, 0]]],
    ["pad", () => [[1, 1], { mode: "constant", value: 2 }], { takes: { "1.value": ["NaN"] } }],
    ["matmul", () => [ones([3, 2])]],
    ["map", () => [(value: number) => value]],
    ["clip", () => [0, 1]],
    ["allClose", () => [x(), { rtol: 1e-5, atol: 1e-8, equalNan: true }]],
    ["equals", () => [x()]],
  ].map(([name, args, more]) => {
    const make = (): main.Tensor => (name === "item" ? ones([1]) : x());
    return [`Tensor.${name}`, method(make, name as "sum", args as () => unknown[], more as Partial<Call>)];
  }),
);

/** Bytes of any kind are read, if they are such a file. */
const BYTES = { 0: ["typed array"] };

/** Boxes of NaN have a NaN in common. */
const NOWHERE = Object.fromEntries(
  ["0", "1", "0.0.predictions.0.region", "0.0.truths.0.region"].flatMap((at) =>
    ["x", "y", "width", "height"].map((part) => [`${at}.${part}`, ["NaN"]]),
  ),
);

function DIMS(): Partial<Call> {
  return { needs: 0, takes: { 0: ["undefined", "array"] } };
}

const linear = () => new Linear(3, 2);
const ran = () => {
  const layer = linear();
  layer.forward(x());
  return layer;
};

export const CALLS: Readonly<Record<string, Call>> = {
  // Layers
  AdaptiveAvgPool2d: layer(main.AdaptiveAvgPool2d, [1, 2, 4, 4], () => [[2, 2]], {
    takes: { 0: ["number"], "0.0": ["null"], "0.1": ["null"] },
  }),
  AdaptiveMaxPool2d: layer(main.AdaptiveMaxPool2d, [1, 2, 4, 4], () => [[2, 2], { returnIndices: true }], {
    takes: { 0: ["number"], "0.0": ["null"], "0.1": ["null"] },
  }),
  AvgPool2d: layer(
    main.AvgPool2d,
    [1, 2, 4, 4],
    () => [[2, 2], { stride: [1, 1], padding: [1, 1], ceilMode: true, countIncludePad: false, divisorOverride: 3 }],
    {
      takes: {
        0: ["number"],
        "1.stride": ["number", "null"],
        "1.padding": ["number", "null"],
        "1.divisorOverride": ["null"],
      },
    },
  ),
  MaxPool2d: layer(
    main.MaxPool2d,
    [1, 2, 4, 4],
    () => [[2, 2], { stride: [1, 1], padding: [1, 1], dilation: [1, 1], ceilMode: true, returnIndices: true }],
    {
      takes: {
        0: ["number"],
        "1.stride": ["number", "null"],
        "1.padding": ["number", "null"],
        "1.dilation": ["number", "null"],
      },
    },
  ),
  BatchNorm1d: layer(
    main.BatchNorm1d,
    [2, 3],
    () => [3, { eps: 1e-5, momentum: 0.1, affine: true, trackRunningStats: true }],
    { takes: { "1.momentum": ["null"] } },
  ),
  BatchNorm2d: layer(
    main.BatchNorm2d,
    [2, 3, 2, 2],
    () => [3, { eps: 1e-5, momentum: 0.1, affine: true, trackRunningStats: true }],
    { takes: { "1.momentum": ["null"] } },
  ),
  Conv1d: layer(main.Conv1d, [1, 4, 5], () => [
    4,
    4,
    3,
    {
      stride: 1,
      padding: 1,
      dilation: 1,
      groups: 2,
      bias: true,
      paddingMode: "zeros",
      algorithm: "auto",
      random: random(),
    },
  ]),
  Conv2d: layer(
    Conv2d,
    [1, 4, 5, 5],
    () => [
      4,
      4,
      [3, 3],
      {
        stride: [1, 1],
        padding: [1, 1],
        dilation: [1, 1],
        groups: 2,
        bias: true,
        paddingMode: "zeros",
        algorithm: "auto",
        random: random(),
      },
    ],
    { takes: { 2: ["number"], "3.stride": ["number"], "3.padding": ["number"], "3.dilation": ["number"] } },
  ),
  ConvTranspose2d: layer(
    main.ConvTranspose2d,
    [1, 4, 5, 5],
    () => [
      4,
      4,
      [3, 3],
      {
        stride: [2, 2],
        padding: [1, 1],
        outputPadding: [1, 1],
        dilation: [1, 1],
        groups: 2,
        bias: true,
        paddingMode: "zeros",
        algorithm: "auto",
        random: random(),
      },
    ],
    {
      takes: {
        2: ["number"],
        "3.stride": ["number"],
        "3.padding": ["number"],
        "3.dilation": ["number"],
        "3.outputPadding": ["number"],
      },
    },
  ),
  ChannelShuffle: layer(main.ChannelShuffle, [1, 4, 2], () => [2]),
  Dropout: layer(main.Dropout, [2, 3], () => [0.5, { random: random() }]),
  Dropout2d: layer(main.Dropout2d, [1, 3, 2, 2], () => [0.5, { random: random() }]),
  ELU: layer(main.ELU, [2], () => [1]),
  Embedding: construct(main.Embedding, () => [4, 2, { paddingIdx: 0, random: random() }], {
    use: (made: main.Embedding) => made.forward(ones([2])),
    takes: { "2.paddingIdx": ["null"] },
  }),
  Flatten: layer(main.Flatten, [2, 3, 2], () => [{ startDim: 1, endDim: -1 }], { needs: 0 }),
  GELU: layer(main.GELU, [2], () => [{ approximate: "tanh" }]),
  graph: of(main.graph as never, () => [["N", 3], { fc: linear() }, () => undefined], {
    takes: { "0.0": ["number", "array"], "0.1": ["string", "array"], 1: ["array"], "1.fc": ["object", "array"] },
  }),
  GlobalAvgPool2d: layer(main.GlobalAvgPool2d, [1, 2, 4, 4]),
  GlobalMaxPool2d: layer(main.GlobalMaxPool2d, [1, 2, 4, 4]),
  GroupNorm: layer(main.GroupNorm, [2, 4, 3], () => [2, 4, { eps: 1e-5, affine: true }]),
  Hardshrink: layer(main.Hardshrink, [2], () => [0.5]),
  Hardsigmoid: layer(main.Hardsigmoid, [2]),
  Hardswish: layer(main.Hardswish, [2]),
  Hardtanh: layer(main.Hardtanh, [2], () => [{ minVal: -1, maxVal: 1 }]),
  Identity: layer(main.Identity, [2]),
  InstanceNorm2d: layer(main.InstanceNorm2d, [2, 3, 2, 2], () => [
    3,
    { eps: 1e-5, momentum: 0.1, affine: true, trackRunningStats: true },
  ]),
  LayerNorm: layer(main.LayerNorm, [2, 3], () => [[3], { eps: 1e-5, elementwiseAffine: true, bias: true }], {
    takes: { 0: ["number"] },
  }),
  LeakyReLU: layer(main.LeakyReLU, [2], () => [0.1]),
  Linear: layer(Linear, [2, 3], () => [3, 2, { bias: true, random: random() }]),
  LocalResponseNorm: layer(main.LocalResponseNorm, [1, 4, 2, 2], () => [2, { alpha: 1e-4, beta: 0.75, k: 1 }]),
  LogSigmoid: layer(main.LogSigmoid, [2]),
  LogSoftmax: layer(main.LogSoftmax, [2, 3], () => [1]),
  Maxout: layer(main.Maxout, [2, 4], () => [2, { dim: 1 }]),
  MaxoutLinear: layer(main.MaxoutLinear, [2, 3], () => [3, 2, { pieces: 2, bias: true, random: random() }]),
  Mish: layer(main.Mish, [2]),
  PReLU: layer(main.PReLU, [2, 3], () => [3, { init: 0.25 }]),
  Parallel: layer(main.Parallel, [1, 3], () => [[linear(), linear()], { merge: "concat", dim: 1 }]),
  PixelShuffle: layer(main.PixelShuffle, [1, 4, 2, 2], () => [2]),
  PixelUnshuffle: layer(main.PixelUnshuffle, [1, 1, 4, 4], () => [2]),
  ReLU: layer(main.ReLU, [2]),
  ReLU6: layer(main.ReLU6, [2]),
  Permute: layer(main.Permute, [2, 3], () => [[1, 0]]),
  Residual: layer(main.Residual, [2, 3], () => [new main.ReLU(), new main.Identity()]),
  Slice: layer(main.Slice as unknown as Class, [2, 3], () => [null, [0, 2]], {
    needs: 0,
    takes: {
      0: ["array", "number"],
      1: ["null", "number"],
      "1.0": ["null", "undefined"],
      "1.1": ["null", "undefined"],
    },
  }),
  StochasticDepth: layer(main.StochasticDepth, [2, 3], () => [0.5, "row", { random: random() }]),
  SELU: layer(main.SELU, [2]),
  Sequential: layer(main.Sequential as unknown as Class, [2, 3], () => [linear(), new main.ReLU()], {
    needs: 2,
    takes: { 0: ["array"] },
  }),
  SiLU: layer(main.SiLU, [2]),
  Sigmoid: layer(main.Sigmoid, [2]),
  Softmax: layer(main.Softmax, [2, 3], () => [1]),
  Softplus: layer(main.Softplus, [2], () => [{ beta: 1, threshold: 20 }]),
  Softshrink: layer(main.Softshrink, [2], () => [0.5]),
  Softsign: layer(main.Softsign, [2]),
  Tanh: layer(main.Tanh, [2]),
  Tanhshrink: layer(main.Tanhshrink, [2]),
  Unflatten: layer(main.Unflatten, [2, 6], () => [1, [2, 3]]),
  Upsample: layer(
    main.Upsample,
    [1, 1, 2, 2],
    () => [{ scaleFactor: [2, 2], mode: "bilinear", alignCorners: true, recomputeScaleFactor: false }],
    {
      takes: {
        "0.scaleFactor": ["number"],
        "0.alignCorners": ["null", "undefined"],
        "0.recomputeScaleFactor": ["undefined"],
      },
    },
  ),
  "Upsample by size": layer(main.Upsample, [1, 1, 2, 2], () => [{ size: [3, 3] }], { takes: { "0.size": ["number"] } }),
  ZeroPad2d: layer(main.ZeroPad2d, [1, 1, 2, 2], () => [[1, 1, 1, 1]], { takes: { 0: ["number"] } }),

  // Methods of layers and of what they are made of
  "Layer.forward": method(linear, "forward", () => [x()]),
  "Layer.backward": method(ran, "backward", () => [ones([2, 2]), { inputGradient: true }]),
  "Layer.outputShape": method(linear, "outputShape", () => [[2, 3]]),
  "Layer.multiplyAdds": method(linear, "multiplyAdds", () => [[2, 3]]),
  "Layer.children": method(linear, "children"),
  "Layer.namedChildren": method(linear, "namedChildren"),
  "Layer.modules": method(linear, "modules"),
  "Layer.namedModules": method(linear, "namedModules"),
  "Layer.parameters": method(linear, "parameters"),
  "Layer.namedParameters": method(linear, "namedParameters"),
  "Layer.stateDict": method(linear, "stateDict"),
  "Layer.loadStateDict": method(linear, "loadStateDict", () => [
    { weight: ones([2, 3]), bias: ones([2]) },
    { strict: true },
  ]),
  "Layer.toString": method(linear, "toString"),
  "Layer.zeroGrad": method(linear, "zeroGrad"),
  "Layer.train": method(linear, "train"),
  "Layer.eval": method(linear, "eval"),
  "Layer.freeze": method(linear, "freeze"),
  "Layer.unfreeze": method(linear, "unfreeze"),
  "Layer.to": method(linear, "to", () => ["float64"]),
  Parameter: construct(main.Parameter, () => ["weight", x(), true]),
  "Parameter.zeroGrad": method(() => new main.Parameter("p", x()), "zeroGrad"),
  "Parameter.to": method(
    () => new main.Parameter("p", x()),
    "to",
    () => ["float64"],
  ),
  StateBuffer: construct(main.StateBuffer, () => ["mean", x()]),
  "StateBuffer.to": method(
    () => new main.StateBuffer("p", x()),
    "to",
    () => ["float64"],
  ),
  explain: of(main.explain, () => [new main.Sequential(linear()), [2, 3], { peak: 1e9, bandwidth: 1e9 }]),
  gradcheck: of(main.gradcheck as Function, () => [
    linear(),
    [2, 3],
    { seed: 0, step: 1e-5, tolerance: 1e-6, samples: 4, input: x(), inputGradient: true },
  ]),
  setBackend: of(main.setBackend, () => ["wasm", { relaxedSimd: false }]),
  backendName: of(main.backendName, () => []),
  backendReason: of(main.backendReason, () => []),

  // Tensors
  Tensor: construct(Tensor, () => [new Float32Array(6), [2, 3]], { use: (made: main.Tensor) => String(made.add(1)) }),
  ...tensorMethods,
  arange: of(main.arange as Function, () => [0, 3, 1], { needs: 1 }),
  asDynamic: of(main.asDynamic, () => [x()], { takes: { 0: ["*"] } }),
  concat: of(main.concat as Function, () => [[x(), x()], 0], { needs: 1 }),
  defaultRandom: of(main.defaultRandom, () => []),
  eye: of(main.eye as Function, () => [2, 3]),
  fromTypedArray: of(main.fromTypedArray as Function, () => [new Float32Array(6), [2, 3]]),
  full: of(main.full as Function, () => [[2, 3], 5], { takes: { 1: ["NaN"] } }),
  manualSeed: of(main.manualSeed, () => [1]),
  ones: of(main.ones as Function, () => [[2, 3]]),
  onesLike: of(main.onesLike as Function, () => [x()]),
  rand: of(main.rand as Function, () => [[2, 3], { random: random() }]),
  randn: of(main.randn as Function, () => [[2, 3], { random: random() }]),
  stack: of(main.stack as Function, () => [[x(), x()], 0], { needs: 1 }),
  tensor: of(
    tensor as Function,
    () => [
      [
        [1, 2],
        [3, 4],
      ],
      [2, 2],
    ],
    { needs: 1, takes: { 0: ["number", "NaN", "tensor"], "0.0": [], "0.0.0": ["NaN"] } },
  ),
  zeros: of(main.zeros as Function, () => [[2, 3]]),
  zerosLike: of(main.zerosLike as Function, () => [x()]),
  "initializers.calculateGain": of(main.initializers.calculateGain, () => ["leakyRelu", 0.1]),
  "initializers.fans": of(main.initializers.fans, () => [x()]),
  "initializers.uniform": of(main.initializers.uniform, () => [x(), 0, 1, { random: random() }]),
  "initializers.normal": of(main.initializers.normal, () => [x(), 0, 1, { random: random() }]),
  "initializers.constant": of(main.initializers.constant, () => [x(), 1]),
  "initializers.kaimingUniform": of(main.initializers.kaimingUniform, () => [
    x(),
    { mode: "fanIn", nonlinearity: "relu", a: 0, random: random() },
  ]),
  "initializers.kaimingNormal": of(main.initializers.kaimingNormal, () => [
    x(),
    { mode: "fanIn", nonlinearity: "relu", a: 0, random: random() },
  ]),
  "initializers.xavierUniform": of(main.initializers.xavierUniform, () => [x(), { gain: 1, random: random() }]),
  "initializers.xavierNormal": of(main.initializers.xavierNormal, () => [x(), { gain: 1, random: random() }]),
  Random: construct(Random, () => [1]),
  "Random.seed": method(random, "seed", () => [1]),
  "Random.bits": method(random, "bits"),
  "Random.uniform": method(random, "uniform", () => [0, 1]),
  "Random.normal": method(random, "normal"),
  "Random.integer": method(random, "integer", () => [3]),
  "Random.permutation": method(random, "permutation", () => [3]),

  // Data
  Dataset: construct(data.Dataset, () => [ones([2, 3]), [0, 1]], {
    use: (made: data.Dataset) => [made.get(0), made.batch(Uint32Array.of(0))],
    takes: { 1: ["tensor", "typed array"] },
  }),
  "Dataset of tensors": construct(data.Dataset, () => [ones([2, 3]), ones([2, 1])], {}),
  "Dataset.get": method(digits, "get", () => [0]),
  "Dataset.batch": method(digits, "batch", () => [Uint32Array.of(0, 1)], { takes: { 0: ["array"] } }),
  "Dataset.slice": method(digits, "slice", () => [0, 2], { takes: { 0: ["NaN"], 1: ["NaN"] } }),
  "Dataset.take": method(digits, "take", () => [2]),
  "Dataset.split": method(digits, "split", () => [0.5, random()]),
  DataLoader: construct(
    data.DataLoader,
    () => [
      digits(),
      { batchSize: 2, shuffle: true, dropLast: true, transform: (batch: unknown) => batch, random: random() },
    ],
    { use: (made: data.DataLoader) => [...made] },
  ),
  "DataLoader.stateDict": method(() => new data.DataLoader(digits()), "stateDict"),
  "DataLoader.loadStateDict": method(
    () => new data.DataLoader(digits()),
    "loadStateDict",
    () => [new data.DataLoader(digits()).stateDict()],
    { takes: { "0.epoch": ["object"] } },
  ),
  compose: of(data.compose as Function, () => [data.randomShift(1), data.randomNoise(0.1)], {
    needs: 2,
    use: transformed,
  }),
  imagesToTensor: of(
    data.imagesToTensor,
    () => [
      { shape: [1, 1, 2, 2], data: new Uint8Array(4) },
      { mean: [0.5], std: [0.5] },
    ],
    { takes: { "1.mean": ["number"], "1.std": ["number"] } },
  ),
  labelsToInt32: of(data.labelsToInt32, () => [[0, 1]], { takes: { 0: ["typed array", "tensor"] } }),
  normalize: of(data.normalize, () => [{ mean: [0.5], std: [0.5] }], {
    use: transformed,
    takes: { "0.mean": ["number", "undefined"], "0.std": ["number", "undefined"] },
  }),
  randomNoise: of(data.randomNoise, () => [0.1], { use: transformed }),
  randomRotate: of(data.randomRotate, () => [10, { fill: 0 }], { use: transformed }),
  randomShift: of(data.randomShift, () => [1, { fill: 0 }], { use: transformed }),
  readIdx: of(data.readIdx, () => [Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 5, 6)]),
  gunzip: of(data.gunzip, () => [new Uint8Array(gzipSync(Uint8Array.of(1, 2, 3)))]),

  // Files
  readNpy: of(io.readNpy, () => [io.writeNpy(x()), { dtype: "float64" }], { takes: BYTES }),
  writeNpy: of(io.writeNpy, () => [x()]),
  readNpz: of(io.readNpz, () => [io.writeNpz({ a: x() }), { dtype: "float64" }], { takes: BYTES }),
  writeNpz: of(io.writeNpz, () => [{ a: x() }]),
  readSafetensors: of(io.readSafetensors, () => [io.writeSafetensors({ a: x() }), { dtype: "float64" }], {
    takes: BYTES,
  }),
  readSafetensorsMetadata: of(io.readSafetensorsMetadata, () => [io.writeSafetensors({ a: x() })], { takes: BYTES }),
  writeSafetensors: of(io.writeSafetensors, () => [{ a: x() }, { metadata: { made: "here" } }], {
    takes: { "1.metadata.made": ["undefined"] },
  }),
  readWeightsManifest: of(io.readWeightsManifest, () => [
    [{ paths: ["a.bin"], weights: [{ name: "a", shape: [1], dtype: "float32" }] }],
    () => Promise.resolve(new Uint8Array(4)),
    { dtype: "float64" },
  ]),

  writeFileAtomic: of(node.writeFileAtomic, () => [join(tmpdir(), "faltung-refusals"), new Uint8Array(2)], {
    slow: { 0: ["string"] },
    takes: { 1: ["string"] },
  }),

  // Networks
  AlexNet: network(models.AlexNet, () => [
    { numClasses: 2, inChannels: 1, width: 0.02, dropout: 0.5, random: random() },
  ]),
  Autoencoder: network(
    models.Autoencoder,
    () => [{ latent: 2, width: 2, inChannels: 1, imageSize: [8, 8], random: random() }],
    { takes: { "0.imageSize": ["number"] } },
  ),
  "Autoencoder.encode": method(
    () => new models.Autoencoder({ width: 2, imageSize: 8 }),
    "encode",
    () => [ones([1, 1, 8, 8])],
  ),
  "Autoencoder.decode": method(
    () => new models.Autoencoder({ latent: 2, width: 2, imageSize: 8 }),
    "decode",
    () => [ones([1, 2])],
  ),
  FCN: network(models.FCN, () => [
    { numClasses: 2, inChannels: 1, width: 0.02, depth: 50, dropout: 0.1, random: random() },
  ]),
  FaceLandmarks: network(models.FaceLandmarks, () => [{ width: 0.1, random: random() }]),
  FaceRecognition: network(models.FaceRecognition, () => [{ width: 0.1, random: random() }]),
  LeNet5: network(models.LeNet5, () => [
    { numClasses: 2, inChannels: 1, activation: "relu", pooling: "max", random: random() },
  ]),
  MobileNetV2: network(models.MobileNetV2, () => [
    { numClasses: 2, inChannels: 1, width: 0.1, dropout: 0.2, random: random() },
  ]),
  DenseNet: network(models.DenseNet, () => [{ numClasses: 3, inChannels: 3, width: 1 / 16, random: random() }]),
  EfficientNet: network(models.EfficientNet, () => [{ numClasses: 3, inChannels: 3, width: 1 / 16, random: random() }]),
  GoogLeNet: network(models.GoogLeNet, () => [{ numClasses: 3, inChannels: 3, width: 1 / 16, random: random() }]),
  InceptionV3: network(models.InceptionV3, () => [{ numClasses: 3, inChannels: 3, width: 1 / 16, random: random() }]),
  MobileNetV3: network(models.MobileNetV3, () => [
    "small",
    { numClasses: 3, inChannels: 3, width: 1 / 16, random: random() },
  ]),
  ShuffleNetV2: network(models.ShuffleNetV2, () => [{ numClasses: 3, inChannels: 3, width: 1 / 16, random: random() }]),
  DeepLabV3: network(models.DeepLabV3, () => [{ numClasses: 3, inChannels: 3, width: 1 / 16, random: random() }]),
  LRASPP: network(models.LRASPP, () => [{ numClasses: 3, inChannels: 3, width: 1 / 16, random: random() }]),
  ResNet: network(models.ResNet, () => [18, { numClasses: 2, inChannels: 1, width: 0.05, random: random() }]),
  SqueezeNet: network(models.SqueezeNet, () => [
    { numClasses: 2, inChannels: 1, width: 0.1, dropout: 0.5, random: random() },
  ]),
  TinyFaceDetector: network(models.TinyFaceDetector, () => [{ width: 0.1, random: random() }]),
  TinyYOLOv2: network(models.TinyYOLOv2, () => [
    { numClasses: 2, numAnchors: 2, inChannels: 1, width: 0.05, stride: 8, random: random() },
  ]),
  UNet: network(models.UNet, () => [
    { numClasses: 2, inChannels: 1, width: 0.05, depth: 2, upsampling: "bilinear", batchNorm: true, random: random() },
  ]),
  VGG: network(models.VGG, () => [
    11,
    { numClasses: 2, inChannels: 1, width: 0.02, batchNorm: true, dropout: 0.5, random: random() },
  ]),
  faceStateDict: of(models.faceStateDict, () => [{ "conv0/filters": ones([3, 3, 3, 2]) }]),

  // Pictures
  boxBlur: of(vision.boxBlur, () => [3, 3]),
  emboss: of(vision.emboss, () => [3]),
  gaussianBlur: of(vision.gaussianBlur, () => [3, 1]),
  laplacian: of(vision.laplacian, () => [3]),
  sharpen: of(vision.sharpen, () => [3]),
  sobelX: of(vision.sobelX, () => [3]),
  sobelY: of(vision.sobelY, () => [3]),
  centerCrop: of(vision.centerCrop, () => [picture(), 2, 2]),
  crop: of(vision.crop, () => [picture(), box()]),
  decodeImage: of(vision.decodeImage, () => [onePixelPng(), { maxPixels: 10, exifOrientation: true }]),
  drawBox: of(vision.drawBox as Function, () => [
    picture(),
    box(),
    { color: [1, 2, 3], thickness: 1, label: "a", scale: 1 },
  ]),
  drawLabel: of(vision.drawLabel as Function, () => [
    picture(),
    "a",
    { x: 0, y: 0 },
    { color: [1, 2, 3], background: [0, 0, 0], scale: 1 },
  ]),
  drawMask: of(vision.drawMask as Function, () => [picture(), mask(), { color: [1, 2, 3], opacity: 0.5 }]),
  drawPoints: of(vision.drawPoints as Function, () => [picture(), [{ x: 0, y: 0 }], { color: [1, 2, 3], radius: 1 }]),
  encodePng: of(vision.encodePng, () => [picture()]),
  imageToTensor: of(
    vision.imageToTensor,
    () => [picture(), { channels: 3, mean: [0, 0, 0], std: [1, 1, 1], background: [0, 0, 0] }],
    { takes: { "1.mean": ["number"], "1.std": ["number"] } },
  ),
  letterbox: of(vision.letterbox, () => [picture(), 8, 8, { fill: [0, 0, 0], mode: "bilinear", antialias: true }]),
  palette: of(vision.palette, () => [3]),
  resize: of(vision.resize, () => [picture(), 2, 2, { mode: "bilinear", antialias: true }]),
  tensorToImage: of(vision.tensorToImage, () => [ones([3, 2, 2])]),
  tile: of(vision.tile, () => [[picture()], { columns: 1, gap: 0, background: [0, 0, 0], zoom: 1 }]),
  toChannels: of(vision.toChannels, () => [picture(), 1, { background: [0, 0, 0] }]),
  toImageData: of(vision.toImageData, () => [picture()]),
  unletterbox: of(vision.unletterbox, () => [box(), { left: 1, top: 1, scaleX: 2, scaleY: 2 }]),

  // Boxes, masks, segments
  averagePrecision: of(vision.averagePrecision, () => [[0.9], [true], 1]),
  boxMask: of(vision.boxMask, () => [box(), 4, 3]),
  centerTargets: of(vision.centerTargets, () => [map(), { sigma: 2 }]),
  classMaps: of(vision.classMaps, () => [ones([1, 2, 3, 3])]),
  clipBox: of(vision.clipBox, () => [box(), 4, 3], { takes: NOWHERE }),
  connectedComponents: of(vision.connectedComponents, () => [map(), { connectivity: 8 }]),
  decodeYolo: of(vision.decodeYolo, () => [ones([1, 7, 2, 2]), head(), { scoreThreshold: 0.5, iouThreshold: 0.5 }]),
  findCenters: of(vision.findCenters, () => [ones([1, 3, 3]), { threshold: 0.1, radius: 1, maxCenters: 5 }]),
  fitAnchors: of(vision.fitAnchors, () => [
    [
      { width: 1, height: 2 },
      { width: 3, height: 1 },
    ],
    1,
    { random: random() },
  ]),
  groupByCenter: of(vision.groupByCenter, () => [map(), ones([2, 2, 2]), [{ x: 0, y: 0, score: 1 }]], {
    takes: { "2.0.score": ["*"] },
  }),
  intersection: of(vision.intersection, () => [box(), box()], { takes: NOWHERE }),
  iou: of(vision.iou, () => [box(), box()], { takes: NOWHERE }),
  maskArea: of(vision.maskArea, () => [mask()]),
  maskBox: of(vision.maskBox, () => [mask()]),
  maskIou: of(vision.maskIou, () => [mask(), mask()]),
  maskOf: of(vision.maskOf, () => [map(), 1]),
  meanAveragePrecision: of(
    vision.meanAveragePrecision as Function,
    () => [[{ predictions: regions(), truths: regions() }], vision.iou, { iouThreshold: [0.5] }],
    { takes: { ...NOWHERE, "0.0.truths.0.score": ["*"], "2.iouThreshold": ["number"] } },
  ),
  mergePanoptic: of(vision.mergePanoptic, () => [ones([2, 2, 2]), map(), [1]], { takes: { 2: ["typed array"] } }),
  nms: of(vision.nms, () => [[box()], [0.5], { iouThreshold: 0.5, labels: [1], scoreThreshold: 0, maxDetections: 2 }], {
    takes: { 1: ["typed array"], "2.labels": ["typed array"] },
  }),
  softNms: of(
    vision.softNms,
    () => [[box()], [0.5], { method: "linear", sigma: 0.5, iouThreshold: 0.3, labels: [1], scoreThreshold: 0.01 }],
    { takes: { 1: ["typed array"], "2.labels": ["typed array"] } },
  ),
  PanopticQuality: construct(vision.PanopticQuality, () => [2]),
  "PanopticQuality.update": method(
    () => new vision.PanopticQuality(2),
    "update",
    () => [panoptic(), panoptic()],
  ),
  "PanopticQuality.of": method(
    () => new vision.PanopticQuality(2),
    "of",
    () => [0],
  ),
  "PanopticQuality.mean": method(
    () => new vision.PanopticQuality(2),
    "mean",
    () => [[0]],
    { takes: { 0: ["typed array"] } },
  ),
  YoloLoss: construct(vision.YoloLoss, () => [
    head(),
    { reduction: "sum", boxWeight: 5, objectWeight: 1, emptyWeight: 0.5, classWeight: 1, ignoreThreshold: 0.6 },
  ]),
  yoloTargets: of(vision.yoloTargets, () => [[[{ label: 0, region: box() }]], { maxObjects: 2 }]),

  // Faces and embeddings
  EmbeddingStore: construct(vision.EmbeddingStore, () => [{ threshold: 0.6 }]),
  "EmbeddingStore.add": method(store, "add", () => ["b", [1, 2, 3]], { takes: { 1: ["typed array", "tensor"] } }),
  "EmbeddingStore.match": method(store, "match", () => [[1, 2, 3]], { takes: { 0: ["typed array", "tensor"] } }),
  "EmbeddingStore.nearest": method(store, "nearest", () => [[1, 2, 3], 1], { takes: { 0: ["typed array", "tensor"] } }),
  embeddingDistance: of(
    vision.embeddingDistance,
    () => [
      [1, 2],
      [3, 4],
    ],
    { takes: { 0: ["typed array", "tensor"], 1: ["typed array", "tensor"] } },
  ),
  detectFaces: of(vision.detectFaces, () => [
    faces().detector,
    picture(),
    { inputSize: 32, scoreThreshold: 0.5, iouThreshold: 0.4 },
  ]),
  faceLandmarks: of(vision.faceLandmarks, () => [faces().landmarks, picture(), box()]),
  faceDescriptor: of(vision.faceDescriptor, () => [faces().recognition, picture(), landmarks()]),
  recognizeFaces: of(vision.recognizeFaces, () => [
    faces(),
    picture(),
    { inputSize: 32, scoreThreshold: 0.5, iouThreshold: 0.4 },
  ]),
};

/** A PNG file of one black pixel, by hand. */
function onePixelPng(): Uint8Array {
  const chunk = (type: string, body: Uint8Array) => {
    const bytes = new Uint8Array(12 + body.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, body.length);
    bytes.set(new TextEncoder().encode(type), 4);
    bytes.set(body, 8);
    view.setUint32(8 + body.length, crc(bytes.subarray(4, 8 + body.length)));
    return bytes;
  };
  const parts = [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0)),
    chunk("IDAT", new Uint8Array(deflateSync(Uint8Array.of(0, 0)))),
    chunk("IEND", new Uint8Array()),
  ];
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function crc(bytes: Uint8Array): number {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum;
}
