import { checkFinite, checkInteger } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { allocate, type Tensor } from "../tensor/tensor.js";
import { changeChannels } from "./channels.js";
import type { Pixels } from "./pixels.js";

export interface FaceBatchOptions {
  /** Whether a picture that is no square lies in the middle of one, and not at its left top. Default true. */
  readonly centre?: boolean;
  /** What is subtracted from red, green and blue. Default [122.782, 117.001, 104.298]: the mean of photographs of faces. */
  readonly mean?: readonly [red: number, green: number, blue: number];
}

/** Of FaceLandmarks68 and FaceRecognition. */
const MEAN = [122.782, 117.001, 104.298] as const;

/**
 * Pictures as face-api's networks take them: `[N, 3, size, size]`. Each is padded with black to a square, resized, and
 * normalised:
 *
 *     x[n, c] = (resized[c] − mean[c]) / 255
 *
 * The resizing is TensorFlow's bilinear one of old: output pixel i lies at the input position i · (input / size), mixes
 * the two pixels beside it, and averages over no others. Grey pictures become RGB, transparent ones lie on white.
 *
 * @throws ArgumentError for a picture without pixels, an empty list, a size that is no positive integer, or a mean that
 *   is not finite.
 * Source: https://github.com/vladmandic/face-api, src/dom/NetInput.ts
 * @example
 * const x = faceBatch([crop(photo, box)], 112); // [1, 3, 112, 112]
 */
export function faceBatch(pictures: readonly Pixels[], size: number, options: FaceBatchOptions = {}): Tensor {
  return batchOf("faceBatch", pictures, size, options);
}

/** {@link faceBatch} for a function that its sentences name. */
export function batchOf(
  who: string,
  pictures: readonly Pixels[],
  size: number,
  { centre = true, mean = MEAN }: FaceBatchOptions,
): Tensor {
  checkInteger(who, "size", size, 1);
  for (const value of mean) checkFinite(who, "mean", value);
  if (pictures.length === 0) {
    throw new ArgumentError(
      `${who} expects at least one picture, but got none. Usual cause: a photograph without faces: ask for its landmarks only where there are some.`,
    );
  }
  const rgb = pictures.map((picture) => changeChannels(who, picture, 3));
  const batch = allocate([pictures.length, 3, size, size], "float32");
  for (const [n, picture] of rgb.entries()) {
    resizeInto(batch.data.subarray(n * 3 * size * size, (n + 1) * 3 * size * size), picture, size, centre, mean);
  }
  return batch;
}

/** Which two input pixels each output pixel along an axis mixes, −1 where that is padding, and the second one's share. */
interface Taps {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly share: Float64Array;
}

function tapsOf(pixels: number, square: number, size: number, centre: boolean): Taps {
  const spare = square - pixels;
  const before = centre ? spare - Math.floor(spare / 2 + 0.5) : 0;
  const ratio = Math.fround(square / size);
  const inside = (at: number) => (at >= before && at < before + pixels ? at - before : -1);
  const position = (i: number) => Math.fround(i * ratio);
  const axis = { length: size };
  return {
    low: Int32Array.from(axis, (_, i) => inside(Math.floor(position(i)))),
    high: Int32Array.from(axis, (_, i) => inside(Math.min(square - 1, Math.ceil(position(i))))),
    share: Float64Array.from(axis, (_, i) => position(i) - Math.floor(position(i))),
  };
}

/** One picture, padded, resized and normalised, as `[3, size, size]`. */
function resizeInto(
  planes: Float32Array | Float64Array,
  { width, height, data }: Pixels,
  size: number,
  centre: boolean,
  mean: readonly number[],
): void {
  const square = Math.max(width, height);
  const columns = tapsOf(width, square, size, centre);
  const rows = tapsOf(height, square, size, centre);
  const at = (row: number, column: number, c: number) =>
    row < 0 || column < 0 ? 0 : (data[3 * (row * width + column) + c] ?? 0);
  for (let c = 0; c < 3; c++) {
    const middle = Math.fround(mean[c] ?? 0);
    for (let i = 0; i < size; i++) {
      const [upper, lower, down] = [rows.low[i] ?? 0, rows.high[i] ?? 0, rows.share[i] ?? 0];
      for (let j = 0; j < size; j++) {
        const left = columns.low[j] ?? 0;
        const right = columns.high[j] ?? 0;
        const share = columns.share[j] ?? 0;
        const top = at(upper, left, c) + (at(upper, right, c) - at(upper, left, c)) * share;
        const bottom = at(lower, left, c) + (at(lower, right, c) - at(lower, left, c)) * share;
        planes[(c * size + i) * size + j] = (Math.fround(top + (bottom - top) * down) - middle) / 255;
      }
    }
  }
}
