import { createHash } from "node:crypto";
import jpeg from "jpeg-js";
import { beforeAll, describe, expect, test } from "vitest";
import { ArgumentError, ShapeError, StateError } from "../../src/index.js";
import { detectFaces, faceDescriptor, faceLandmarks, type Pixels, recognizeFaces } from "../../src/vision.js";
import { expectError } from "../support/errors.js";
import { drawn, faceNetworks, faces, photograph } from "../support/faces.js";

let networks: Awaited<ReturnType<typeof faceNetworks>>;
beforeAll(async () => {
  networks = await faceNetworks();
});

const sides = ["x", "y", "width", "height"] as const;
type Scored = { score: number; box: { x: number; y: number; width: number; height: number } };

/** The same faces within a thousandth of the score and a pixel of the box. */
function expectFaces(got: readonly Scored[], want: readonly Scored[]): void {
  expect(got.length).toBe(want.length);
  for (const [i, { score, box }] of got.entries()) {
    expect(Math.abs(score - want[i]!.score)).toBeLessThan(1e-3);
    for (const side of sides) expect(Math.abs(box[side] - want[i]!.box[side]), side).toBeLessThan(1);
  }
}

const decodePhotograph = (file: string): Pixels => jpeg.decode(photograph(file), { useTArray: true });

describe.each(faces.images.map((image) => [image.file, image] as const))("%s", (file, image) => {
  const picture = decodePhotograph(file);
  const rgb = picture.data.filter((_, i) => i % 4 !== 3);

  test("the pixels are those that face-api saw", () => {
    expect(createHash("sha256").update(rgb).digest("hex")).toBe(image.rgb_sha256);
  });

  test("boxes, landmarks and descriptors are face-api's", () => {
    const found = recognizeFaces(networks, picture);
    expectFaces(found, image.faces);
    for (const [i, { landmarks, descriptor }] of found.entries()) {
      const want = image.faces[i]!;
      landmarks.forEach(({ x, y }, k) => {
        expect(Math.hypot(x - want.landmarks[2 * k]!, y - want.landmarks[2 * k + 1]!)).toBeLessThan(1);
      });
      expect(Math.hypot(...descriptor.map((value, k) => value - want.descriptor[k]!))).toBeLessThan(1e-3);
    }
  });

  test("other thresholds and sizes; without the alpha channel the same", () => {
    for (const [threshold, { kept }] of Object.entries(image.tiny_low_threshold)) {
      expectFaces(detectFaces(networks.detector, picture, { scoreThreshold: Number(threshold) }), kept);
    }
    for (const [size, want] of Object.entries(image.tiny_other_sizes)) {
      expectFaces(detectFaces(networks.detector, { ...picture, data: rgb }, { inputSize: Number(size) }), want);
    }
  });
});

describe("odd pictures", () => {
  test("no pixels are refused, one pixel and a line are pictures without faces", () => {
    expectError(
      () => recognizeFaces(networks, { width: 0, height: 0, data: new Uint8Array() }),
      ArgumentError,
      "detectFaces expects a picture of at least 1×1 pixels with 1, 3 or 4 channels, but got 0×0 with 0 values. Usual cause: width and height swapped or taken from another picture, or a canvas that has no size yet.",
    );
    for (const [width, height] of [
      [1, 1],
      [20_000, 1],
      [20_000, 30],
      [1, 20_000],
    ] as const) {
      const picture = drawn({ width, height, seed: 1 });
      expect(recognizeFaces(networks, picture, { inputSize: 160 })).toEqual([]);
      const all = detectFaces(networks.detector, picture, { inputSize: 32, scoreThreshold: 0, iouThreshold: 1 });
      expect(all.length).toBe(5);
      for (const { box } of all) expect(Object.values(box).every(Number.isFinite)).toBe(true);
      expect(() => recognizeFaces(networks, picture, { inputSize: 32, scoreThreshold: 0 })).not.toThrow();
    }
  });

  test("gray is the color with three equal channels", () => {
    const gray = { width: 40, height: 30, data: drawn({ width: 20, height: 20, seed: 2 }).data };
    const color = { ...gray, data: Uint8Array.from({ length: 3600 }, (_, i) => gray.data[Math.floor(i / 3)]!) };
    const box = { x: 3, y: -2, width: 30, height: 25 };
    expect(faceLandmarks(networks.landmarks, gray, box)).toEqual(faceLandmarks(networks.landmarks, color, box));
    const options = { inputSize: 64, scoreThreshold: 0 };
    expect(detectFaces(networks.detector, gray, options)).toEqual(detectFaces(networks.detector, color, options));
  });
});

test("mistakes are told", () => {
  const picture = drawn({ width: 20, height: 10, seed: 1 });
  const { detector, landmarks, recognition } = networks;
  expectError(
    () => detectFaces(detector, picture, { inputSize: 100 }),
    ArgumentError,
    "detectFaces expects inputSize to be a multiple of 32, but got 100.",
  );
  expectError(
    () => detectFaces(detector, picture, { scoreThreshold: 2 }),
    ArgumentError,
    "detectFaces expects scoreThreshold to be a number from 0 to 1, but got 2.",
  );
  expectError(
    () => faceLandmarks(landmarks, picture, { x: 30, y: 0, width: 5, height: 5 }),
    ArgumentError,
    "faceLandmarks expects a face in the picture of 20×10, but got one at { x: 30, y: 0, width: 5, height: 5 }. Usual cause: a box or landmarks of another picture.",
  );
  expectError(
    () => faceDescriptor(recognition, picture, []),
    ArgumentError,
    "faceDescriptor expects 68 landmarks of finite numbers, but got 0. Usual cause: a network without its weights.",
  );
  expectError(
    () => faceDescriptor(recognition, picture, Array(68).fill({ x: Number.NaN, y: 0 })),
    ArgumentError,
    "faceDescriptor expects 68 landmarks of finite numbers, but got 68, some of them not finite. Usual cause: a network without its weights.",
  );
  expectError(
    () => faceLandmarks(detector, picture, { x: 0, y: 0, width: 5, height: 5 }),
    ShapeError,
    "faceLandmarks expects a network that makes [1, 136] of [1, 3, 112, 112], but TinyFaceDetector makes [1, 25, 4, 4]. Usual cause: the networks in another order.",
  );
  landmarks.train();
  expectError(
    () => faceLandmarks(landmarks, picture, { x: 0, y: 0, width: 5, height: 5 }),
    StateError,
    "faceLandmarks expects a network in eval mode, but FaceLandmarks is in train mode. Usual cause: a missing network.eval().",
  );
  landmarks.eval();
});
