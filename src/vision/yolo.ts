/** From a YOLO network's output to boxes: what `YoloLoss` teaches, read back. */

import { checkRange, readOptions } from "../shape/check.js";
import { exp, sigmoid } from "../tensor/math.js";
import type { Tensor } from "../tensor/tensor.js";
import { checkTensor } from "../tensor/tensor.js";
import type { ScoredRegion } from "./average-precision.js";
import type { Box } from "./box.js";
import { nms } from "./nms.js";
import { checkHead, logSumExp, YoloGrid, type YoloHead } from "./yolo-head.js";

export interface DecodeYoloOptions {
  /** Detections with a lower score are dropped. Default 0.5; for an average precision, 0.01. */
  readonly scoreThreshold?: number;
  /** Of detections of one class that overlap by more than this (as `iou`), the best stays. Default 0.5; 1 keeps all. */
  readonly iouThreshold?: number;
}

/**
 * The objects that a network finds in each picture, best first: boxes in pixels of the network's input, which may reach
 * over its edges. In each cell, each class of each anchor has a score,
 *
 *     score = σ(to) · softmax(classes)
 *
 * and is a detection where that reaches the threshold. Non-maximum suppression within each class follows.
 *
 * @param predictions `[N, anchors · (5 + numClasses), H, W]`: see {@link YoloHead}
 * @throws ShapeError for an output that is not of this head; ArgumentError for a head or options out of range, or
 *   predictions that are NaN.
 *
 * @example
 * const [detections = []] = decodeYolo(model.eval().forward(image), { anchors, numClasses: 10, stride: 8 });
 * for (const { label, score, region } of detections) console.log(label, score, region.x, region.y);
 */
export function decodeYolo(
  predictions: Tensor,
  head: YoloHead,
  options: DecodeYoloOptions = {},
): ScoredRegion<Box>[][] {
  const who = "decodeYolo";
  const { scoreThreshold, iouThreshold } = readOptions(who, options, { scoreThreshold: 0.5, iouThreshold: 0.5 });
  checkRange(who, "scoreThreshold", scoreThreshold, 0, 1);
  checkRange(who, "iouThreshold", iouThreshold, 0, 1);
  const { anchors, numClasses } = checkHead(who, head);
  checkTensor(who, predictions);
  const grid = new YoloGrid(who, head, predictions.shape);
  const { batch, cells } = grid;
  const { data } = predictions;
  return Array.from({ length: batch }, (_, n) => {
    const found: ScoredRegion<Box>[] = [];
    for (const a of anchors.keys()) {
      for (let cell = 0; cell < cells; cell++) {
        const at = grid.at(n, a, cell);
        const objectness = sigmoid(data[at + 4 * cells] ?? 0);
        if (objectness < scoreThreshold) continue;
        const all = logSumExp(data, at + 5 * cells, cells, numClasses);
        for (let label = 0; label < numClasses; label++) {
          const score = objectness * exp((data[at + (5 + label) * cells] ?? 0) - all);
          // Not score >= …: what is NaN shall not go unnoticed.
          if (!(score < scoreThreshold)) found.push({ label, score, region: grid.box(data, n, a, cell) });
        }
      }
    }
    const boxes = found.map(({ region }) => region);
    const scores = found.map(({ score }) => score);
    const kept = nms(boxes, scores, { iouThreshold, labels: found.map(({ label }) => label) });
    return kept.flatMap((i) => found[i] ?? []);
  });
}
