/** Recognizing faces: from a photograph to boxes, landmarks and descriptors, by three networks of face-api. */

import { Layer } from "../graph/layer.js";
import {
  checkInstance,
  checkInteger,
  checkList,
  checkObject,
  checkRange,
  checkSize,
  readOptions,
} from "../shape/check.js";
import { ArgumentError, ShapeError, StateError } from "../shape/errors.js";
import { type Shape, sameShape, showShape } from "../shape/shape.js";
import { exp, sigmoid } from "../tensor/math.js";
import { Tensor } from "../tensor/tensor.js";
import { type Box, checkBoxes } from "./box.js";
import { nms } from "./nms.js";
import { channelsOf, type Pixels } from "./pixels.js";

/** A place in a picture, in pixels from its left top corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A box around a face. */
export interface FaceDetection {
  /** In pixels; may reach over the picture's edges. */
  readonly box: Box;
  /** How sure the network is, from 0 to 1. */
  readonly score: number;
}

/** A face that `recognizeFaces` found. */
export interface Face extends FaceDetection {
  /** 68 points: chin 0–16, brows 17–26, nose 27–35, left eye 36–41, right eye 42–47, mouth 48–67. */
  readonly landmarks: readonly Point[];
  /** 128 numbers, for EmbeddingStore. */
  readonly descriptor: Float32Array;
}

export interface FaceDetectionOptions {
  /** Side of the square that the picture is scaled to, a multiple of 32. Default 416; a larger one finds smaller faces. */
  readonly inputSize?: number;
  /** Faces with this score or a lower one are dropped. Default 0.5. */
  readonly scoreThreshold?: number;
  /** Of faces that overlap by more than this (as iou), the best stays. Default 0.4. */
  readonly iouThreshold?: number;
}

/** Networks of `faltung/models` with their weights, in eval mode. */
export interface FaceNetworks {
  /** A TinyFaceDetector. */
  readonly detector: Layer;
  /** A FaceLandmarks. */
  readonly landmarks: Layer;
  /** A FaceRecognition. */
  readonly recognition: Layer;
}

/** Width and height of the detector's five anchors, in cells. */
const ANCHORS = [
  [1.603231, 2.094468],
  [6.041143, 7.080126],
  [2.882459, 3.518061],
  [4.266906, 5.178857],
  [9.041765, 10.66308],
] as const;
const CELL = 32;
const LANDMARK_SIZE = 112;
const DESCRIPTOR_SIZE = 150;
const DETECTOR_MEAN = [117.001, 114.697, 97.404] as const;
const FACE_MEAN = [122.782, 117.001, 104.298] as const;

/**
 * Finds the faces of a picture, best first. Gray pictures are taken as color; an alpha channel is ignored.
 *
 *     score = σ(to)   center = (cell + σ(tx, ty)) · 32   size = anchor · exp(tw, th) · 32      in the scaled picture
 *
 * @param detector a TinyFaceDetector in eval mode.
 * @throws ArgumentError for a picture without pixels, or options out of range; StateError for a network in train mode;
 *   ShapeError for a network of another kind.
 * Source: https://github.com/vladmandic/face-api, `TinyYolov2Base.extractBoxes`
 * @example
 * const faces = detectFaces(detector, { width, height, data });
 */
export function detectFaces(detector: Layer, picture: Pixels, options: FaceDetectionOptions = {}): FaceDetection[] {
  const who = "detectFaces";
  const { inputSize, scoreThreshold, iouThreshold } = readOptions(who, options, {
    inputSize: 416,
    scoreThreshold: 0.5,
    iouThreshold: 0.4,
  });
  checkInteger(who, "inputSize", inputSize, 1);
  if (inputSize % CELL !== 0) {
    throw new ArgumentError(`${who} expects inputSize to be a multiple of ${CELL}, but got ${inputSize}.`);
  }
  checkRange(who, "scoreThreshold", scoreThreshold, 0, 1);
  checkRange(who, "iouThreshold", iouThreshold, 0, 1);
  channelsOf(who, picture);
  checkSize(who, "an input", [3, inputSize, inputSize]);
  const { width, height } = picture;
  const n = inputSize / CELL;
  const input = squareInput(picture, inputSize, false, DETECTOR_MEAN);
  const { data } = run(who, detector, input, [1, ANCHORS.length * 5, n, n]);
  const scale = inputSize / Math.max(width, height);
  // The picture's part of the square has whole pixels; of a very flat picture, at least one.
  const [columns, rows] = [width, height].map((size) => Math.max(1, Math.round(size * scale))) as [number, number];
  const [unitX, unitY] = [(inputSize / columns / n) * width, (inputSize / rows / n) * height];
  const found: FaceDetection[] = [];
  for (let cell = 0; cell < n * n; cell++) {
    for (const [a, [anchorWidth, anchorHeight]] of ANCHORS.entries()) {
      const at = (k: number) => data[(5 * a + k) * n * n + cell] ?? 0;
      const score = sigmoid(at(4));
      if (score <= scoreThreshold) continue;
      const boxWidth = exp(at(2)) * anchorWidth * unitX;
      const boxHeight = exp(at(3)) * anchorHeight * unitY;
      const x = ((cell % n) + sigmoid(at(0))) * unitX - boxWidth / 2;
      const y = (Math.floor(cell / n) + sigmoid(at(1))) * unitY - boxHeight / 2;
      found.push({ box: { x, y, width: boxWidth, height: boxHeight }, score });
    }
  }
  const kept = nms(
    found.map(({ box }) => box),
    found.map(({ score }) => score),
    { iouThreshold },
  );
  return kept.flatMap((i) => found[i] ?? []);
}

