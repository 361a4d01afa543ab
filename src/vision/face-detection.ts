import type { Layer } from "../layers/layer.js";
import { checkOptions, checkRange } from "../shape/check.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { showShape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Box } from "./box.js";
import { batchOf } from "./face-batch.js";
import { nms } from "./nms.js";
import { channelsOf, type Pixels } from "./pixels.js";

/** A face that was found. */
export interface DetectedFace {
  /** In pixels of the picture; may reach over its edges. */
  readonly box: Box;
  /** How sure the network is, from 0 to 1. */
  readonly score: number;
}

export interface FaceDetectionOptions {
  /**
   * Side of the square that the network sees, a multiple of 32. Default 416. Larger ones find smaller faces: it is trained
   * for faces of 1/10 of the side and more.
   */
  readonly inputSize?: number;
  /** Faces have to score above it. Default 0.5. */
  readonly scoreThreshold?: number;
  /** Of two boxes that overlap by more than this (as `iou`) the better stays. Default 0.4. */
  readonly iouThreshold?: number;
}

/** Pixels of the input that one cell of the detector's grid stands for. */
const STRIDE = 32;
/** Widths and heights of the anchors in cells. */
const ANCHORS = [
  [1.603231, 2.094468],
  [6.041143, 7.080126],
  [2.882459, 3.518061],
  [4.266906, 5.178857],
  [9.041765, 10.66308],
] as const;
/** tx, ty, tw, th and the logit of a face. */
const NUMBERS = 5;
const MEAN = [117.001, 114.697, 97.404] as const;

/**
 * The faces in a picture, best first: what `detector` makes of the whole picture, its boxes decoded, and of those that
 * cover the same face the best. Boxes that cover no whole pixel of the picture are left out.
 *
 * @param detector TinyFaceDetector of `faltung/models` with face-api's weights, in eval mode, or a network like it
 * @throws ArgumentError for a picture without pixels, an inputSize that is no multiple of 32 or options out of range;
 *   ShapeError when the network's output is no grid of five anchors.
 * @example
 * const faces = detectFaces(photo, detector, { scoreThreshold: 0.4 });
 * for (const { box, score } of faces) console.log(box.x, box.y, box.width, box.height, score);
 */
export function detectFaces(pixels: Pixels, detector: Layer, options: FaceDetectionOptions = {}): DetectedFace[] {
  const who = "detectFaces";
  channelsOf(who, pixels);
  checkOptions(who, options, "{ scoreThreshold: 0.4 }");
  const { inputSize = 416, scoreThreshold = 0.5, iouThreshold = 0.4 } = options;
  if (!Number.isSafeInteger(inputSize) || inputSize < STRIDE || inputSize % STRIDE !== 0) {
    throw new ArgumentError(
      `detectFaces expects inputSize to be a multiple of ${STRIDE}, but got ${inputSize}. Usual cause: the size of the picture, which is resized to inputSize.`,
    );
  }
  checkRange(who, "scoreThreshold", scoreThreshold, 0, 1);
  checkRange(who, "iouThreshold", iouThreshold, 0, 1);
  const output = detector.forward(batchOf(who, [pixels], inputSize, { centre: false, mean: MEAN }));
  const found = decodeFaceBoxes(output, pixels, scoreThreshold).filter(({ box }) => faceCrop(box, pixels));
  const kept = nms(
    found.map(({ box }) => box),
    found.map(({ score }) => score),
    { iouThreshold },
  );
  return kept.flatMap((i) => found[i] ?? []);
}

/**
 * The boxes that a face detector's output `[1, 25, n, n]` stands for and that score above `scoreThreshold`, by row, column and
 * anchor of its n×n grid, overlapping ones too. With σ the logistic function, row i, column j and anchor a:
 *
 *     score = σ(to)   x = (j + σ(tx)) / n   y = (i + σ(ty)) / n   width = exp(tw) · wₐ / n   height = exp(th) · hₐ / n
 *
 * are the centre and the size in fractions of the square that the picture was padded to, right and below.
 *
 * @param picture the size of the picture that the network saw
 * @throws ShapeError when the output has another shape.
 * Source: Redmon & Farhadi 2017, https://arxiv.org/abs/1612.08242, section 2;
 *   https://github.com/vladmandic/face-api, src/tinyYolov2/TinyYolov2Base.ts
 */
export function decodeFaceBoxes(
  output: Tensor,
  { width, height }: { readonly width: number; readonly height: number },
  scoreThreshold: number,
): DetectedFace[] {
  const [batch, channels, n = 0, columns] = output.shape;
  if (output.shape.length !== 4 || batch !== 1 || channels !== NUMBERS * ANCHORS.length || n < 1 || n !== columns) {
    throw new ShapeError(
      `decodeFaceBoxes expects a detector's output [1, ${NUMBERS * ANCHORS.length}, n, n], but got ${showShape(output.shape)}. Usual cause: another network than TinyFaceDetector, or an image that was not padded to a square.`,
    );
  }
  // The picture's sides in pixels of the input are rounded, so that its scale is not the same along both.
  const scale = (n * STRIDE) / Math.max(width, height);
  const [resizedWidth, resizedHeight] = [Math.round(width * scale), Math.round(height * scale)];
  const longer = Math.max(resizedWidth, resizedHeight);
  const [unitX, unitY] = [((longer / resizedWidth) * width) / n, ((longer / resizedHeight) * height) / n];
  const { data } = output;
  const found: DetectedFace[] = [];
  for (let cell = 0; cell < n * n; cell++) {
    for (const [anchor, [anchorWidth, anchorHeight]] of ANCHORS.entries()) {
      const at = (k: number) => data[(anchor * NUMBERS + k) * n * n + cell] ?? 0;
      const score = sigmoid(at(4));
      if (!(score > scoreThreshold)) continue;
      const boxWidth = Math.exp(at(2)) * anchorWidth * unitX;
      const boxHeight = Math.exp(at(3)) * anchorHeight * unitY;
      const x = ((cell % n) + sigmoid(at(0))) * unitX - boxWidth / 2;
      const y = (Math.floor(cell / n) + sigmoid(at(1))) * unitY - boxHeight / 2;
      found.push({ box: { x, y, width: boxWidth, height: boxHeight }, score });
    }
  }
  return found;
}

/** The whole pixels of the picture that a face's box covers, its edges rounded down; undefined where there are none. */
export function faceCrop(box: Box, picture: { readonly width: number; readonly height: number }): Box | undefined {
  const [x, y] = [Math.max(box.x, 0), Math.max(box.y, 0)];
  const width = Math.floor(Math.min(box.x + box.width - x, picture.width - x));
  const height = Math.floor(Math.min(box.y + box.height - y, picture.height - y));
  return width > 0 && height > 0 ? { x: Math.floor(x), y: Math.floor(y), width, height } : undefined;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
