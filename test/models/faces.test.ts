/** The three face networks hold face-api's weights and compute what face-api computes. */
import { describe, expect, test } from "vitest";
import { ArgumentError, type Layer, Random, ShapeError, StateError, Tensor, zeros } from "../../src/index.js";
import { readWeightsManifest } from "../../src/io.js";
import { FaceLandmarks68, FaceRecognition, fromFaceApi, TinyFaceDetector } from "../../src/models.js";
import { faceBatch } from "../../src/vision.js";
import { expectError } from "../support/errors.js";
import { expectedFaces, faceApiFile, faceApiTensors, syntheticPixels, withWeights } from "../support/faces.js";
import { formatErrorOf } from "../support/files.js";
import { decode, expectClose, readFixture } from "../support/fixtures.js";
import { expectGradients, normal } from "../support/layers.js";
import { distance } from "../support/wasm.js";

interface Statistics {
  readonly shape: number[];
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly first4: number[];
}

const weightsCheck = readFixture<Record<string, Record<string, Statistics>>>("face_weights_check.json");

const NETWORKS = [
  { Network: TinyFaceDetector, file: "tiny_face_detector", parameters: 193_321, tensors: 19 },
  { Network: FaceLandmarks68, file: "face_landmark_68", parameters: 356_840, tensors: 49 },
  { Network: FaceRecognition, file: "face_recognition", parameters: 5_614_592, tensors: 117 },
] as const;

describe.each(NETWORKS)("$file", ({ Network, file, parameters, tensors }) => {
  test("every tensor of the manifest has the shape, mean, extremes and first numbers that face-api reads", async () => {
    const read = await faceApiTensors(file);
    const want = weightsCheck[`${file}_model`]!;
    expect(Object.keys(read)).toEqual(Object.keys(want));
    expect(Object.keys(read)).toHaveLength(tensors);
    for (const [name, { shape, mean, min, max, first4 }] of Object.entries(want)) {
      const { data, shape: got } = read[name]!;
      expect(got, name).toEqual(shape);
      expect([...data.slice(0, 4)], name).toEqual(first4.map(Math.fround));
      const [low, high, sum] = data.reduce(
        ([a, b, c], v) => [Math.min(a, v), Math.max(b, v), c + v],
        [Infinity, -Infinity, 0],
      );
      expect([low, high], name).toEqual([min, max].map(Math.fround));
      // Of at most 2^22 numbers, summed in double precision.
      expect(Math.abs(sum / data.length - mean), name).toBeLessThanOrEqual(1e-9 * Math.max(-min, max));
    }
  });

  test("has as many parameters as the file, each under the name of its tensor", async () => {
    const network: Layer = new Network();
    expect(network.parameters().reduce((sum, { value }) => sum + value.size, 0)).toBe(parameters);
    const state = fromFaceApi(await faceApiTensors(file));
    expect(Object.keys(state)).toEqual(Object.keys(network.stateDict()));
    network.loadStateDict(state);
  });

  test("a manifest that lacks a tensor is refused, with and without its bytes", async () => {
    const manifest = JSON.parse(faceApiFile(`model/${file}_model-weights_manifest.json`).toString()) as [
      { weights: { name: string; shape: number[]; quantization?: object }[]; paths: string[] },
    ];
    const bytes = faceApiFile(`model/${file}_model.bin`);
    const last = manifest[0].weights.pop()!;
    const size = last.shape.reduce((a, b) => a * b, 1);
    expect(await formatErrorOf(() => readWeightsManifest(manifest, () => bytes))).toBe(
      `readWeightsManifest expects "${file}_model.bin" to hold the ${bytes.length - size} bytes of ${tensors - 1} tensors, but there are ${bytes.length}. Usual cause: the files of another model, or a manifest that lacks a tensor.`,
    );
    const read = await readWeightsManifest(manifest, () => bytes.subarray(0, bytes.length - size));
    const network: Layer = new Network();
    const missing = network.namedParameters().at(-1)![0];
    expectError(
      () => network.loadStateDict(fromFaceApi(read)),
      StateError,
      `${network.name}.loadStateDict expects exactly the keys of this model, but got missing: ${missing}. Usual cause: the file belongs to another architecture, or its keys carry a prefix such as "module.".`,
    );
  });

  test("a file that was cut off is refused", async () => {
    const bytes = faceApiFile(`model/${file}_model.bin`);
    const manifest = faceApiFile(`model/${file}_model-weights_manifest.json`);
    expect(await formatErrorOf(() => readWeightsManifest(manifest, () => bytes.subarray(1)))).toBe(
      `readWeightsManifest expects "${file}_model.bin" to hold the ${bytes.length} bytes of ${tensors} tensors, but there are ${bytes.length - 1}. Usual cause: a file that was cut off on its way here.`,
    );
  });

  test("options are checked, and one generator decides the weights", () => {
    const name = new Network().name;
    expectError(
      () => new Network({ inChannels: 0 }),
      ArgumentError,
      `${name} expects inChannels to be a positive integer, but got 0. Usual cause: a division without Math.floor, or a variable that is undefined.`,
    );
    expectError(
      () => new Network({ width: 0 }),
      ArgumentError,
      `${name} expects width to be a number above 0, but got 0.`,
    );
    expectError(
      () => new Network(1 as never),
      ArgumentError,
      `${name} expects its options to be an object such as { width: 0.5 }, but got 1. Usual cause: torch's positional arguments are named here.`,
    );
    const make = (seed: number) => new Network({ width: 1 / 16, random: new Random(seed) }).stateDict();
    expect(make(1)).toEqual(make(1));
    expect(make(1)).not.toEqual(make(2));
  });
});