/**
 * The 68 landmarks of the face in a box.
 *
 * @param network a FaceLandmarks in eval mode.
 * @throws ArgumentError for a picture without pixels, or a box that covers none of them; StateError for a network in
 *   train mode; ShapeError for a network of another kind.
 * Source: https://github.com/vladmandic/face-api, `FaceLandmark68NetBase`
 * @example
 * const points = faces.map(({ box }) => faceLandmarks(landmarks, picture, box));
 */
export function faceLandmarks(network: Layer, picture: Pixels, box: Box): Point[] {
  const who = "faceLandmarks";
  const crop = cropped(who, picture, box);
  const input = squareInput(crop, LANDMARK_SIZE, true, FACE_MEAN);
  const { data } = run(who, network, input, [1, 136]);
  const scale = LANDMARK_SIZE / Math.max(crop.width, crop.height);
  // A share of the square becomes a distance from the crop's edge: the padding's half is taken away.
  const along = (share: number, size: number) =>
    (share * LANDMARK_SIZE - Math.max(0, (LANDMARK_SIZE - size * scale) / 2)) / scale;
  return Array.from({ length: 68 }, (_, i) => ({
    x: box.x + along(data[2 * i] ?? 0, crop.width),
    y: box.y + along(data[2 * i + 1] ?? 0, crop.height),
  }));
}

/**
 * The descriptor of a face: 128 numbers whose Euclidean distance to another's is at most 0.6 for one person's faces.
 * What the network sees is a square that the eyes and the mouth decide.
 *
 * @param network a FaceRecognition in eval mode.
 * @param landmarks 68 points, as {@link faceLandmarks} finds them.
 * @throws ArgumentError for a picture without pixels, other points than 68 finite ones, or a face outside of the picture;
 *   StateError for a network in train mode; ShapeError for a network of another kind.
 * Source: http://dlib.net/dnn_face_recognition_ex.cpp.html, https://github.com/vladmandic/face-api, `FaceLandmarks.align`
 * @example
 * const { name } = store.match(faceDescriptor(recognition, picture, points));
 */
export function faceDescriptor(network: Layer, picture: Pixels, landmarks: readonly Point[]): Float32Array {
  const who = "faceDescriptor";
  const square = alignedSquare(who, landmarks);
  const input = squareInput(cropped(who, picture, square), DESCRIPTOR_SIZE, true, FACE_MEAN);
  return Float32Array.from(run(who, network, input, [1, 128]).data);
}

/**
 * All of it: {@link detectFaces}, then {@link faceLandmarks} and {@link faceDescriptor} of each face. Faces so far outside
 * of the picture that there is nothing to describe are omitted.
 *
 * @throws as detectFaces.
 * @example
 * const faces = recognizeFaces({ detector, landmarks, recognition }, picture);
 * const names = faces.map(({ descriptor }) => store.match(descriptor).name);
 */
export function recognizeFaces(networks: FaceNetworks, picture: Pixels, options: FaceDetectionOptions = {}): Face[] {
  checkObject("recognizeFaces", "networks", "{ detector, landmarks, recognition }", networks);
  for (const name of ["detector", "landmarks", "recognition"] as const) {
    checkInstance("recognizeFaces", `networks.${name}`, networks[name], Layer);
  }
  return detectFaces(networks.detector, picture, options).flatMap(({ box, score }) => {
    if (isEmpty(visible(picture, box))) return [];
    const landmarks = faceLandmarks(networks.landmarks, picture, box);
    if (isEmpty(visible(picture, alignedSquare("recognizeFaces", landmarks)))) return [];
    return [{ box, score, landmarks, descriptor: faceDescriptor(networks.recognition, picture, landmarks) }];
  });
}

/** dlib's square around eyes and mouth. */
function alignedSquare(who: string, landmarks: readonly Point[]): Box {
  checkList(who, "landmarks", landmarks);
  for (const point of landmarks) checkObject(who, "a landmark", "{ x, y }", point);
  if (landmarks.length !== 68 || !landmarks.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))) {
    throw new ArgumentError(
      `${who} expects 68 landmarks of finite numbers, but got ${landmarks.length}${landmarks.length === 68 ? ", some of them not finite" : ""}. Usual cause: a network without its weights.`,
    );
  }
  const centers = [landmarks.slice(36, 42), landmarks.slice(42, 48), landmarks.slice(48)].map(mean) as [
    Point,
    Point,
    Point,
  ];
  const [left, right, mouth] = centers;
  const distance = (eye: Point) =>
    Math.sqrt((mouth.x - eye.x) * (mouth.x - eye.x) + (mouth.y - eye.y) * (mouth.y - eye.y));
  const size = Math.floor((distance(left) + distance(right)) / 2 / 0.45);
  const middle = mean(centers);
  const x = Math.floor(Math.max(0, middle.x - 0.5 * size));
  const y = Math.floor(Math.max(0, middle.y - 0.43 * size));
  return { x, y, width: size, height: size };
}

