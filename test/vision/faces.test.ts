/** Faces found, their landmarks and descriptors: against face-api's own results, and for pictures of every kind. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { ArgumentError, Layer, ShapeError, Tensor, zeros } from "../../src/index.js";
import { FaceLandmarks68, FaceRecognition, TinyFaceDetector } from "../../src/models.js";
import {
  crop,
  type DetectedFace,
  decodeFaceBoxes,
  decodeImage,
  detectFaces,
  embeddingDistance,
  faceBatch,
  faceCrop,
  faceDescriptors,
  faceLandmarks,
  faceSquare,
  iou,
  type Pixels,
  type Point,
} from "../../src/vision.js";
import { expectError } from "../support/errors.js";
import {
  type ExpectedFace,
  expectedFaces,
  faceApiFile,
  sha256,
  syntheticPixels,
  withWeights,
} from "../support/faces.js";
import { decode } from "../support/fixtures.js";
import { normal } from "../support/layers.js";

let detector: TinyFaceDetector;
let landmarkNet: FaceLandmarks68;
let recognition: FaceRecognition;

beforeAll(async () => {
  detector = await withWeights(new TinyFaceDetector(), "tiny_face_detector");
  landmarkNet = await withWeights(new FaceLandmarks68(), "face_landmark_68");
  recognition = await withWeights(new FaceRecognition(), "face_recognition");
});

const photos = new Map<string, Pixels>();

async function photo(file: string): Promise<Pixels> {
  const known = photos.get(file) ?? (await decodeImage(faceApiFile(file)));
  photos.set(file, known);
  return known;
}

/** A network that answers every input with the same. */
class Constant extends Layer {
  override readonly name: string = "Constant";
  constructor(readonly answer: Tensor) {
    super();
  }
  protected compute(): Tensor {
    return this.answer.clone();
  }
  protected computeBackward(): undefined {
    return undefined;
  }
}

const descriptorOf = ({ descriptor_b64 }: ExpectedFace) =>
  decode({ shape: [128], dtype: "float32", data: descriptor_b64 });
const pixel = (got: number, want: number) => expect(Math.abs(got - want)).toBeLessThanOrEqual(0.01);

function expectFaces(got: readonly DetectedFace[], want: readonly { score: number; box: DetectedFace["box"] }[]): void {
  expect(got).toHaveLength(want.length);
  for (const [i, { score, box }] of want.entries()) {
    const face = got[i]!;
    expect(Math.abs(face.score - score)).toBeLessThanOrEqual(1e-5);
    for (const side of ["x", "y", "width", "height"] as const) pixel(face.box[side], box[side]);
  }
}

// face-api's numbers, of the pixels that jpeg-js decodes, hold to 1e-4 px and 1e-6: these bounds are for round-off alone,
// and a hundred times tighter than what face recognition needs.
describe.each(expectedFaces.images)("$file", (image) => {
  test("faces, landmarks and descriptors are face-api's", async () => {
    const file = faceApiFile(image.file);
    expect(sha256(file)).toBe(image.jpeg_sha256);
    const pixels = await photo(image.file);
    expect([pixels.width, pixels.height, sha256(pixels.data as Uint8Array)]).toEqual([
      image.width,
      image.height,
      image.rgb_sha256,
    ]);

    const faces = detectFaces(pixels, detector);
    expectFaces(faces, image.faces);
    const boxes = faces.map(({ box }) => box);
    expect(boxes.map((box) => faceCrop(box, pixels))).toEqual(image.faces.map((face) => face.landmark_crop));

    const landmarks = faceLandmarks(pixels, boxes, landmarkNet);
    for (const [i, face] of image.faces.entries()) {
      expect(landmarks[i]).toHaveLength(68);
      for (const [k, [x, y]] of face.landmarks.entries()) {
        pixel(landmarks[i]![k]!.x, x);
        pixel(landmarks[i]![k]!.y, y);
      }
    }

    const squares = landmarks.map(faceSquare);
    expect(squares).toEqual(image.faces.map(({ dlib_rect }) => dlib_rect));
    expect(squares.map((square) => faceCrop(square, pixels))).toEqual(image.faces.map((face) => face.descriptor_crop));

    const descriptors = faceDescriptors(pixels, landmarks, recognition);
    for (const [i, face] of image.faces.entries()) {
      expect(embeddingDistance(descriptors[i]!, descriptorOf(face))).toBeLessThanOrEqual(1e-5);
    }
  });

  test("crops have face-api's pixels, byte for byte", async () => {
    const pixels = await photo(image.file);
    for (const { landmark_crop, descriptor_crop, crops_sha256 } of image.faces) {
      if (!crops_sha256) continue;
      expect(sha256(crop(pixels, landmark_crop).data as Uint8Array)).toBe(crops_sha256.landmark);
      expect(sha256(crop(pixels, descriptor_crop).data as Uint8Array)).toBe(crops_sha256.descriptor);
    }
  });

  test("face-api's output of the detector decodes to its boxes before suppression", () => {
    const raw = decode(image.tiny_raw).permute([0, 3, 1, 2]) as Tensor;
    const want = image.tiny_boxes_before_nms.map(({ score, box }) => ({
      score,
      box: {
        x: box.x * image.width,
        y: box.y * image.height,
        width: box.width * image.width,
        height: box.height * image.height,
      },
    }));
    expectFaces(decodeFaceBoxes(raw, image, 0.5), want);
  });

  test("low thresholds, where suppression drops boxes, give face-api's", async () => {
    for (const [threshold, { boxes_before_nms, kept }] of Object.entries(image.tiny_low_threshold)) {
      const raw = decode(image.tiny_raw).permute([0, 3, 1, 2]) as Tensor;
      expect(decodeFaceBoxes(raw, image, Number(threshold))).toHaveLength(boxes_before_nms);
      expectFaces(detectFaces(await photo(image.file), detector, { scoreThreshold: Number(threshold) }), kept);
    }
  });

  test("inputs of other sizes give face-api's", async () => {
    for (const [size, want] of Object.entries(image.tiny_other_sizes)) {
      expectFaces(detectFaces(await photo(image.file), detector, { inputSize: Number(size) }), want);
    }
  });
});