describe("outputs on synthetic pixels are face-api's", () => {
  test.each(["tiny_face_detector", "tiny_face_detector_160x200"])("%s", async (name) => {
    const { input, input_size, output } = expectedFaces.nets[name]!;
    const x = faceBatch([syntheticPixels(input)], input_size!, { centre: false, mean: [117.001, 114.697, 97.404] });
    const network = await withWeights(new TinyFaceDetector(), "tiny_face_detector");
    check(network.forward(x).permute([0, 2, 3, 1]) as Tensor, decode(output), name);
  });

  test.each(["face_landmark_68", "face_landmark_68_90x60"])("%s", async (name) => {
    const { input, raw_output } = expectedFaces.nets[name]!;
    const network = await withWeights(new FaceLandmarks68(), "face_landmark_68");
    check(network.forward(faceBatch([syntheticPixels(input)], 112)), decode(raw_output!), name);
  });

  test.each(["face_recognition", "face_recognition_80x123"])("%s", async (name) => {
    const { input, output } = expectedFaces.nets[name]!;
    const network = await withWeights(new FaceRecognition(), "face_recognition");
    check(network.forward(faceBatch([syntheticPixels(input)], 150)), decode(output), name);
  });

  /** Both round to float32 at every layer; in another order, all numbers together differ by some 1e-6 of their norm. */
  function check(got: Tensor, want: Tensor, what: string): void {
    expectClose(got, want, what, 1e-5, 1e-5 * Math.max(...want.data.map(Math.abs)));
    expect(distance(got.data, want.data), what).toBeLessThanOrEqual(5e-6);
  }
});

describe("gradients agree with differences within 1e-6", () => {
  const random = () => new Random(1);
  test("TinyFaceDetector", () => {
    expectGradients(new TinyFaceDetector({ width: 1 / 8, random: random() }), [1, 3, 32, 64], { samples: 3 });
  });

  test("FaceLandmarks68", () => {
    expectGradients(new FaceLandmarks68({ width: 1 / 16, random: random() }), [1, 3, 112, 112], { samples: 2 });
  });

  test("FaceRecognition, where blocks add a row, a column and channels of zeros", () => {
    const network = new FaceRecognition({ width: 1 / 8, random: random() });
    expectGradients(network, [1, 3, 103, 105], { samples: 1 });
    network.forward(normal([1, 3, 103, 105], 1));
    network.zeroGrad();
    network.backward(normal([1, 16], 2));
    for (const [key, { grad }] of network.namedParameters())
      expect(
        grad.data.some((g) => g !== 0),
        key,
      ).toBe(true);
  });
});

describe("inputs", () => {
  test("FaceRecognition takes larger images, TinyFaceDetector any multiple of 32", () => {
    expect(new FaceRecognition({ width: 1 / 32 }).forward(zeros([1, 3, 200, 170])).shape).toEqual([1, 4]);
    expect(new TinyFaceDetector({ width: 1 / 16 }).forward(zeros([2, 3, 64, 160])).shape).toEqual([2, 25, 2, 5]);
  });

  test("FaceLandmarks68 takes 112×112 only", () => {
    const network: Layer = new FaceLandmarks68({ width: 1 / 32 });
    for (const shape of [
      [1, 3, 128, 112],
      [3, 112, 112],
    ]) {
      expectError(
        () => network.forward(zeros(shape)),
        ShapeError,
        `FaceLandmarks68 expects images [N, C, 112, 112], but got [${shape.join(", ")}]. Usual cause: a crop that was not resized; faceBatch pads and resizes it.`,
      );
    }
  });
});

describe("fromFaceApi", () => {
  test("puts every kind of tensor into the layout of its layer", () => {
    const ramp = (shape: number[]) =>
      new Tensor(
        Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
        shape,
      );
    const state = fromFaceApi({
      "a/conv/filters": ramp([2, 3, 4, 5]),
      "b/depthwise_filter": ramp([2, 3, 4, 1]),
      "b/pointwise_filter": ramp([1, 1, 4, 5]),
      "b/bias": ramp([5]),
      "a/conv/bias": ramp([5]),
      "a/scale/weights": ramp([5]),
      "a/scale/biases": ramp([5]),
      "fc/weights": ramp([3, 2]),
      "fc/bias": ramp([2]),
      "x/y": ramp([2]),
    });
    const shapes = Object.fromEntries(Object.entries(state).map(([key, { shape }]) => [key, shape]));
    expect(shapes).toEqual({
      "a.conv.weight": [5, 4, 2, 3],
      "b.depthwise.weight": [4, 1, 2, 3],
      "b.pointwise.weight": [5, 4, 1, 1],
      "b.pointwise.bias": [5],
      "a.conv.bias": [5],
      "a.scale.weight": [5, 1, 1, 1],
      "a.scale.bias": [5],
      "fc.weight": [2, 3],
      "fc.bias": [2],
      "x.y": [2],
    });
    // [kh, kw, in, out] = [1, 2, 3, 4] is number ((1·3 + 2)·4 + 3)·5 + 4.
    expect(state["a.conv.weight"]!.at(4, 3, 1, 2)).toBe(119);
    expect(state["b.depthwise.weight"]!.at(3, 0, 1, 2)).toBe(23);
    expect([...state["fc.weight"]!.data]).toEqual([0, 2, 4, 1, 3, 5]);
    expect([...fromFaceApi({ fc: ramp([3, 2]) })["fc.weight"]!.data]).toEqual([0, 2, 4, 1, 3, 5]);
  });

  test("refuses another number of axes", () => {
    expectError(
      () => fromFaceApi({ "conv0/filters": zeros([3, 3, 16]) }),
      ShapeError,
      "fromFaceApi expects conv0/filters to have 4 axes, but got [3, 3, 16]. Usual cause: the weights of another model.",
    );
  });
});
