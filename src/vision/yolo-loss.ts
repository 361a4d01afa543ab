/** What a YOLO network learns from: boxes as targets, and the loss of its output against them. */
import { refuseForeign } from "../shape/brand.js";
import { checkInteger, checkList, checkObject, checkRange, checkSize, readOptions } from "../shape/check.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { showShape } from "../shape/shape.js";
import { log } from "../tensor/log.js";
import { exp, sigmoid, softplus } from "../tensor/math.js";
import { allocate, Tensor } from "../tensor/tensor.js";
import { Loss, type LossOptions, type LossResult } from "../train/loss.js";
import { type Anchor, checkSizes, sizeIou } from "./anchors.js";
import type { Region } from "./average-precision.js";
import { type Box, checkBoxes, overlapOf } from "./box.js";
import { checkHead, logSumExp, YoloGrid, type YoloHead } from "./yolo-head.js";

export interface YoloTargetsOptions {
  /** Rows per picture. Default: as many as the picture with the most objects needs, and at least 1. */
  readonly maxObjects?: number;
}

/**
 * The objects of each picture as a tensor `[N, maxObjects, 5]` for {@link YoloLoss}: x and y of the box's left top corner, its
 * width and its height, in pixels, and the label. Rows that are left over have zeros and the label −1.
 *
 * @throws ArgumentError for boxes that are not finite or have no size, labels that are not integers ≥ 0, or more objects
 *   than `maxObjects`.
 * @example
 * yoloTargets([[{ label: 3, region: { x: 10, y: 8, width: 14, height: 20 } }], []]).shape; // [2, 1, 5]
 */
export function yoloTargets(
  pictures: readonly (readonly Region<Box>[])[],
  options: YoloTargetsOptions = {},
): Tensor<readonly [number, number, 5]> {
  checkList("yoloTargets", "pictures", pictures);
  for (const objects of pictures) {
    checkList("yoloTargets", "the objects of a picture", objects);
    for (const object of objects) checkObject("yoloTargets", "an object", "{ label, region }", object);
  }
  const needed = pictures.reduce((max, objects) => Math.max(max, objects.length), 1);
  const { maxObjects } = readOptions("yoloTargets", options, { maxObjects: needed });
  checkInteger("yoloTargets", "maxObjects", maxObjects, 1);
  if (needed > maxObjects) {
    throw new ArgumentError(`yoloTargets expects at most ${maxObjects} objects per picture, but got ${needed}.`);
  }
  checkSize("yoloTargets", "targets", [pictures.length, maxObjects, 5]);
  const data = new Float32Array(pictures.length * maxObjects * 5);
  for (const [n, objects] of pictures.entries()) {
    const boxes = objects.map(({ region }) => region);
    checkBoxes("yoloTargets", boxes);
    checkSizes("yoloTargets", "boxes", "box", boxes);
    for (const { label } of objects) checkInteger("yoloTargets", "a label", label, 0);
    for (let i = 0; i < maxObjects; i++) {
      const { label, region } = objects[i] ?? EMPTY;
      data.set([region.x, region.y, region.width, region.height, label], (n * maxObjects + i) * 5);
    }
  }
  return new Tensor(data, [pictures.length, maxObjects, 5]);
}

const EMPTY: Region<Box> = { label: -1, region: { x: 0, y: 0, width: 0, height: 0 } };

export interface YoloLossOptions<R extends "mean" | "sum" = "mean" | "sum"> extends LossOptions<R> {
  /** Factor of the errors of boxes. Default 5. */
  readonly boxWeight?: number;
  /** Factor of the objectness of boxes that have an object. Default 1. */
  readonly objectWeight?: number;
  /** Factor of the objectness of boxes that have none. Default 0.5. */
  readonly emptyWeight?: number;
  /** Factor of the classes' cross-entropy. Default 1. */
  readonly classWeight?: number;
  /** A box without an object of its own that overlaps one by more than this (as `iou`) is left alone. Default 0.6. */
  readonly ignoreThreshold?: number;
}