test("distances between the descriptors of all faces are face-api's", async () => {
  const all = new Map<string, Float32Array>();
  for (const { file } of expectedFaces.images) {
    const pixels = await photo(file);
    const landmarks = faceLandmarks(
      pixels,
      detectFaces(pixels, detector).map(({ box }) => box),
      landmarkNet,
    );
    const sample = Number(/(\d+)\.jpg/.exec(file)?.[1]);
    for (const [i, descriptor] of faceDescriptors(pixels, landmarks, recognition).entries()) {
      all.set(`${sample},${i}`, descriptor);
    }
  }
  const { order, matrix } = expectedFaces.distances;
  expect(order.map(String)).toEqual([...all.keys()]);
  for (const [i, row] of matrix.entries()) {
    for (const [j, want] of row.entries()) {
      const got = embeddingDistance(all.get(String(order[i]))!, all.get(String(order[j]))!);
      expect(Math.abs(got - want), `${order[i]} and ${order[j]}`).toBeLessThanOrEqual(1e-5);
    }
  }
});

test.each(["face_landmark_68", "face_landmark_68_90x60"])("the padding of %s is undone as face-api does", (name) => {
  const { input, output } = expectedFaces.nets[name]!;
  const pixels = syntheticPixels(input);
  const [points] = faceLandmarks(pixels, [{ x: 0, y: 0, width: input.width, height: input.height }], landmarkNet);
  const want = decode(output).data;
  for (const [i, { x, y }] of points!.entries()) {
    pixel(x, want[2 * i]! * input.width);
    pixel(y, want[2 * i + 1]! * input.height);
  }
});

