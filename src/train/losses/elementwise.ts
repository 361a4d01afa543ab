/** What the losses of one prediction an element share: same shapes, one pass, divided by the number of elements. */
import { kernelsFor } from "../../kernels/backend.js";
import type { LossKernels } from "../../kernels/interface/loss.js";
import { lossKernels } from "../../kernels/loss.js";
import type { TargetFits } from "../../shape/classes.js";
import { ArgumentError, ShapeError } from "../../shape/errors.js";
import { sameShape, showShape } from "../../shape/shape.js";
import type { Operand } from "../../tensor/storage.js";
import { Tensor } from "../../tensor/tensor.js";
import { Loss, type LossResult, type LossValue } from "../loss.js";

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
      throw new ArgumentError(
        `${this.name}.forward expects its target to be a Tensor. Usual cause: a plain array: wrap it with tensor(data, shape).`,
      );
    }
    if (!sameShape(shape, target.shape)) {
      throw new ShapeError(
        `${this.name} expects a target of the prediction's shape ${showShape(shape)}, but got ${showShape(target.shape)}. Usual cause: a model's last axis of size 1: reshape one of the two, for they are not broadcast.`,
      );
    }
    this.check(prediction);
    const divisor = this.divisor(prediction);
    const kernels = kernelsFor(lossKernels, dtype);
    const geometry = { outer: 1, classes: 1, inner: size };
    const other = target.to(dtype);
    return this.reduce(prediction, geometry, shape, divisor, (...outputs) =>
      this.run(kernels, prediction, other, ...outputs),
    );
  }

  /** What the sum of all losses is divided by. */
  protected divisor(prediction: Tensor): number {
    return this.reduction === "mean" ? prediction.size : 1;
  }

  /** Refuses predictions that the loss is not defined for. */
  protected check(_prediction: Tensor): void {}

  /** The kernel call; returns the sum of all losses. */
  protected abstract run(kernels: LossKernels, prediction: Tensor, target: Tensor, ...outputs: Outputs): number;
}