/**
 * The loss of YOLOv2. Each object belongs to the cell that its center (x, y) lies in, there to the anchor whose size is
 * most like its own (as `iou`) of those that no object before it has; an object for which none is left teaches nothing.
 *
 *     L = Σ boxWeight · ((σ(tx) − fx)² + (σ(ty) − fy)² + (tw − log(w / anchor w))² + (th − log(h / anchor h))²)
 *           + objectWeight · −log σ(to) + classWeight · −log softmax(classes)[label]     over boxes with an object
 *       + Σ emptyWeight · −log(1 − σ(to))     over the others, without those that overlap an object by > ignoreThreshold
 *
 * with fx = x / stride − ⌊x / stride⌋, the center's place in its cell, and fy likewise. `reduction` `"mean"` (default)
 * divides L by N, `"sum"` does not. Predictions `[N, anchors · (5 + numClasses), H, W]`, see {@link YoloHead}; targets
 * `[N, maxObjects, 5]`, see {@link yoloTargets}.
 *
 * @throws ArgumentError for a head or options out of range, and (from forward) for targets without a size, with a label
 *   that is not a class, or with a center outside of the grid; ShapeError for predictions or targets of another shape.
 * Source: Redmon & Farhadi 2017, https://arxiv.org/abs/1612.08242, with the cross-entropies of YOLOv3
 *   (https://arxiv.org/abs/1804.02767) instead of squared errors
 *
 * @example
 * const loss = new YoloLoss({ anchors, numClasses: 10, stride: 8 });
 * loss.forward(model.forward(images), yoloTargets(objects)); model.backward(loss.backward());
 */
export class YoloLoss<R extends "mean" | "sum" = "mean"> extends Loss<Tensor, R> {
  readonly boxWeight: number;
  readonly objectWeight: number;
  readonly emptyWeight: number;
  readonly classWeight: number;
  readonly ignoreThreshold: number;

  constructor(head: YoloHead, options?: YoloLossOptions<R> | YoloLossOptions);
  constructor(
    readonly head: YoloHead,
    options: YoloLossOptions<R> = {},
  ) {
    const read = readOptions("YoloLoss", options, {
      reduction: undefined,
      boxWeight: 5,
      objectWeight: 1,
      emptyWeight: 0.5,
      classWeight: 1,
      ignoreThreshold: 0.6,
    });
    super("YoloLoss", options, ["mean", "sum"]);
    checkHead("YoloLoss", head);
    const factor = (name: string, value: number) => checkRange("YoloLoss", name, value, 0, Infinity);
    this.boxWeight = factor("boxWeight", read.boxWeight);
    this.objectWeight = factor("objectWeight", read.objectWeight);
    this.emptyWeight = factor("emptyWeight", read.emptyWeight);
    this.classWeight = factor("classWeight", read.classWeight);
    this.ignoreThreshold = checkRange("YoloLoss", "ignoreThreshold", read.ignoreThreshold, 0, 1);
  }

  protected compute(prediction: Tensor, target: Tensor): LossResult {
    const { head } = this;
    const grid = new YoloGrid("YoloLoss", head, prediction.shape);
    const pictures = readTargets(grid, target);
    const gradient = allocate(prediction.shape, prediction.dtype);
    const { data } = prediction;
    let total = 0;
    for (const [n, objects] of pictures.entries()) {
      const owners = assign(grid, objects);
      for (const [a, anchor] of head.anchors.entries()) {
        for (let cell = 0; cell < grid.cells; cell++) {
          const owner = owners.get(a * grid.cells + cell);
          const at = grid.at(n, a, cell);
          if (owner) {
            total += this.ownSelf.#teach(
              grid,
              data,
              gradient.data,
              at,
              wanted(owner.region, anchor, head.stride),
              owner.label,
            );
            continue;
          }
          const box = objects.length > 0 ? grid.box(data, n, a, cell) : NOWHERE;
          if (objects.some(({ region }) => overlapOf(box, region) > this.ignoreThreshold)) continue;
          const logit = data[at + 4 * grid.cells] ?? 0;
          total += this.emptyWeight * softplus(logit);
          gradient.data[at + 4 * grid.cells] = this.emptyWeight * sigmoid(logit);
        }
      }
    }
    const divisor = this.reduction === "mean" ? grid.batch : 1;
    for (let i = 0; i < gradient.size; i++) gradient.data[i] = (gradient.data[i] ?? 0) / divisor;
    return { value: total / divisor, gradient };
  }

  /** The loss of a box that has an object, and its derivatives. */
  #teach({ cells }: YoloGrid, x: Numbers, dx: Numbers, at: number, box: readonly number[], label: number): number {
    let loss = 0;
    for (const [k, want] of box.entries()) {
      const raw = x[at + k * cells] ?? 0;
      const got = k < 2 ? sigmoid(raw) : raw;
      const slope = k < 2 ? got * (1 - got) : 1;
      loss += this.boxWeight * (got - want) * (got - want);
      dx[at + k * cells] = 2 * this.boxWeight * (got - want) * slope;
    }
    const logit = x[at + 4 * cells] ?? 0;
    loss += this.objectWeight * softplus(-logit);
    dx[at + 4 * cells] = -this.objectWeight * sigmoid(-logit);
    const start = at + 5 * cells;
    const { numClasses } = this.head;
    const all = logSumExp(x, start, cells, numClasses);
    for (let c = 0; c < numClasses; c++) {
      const score = x[start + c * cells] ?? 0;
      if (c === label) loss += this.classWeight * (all - score);
      dx[start + c * cells] = this.classWeight * (exp(score - all) - Number(c === label));
    }
    return loss;
  }
}

