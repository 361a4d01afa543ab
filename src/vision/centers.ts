/**
 * Instances by their centers, as in Panoptic-DeepLab: a network learns where objects have their centers, and for each
 * pixel of an object how far away its center is. Pixels that point to the same center are one object.
 * Source: Cheng et al. 2020, https://arxiv.org/abs/1911.10194
 */

import {
  checkFinite,
  checkInteger,
  checkList,
  checkObject,
  checkPositive,
  checkRange,
  readOptions,
} from "../shape/check.js";
import { rankMismatch, ShapeError } from "../shape/errors.js";
import { showShape } from "../shape/shape.js";
import { zeros } from "../tensor/create.js";
import { exp } from "../tensor/math.js";
import type { Tensor } from "../tensor/tensor.js";
import { checkTensor } from "../tensor/tensor.js";
import { checkLabelMap, type LabelMap } from "./label-map.js";

/** Where an object has its center, in pixels: whole numbers are the middle of a pixel. */
export interface Center {
  readonly x: number;
  readonly y: number;
  /** How sure the heatmap is of it. */
  readonly score: number;
}

/** What a network learns: an object's center and the way to it. */
export interface CenterTargets {
  /** `[1, H, W]`: exp(−d² / 2σ²) with d the distance to the nearest center; a center is the mean of its object's pixels. */
  readonly heatmap: Tensor;
  /** `[2, H, W]`: from each pixel of an object to its center, dy then dx, in pixels; 0 in the background. */
  readonly offsets: Tensor;
}

export interface CenterTargetsOptions {
  /** How wide the heat of a center is, in pixels. Default 2. */
  readonly sigma?: number;
}

/**
 * What a network should output for a picture with these objects.
 * @param instances the object of each pixel, 0 where there is none
 * @throws ArgumentError for a map whose sizes and data do not agree, or a sigma that is not above 0.
 *
 * @example
 * const { heatmap, offsets } = centerTargets({ width: 64, height: 64, data: scene.instances });
 */
export function centerTargets(instances: LabelMap, options: CenterTargetsOptions = {}): CenterTargets {
  checkLabelMap("centerTargets", instances);
  const { sigma } = readOptions("centerTargets", options, { sigma: 2 });
  checkPositive("centerTargets", "sigma", sigma);
  const { width, height, data } = instances;
  const size = width * height;
  const objects = new Map<number, { x: number; y: number; pixels: number[] }>();
  for (const [at, id] of data.entries()) {
    if (id === 0) continue;
    const object = objects.get(id) ?? { x: 0, y: 0, pixels: [] };
    objects.set(id, object);
    object.x += at % width;
    object.y += Math.floor(at / width);
    object.pixels.push(at);
  }
  const heatmap = zeros([1, height, width]);
  const offsets = zeros([2, height, width]);
  const [heat, way] = [heatmap.data, offsets.data];
  for (const { x, y, pixels } of objects.values()) {
    const center = { x: x / pixels.length, y: y / pixels.length };
    for (let at = 0; at < size; at++) {
      const [down, right] = [Math.floor(at / width) - center.y, (at % width) - center.x];
      const squared = down * down + right * right;
      heat[at] = Math.max(heat[at] ?? 0, exp(-squared / (2 * sigma * sigma)));
    }
    for (const at of pixels) {
      way[at] = center.y - Math.floor(at / width);
      way[size + at] = center.x - (at % width);
    }
  }
  return { heatmap, offsets };
}

export interface CenterOptions {
  /** Lower heat is not a center. Default 0.1. */
  readonly threshold?: number;
  /** A center is the hottest pixel of the square that reaches this many pixels to each side. Default 3. */
  readonly radius?: number;
  /** Centers at most. Default 200. */
  readonly maxCenters?: number;
}