describe("pictures of every kind", () => {
  const anyPicture = fc
    .record({ width: fc.integer({ min: 1, max: 90 }), height: fc.integer({ min: 1, max: 90 }), seed: fc.integer() })
    .map(syntheticPixels);

  test("any picture gives boxes that cover pixels of it, and as many landmarks and descriptors", () => {
    fc.assert(
      fc.property(anyPicture, (pixels) => {
        const faces = detectFaces(pixels, detector, { inputSize: 96, scoreThreshold: 0 });
        const boxes = faces.slice(0, 2).map(({ box }) => box);
        for (const box of boxes)
          expect(iou(box, { x: 0, y: 0, width: pixels.width, height: pixels.height })).toBeGreaterThan(0);
        const landmarks = faceLandmarks(pixels, boxes, landmarkNet);
        expect(landmarks.map(({ length }) => length)).toEqual(boxes.map(() => 68));
        expect(landmarks.flat().every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))).toBe(true);
      }),
      { numRuns: 8 },
    );
  });

  test("1×1, and 20,000 pixels wide or high, have no face", () => {
    for (const [width, height] of [
      [1, 1],
      [20_000, 1],
      [1, 20_000],
      [20_000, 40],
    ] as const) {
      const pixels = { width, height, data: new Uint8Array(width * height * 3).fill(90) };
      expect(detectFaces(pixels, detector)).toEqual([]);
    }
  });

  test("grey and transparent pictures are those of their colours", async () => {
    const { width, height, data } = crop(await photo("demo/sample2.jpg"), { x: 1250, y: 60, width: 600, height: 500 });
    const grey = new Uint8Array(width * height);
    const rgb = new Uint8Array(3 * grey.length);
    const rgba = new Uint8Array(4 * grey.length);
    for (let i = 0; i < grey.length; i++) {
      grey[i] = data[3 * i + 1]!;
      rgb.fill(grey[i]!, 3 * i, 3 * i + 3);
      rgba.fill(grey[i]!, 4 * i, 4 * i + 3);
      rgba[4 * i + 3] = 255;
    }
    const want = detectFaces({ width, height, data: rgb }, detector);
    expect(want).toHaveLength(1);
    expect(detectFaces({ width, height, data: grey }, detector)).toEqual(want);
    expect(detectFaces({ width, height, data: rgba }, detector)).toEqual(want);
    const boxes = want.map(({ box }) => box);
    const landmarks = faceLandmarks({ width, height, data: rgb }, boxes, landmarkNet);
    expect(faceLandmarks({ width, height, data: rgba }, boxes, landmarkNet)).toEqual(landmarks);
    const descriptors = faceDescriptors({ width, height, data: rgb }, landmarks, recognition);
    expect(faceDescriptors({ width, height, data: grey }, landmarks, recognition)).toEqual(descriptors);
  });

  test("no pixels, or as many as do not fit the size, are refused by every step", () => {
    const wrong = { width: 2, height: 2, data: new Uint8Array(8) };
    const points = Array.from({ length: 68 }, (_, i) => ({ x: i % 2, y: i % 3 }));
    const box = { x: 0, y: 0, width: 1, height: 1 };
    const steps: [string, (pixels: Pixels) => unknown][] = [
      ["detectFaces", (pixels) => detectFaces(pixels, detector)],
      ["faceLandmarks", (pixels) => faceLandmarks(pixels, [box], landmarkNet)],
      ["faceDescriptors", (pixels) => faceDescriptors(pixels, [points], recognition)],
      ["faceBatch", (pixels) => faceBatch([pixels], 4)],
    ];
    const sentence = (who: string, got: string) =>
      `${who} expects a picture of at least 1×1 pixels with 1, 3 or 4 channels, but got ${got} values. Usual cause: width and height swapped or taken from another picture, or a canvas that has no size yet.`;
    for (const [who, step] of steps) {
      expectError(
        () => step({ width: 0, height: 0, data: new Uint8Array() }),
        ArgumentError,
        sentence(who, "0×0 with 0"),
      );
      expectError(() => step(wrong), ArgumentError, sentence(who, "2×2 with 8"));
    }
  });
});