type Numbers = Float32Array | Float64Array;

/** Where no object is: a box of a picture without objects need not be computed. */
const NOWHERE: Box = { x: 0, y: 0, width: 0, height: 0 };

/** σ(tx), σ(ty), tw and th of a box. */
function wanted({ x, y, width, height }: Box, anchor: Anchor, stride: number): readonly number[] {
  const [column, row] = [(x + width / 2) / stride, (y + height / 2) / stride];
  return [column - Math.floor(column), row - Math.floor(row), log(width / anchor.width), log(height / anchor.height)];
}

/** The object that each box of a picture has to learn, by anchor · cells + cell. */
function assign({ head, cells, columns }: YoloGrid, objects: readonly Region<Box>[]): Map<number, Region<Box>> {
  const owners = new Map<number, Region<Box>>();
  for (const object of objects) {
    const { x, y, width, height } = object.region;
    const cell = Math.floor((y + height / 2) / head.stride) * columns + Math.floor((x + width / 2) / head.stride);
    let best = { position: -1, overlap: -1 };
    for (const [a, anchor] of head.anchors.entries()) {
      const position = a * cells + cell;
      const overlap = sizeIou(object.region, anchor);
      if (overlap > best.overlap && !owners.has(position)) best = { position, overlap };
    }
    if (best.position >= 0) owners.set(best.position, object);
  }
  return owners;
}

/** The objects of each picture, checked. */
function readTargets({ head, batch, rows, columns }: YoloGrid, target: Tensor): Region<Box>[][] {
  refuseForeign("YoloLoss.forward", target);
  if (!(target instanceof Tensor)) {
    throw new ArgumentError(
      "YoloLoss.forward expects its target to be a Tensor. Usual cause: lists of objects: yoloTargets makes a tensor of them.",
    );
  }
  const [pictures, count = 0, numbers] = target.shape;
  if (target.shape.length !== 3 || pictures !== batch || numbers !== 5) {
    throw new ShapeError(
      `YoloLoss expects targets [${batch}, maxObjects, 5], x, y, width, height and label of each object, but got ${showShape(target.shape)}. Usual cause: the targets of another batch.`,
    );
  }
  const inside = (center: number, cells: number) => center >= 0 && Math.floor(center / head.stride) < cells;
  return Array.from({ length: batch }, (_, n) => {
    const objects: Region<Box>[] = [];
    for (let i = 0; i < count; i++) {
      const start = (n * count + i) * 5;
      const row = Array.from(target.data.subarray(start, start + 5));
      const [x = 0, y = 0, width = 0, height = 0, label = 0] = row;
      if (label === -1) continue;
      const isClass = Number.isInteger(label) && label >= 0 && label < head.numClasses;
      const isBox = width > 0 && height > 0 && inside(x + width / 2, columns) && inside(y + height / 2, rows);
      if (!isClass || !isBox) {
        throw new ArgumentError(
          `YoloLoss expects objects with a label from 0 to ${head.numClasses - 1} (or -1 for none), a size above 0, and a center inside of the grid of ${columns * head.stride}×${rows * head.stride} pixels, but object ${i} of picture ${n} is [${row.join(", ")}]. Usual cause: boxes as corners, in cells or as shares of the picture, where x, y, width and height in pixels belong.`,
        );
      }
      objects.push({ label, region: { x, y, width, height } });
    }
    return objects;
  });
}
