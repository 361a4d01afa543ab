/** Panoptic segmentation: every pixel has a class, and every object is a segment of its own. */
import { checkNumbers } from "../shape/check.js";
import { ArgumentError, rankMismatch, ShapeError } from "../shape/errors.js";
import { showShape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { checkTensor } from "../tensor/tensor.js";
import { checkLabelMap, type LabelMap } from "./label-map.js";

/** One object, or all pixels of one class that has no objects ("stuff": background, sky, road). */
export interface Segment {
  /** The number that its pixels have in the map: a positive integer. */
  readonly id: number;
  /** Its class. */
  readonly label: number;
  /** How sure the prediction is of it, from 0 to 1. */
  readonly score?: number;
}

/** A picture cut into segments: each pixel has the id of its segment, or 0 where there is none (void). */
export interface PanopticMap<S extends Segment = Segment> extends LabelMap {
  /** The segments that the map shows, each with one pixel at least. */
  readonly segments: readonly S[];
}

/**
 * Merges a semantic and an instance segmentation into a panoptic one. The pixels of an instance become one segment, of
 * the thing that has most of their probability. Of the other pixels, those whose most probable class is not a thing become
 * one segment a class; what is left is void: parts of things that no instance claims.
 *
 * @param probabilities of the classes of one picture, `[C, H, W]`
 * @param instances the object of each pixel, from 1, or 0 where there is none; a segment's id is its object's number
 * @param things the classes that have objects
 * @returns the map, and its segments by id (instances first, then stuff by class) with their class's mean probability as
 *   score
 * @throws ShapeError when the two are not of one size; ArgumentError for negative instances, without things, or for a
 *   thing that is not a class.
 * Source: the fusion of Panoptic-DeepLab, Cheng et al. 2020, https://arxiv.org/abs/1911.10194
 *
 * @example
 * const picture = mergePanoptic(softmax.forward(logits).squeeze(0), instances, [1, 2, 3]);
 * for (const { id, label } of picture.segments) console.log(names[label], maskBox(maskOf(picture, id)));
 */
export function mergePanoptic(
  probabilities: Tensor,
  instances: LabelMap,
  things: readonly number[],
): PanopticMap<Required<Segment>> {
  checkMerge(probabilities, instances, things);
  const { width, height } = instances;
  const size = width * height;
  const classes = Array.from({ length: probabilities.size / size }, (_, c) => c);
  const at = (c: number, pixel: number) => probabilities.data[c * size + pixel] ?? 0;
  const isThing = classes.map((c) => things.includes(c));
  const objects = Int32Array.from(instances.data).reduce((max, id) => Math.max(max, id), 0);

  const ids = Int32Array.from(instances.data, (id, pixel) => {
    if (id !== 0) return id;
    const label = largest(classes, (c) => at(c, pixel));
    return isThing[label] ? 0 : objects + 1 + label;
  });

  // Of each segment: the sum of its pixels' probabilities, class by class, and their number.
  const sums = new Map<number, { count: number; readonly byClass: Float64Array }>();
  for (const [pixel, id] of ids.entries()) {
    if (id === 0) continue;
    const sum = sums.get(id) ?? { count: 0, byClass: new Float64Array(classes.length) };
    sums.set(id, sum);
    sum.count++;
    for (const c of classes) sum.byClass[c] = (sum.byClass[c] ?? 0) + at(c, pixel);
  }
  const segments = [...sums].map(([id, { count, byClass }]) => {
    const label = id > objects ? id - objects - 1 : largest(things, (c) => byClass[c] ?? 0);
    return { id, label, score: (byClass[label] ?? 0) / count };
  });
  return { width, height, data: ids, segments: segments.sort((a, b) => a.id - b.id) };
}

/** The first of the classes with the largest value. */
function largest(classes: readonly number[], value: (c: number) => number): number {
  return classes.reduce((best, c) => (value(c) > value(best) ? c : best));
}

function checkMerge(probabilities: Tensor, instances: LabelMap, things: readonly number[]): void {
  checkTensor("mergePanoptic", probabilities);
  checkLabelMap("mergePanoptic", instances);
  checkNumbers("mergePanoptic", "things", things);
  const { shape } = probabilities;
  const [classes = 0, height, width] = shape;
  if (shape.length !== 3) {
    throw rankMismatch("mergePanoptic", "[C, H, W]", shape, "a batch: give one picture of it, slice(n).squeeze(0)");
  }
  if (height !== instances.height || width !== instances.width) {
    throw new ShapeError(
      `mergePanoptic expects probabilities and instances of one picture, but got ${showShape(shape)} and a map of ${instances.width}×${instances.height}. Usual cause: one of them still at the network's size.`,
    );
  }
  if (things.length === 0 || !things.every((c) => Number.isInteger(c) && c >= 0 && c < classes)) {
    throw new ArgumentError(
      `mergePanoptic expects things to be classes from 0 to ${classes - 1}, one at least, but got [${things.join(", ")}]. Usual cause: classes counted without the background.`,
    );
  }
  if (instances.data.some((id) => id < 0)) {
    throw new ArgumentError(
      "mergePanoptic expects instances to be numbered from 1, but got a negative number. Usual cause: −1 for the background, which is 0 here.",
    );
  }
}