describe("faceBatch", () => {
  /** The definition, step by step: pad, then mix along x, then along y. */
  function naive({ width, height, data }: Pixels, size: number, centre: boolean, mean: readonly number[]): number[] {
    const square = Math.max(width, height);
    const after = Math.floor(Math.abs(width - height) / 2 + 0.5);
    const before = centre ? Math.abs(width - height) - after : 0;
    const [left, top] = width < height ? [before, 0] : [0, before];
    const at = (y: number, x: number, c: number) => {
      const [i, j] = [y - top, x - left];
      return i >= 0 && i < height && j >= 0 && j < width ? data[(i * width + j) * 3 + c]! : 0;
    };
    const result: number[] = [];
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          const [y, x] = [i * (square / size), j * (square / size)];
          const [y0, x0] = [Math.floor(y), Math.floor(x)];
          const [y1, x1] = [Math.min(Math.ceil(y), square - 1), Math.min(Math.ceil(x), square - 1)];
          const upper = at(y0, x0, c) + (at(y0, x1, c) - at(y0, x0, c)) * (x - x0);
          const lower = at(y1, x0, c) + (at(y1, x1, c) - at(y1, x0, c)) * (x - x0);
          result.push((upper + (lower - upper) * (y - y0) - mean[c]!) / 255);
        }
      }
    }
    return result;
  }

  test("equals padding, resizing and normalising one after the other", () => {
    const anyCase = fc.record({
      width: fc.integer({ min: 1, max: 20 }),
      height: fc.integer({ min: 1, max: 20 }),
      seed: fc.integer(),
      size: fc.integer({ min: 1, max: 24 }),
      centre: fc.boolean(),
    });
    fc.assert(
      fc.property(anyCase, ({ size, centre, ...input }) => {
        const pixels = syntheticPixels(input);
        const mean = [1, 20, 300] as const;
        const x = faceBatch([pixels, pixels], size, { centre, mean });
        expect(x.shape).toEqual([2, 3, size, size]);
        const want = naive(pixels, size, centre, mean);
        // A position of at most 20 is rounded twice to float32, 2^-24 of it each, where neighbours differ by at most 255;
        // its floor may then be the pixel before, which the other weight makes good.
        for (const [i, value] of [...want, ...want].entries())
          expect(Math.abs(x.data[i]! - value)).toBeLessThanOrEqual(2e-5);
      }),
    );
  });

  test("a picture of the right size keeps its pixels", () => {
    const pixels = syntheticPixels({ width: 5, height: 5, seed: 1 });
    const x = faceBatch([pixels], 5, { mean: [0, 0, 0] });
    expect([...x.data]).toEqual(
      [0, 1, 2].flatMap((c) => Array.from({ length: 25 }, (_, i) => Math.fround(pixels.data[3 * i + c]! / 255))),
    );
  });

  test("refuses no pictures, and options that cannot work", () => {
    const pixels = syntheticPixels({ width: 2, height: 2, seed: 1 });
    expectError(
      () => faceBatch([], 112),
      ArgumentError,
      "faceBatch expects at least one picture, but got none. Usual cause: a photograph without faces: ask for its landmarks only where there are some.",
    );
    const cause = "Usual cause: a division without Math.floor, or a variable that is undefined.";
    expectError(
      () => faceBatch([pixels], 0),
      ArgumentError,
      `faceBatch expects size to be a positive integer, but got 0. ${cause}`,
    );
    expectError(
      () => faceBatch([pixels], 2, { mean: [0, Number.NaN, 0] }),
      ArgumentError,
      `faceBatch expects mean to be a finite number, but got NaN. ${cause}`,
    );
  });
});

describe("detectFaces", () => {
  const pixels = syntheticPixels({ width: 40, height: 30, seed: 1 });

  test("of two boxes of one face, the better stays, unless the threshold lets both", () => {
    // Two anchors of one cell at the same place, and a third box far away.
    const output = new Tensor(new Float32Array(25 * 9).fill(-20), [1, 25, 3, 3]);
    const put = (anchor: number, row: number, column: number, numbers: number[]) => {
      for (const [k, value] of numbers.entries()) output.set(value, 0, 5 * anchor + k, row, column);
    };
    const size = (anchor: number, wanted: readonly [number, number]) => {
      const anchors = [
        [1.603231, 2.094468],
        [6.041143, 7.080126],
        [2.882459, 3.518061],
      ];
      return wanted.map((cells, i) => Math.log(cells / anchors[anchor]![i]!));
    };
    put(0, 0, 0, [0, 0, ...size(0, [0.8, 0.8]), 1]);
    put(1, 0, 0, [0, 0, ...size(1, [0.9, 0.8]), 2]);
    put(2, 2, 2, [0, 0, ...size(2, [0.5, 0.5]), 3]);
    const square = { width: 30, height: 30, data: new Uint8Array(2700) };
    const network = new Constant(output);
    const at = (options: object) => detectFaces(square, network, { inputSize: 96, ...options });
    const scores = (faces: readonly DetectedFace[]) => faces.map(({ score }) => Math.round(1000 * score));
    const [three, two, one] = [3, 2, 1].map((x) => Math.round(1000 / (1 + Math.exp(-x))));
    expect(scores(at({}))).toEqual([three, two]);
    expect(scores(at({ iouThreshold: 0.9 }))).toEqual([three, two, one]);
    expect(scores(at({ scoreThreshold: 0.9 }))).toEqual([three]);
    const { box } = at({})[0]!;
    for (const [side, want] of Object.entries({ x: 22.5, y: 22.5, width: 5, height: 5 })) pixel(box[side as "x"], want);
  });

  test("refuses options that cannot work, and networks of another kind", () => {
    for (const inputSize of [0, 100, -32, 41.6]) {
      expectError(
        () => detectFaces(pixels, detector, { inputSize }),
        ArgumentError,
        `detectFaces expects inputSize to be a multiple of 32, but got ${inputSize}. Usual cause: the size of the picture, which is resized to inputSize.`,
      );
    }
    for (const option of ["scoreThreshold", "iouThreshold"]) {
      expectError(
        () => detectFaces(pixels, detector, { [option]: 1.5 }),
        ArgumentError,
        `detectFaces expects ${option} to be a number from 0 to 1, but got 1.5.`,
      );
    }
    expectError(
      () => detectFaces(pixels, detector, 416 as never),
      ArgumentError,
      "detectFaces expects its options to be an object such as { scoreThreshold: 0.4 }, but got 416. Usual cause: torch's positional arguments are named here.",
    );
    for (const shape of [
      [1, 25, 3, 4],
      [1, 30, 3, 3],
      [2, 25, 3, 3],
      [25, 3, 3],
      [1, 25, 0, 0],
    ]) {
      expectError(
        () => detectFaces(pixels, new Constant(zeros(shape))),
        ShapeError,
        `decodeFaceBoxes expects a detector's output [1, 25, n, n], but got [${shape.join(", ")}]. Usual cause: another network than TinyFaceDetector, or an image that was not padded to a square.`,
      );
    }
  });
});