/**
 * The peaks of a heatmap `[1, H, W]`, hottest first. Of equal pixels in one square the first is the peak; pixels that
 * are NaN are none.
 * @throws ShapeError for a heatmap of another shape, ArgumentError for options out of range.
 * @example const centers = findCenters(heatmap, { threshold: 0.3 });
 */
export function findCenters(heatmap: Tensor, options: CenterOptions = {}): Center[] {
  const { threshold, radius, maxCenters } = readOptions("findCenters", options, {
    threshold: 0.1,
    radius: 3,
    maxCenters: 200,
  });
  checkRange("findCenters", "threshold", threshold, -Infinity, Infinity);
  checkInteger("findCenters", "radius", radius, 0);
  checkInteger("findCenters", "maxCenters", maxCenters, 0);
  checkTensor("findCenters", heatmap);
  const [channels, height = 0, width = 0] = heatmap.shape;
  if (heatmap.shape.length !== 3 || channels !== 1) {
    throw rankMismatch(
      "findCenters",
      "[1, H, W]",
      heatmap.shape,
      "a batch: give one picture of it, slice(n).squeeze(0)",
    );
  }
  const { data } = heatmap;
  const isPeak = (at: number, score: number) => {
    const [y, x] = [Math.floor(at / width), at % width];
    for (let i = Math.max(0, y - radius); i <= Math.min(height - 1, y + radius); i++) {
      for (let j = Math.max(0, x - radius); j <= Math.min(width - 1, x + radius); j++) {
        const other = i * width + j;
        const heat = data[other] ?? 0;
        if (heat > score || (heat === score && other < at)) return false;
      }
    }
    return true;
  };
  const centers: Center[] = [];
  for (const [at, score] of data.entries()) {
    if (score >= threshold && isPeak(at, score)) centers.push({ x: at % width, y: Math.floor(at / width), score });
  }
  return centers.sort((a, b) => b.score - a.score).slice(0, maxCenters);
}

/**
 * Gives each pixel of the foreground the object whose center is nearest to where its offset points: 1 for the first
 * center. Of centers equally near, the first.
 * @param foreground pixels other than 0 belong to objects
 * @param offsets `[2, H, W]` as in {@link CenterTargets}
 * @returns the object of each pixel; 0 in the background, and everywhere without centers
 * @throws ShapeError when the offsets are not of the foreground's size, ArgumentError for a map whose sizes and data do
 *   not agree.
 *
 * @example
 * const instances = groupByCenter(classMap, offsets, findCenters(heatmap));
 */
export function groupByCenter(foreground: LabelMap, offsets: Tensor, centers: readonly Center[]): LabelMap {
  checkLabelMap("groupByCenter", foreground);
  const { width, height } = foreground;
  const size = width * height;
  checkTensor("groupByCenter", offsets);
  checkList("groupByCenter", "centers", centers);
  for (const center of centers) {
    checkObject("groupByCenter", "a center", "{ x, y }", center);
    checkFinite("groupByCenter", "a center's x", center.x);
    checkFinite("groupByCenter", "a center's y", center.y);
  }
  const { shape, data } = offsets;
  if (shape.length !== 3 || shape[0] !== 2 || shape[1] !== height || shape[2] !== width) {
    throw new ShapeError(
      `groupByCenter expects offsets [2, ${height}, ${width}] for a foreground of ${width}×${height}, but got ${showShape(shape)}. Usual cause: a batch, or maps of another size than the network's.`,
    );
  }
  const nearest = (at: number) => {
    const y = Math.floor(at / width) + (data[at] ?? 0);
    const x = (at % width) + (data[size + at] ?? 0);
    let [best, least] = [0, Infinity];
    for (const [i, center] of centers.entries()) {
      const squared = (center.y - y) * (center.y - y) + (center.x - x) * (center.x - x);
      if (squared < least) [best, least] = [i + 1, squared];
    }
    return best;
  };
  return { width, height, data: Int32Array.from(foreground.data, (label, at) => (label === 0 ? 0 : nearest(at))) };
}