function mean(points: readonly Point[]): Point {
  const sum = points.reduce((a, b) => ({ x: a.x + b.x, y: a.y + b.y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}

/** The whole pixels of a box that lie in the picture. */
function visible({ width, height }: Pixels, box: Box): Box {
  const x = Math.max(box.x, 0);
  const y = Math.max(box.y, 0);
  return {
    x: Math.floor(x),
    y: Math.floor(y),
    width: Math.floor(Math.min(box.x + box.width - x, width - x)),
    height: Math.floor(Math.min(box.y + box.height - y, height - y)),
  };
}

function isEmpty({ width, height }: Box): boolean {
  return !(width > 0 && height > 0);
}

function cropped(who: string, picture: Pixels, box: Box): Pixels {
  const channels = channelsOf(who, picture);
  checkBoxes(who, [box]);
  const { x, y, width, height } = visible(picture, box);
  if (isEmpty({ x, y, width, height })) {
    throw new ArgumentError(
      `${who} expects a face in the picture of ${picture.width}×${picture.height}, but got one at { x: ${box.x}, y: ${box.y}, width: ${box.width}, height: ${box.height} }. Usual cause: a box or landmarks of another picture.`,
    );
  }
  const data = new Uint8Array(width * height * channels);
  for (let row = 0; row < height; row++) {
    const start = ((y + row) * picture.width + x) * channels;
    data.set(picture.data.subarray(start, start + width * channels), row * width * channels);
  }
  return { width, height, data };
}

/**
 * The picture on a black square, at its left top or in its middle, scaled to `size` by bilinear interpolation that maps
 * corner to corner: `[1, 3, size, size]`, (value − mean) / 255.
 */
function squareInput(
  { width, height, data }: Pixels,
  size: number,
  centered: boolean,
  means: readonly number[],
): Tensor {
  const channels = data.length / (width * height);
  const side = Math.max(width, height);
  const columns = tapsOf(width, side, size, centered);
  const rows = tapsOf(height, side, size, centered);
  const input = new Float32Array(3 * size * size);
  for (const [channel, average] of means.entries()) {
    const offset = channels === 1 ? 0 : channel;
    const pixel = (x: number, y: number) => (x < 0 || y < 0 ? 0 : (data[(y * width + x) * channels + offset] ?? 0));
    for (let row = 0; row < size; row++) {
      const [y0, y1, down] = [rows.low[row] ?? 0, rows.high[row] ?? 0, rows.fraction[row] ?? 0];
      for (let column = 0; column < size; column++) {
        const x0 = columns.low[column] ?? 0;
        const x1 = columns.high[column] ?? 0;
        const right = columns.fraction[column] ?? 0;
        const above = pixel(x0, y0) + (pixel(x1, y0) - pixel(x0, y0)) * right;
        const below = pixel(x0, y1) + (pixel(x1, y1) - pixel(x0, y1)) * right;
        input[(channel * size + row) * size + column] = (above + (below - above) * down - average) / 255;
      }
    }
  }
  return new Tensor(input, [1, 3, size, size]);
}

/** The two pixels that each output pixel along a dimension lies between, −1 in the padding, and how far it is past the first. */
function tapsOf(pixels: number, side: number, size: number, centered: boolean) {
  const gap = side - pixels;
  const before = centered ? gap - Math.floor(gap / 2 + 0.5) : 0;
  const ratio = Math.fround(side / size);
  const inside = (at: number) => (at >= before && at < before + pixels ? at - before : -1);
  const positions = Float64Array.from({ length: size }, (_, i) => Math.fround(i * ratio));
  return {
    low: Int32Array.from(positions, (at) => inside(Math.min(Math.floor(at), side - 1))),
    high: Int32Array.from(positions, (at) => inside(Math.min(Math.ceil(at), side - 1))),
    fraction: positions.map((at) => at - Math.min(Math.floor(at), side - 1)),
  };
}

function run(who: string, network: Layer, input: Tensor, expected: Shape): Tensor {
  checkInstance(who, "its network", network, Layer);
  if (network.training) {
    throw new StateError(
      `${who} expects a network in eval mode, but ${network.name} is in train mode. Usual cause: a missing network.eval().`,
    );
  }
  const output = network.forward(input);
  if (sameShape(output.shape, expected)) return output;
  throw new ShapeError(
    `${who} expects a network that makes ${showShape(expected)} of ${showShape(input.shape)}, but ${network.name} makes ${showShape(output.shape)}. Usual cause: the networks in another order.`,
  );
}
