/** What the losses of one prediction an element share: same shapes, one pass, divided by the number of elements. */
import { run } from "../../kernels/backend.js";
import type { LossKernels } from "../../kernels/loss.js";
import type { TargetFits } from "../../shape/classes.js";
import { ShapeError } from "../../shape/errors.js";
import { type Shape, sameShape, showShape } from "../../shape/shape.js";
import type { Operand } from "../../tensor/storage.js";
import { Tensor } from "../../tensor/tensor.js";
import { Loss, type LossResult, type LossValue, lossKernels, noTensor } from "../loss.js";

/** What every loss kernel ends with. */
export type Outputs = [scale: number, losses: Operand | undefined, gradient: Operand];

export abstract class ElementwiseLoss<Name extends string, R extends string> extends Loss<Tensor, R> {
  override forward<P extends Tensor, T extends Tensor>(
    prediction: P,
    target: T & TargetFits<Name, P["shape"], T["shape"]>,
  ): LossValue<R> {
    return super.forward(prediction, target);
  }

  protected compute(prediction: Tensor, target: Tensor): LossResult {
    const { shape, dtype, size } = prediction;
    if (!(target instanceof Tensor)) {
      throw noTensor(`${this.name}.forward`, "target", target);
    }
    if (!sameShape(shape, target.shape)) {
      throw new ShapeError(
        `${this.name} expects a target of the prediction's shape ${showShape(shape)}, but got ${showShape(target.shape)}. Usual cause: ${causeOfShapes(shape, target.shape)}.`,
      );
    }
    this.check(prediction);
    const divisor = this.divisor(prediction);
    const geometry = { outer: 1, classes: 1, inner: size };
    const other = target.to(dtype);
    const factors = this.factors(prediction);
    return this.reduce(prediction, geometry, shape, divisor, (scale, losses, gradient) =>
      run(
        lossKernels,
        [prediction, other, losses, gradient, ...factors],
        (kernels, x, target, losses, gradient, ...factors) =>
          this.sum(kernels, x, target, [scale, losses, gradient], ...factors),
      ),
    );
  }

  /** What the sum of all losses is divided by. */
  protected divisor(prediction: Tensor): number {
    return this.reduction === "mean" ? prediction.size : 1;
  }

  /** Refuses predictions that the loss is not defined for. */
  protected check(_prediction: Tensor): void {}

  /** Factors of each element, which the kernel call is given. */
  protected factors(_prediction: Tensor): readonly (Tensor | undefined)[] {
    return [];
  }

  /** The kernel call; returns the sum of all losses. @internal */
  protected abstract sum(
    kernels: LossKernels,
    x: Operand,
    target: Operand,
    outputs: Outputs,
    ...factors: readonly (Operand | undefined)[]
  ): number;
}

/** Why the two differ, as far as their shapes tell. */
function causeOfShapes(prediction: Shape, target: Shape): string {
  const full = (shape: Shape) => shape.filter((extent) => extent !== 1);
  const [rows, ...features] = prediction;
  if (sameShape(prediction.slice(1), target.slice(1))) return "targets of another batch";
  if (sameShape(full(prediction), full(target))) {
    return "a model's last dimension of size 1: reshape one of the two, for they are not broadcast";
  }
  if (sameShape(prediction, target.slice(1))) return "a missing batch dimension: the model was given a single sample";
  if (sameShape(target, [rows ?? 1]) && features.length === 1) {
    return "class labels, where a target for each output is meant: CrossEntropyLoss takes labels";
  }
  if (sameShape(target, prediction.slice(0, target.length))) return "a missing Flatten or global pooling";
  return "a model that was made for other targets";
}