describe("landmarks and descriptors", () => {
  const pixels = syntheticPixels({ width: 40, height: 30, seed: 1 });
  const face = (x: number, y: number, size: number): Point[] =>
    Array.from({ length: 68 }, (_, i) => {
      const [column, row] = i < 36 || i >= 48 ? [0.5, 1] : i < 42 ? [0, 0] : [1, 0];
      return { x: x + column * size, y: y + row * size };
    });

  test("no faces have neither", () => {
    expect(faceLandmarks(pixels, [], landmarkNet)).toEqual([]);
    expect(faceDescriptors(pixels, [], recognition)).toEqual([]);
  });

  test("the square puts the centres of eyes and mouth at fixed fractions of it", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 500 }),
        fc.integer({ min: 100, max: 500 }),
        fc.integer({ min: 1, max: 90 }),
        (x, y, size) => {
          const square = faceSquare(face(x, y, size));
          expect(square.width).toBe(Math.floor(Math.hypot(size, size / 2) / 0.45));
          expect(square.height).toBe(square.width);
          expect(Math.abs(square.x + square.width / 2 - (x + size / 2))).toBeLessThanOrEqual(1 + 1e-9);
          expect(Math.abs(square.y + 0.43 * square.width - (y + size / 3))).toBeLessThanOrEqual(1 + 1e-9);
        },
      ),
    );
    expect(faceSquare(face(-50, -50, 10))).toEqual({ x: 0, y: 0, width: 24, height: 24 });
  });

  test("faces outside of the picture, or of no size, are refused", () => {
    const none = (who: string) =>
      `${who} expects faces that cover pixels of the 40×30 picture, but face 1 covers none. Usual cause: a face of another picture, or of the same at another size.`;
    const [inside, outside] = [
      { x: 1, y: 1, width: 9, height: 9 },
      { x: 40, y: 1, width: 9, height: 9 },
    ];
    expectError(() => faceLandmarks(pixels, [inside, outside], landmarkNet), ArgumentError, none("faceLandmarks"));
    expectError(
      () => faceLandmarks(pixels, [inside, { ...inside, width: 0.4 }], landmarkNet),
      ArgumentError,
      none("faceLandmarks"),
    );
    expectError(
      () => faceDescriptors(pixels, [face(5, 5, 9), face(90, 5, 9)], recognition),
      ArgumentError,
      none("faceDescriptors"),
    );
    expectError(
      () => faceDescriptors(pixels, [face(5, 5, 9), face(5, 5, 0)], recognition),
      ArgumentError,
      none("faceDescriptors"),
    );
    expectError(
      () => faceLandmarks(pixels, [{ ...inside, x: Number.NaN }], landmarkNet),
      ArgumentError,
      "faceLandmarks expects the box's x to be a finite number, but got NaN. Usual cause: a division without Math.floor, or a variable that is undefined.",
    );
    expectError(
      () => faceDescriptors(pixels, [face(5, 5, 9).slice(1)], recognition),
      ArgumentError,
      "faceSquare expects 68 landmarks, but got 67. Usual cause: the landmarks of all faces at once.",
    );
  });

  test("networks of another kind are refused", () => {
    const wrong = (who: string, want: string, got: string) =>
      `${who} expects the network to give ${want}, but it gave ${got}. Usual cause: another network than the one for this step.`;
    const box = { x: 1, y: 1, width: 9, height: 9 };
    expectError(
      () => faceLandmarks(pixels, [box], new Constant(normal([1, 128], 1))),
      ShapeError,
      wrong("faceLandmarks", "[1, 136]", "[1, 128]"),
    );
    expectError(
      () => faceDescriptors(pixels, [face(5, 5, 9)], new Constant(normal([1, 128, 1, 1], 1))),
      ShapeError,
      wrong("faceDescriptors", "[1, D]", "[1, 128, 1, 1]"),
    );
  });
});
