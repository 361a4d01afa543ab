/** Anchors: the sizes of boxes that a detector's predictions start from. */

import { checkInteger, checkList, checkObject, readOptions } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { show } from "../shape/show.js";
import { defaultRandom, type Random } from "../tensor/random.js";
import { overlapOf } from "./box.js";

/** The size of a box in pixels. */
export interface Anchor {
  readonly width: number;
  readonly height: number;
}

export interface FitAnchorsOptions {
  /** Draws the boxes that the search starts from. Default: the generator that `manualSeed` seeds. */
  readonly random?: Random;
}

/**
 * The sizes that stand best for those of all boxes: k-means with the distance 1 − {@link iou} of two boxes with one
 * corner in common. It starts from boxes, each drawn in proportion to its distance from those before it
 * (k-means++), moves every anchor to the mean size of the boxes that are nearest to it, and ends when the mean overlap
 * rises no more.
 *
 * @param boxes of the training set; only their sizes matter
 * @returns `count` sizes, the smallest area first
 * @throws ArgumentError for boxes without a size, or fewer different sizes than anchors.
 * Source: dimension clusters of Redmon & Farhadi 2017, https://arxiv.org/abs/1612.08242
 *
 * @example
 * const anchors = fitAnchors(scenes.flatMap(({ boxes }) => boxes), 5, { random: new Random(1) });
 * new YoloLoss({ anchors, numClasses: 10, stride: 8 });
 */
export function fitAnchors(boxes: readonly Anchor[], count: number, options: FitAnchorsOptions = {}): Anchor[] {
  const { random = defaultRandom() } = readOptions("fitAnchors", options, { random: undefined });
  checkInteger("fitAnchors", "count", count, 1);
  checkSizes("fitAnchors", "boxes", "box", boxes);
  const different = new Set(boxes.map(({ width, height }) => `${width}×${height}`)).size;
  if (different < count) {
    throw new ArgumentError(
      `fitAnchors expects boxes of at least ${count} different sizes for ${count} anchors, but got ${different} in ${boxes.length} boxes. Usual cause: the boxes of one picture instead of the whole training set.`,
    );
  }
  let anchors = firstAnchors(boxes, count, random);
  let best = { anchors, overlap: 0 };
  for (;;) {
    const nearest = boxes.map((box) => nearestAnchor(box, anchors));
    const overlap = nearest.reduce((sum, { overlap }) => sum + overlap, 0);
    if (!(overlap > best.overlap)) break;
    best = { anchors, overlap };
    anchors = anchors.map((anchor, a) => meanSize(boxes.filter((_, i) => nearest[i]?.anchor === a)) ?? anchor);
  }
  return best.anchors.sort((a, b) => a.width * a.height - b.width * b.height || a.width - b.width);
}

/** Intersection over union of two boxes of these sizes that have one corner in common. */
export function sizeIou(a: Anchor, b: Anchor): number {
  return overlapOf({ x: 0, y: 0, width: a.width, height: a.height }, { x: 0, y: 0, width: b.width, height: b.height });
}

/** Refuses sizes that are not finite and above 0. */
export function checkSizes(who: string, all: string, one: string, sizes: readonly Anchor[]): void {
  checkList(who, all, sizes);
  for (const [i, size] of sizes.entries()) {
    checkObject(who, `${one} ${i}`, "{ width, height }", size);
    const { width, height } = size;
    if (
      typeof width === "number" &&
      typeof height === "number" &&
      width > 0 &&
      height > 0 &&
      width < Infinity &&
      height < Infinity
    )
      continue;
    throw new ArgumentError(
      `${who} expects ${all} with a finite width and height above 0, but ${one} ${i} is ${show(width)}×${show(height)}. Usual cause: sizes as [width, height] instead of { width, height }.`,
    );
  }
}

const NEARLY_SAME = 2 ** -60;

function firstAnchors(boxes: readonly Anchor[], count: number, random: Random): Anchor[] {
  const anchors: Anchor[] = [];
  const distances = new Float64Array(boxes.length).fill(1);
  while (anchors.length < count) {
    let rest = random.uniform() * distances.reduce((sum, distance) => sum + distance, 0);
    // Round-off may leave a rest after the last box: then the last one that is not an anchor yet.
    let drawn = distances.findLastIndex((distance) => distance > 0);
    for (let i = 0; i < drawn; i++) {
      rest -= distances[i] ?? 0;
      if (rest < 0) drawn = i;
    }
    const { width = 1, height = 1 } = boxes[drawn] ?? {};
    anchors.push({ width, height });
    for (const [i, box] of boxes.entries()) {
      const same = box.width === width && box.height === height;
      // Sizes that differ only in their last bits are apart too, so that there are always enough to draw from.
      const distance = same ? 0 : Math.max(1 - sizeIou(box, { width, height }), NEARLY_SAME);
      distances[i] = Math.min(distances[i] ?? 0, distance);
    }
  }
  return anchors;
}

/** The anchor that overlaps the box most (the first of equals), and by how much. */
function nearestAnchor(box: Anchor, anchors: readonly Anchor[]): { anchor: number; overlap: number } {
  let best = { anchor: 0, overlap: -1 };
  for (const [anchor, size] of anchors.entries()) {
    const overlap = sizeIou(box, size);
    if (overlap > best.overlap) best = { anchor, overlap };
  }
  return best;
}

function meanSize(boxes: readonly Anchor[]): Anchor | undefined {
  if (boxes.length === 0) return undefined;
  const sum = boxes.reduce((sum, box) => ({ width: sum.width + box.width, height: sum.height + box.height }), {
    width: 0,
    height: 0,
  });
  return { width: sum.width / boxes.length, height: sum.height / boxes.length };
}
