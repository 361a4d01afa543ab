import type { Layer } from "../layers/layer.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { showShape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Box } from "./box.js";
import { checkBox, crop } from "./crop.js";
import { batchOf } from "./face-batch.js";
import { faceCrop } from "./face-detection.js";
import { channelsOf, type Pixels } from "./pixels.js";

/** A place in a picture, in pixels from its left top corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

const LANDMARKS = 68;
/** Sides of what the networks see. */
const LANDMARK_INPUT = 112;
const DESCRIPTOR_INPUT = 150;

/**
 * The 68 landmarks of each face: 0–16 the jaw, 17–26 the brows, 27–35 the nose, 36–41 and 42–47 the eyes, 48–67 the
 * mouth. The network sees what each box covers of the picture, in the middle of a square of 112×112; all faces in one
 * batch.
 *
 * @param boxes the faces, as {@link detectFaces} finds them; none is fine
 * @param network FaceLandmarks68 of `faltung/models` with face-api's weights, in eval mode, or a network like it
 * @throws ArgumentError for a picture without pixels, or a box that is not finite or covers no pixel of it; ShapeError
 *   when the network's output is not `[N, 136]`.
 * Source: https://github.com/vladmandic/face-api, src/faceLandmarkNet
 * @example
 * const boxes = detectFaces(photo, detector).map(({ box }) => box);
 * const landmarks = faceLandmarks(photo, boxes, network); // landmarks[0][30] is the tip of the first face's nose
 */
export function faceLandmarks(pixels: Pixels, boxes: readonly Box[], network: Layer): Point[][] {
  const who = "faceLandmarks";
  const crops = cropFaces(who, pixels, boxes);
  if (crops.length === 0) return [];
  const output = network.forward(batchOf(who, crops, LANDMARK_INPUT, {}));
  const rows = rowsOf(who, output, crops.length, 2 * LANDMARKS);
  return rows.map((row, n) => {
    const { x = 0, y = 0 } = boxes[n] ?? {};
    const { width = 1, height = 1 } = crops[n] ?? {};
    // Fractions of the padded square, in pixels of the crop.
    const square = Math.max(width, height);
    const [left, top] = [(square - width) / 2, (square - height) / 2];
    return Array.from({ length: LANDMARKS }, (_, i) => ({
      x: x + (row[2 * i] ?? 0) * square - left,
      y: y + (row[2 * i + 1] ?? 0) * square - top,
    }));
  });
}

/**
 * The square around a face that {@link faceDescriptors} cuts out: it puts the centres of eyes and mouth at the same places
 * in every face. It may reach over the picture's right and lower edges.
 *
 *     size = ⌊d / 0.45⌋, d the mean distance of the mouth's centre from the eyes' centres
 *     x = ⌊max(0, r.x − 0.5 · size)⌋, y = ⌊max(0, r.y − 0.43 · size)⌋, r the mean of the three centres
 *
 * @throws ArgumentError for other than 68 points.
 * Source: https://github.com/vladmandic/face-api, src/classes/FaceLandmarks.ts, `alignDlib`
 */
export function faceSquare(landmarks: readonly Point[]): Box {
  if (landmarks.length !== LANDMARKS) {
    throw new ArgumentError(
      `faceSquare expects ${LANDMARKS} landmarks, but got ${landmarks.length}. Usual cause: the landmarks of all faces at once.`,
    );
  }
  const mouth = centre(landmarks.slice(48, 68));
  const eyes = [centre(landmarks.slice(36, 42)), centre(landmarks.slice(42, 48))];
  const distance = eyes.reduce((sum, eye) => sum + Math.hypot(mouth.x - eye.x, mouth.y - eye.y), 0) / 2;
  const size = Math.floor(distance / 0.45);
  const middle = centre([...eyes, mouth]);
  const x = Math.floor(Math.max(0, middle.x - 0.5 * size));
  const y = Math.floor(Math.max(0, middle.y - 0.43 * size));
  return { x, y, width: size, height: size };
}

/**
 * The descriptor of each face: a vector that is near (Euclidean distance up to 0.6) to those of other pictures of the
 * same person. The network sees the {@link faceSquare} of the landmarks at 150×150 pixels; all faces in one batch.
 *
 * @param landmarks the faces, as {@link faceLandmarks} finds them; none is fine
 * @param network FaceRecognition of `faltung/models` with face-api's weights, in eval mode, or a network like it
 * @throws ArgumentError for a picture without pixels, other than 68 landmarks a face, or landmarks that are not finite,
 *   lie outside of the picture or all at one place; ShapeError when the network's output is not `[N, D]`.
 * Source: https://github.com/vladmandic/face-api, src/faceRecognitionNet
 * @example
 * const [descriptor] = faceDescriptors(photo, landmarks, network);
 * store.match(descriptor); // an EmbeddingStore of known faces: { name: "Ada", distance: 0.41 }
 */
export function faceDescriptors(
  pixels: Pixels,
  landmarks: readonly (readonly Point[])[],
  network: Layer,
): Float32Array[] {
  const who = "faceDescriptors";
  const crops = cropFaces(who, pixels, landmarks.map(faceSquare));
  if (crops.length === 0) return [];
  const output = network.forward(batchOf(who, crops, DESCRIPTOR_INPUT, {}));
  return rowsOf(who, output, crops.length).map((row) => Float32Array.from(row));
}

function cropFaces(who: string, pixels: Pixels, boxes: readonly Box[]): Pixels[] {
  channelsOf(who, pixels);
  return boxes.map((box, i) => {
    const inside = faceCrop(checkBox(who, box), pixels);
    if (inside) return crop(pixels, inside);
    throw new ArgumentError(
      `${who} expects faces that cover pixels of the ${pixels.width}×${pixels.height} picture, but face ${i} covers none. Usual cause: a face of another picture, or of the same at another size.`,
    );
  });
}

/** The rows of a network's output `[N, size]`. */
function rowsOf(who: string, output: Tensor, count: number, size?: number): ArrayLike<number>[] {
  const [rows, columns = 0] = output.shape;
  if (output.shape.length !== 2 || rows !== count || columns !== (size ?? columns)) {
    throw new ShapeError(
      `${who} expects the network to give [${count}, ${size ?? "D"}], but it gave ${showShape(output.shape)}. Usual cause: another network than the one for this step.`,
    );
  }
  return Array.from({ length: count }, (_, n) => output.data.subarray(n * columns, (n + 1) * columns));
}

function centre(points: readonly Point[]): Point {
  const sum = points.reduce((a, b) => ({ x: a.x + b.x, y: a.y + b.y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}
