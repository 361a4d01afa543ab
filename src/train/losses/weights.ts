/** Weights as users write them: a tensor or plain numbers. */
import { refuseForeign } from "../../shape/brand.js";
import { ArgumentError, ShapeError } from "../../shape/errors.js";
import { type Shape, sameShape, showShape } from "../../shape/shape.js";
import { show } from "../../shape/show.js";
import { allocate, Tensor } from "../../tensor/tensor.js";

/** A tensor, or a list of numbers that stands for a tensor of one dimension. */
export type Weights = Tensor | readonly number[];

/** @throws ArgumentError for anything but a tensor or an array. */
export function weightTensor(loss: string, option: string, weights: Weights | undefined): Tensor | undefined {
  refuseForeign(loss, weights);
  if (weights === undefined || weights instanceof Tensor) return weights;
  if (!Array.isArray(weights)) {
    throw new ArgumentError(
      `${loss} expects ${option} to be a Tensor or an array of numbers, but got ${show(weights)}. Usual cause: one weight for all, which the loss is multiplied by instead.`,
    );
  }
  return new Tensor(Float32Array.from(weights), [weights.length]);
}

/**
 * The weight of every element of the prediction, in the prediction's precision: dimensions are matched from the last, and
 * sizes of 1 and missing dimensions are repeated, as in torch.
 * @throws ShapeError when the weights do not broadcast to the prediction.
 */
export function broadcastWeights(loss: string, option: string, weights: Tensor, prediction: Tensor): Tensor {
  const { shape, dtype } = prediction;
  const own = weights.to(dtype);
  if (sameShape(own.shape, shape)) return own;
  if (!broadcastsTo(own.shape, shape)) {
    throw new ShapeError(
      `${loss} expects ${option} ${showShape(own.shape)} to broadcast to the prediction ${showShape(shape)}. Usual cause: one weight a class for images [N, C, H, W], which needs the shape [C, 1, 1].`,
    );
  }
  return allocate(shape, dtype).add(own);
}

function broadcastsTo(own: Shape, wanted: Shape): boolean {
  const missing = wanted.length - own.length;
  return missing >= 0 && own.every((extent, dim) => extent === 1 || extent === wanted[dim + missing]);
}
