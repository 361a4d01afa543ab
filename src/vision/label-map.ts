/** Pictures of whole numbers: which class each pixel is of, or which object it shows. */

import { checkObject, readOptions, refuse } from "../shape/check.js";
import { ArgumentError, rankMismatch, ShapeError } from "../shape/errors.js";
import { show } from "../shape/show.js";
import type { Tensor } from "../tensor/tensor.js";
import { checkTensor } from "../tensor/tensor.js";

/** One whole number per pixel, rows from top to bottom: a class, or the number of an object. */
export interface LabelMap {
  readonly width: number;
  readonly height: number;
  /** `[height, width]`. */
  readonly data: Uint8Array | Int32Array;
}

/**
 * The class of the highest score of each pixel: scores (logits or probabilities) `[N, C, H, W]` → N maps. Of equal
 * scores the first counts as the highest.
 * @throws ShapeError for scores of another rank or without classes.
 *
 * @example
 * const [map] = classMaps(unet.forward(image)); // map.data[y * map.width + x] is the class of the pixel (x, y)
 */
export function classMaps(scores: Tensor): LabelMap[] {
  checkTensor("classMaps", scores);
  const [batch, , height, width] = scores.shape;
  if (scores.shape.length !== 4 || batch === undefined || height === undefined || width === undefined) {
    throw rankMismatch(
      "classMaps",
      "[N, C, H, W]",
      scores.shape,
      "scores of one picture: add its batch dimension with unsqueeze(0)",
    );
  }
  const classes = Int32Array.from(scores.argmax(1).data);
  const size = height * width;
  return Array.from({ length: batch }, (_, n) => ({ width, height, data: classes.slice(n * size, (n + 1) * size) }));
}

export interface ConnectedComponentsOptions {
  /** 8 (default) where pixels that touch at a corner are neighbors, 4 where they are not. */
  readonly connectivity?: 4 | 8;
}

/**
 * Numbers the connected regions of a map from 1, in the order of their first pixels: neighbors of the same label, other
 * than the background's 0, are of one region.
 *
 * @returns the region of each pixel, 0 in the background, and how many there are
 * @throws ArgumentError for a map whose sizes and data do not agree.
 * Source: Rosenfeld and Pfaltz 1966, https://doi.org/10.1145/321356.321357
 *
 * @example
 * const { count, data } = connectedComponents(classMap);
 */
export function connectedComponents(
  map: LabelMap,
  options: ConnectedComponentsOptions = {},
): LabelMap & { readonly count: number } {
  const { connectivity } = readOptions("connectedComponents", options, { connectivity: 8 });
  checkLabelMap("connectedComponents", map);
  if (connectivity !== 4 && connectivity !== 8) {
    throw new ArgumentError(`connectedComponents expects connectivity to be 4 or 8, but got ${show(connectivity)}.`);
  }
  const { width, height, data } = map;
  const regions = new Int32Array(data.length);
  const waiting: number[] = [];
  let count = 0;
  const visit = (at: number) => {
    regions[at] = count;
    waiting.push(at);
  };
  for (let start = 0; start < data.length; start++) {
    if (data[start] === 0 || regions[start] !== 0) continue;
    count++;
    visit(start);
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      const y = Math.floor(at / width);
      const x = at - y * width;
      for (let i = Math.max(0, y - 1); i <= Math.min(height - 1, y + 1); i++) {
        for (let j = Math.max(0, x - 1); j <= Math.min(width - 1, x + 1); j++) {
          const next = i * width + j;
          const touches = connectivity === 8 || i === y || j === x;
          if (touches && regions[next] === 0 && data[next] === data[at]) visit(next);
        }
      }
    }
  }
  return { width, height, data: regions, count };
}

/** Refuses a map whose sizes and data do not agree. */
export function checkLabelMap(who: string, map: LabelMap): void {
  checkObject(who, "a map", "{ width, height, data }", map);
  const { width, height, data } = map;
  if (!(data instanceof Uint8Array || data instanceof Int32Array)) {
    refuse(who, "a map's data", "a Uint8Array or Int32Array", data);
  }
  const sized = Number.isSafeInteger(width) && Number.isSafeInteger(height) && width > 0 && height > 0;
  if (sized && data.length === width * height) return;
  throw new ArgumentError(
    `${who} expects a map of at least 1×1 pixels with one value each, but got ${show(width)}×${show(height)} with ${data.length} values. Usual cause: width and height taken from another picture, or a picture with several channels.`,
  );
}

/** Refuses two maps that are not of the same picture. */
export function checkSameSize(who: string, a: LabelMap, b: LabelMap): void {
  checkLabelMap(who, a);
  checkLabelMap(who, b);
  if (a.width === b.width && a.height === b.height) return;
  throw new ShapeError(
    `${who} expects two maps of one size, but got ${a.width}×${a.height} and ${b.width}×${b.height}. Usual cause: a prediction at the network's size beside a truth at the picture's.`,
  );
}
