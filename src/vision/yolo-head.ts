/**
 * How the output of a YOLO network lies in memory, and what its numbers mean.
 * Source: Redmon & Farhadi 2017, https://arxiv.org/abs/1612.08242
 */

import { checkInteger, checkObject, checkPositive } from "../shape/check.js";
import { ArgumentError, inputMismatch, rankMismatch } from "../shape/errors.js";
import type { Shape } from "../shape/shape.js";
import { show } from "../shape/show.js";
import { log } from "../tensor/log.js";
import { exp, sigmoid } from "../tensor/math.js";
import { type Anchor, checkSizes } from "./anchors.js";
import type { Box } from "./box.js";

/**
 * How to read the output `[N, anchors · (5 + numClasses), H, W]` of a YOLO network such as TinyYOLOv2. Of anchor a,
 * channels a · (5 + numClasses) … are tx, ty, tw, th, to and the classes' scores. In the cell of row i and column j:
 *
 *     center = ((j, i) + σ(tx, ty)) · stride     size = anchor · exp(tw, th)     objectness = σ(to)
 */
export interface YoloHead {
  /** Sizes that the boxes of a cell start from, in pixels of the network's input: `fitAnchors` finds them. */
  readonly anchors: readonly Anchor[];
  readonly numClasses: number;
  /** Pixels of a cell's side. */
  readonly stride: number;
}

/** The output of one batch: its sizes, and where the numbers of a box begin. */
export class YoloGrid {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  /** Cells of a picture: from one channel of a box to its next. */
  readonly cells: number;

  constructor(
    who: string,
    readonly head: YoloHead,
    shape: Shape,
  ) {
    const { anchors, numClasses } = head;
    const [batch = 0, channels = 0, rows = 0, columns = 0] = shape;
    if (shape.length !== 4) {
      throw rankMismatch(who, "[N, anchors · (5 + numClasses), H, W]", shape, "a picture without batch dimension");
    }
    if (channels !== anchors.length * (5 + numClasses)) {
      const mismatch = {
        layer: who,
        expected: `${anchors.length * (5 + numClasses)} channels (${anchors.length} anchors × (5 + ${numClasses} classes))`,
        got: String(channels),
        cause: "a network made for another number of anchors or classes",
      };
      throw inputMismatch(mismatch, shape);
    }
    this.batch = batch;
    this.rows = rows;
    this.columns = columns;
    this.cells = rows * columns;
  }

  /** Where the tx of a box lies; its other channels follow `cells` apart. */
  at(picture: number, anchor: number, cell: number): number {
    const { anchors, numClasses } = this.head;
    return (picture * anchors.length + anchor) * (5 + numClasses) * this.cells + cell;
  }

  /** The box, in pixels. */
  box(data: ArrayLike<number>, picture: number, anchor: number, cell: number): Box {
    const { anchors, stride } = this.head;
    const { cells, columns } = this;
    const at = this.at(picture, anchor, cell);
    const size = anchors[anchor] ?? { width: 0, height: 0 };
    const width = size.width * exp(data[at + 2 * cells] ?? 0);
    const height = size.height * exp(data[at + 3 * cells] ?? 0);
    const x = ((cell % columns) + sigmoid(data[at] ?? 0)) * stride - width / 2;
    const y = (Math.floor(cell / columns) + sigmoid(data[at + cells] ?? 0)) * stride - height / 2;
    return { x, y, width, height };
  }
}

/** @throws ArgumentError for anything that is not a head. */
export function checkHead(who: string, head: YoloHead): YoloHead {
  checkObject(who, "its head", "{ anchors, numClasses, stride }", head);
  const { anchors, numClasses, stride } = head;
  if (!Array.isArray(anchors) || anchors.length === 0) {
    throw new ArgumentError(
      `${who} expects anchors to be a list of one size at least, but got ${show(anchors)}. Usual cause: a number of anchors: fitAnchors finds as many sizes.`,
    );
  }
  checkSizes(who, "anchors", "anchor", anchors);
  checkInteger(who, "numClasses", numClasses, 1);
  checkPositive(who, "stride", stride);
  return head;
}

/** log Σ exp of `count` scores that lie `step` apart: a score's softmax is exp(score − this). */
export function logSumExp(data: ArrayLike<number>, start: number, step: number, count: number): number {
  let most = -Infinity;
  for (let c = 0; c < count; c++) most = Math.max(most, data[start + c * step] ?? 0);
  let sum = 0;
  for (let c = 0; c < count; c++) sum += exp((data[start + c * step] ?? 0) - most);
  return most + log(sum);
}
